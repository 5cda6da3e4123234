//! Whether the server answers: asked at once where a person waits for it, and now and then while
//! there is no call. During a call the signaling connection knows better.

use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use super::{Controller, Window, now_ms};
use crate::server_host;
use crate::view::{CallView, ServerReach};

/// Between two looks while the server answers, and while it does not.
const CALM: Duration = Duration::from_secs(10);
const ANXIOUS: Duration = Duration::from_secs(3);
/// Answers that may wait; one is asked for at a time, so this is never full for long.
const ANSWERS: usize = 4;

/// One answer.
#[derive(Debug)]
pub(super) struct Found {
    url: String,
    /// How long the answer took; none without one.
    round_trip: Option<Duration>,
}

/// When to look next, and where the answers come in.
#[derive(Debug)]
pub(super) struct ReachWatch {
    sender: mpsc::Sender<Found>,
    answers: mpsc::Receiver<Found>,
    next_look: Instant,
}

impl Default for ReachWatch {
    fn default() -> Self {
        let (sender, answers) = mpsc::channel(ANSWERS);
        Self {
            sender,
            answers,
            next_look: Instant::now(),
        }
    }
}

impl ReachWatch {
    /// The next answer.
    pub(super) async fn found(&mut self) -> Option<Found> {
        self.answers.recv().await
    }
}

impl<W: Window> Controller<W> {
    /// Looks whether the server answers; the view tells when it is known.
    pub(super) fn check_server(&mut self) {
        let Some(address) = self.server.probe_address() else {
            self.view.server.reach = ServerReach::Unreachable { retry_at_ms: None };
            return;
        };
        self.reach.next_look = Instant::now() + CALM;
        let (answers, url) = (self.reach.sender.clone(), self.server.url().to_owned());
        tokio::spawn(async move {
            let started = Instant::now();
            let answers_there = server_host::probe(&address).await;
            let round_trip = answers_there.then(|| started.elapsed());
            // An application that is closing listens no more.
            let _ = answers.send(Found { url, round_trip }).await;
        });
    }

    /// Looks again when it is time.
    pub(super) fn watch_reach(&mut self) {
        let has_no_call = matches!(
            self.view.call,
            CallView::Idle
                | CallView::Unanswered { .. }
                | CallView::Left { .. }
                | CallView::Full { .. }
                | CallView::Failed { .. }
        );
        if has_no_call && Instant::now() >= self.reach.next_look {
            self.check_server();
        }
    }

    /// Shows that nobody vouches for the configured server, when that is so.
    pub(super) fn show_distrust(&mut self) -> bool {
        let (url, _) = self.place_server();
        match &self.failed_certificate {
            Some(fingerprint) if url == self.server.url() => {
                self.view.server.reach = ServerReach::Untrusted {
                    sha256_fingerprint: fingerprint.clone(),
                };
                true
            }
            Some(_) | None => false,
        }
    }

    /// Shows an answer, unless another server is in use by now.
    pub(super) fn reach_found(&mut self, found: Found) {
        // A server that answers is no more trusted for it.
        if found.url != self.server.url() || self.show_distrust() {
            return;
        }
        self.view.server.reach = if let Some(round_trip) = found.round_trip {
            ServerReach::Reachable {
                round_trip_ms: Some(round_trip.as_secs_f64() * 1000.0),
            }
        } else {
            self.reach.next_look = Instant::now() + ANXIOUS;
            ServerReach::Unreachable {
                retry_at_ms: Some(now_ms() + ANXIOUS.as_millis() as i64),
            }
        };
    }
}
