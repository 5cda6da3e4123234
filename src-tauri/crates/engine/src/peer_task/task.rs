//! What a connection's task does: the machine's operations, the connection's events, and measuring.

use std::sync::Arc;
use std::time::Instant;

use duet_call::{DescriptionKind, Operation, PeerInput};
use duet_peer::{ConnectionState, Peer, PeerError, PeerEvent, StreamKind};
use tokio::sync::{mpsc, watch};

use super::PeerCommand;
use super::health::Health;
use crate::driver::{PeerNews, PeerReport};
use crate::figures::Figures;
use crate::media_session::MediaSession;

/// The connection and everything around it, owned by its task.
pub(super) struct Task {
    pub(super) peer: Arc<Peer>,
    pub(super) media: MediaSession,
    pub(super) report: Reporter,
    pub(super) figures: watch::Sender<Figures>,
    pub(super) health: Health,
    /// Media can flow, as far as is known.
    pub(super) flows: bool,
    /// Our camera is to go beside our screen.
    pub(super) wants_tile: bool,
    /// It does, as far as the other takes it.
    pub(super) sends_tile: bool,
}

impl Task {
    pub(super) async fn obey(&mut self, command: PeerCommand) {
        let peer = &self.peer;
        let (operation, result) = match command {
            PeerCommand::SetIceServers(servers) => {
                if let Err(error) = peer.set_ice_servers(&servers).await {
                    tracing::warn!(%error, "the relays of this connection stay the old ones");
                }
                return;
            }
            PeerCommand::CreateOffer { ice_restart } => (
                Operation::CreateOffer,
                peer.create_offer(ice_restart)
                    .await
                    .map(|msg| Some((DescriptionKind::Offer, msg))),
            ),
            PeerCommand::ApplyOffer(msg) => (
                Operation::ApplyOffer,
                peer.apply_offer(&msg)
                    .await
                    .map(|msg| Some((DescriptionKind::Answer, msg))),
            ),
            PeerCommand::ApplyAnswer(msg) => (
                Operation::ApplyAnswer,
                peer.apply_answer(&msg).await.map(|()| None),
            ),
            PeerCommand::Rollback => (Operation::Rollback, peer.rollback().await.map(|()| None)),
            PeerCommand::AddCandidate(candidate) => (
                Operation::AddCandidate,
                peer.add_candidate(candidate).await.map(|()| None),
            ),
            PeerCommand::RequestKeyFrame => {
                peer.request_key_frame(StreamKind::Video).await;
                peer.request_key_frame(StreamKind::Tile).await;
                self.media.force_key_frame();
                return;
            }
            PeerCommand::RemoteVideo(on) => return self.media.remote_video(on),
            PeerCommand::Tile(wanted) => {
                self.wants_tile = wanted;
                return self.settle_tile().await;
            }
        };
        self.media.negotiated();
        match result {
            Ok(Some((kind, msg))) => {
                let described = PeerInput::LocalDescription { kind, msg };
                self.report.call(described).await;
            }
            Ok(None) => {}
            Err(error) => {
                log_failure(operation, &error);
                self.report.call(PeerInput::Error { operation }).await;
            }
        }
    }

    pub(super) async fn take(&mut self, event: PeerEvent) {
        match event {
            PeerEvent::Packet(packet) => self.media.packet(packet),
            PeerEvent::SenderReport {
                stream,
                ntp,
                rtp_timestamp,
            } => self.media.sender_report(stream, ntp, rtp_timestamp),
            PeerEvent::KeyFrameRequested(stream) => self.media.key_frame_requested(stream),
            PeerEvent::TargetBitrate { bps } => {
                self.media.set_bitrate_bps(bps);
                self.settle_tile().await;
            }
            PeerEvent::RemoteTile(comes) => {
                self.media.remote_tile(comes);
                self.report.send(PeerNews::RemoteTile(comes)).await;
            }
            PeerEvent::LocalCandidate(candidate) => {
                let candidate = PeerInput::LocalCandidate(candidate);
                self.report.call(candidate).await;
            }
            PeerEvent::WrongCertificate => self.report.call(PeerInput::WrongCertificate).await,
            PeerEvent::NegotiationNeeded => self.report.call(PeerInput::NegotiationNeeded).await,
            // Taken by `state`.
            PeerEvent::State(_) => {}
        }
    }

    pub(super) async fn state(&mut self, state: ConnectionState) {
        tracing::debug!(?state, "peer connection");
        self.flows = state == ConnectionState::Connected;
        let input = match state {
            ConnectionState::Connecting => return,
            ConnectionState::Connected => {
                self.health.restart();
                self.media.connected();
                self.peer.request_key_frame(StreamKind::Video).await;
                self.peer.request_key_frame(StreamKind::Tile).await;
                PeerInput::Connected
            }
            ConnectionState::Disconnected if self.is_relayed() => PeerInput::RelaySilent,
            ConnectionState::Disconnected => PeerInput::Disconnected,
            ConnectionState::Failed => PeerInput::Failed,
            ConnectionState::Closed => PeerInput::Closed,
        };
        self.report.call(input).await;
    }

    /// Whether the path led through a relay, ours or the other's, when it was last looked at.
    fn is_relayed(&self) -> bool {
        let figures = self.figures.borrow();
        figures.path.as_ref().is_some_and(|path| {
            let ends = [&path.local, &path.remote];
            ends.iter().any(|end| end.as_deref() == Some("relay"))
        })
    }

    /// Sends our camera beside our screen if that is wanted and the path is wide, or stops it.
    pub(super) async fn settle_tile(&mut self) {
        let sends = self.wants_tile && self.media.has_room_for_tile();
        if self.sends_tile == sends {
            return;
        }
        self.sends_tile = sends;
        if let Err(error) = self.media.set_tile(sends) {
            tracing::error!(%error, "the camera does not go beside the screen");
            return;
        }
        if let Err(error) = self.peer.set_tile(sends).await {
            tracing::debug!(%error, "the connection is closing");
        }
    }

    /// Five times a second: keeps sound and pictures together, and builds again what broke.
    pub(super) async fn care(&self) {
        self.media.synchronise();
        for part in self.media.mend(Instant::now()) {
            self.report.send(PeerNews::GivenUp(part)).await;
        }
        if self.media.connection_is_gone() {
            tracing::warn!("the connection takes no packets any more");
            self.report.call(PeerInput::Failed).await;
        }
    }

    /// Twice a second: keeps what the connection measures, and tells how it does.
    pub(super) async fn measure(&mut self) {
        let stats = self.peer.stats().await;
        let now = Instant::now();
        let mut figures = self.media.figures(&stats);
        let received = figures.video_received.as_ref();
        self.health
            .note(now, &stats, received.map_or(0, |video| video.frames));
        figures.received_loss_ratio = self.health.loss_ratio();
        let news = self.health.news(now, figures.path.as_ref());
        self.figures.send_replace(figures);
        if let Some(connection) = news.filter(|_| self.flows) {
            self.report.send(PeerNews::Connection(connection)).await;
        }
    }
}

fn log_failure(operation: Operation, error: &PeerError) {
    match operation {
        // A candidate that cannot be used is common: another address family, a name that nobody
        // resolves.
        Operation::AddCandidate => tracing::debug!(%error, "a candidate was not taken"),
        Operation::Create
        | Operation::CreateOffer
        | Operation::ApplyOffer
        | Operation::ApplyAnswer
        | Operation::Rollback => {
            tracing::warn!(?operation, %error, "negotiation failed");
            // The library's own words.
            tracing::debug!(?error, "negotiation failed");
        }
    }
}

/// Tells the driver.
pub(super) struct Reporter {
    pub(super) session: String,
    pub(super) reports: mpsc::Sender<PeerReport>,
}

impl Reporter {
    pub(super) async fn call(&self, event: PeerInput) {
        self.send(PeerNews::Call(event)).await;
    }

    pub(super) async fn send(&self, news: PeerNews) {
        let report = PeerReport {
            session: self.session.clone(),
            news,
        };
        if self.reports.send(report).await.is_err() {
            tracing::debug!("the endpoint has ended");
        }
    }
}
