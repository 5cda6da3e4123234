//! Extra rounds of the library's driver, without which relayed packets wait for its next wake-up.
//!
//! In each round the driver first sends what its TURN clients hold and only then hands them what the
//! connection wants to send; what came through a relay reaches the connection at the end of a
//! round. So a relayed packet leaves one round late, and the answer to one two rounds. Rounds
//! follow wake-ups: a packet waits for the next, and connecting took seconds. Before it waits the
//! driver asks the runtime to sleep. Here that sleep is over at once, twice after each wake-up.
//!
//! Rejected: waking the driver from outside after each packet and every few milliseconds while it
//! connects. It costs more, and answers of the driver's own still wait.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering::Relaxed};
use std::task::{Context, Poll};

/// From a relayed packet's arrival until its answer is in the socket.
const ROUNDS: u8 = 2;

tokio::task_local! {
    /// Set in the library's tasks, of which only the driver sleeps: others use the same runtime
    /// for time limits.
    static IN_LIBRARY: ();
}

/// Counts the rounds of one driver.
#[derive(Debug, Default)]
pub(crate) struct DriverRounds {
    wanted: AtomicBool,
    done: AtomicU8,
}

impl DriverRounds {
    /// Whether relays may carry something now; without them the rounds would be for nothing.
    pub(crate) fn want(&self, wanted: bool) {
        self.wanted.store(wanted, Relaxed);
    }

    /// A sleep that is over at once, if this one must be; the driver is about to sleep.
    pub(crate) fn instead_of_sleep(self: &Arc<Self>) -> Option<Round> {
        if !self.wanted.load(Relaxed) || IN_LIBRARY.try_with(|()| ()).is_err() {
            return None;
        }
        if self.done.load(Relaxed) < ROUNDS {
            return Some(Round {
                rounds: Arc::clone(self),
                is_over: false,
            });
        }
        self.done.store(0, Relaxed);
        None
    }
}

/// Marks a task of the library.
pub(crate) fn of_library(
    task: impl Future<Output = ()> + Send + 'static,
) -> impl Future<Output = ()> + Send + 'static {
    IN_LIBRARY.scope((), task)
}

/// One more round.
pub(crate) struct Round {
    rounds: Arc<DriverRounds>,
    is_over: bool,
}

impl Future for Round {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        self.is_over = true;
        Poll::Ready(())
    }
}

impl Drop for Round {
    fn drop(&mut self) {
        if self.is_over {
            self.rounds.done.fetch_add(1, Relaxed);
        } else {
            // Something happened meanwhile, and counts as a wake-up.
            self.rounds.done.store(0, Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn sleeps(rounds: &Arc<DriverRounds>) -> bool {
        match rounds.instead_of_sleep() {
            Some(round) => {
                round.await;
                false
            }
            None => true,
        }
    }

    #[tokio::test]
    async fn two_rounds_follow_each_wake_up() {
        let rounds = Arc::new(DriverRounds::default());
        rounds.want(true);
        let driver = async {
            for _ in 0..3 {
                assert!(!sleeps(&rounds).await);
                assert!(!sleeps(&rounds).await);
                assert!(sleeps(&rounds).await);
            }
        };
        IN_LIBRARY.scope((), driver).await;
    }

    #[tokio::test]
    async fn what_happens_during_a_round_is_a_wake_up() {
        let rounds = Arc::new(DriverRounds::default());
        rounds.want(true);
        let driver = async {
            assert!(!sleeps(&rounds).await);
            drop(rounds.instead_of_sleep());
            assert!(!sleeps(&rounds).await);
            assert!(!sleeps(&rounds).await);
            assert!(sleeps(&rounds).await);
        };
        IN_LIBRARY.scope((), driver).await;
    }

    #[tokio::test]
    async fn none_without_relays_and_none_for_time_limits() {
        let rounds = Arc::new(DriverRounds::default());
        let driver = async { assert!(sleeps(&rounds).await) };
        IN_LIBRARY.scope((), driver).await;
        rounds.want(true);
        assert!(sleeps(&rounds).await);
    }
}
