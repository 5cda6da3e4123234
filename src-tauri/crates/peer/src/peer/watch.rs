//! The peer's own task: learns the path after each connect, and notices what the library does not report: silence, a failed DTLS handshake
//! and a driver that died.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::MissedTickBehavior;
use webrtc::media_stream::track_local::TrackLocal;
use webrtc::media_stream::track_local::static_rtp::TrackLocalStaticRTP;
use webrtc::peer_connection::PeerConnection;

use super::build::Built;
use super::handler::Notice;
use super::path;
use crate::event::{ConnectionState, PeerEvent};
use crate::interceptors::Shared;

/// How often the connection is looked after.
const CHECK_INTERVAL: Duration = Duration::from_millis(250);
/// DTLS repeats a lost flight after 1, 2, 4 and 8 s; with this much time four may be lost.
const HANDSHAKE_LIMIT: Duration = Duration::from_secs(16);
const MAX_TRACKS: usize = 16;

/// The running task; dropping it ends it.
pub(super) struct Watch {
    task: JoinHandle<()>,
    stop: Option<oneshot::Sender<()>>,
}

impl Watch {
    pub(super) fn spawn(built: &Built, shared: &Arc<Shared>) -> Self {
        let state = State {
            connection: built.connection.clone(),
            video: built.video.clone(),
            shared: shared.clone(),
            gone: false,
        };
        let notices = built.take_notices();
        let (stop, stopped) = oneshot::channel();
        Self {
            task: tokio::spawn(state.run(notices, stopped)),
            stop: Some(stop),
        }
    }

    /// Returns when the task and those it started are gone.
    pub(super) async fn stop(mut self) {
        self.stop.take();
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
    gone: bool,
}

impl State {
    async fn run(
        mut self,
        mut notices: mpsc::Receiver<Notice>,
        mut stopped: oneshot::Receiver<()>,
    ) {
        let mut tracks: JoinSet<()> = JoinSet::new();
        let mut checks = tokio::time::interval(CHECK_INTERVAL);
        checks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                notice = notices.recv() => match notice {
                    Some(Notice::Connected) => self.on_connected().await,
                    Some(Notice::Track(track)) if tracks.len() < MAX_TRACKS => {
                        tracks.spawn(async move { while track.poll().await.is_some() {} });
                    }
                    Some(Notice::Track(_)) => {}
                    None => break,
                },
                _ = &mut stopped => break,
                // A track ends with a renegotiation, or because the driver is gone.
                Some(_) = tracks.join_next() => self.check().await,
                _ = checks.tick(), if !self.gone => self.check().await,
            }
        }
        tracks.shutdown().await;
    }

    async fn on_connected(&mut self) {
        let path = path::selected(&*self.connection, &self.shared).await;
        let is_relayed = path.is_some_and(|path| path.local_candidate == "relay");
        self.shared.rounds.want(is_relayed);
    }

    async fn check(&mut self) {
        let dead = self.video.write_rtcp(Vec::new()).await.is_err();
        let since_path = self.shared.path_found.get().map(Instant::elapsed);
        let stuck = since_path.is_some_and(|since| since > HANDSHAKE_LIMIT);
        let connected = self.shared.is_connected();
        let refused = self.shared.filter.handshake_failed();
        if dead || (!connected && (refused || stuck)) {
            self.fail();
        } else if !self.gone {
            self.shared.look_for_silence(Instant::now());
        }
    }

    fn fail(&mut self) {
        if !std::mem::replace(&mut self.gone, true) {
            self.shared.connected.store(false, Relaxed);
            if self.shared.filter.certificate_refused() {
                self.shared.events.control(PeerEvent::WrongCertificate);
            }
            self.shared.library_state(ConnectionState::Failed);
        }
    }
}
