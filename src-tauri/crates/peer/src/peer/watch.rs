//! The peer's own task: wakes the library's driver where it sleeps too long, learns the path after
//! each connect, and notices when the driver died.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tokio::task::{JoinHandle, JoinSet};
use webrtc::media_stream::track_local::TrackLocal;
use webrtc::media_stream::track_local::static_rtp::TrackLocalStaticRTP;
use webrtc::peer_connection::PeerConnection;

use super::build::Built;
use super::handler::Notice;
use super::path;
use crate::event::{ConnectionState, PeerEvent};
use crate::interceptors::Shared;

/// Connecting over a relay advances with the driver's wake-ups only.
const NUDGE_INTERVAL: Duration = Duration::from_millis(5);
const NUDGE_AT_MOST: Duration = Duration::from_secs(30);
const MAX_TRACKS: usize = 16;

/// The running task; dropping it ends it.
pub(super) struct Watch {
    task: JoinHandle<()>,
}

impl Watch {
    pub(super) fn spawn(built: &Built, shared: &Arc<Shared>) -> Self {
        let state = State {
            connection: built.connection.clone(),
            video: built.video.clone(),
            shared: shared.clone(),
            nudge_until: built.has_relay.then(|| Instant::now() + NUDGE_AT_MOST),
        };
        let notices = built.take_notices();
        Self {
            task: tokio::spawn(state.run(notices)),
        }
    }

    pub(super) async fn stop(mut self) {
        self.task.abort();
        let _ = (&mut self.task).await;
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct State {
    connection: Arc<dyn PeerConnection>,
    video: Arc<TrackLocalStaticRTP>,
    shared: Arc<Shared>,
    nudge_until: Option<Instant>,
}

impl State {
    async fn run(mut self, mut notices: mpsc::Receiver<Notice>) {
        let mut tracks: JoinSet<()> = JoinSet::new();
        let mut nudges = tokio::time::interval(NUDGE_INTERVAL);
        loop {
            tokio::select! {
                notice = notices.recv() => match notice {
                    Some(Notice::Connected) => self.on_connected().await,
                    Some(Notice::Track(track)) if tracks.len() < MAX_TRACKS => {
                        tracks.spawn(async move { while track.poll().await.is_some() {} });
                    }
                    Some(Notice::Track(_)) => {}
                    None => return,
                },
                Some(_) = tracks.join_next() => self.on_track_end().await,
                _ = nudges.tick(), if self.nudge_until.is_some() => self.nudge().await,
            }
        }
    }

    async fn on_connected(&mut self) {
        self.nudge_until = None;
        let path = path::selected(&*self.connection, &self.shared).await;
        let relayed = path.is_some_and(|path| path.local_candidate == "relay");
        self.shared.relayed.store(relayed, Relaxed);
    }

    /// A track ends with a renegotiation, or because the driver is gone; only the latter makes
    /// writing fail.
    async fn on_track_end(&self) {
        let gone = self.video.write_rtcp(Vec::new()).await.is_err();
        if gone && self.shared.connected.swap(false, Relaxed) {
            let failed = PeerEvent::State(ConnectionState::Failed);
            self.shared.events.control(failed);
        }
    }

    async fn nudge(&mut self) {
        let over = self.nudge_until.is_none_or(|until| Instant::now() > until);
        if over {
            self.nudge_until = None;
        }
        let _ = self.video.write_rtcp(Vec::new()).await;
    }
}
