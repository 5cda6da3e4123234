//! Tasks on which the whole server stands.
//!
//! A panic in the task of a connection ends that connection: its place, its slot and its registration are given
//! back as they are dropped, and no lock stays shut. A panic in one of these would end something for all; so
//! they are begun again.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt;
use tracing::error;

/// Before it is begun again. Longer than other nodes are waited for, so that what waited for an answer of
/// Redis has been given up by then.
pub(crate) const PAUSE: Duration = Duration::from_secs(2);

/// Until it ends by itself.
pub(crate) async fn keep_going<F: Future<Output = ()>>(
    what: &'static str,
    pause: Duration,
    mut begin: impl FnMut() -> F,
) {
    // What it works on is behind locks that a panic opens, and was as consistent as after any message.
    while AssertUnwindSafe(begin()).catch_unwind().await.is_err() {
        error!(what, "a fault in the server; this part of it begins again");
        tokio::time::sleep(pause).await;
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[tokio::test]
    async fn what_panics_begins_again_until_it_ends() {
        let begun = Cell::new(0);
        keep_going("a test", Duration::ZERO, || async {
            begun.set(begun.get() + 1);
            assert!(begun.get() == 3, "not yet");
        })
        .await;
        assert_eq!(begun.get(), 3);
    }
}
