//! One peer connection and its task: negotiation in order, packets to the media session, reports to
//! the driver.
//!
//! Operations of one connection run one after the other, as the call machine demands; packets are
//! taken between them, so a slow negotiation costs no media of a call that runs.

mod health;
mod task;

use std::sync::Arc;
use std::time::Duration;

use duet_call::{Operation, PeerInput};
use duet_media::codec::VideoCodec;
use duet_peer::{Direction, IcePolicy, Peer, PeerConfig, PeerError, PeerEvent};
use duet_protocol::IceServer;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use crate::config::Taps;
use crate::driver::PeerReport;
use crate::figures::Figures;
use crate::local_media::MediaLink;
use crate::media_session::MediaSession;
use health::Health;
use task::{Reporter, Task};

/// Operations that may wait: descriptions, and the candidates that the call machine bounds.
const COMMANDS: usize = 256;
const STATISTICS: Duration = Duration::from_millis(500);
/// How often lip-sync is corrected and broken media looked for.
const CARE: Duration = Duration::from_millis(200);
/// What closing may take before the task is left to end by itself.
pub(crate) const CLOSE: Duration = Duration::from_secs(2);

/// What the call machine asks of a connection.
#[derive(Debug)]
pub(crate) enum PeerCommand {
    SetIceServers(Vec<IceServer>),
    CreateOffer {
        ice_restart: bool,
    },
    ApplyOffer(String),
    ApplyAnswer(String),
    Rollback,
    AddCandidate(Option<String>),
    RequestKeyFrame,
    /// Whether the other says that pictures come.
    RemoteVideo(bool),
    /// Whether our camera goes beside our screen.
    Tile(bool),
}

/// How to build a connection.
#[derive(Debug)]
pub(crate) struct PeerPlan {
    pub(crate) session: String,
    pub(crate) ice_servers: Vec<IceServer>,
    pub(crate) trusted_fingerprints: Vec<String>,
    pub(crate) ice_policy: IcePolicy,
    pub(crate) video_codecs: Vec<VideoCodec>,
    pub(crate) taps: Taps,
    /// Whether our camera goes beside our screen.
    pub(crate) tile: bool,
    /// What both media are for.
    pub(crate) direction: Direction,
}

/// Why a connection could not be built.
#[derive(Debug, thiserror::Error)]
enum BuildError {
    #[error(transparent)]
    Peer(#[from] PeerError),
    #[error(transparent)]
    Media(#[from] duet_media::pipeline::PipelineError),
}

/// The driver's end; dropping it closes the connection.
#[derive(Debug)]
pub(crate) struct PeerHandle {
    commands: mpsc::Sender<PeerCommand>,
    figures: watch::Receiver<Figures>,
    task: JoinHandle<()>,
}

impl PeerHandle {
    pub(crate) fn spawn(
        plan: PeerPlan,
        link: Arc<MediaLink>,
        reports: mpsc::Sender<PeerReport>,
    ) -> Self {
        let (commands, inbox) = mpsc::channel(COMMANDS);
        let (written, figures) = watch::channel(Figures::default());
        let task = tokio::spawn(run(plan, link, reports, inbox, written));
        Self {
            commands,
            figures,
            task,
        }
    }

    /// Does this after everything asked before.
    pub(crate) fn ask(&self, command: PeerCommand) {
        if self.commands.try_send(command).is_err() {
            tracing::warn!("a peer connection takes no more operations");
        }
    }

    /// What the connection measured last. Its sender is gone when nothing more comes, which is after the last
    /// measurement of a connection that is closed.
    pub(crate) fn figures(&self) -> watch::Receiver<Figures> {
        self.figures.clone()
    }

    /// Closes the connection and waits until it is closed.
    pub(crate) async fn close(self) {
        drop(self.commands);
        if tokio::time::timeout(CLOSE, self.task).await.is_err() {
            tracing::warn!("a peer connection did not close in time");
        }
    }
}

/// Whether any of the servers relays (RFC 7065, section 3.1).
fn names_a_relay(servers: &[IceServer]) -> bool {
    let mut urls = servers.iter().flat_map(|server| &server.urls);
    urls.any(|url| url.starts_with("turn:") || url.starts_with("turns:"))
}

async fn run(
    plan: PeerPlan,
    link: Arc<MediaLink>,
    reports: mpsc::Sender<PeerReport>,
    mut commands: mpsc::Receiver<PeerCommand>,
    figures: watch::Sender<Figures>,
) {
    let report = Reporter {
        session: plan.session.clone(),
        reports,
    };
    if plan.ice_policy == IcePolicy::Relay && !names_a_relay(&plan.ice_servers) {
        report.call(PeerInput::NoRelay).await;
        return;
    }
    let wants_tile = plan.tile;
    let (peer, mut events, media) = match build(plan, link).await {
        Ok(built) => built,
        Err(error) => {
            tracing::error!(%error, "a peer connection could not be built");
            let operation = Operation::Create;
            report.call(PeerInput::Error { operation }).await;
            return;
        }
    };
    let mut task = Task {
        peer,
        media,
        report,
        figures,
        health: Health::default(),
        flows: false,
        wants_tile,
        sends_tile: false,
    };
    task.settle_tile().await;
    let mut statistics = tokio::time::interval(STATISTICS);
    let mut care = tokio::time::interval(CARE);
    loop {
        tokio::select! {
            command = commands.recv() => match command {
                Some(command) => task.obey(command).await,
                None => break,
            },
            event = events.recv() => match event {
                Some(PeerEvent::State(state)) => {
                    task.state(state).await;
                    statistics.reset_immediately();
                }
                Some(event) => task.take(event).await,
                None => break,
            },
            _ = care.tick() => task.care().await,
            _ = statistics.tick() => task.measure().await,
        }
    }
    task.measure().await;
    let Task {
        peer,
        media,
        figures,
        ..
    } = task;
    drop(figures);
    // The pipelines first: they hold senders of the connection. Their threads are joined here, so
    // this may take a frame's time and belongs on a thread that may block.
    let ended = tokio::task::spawn_blocking(move || drop(media)).await;
    if ended.is_err() {
        tracing::error!("a media session did not end cleanly");
    }
    peer.close().await;
}

async fn build(
    plan: PeerPlan,
    link: Arc<MediaLink>,
) -> Result<(Arc<Peer>, mpsc::Receiver<PeerEvent>, MediaSession), BuildError> {
    let relay_tls = relay_tls(&plan).await;
    let config = PeerConfig {
        relay_tls,
        ice_servers: plan.ice_servers,
        ice_policy: plan.ice_policy,
        video_codecs: plan.video_codecs.iter().copied().map(peer_codec).collect(),
        audio: plan.direction,
        video: plan.direction,
        tile: plan.direction == Direction::SendRecv,
        ..PeerConfig::default()
    };
    let (peer, events) = Peer::new(config).await?;
    let peer = Arc::new(peer);
    let media = MediaSession::start(plan.session, Arc::clone(&peer), link, plan.taps)?;
    Ok((peer, events, media))
}

/// Relays behind TLS are trusted as the server is that names them. The authorities of the system are
/// read only where they are needed.
async fn relay_tls(plan: &PeerPlan) -> Option<Arc<rustls::ClientConfig>> {
    let mut urls = plan.ice_servers.iter().flat_map(|server| &server.urls);
    if !urls.any(|url| url.starts_with("turns:")) {
        return None;
    }
    duet_signaling::tls_config(&plan.trusted_fingerprints).await
}

/// The two crates name the codecs apart because neither knows the other.
fn peer_codec(codec: VideoCodec) -> duet_peer::VideoCodec {
    match codec {
        VideoCodec::Vp8 => duet_peer::VideoCodec::Vp8,
        VideoCodec::H264 => duet_peer::VideoCodec::H264,
    }
}
