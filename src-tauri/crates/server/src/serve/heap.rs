//! Memory of a crowd that has gone, back to the system.
//!
//! glibc gives back what is free at the end of a heap, and one small block that stays there keeps all that is free
//! below it. A server that once had thousands of connections, or half a handshake of each, would hold their memory
//! until it ends. So when many have gone, glibc is asked to return every page that is free (`malloc_trim(3)`).

use std::time::{Duration, Instant};

use duet_protocol::limits::RESUME_WINDOW;
use duet_server::Server;
use tracing::debug;

/// Between two looks at how many there are.
const LOOK: Duration = Duration::from_secs(2);
/// So few leave nothing behind that would matter, even if they were written to and did not read.
const FEW: usize = 16;
/// Until what is kept for those who may come back is over, too.
const FORGOTTEN: Duration = RESUME_WINDOW.saturating_add(Duration::from_secs(10));

/// The most that were there since memory was last given back.
#[derive(Debug, Default)]
struct HighWater(usize);

impl HighWater {
    /// So many are there now, and so many were meanwhile. Whether so many have gone that it is worth the time, which
    /// is a few milliseconds: a quarter of them, so that it is rare while they come and go.
    fn has_fallen(&mut self, now: usize, most: usize) -> bool {
        self.0 = self.0.max(most).max(now);
        let gone = self.0 - now;
        let has_fallen = gone >= FEW && gone >= self.0 / 4;
        if has_fallen {
            self.0 = now;
        }
        has_fallen
    }
}

/// Does so for as long as the server runs.
pub(super) async fn give_back(server: &Server) {
    let mut high_water = HighWater::default();
    let mut once_more_at = None;
    loop {
        tokio::time::sleep(LOOK).await;
        let now = Instant::now();
        if high_water.has_fallen(server.sockets(), server.take_most_sockets()) {
            once_more_at = Some(now + FORGOTTEN);
        } else if once_more_at.is_some_and(|at| at <= now) {
            once_more_at = None;
        } else {
            continue;
        }
        // It holds a lock of the allocator, and takes its time.
        let trimming = tokio::task::spawn_blocking(trim);
        let has_returned = trimming.await.unwrap_or_default();
        let took = now.elapsed();
        debug!(has_returned, ?took, "many have gone: free memory goes back");
    }
}

/// Whether any memory went back to the system.
#[allow(unsafe_code)]
fn trim() -> bool {
    // SAFETY: it may be called at any time from any thread, and touches free memory alone.
    unsafe { libc::malloc_trim(0) == 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_crowd_that_goes_is_worth_it() {
        let mut high_water = HighWater::default();
        assert!(!high_water.has_fallen(15, 15), "they come");
        assert!(!high_water.has_fallen(0, 0), "so few");
        assert!(!high_water.has_fallen(1_000, 1_000));
        assert!(!high_water.has_fallen(751, 900), "coming and going");
        assert!(high_water.has_fallen(750, 751));
        assert!(!high_water.has_fallen(740, 750), "done for those");
        assert!(high_water.has_fallen(0, 740));
        assert!(!high_water.has_fallen(0, 0));
    }

    #[test]
    fn a_crowd_between_two_looks_is_noticed() {
        let mut high_water = HighWater::default();
        assert!(high_water.has_fallen(2, 500));
    }
}
