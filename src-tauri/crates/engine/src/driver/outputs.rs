//! What the call machine asks for, done.

use duet_call::{CallState, Output};
use duet_peer::Direction;
use duet_protocol::{CastRole, IceServer, VideoState};

use super::Driver;
use crate::event::EndpointEvent;
use crate::peer_task::{PeerCommand, PeerHandle, PeerPlan};

impl Driver {
    pub(super) fn output(&mut self, output: Output) {
        match output {
            Output::Signal(message) => {
                if let Some(signaling) = &self.signaling {
                    signaling.handle.send(message);
                }
            }
            Output::RetrySignaling => {
                if let Some(signaling) = &self.signaling {
                    signaling.handle.try_now();
                }
            }
            Output::CreatePeer {
                session,
                polite: _,
                ice_servers,
            } => self.create_peer(session, ice_servers),
            Output::SetIceServers {
                session,
                ice_servers,
            } => {
                let servers = self.with_own(ice_servers);
                self.ask_peer(&session, PeerCommand::SetIceServers(servers));
            }
            Output::CreateOffer {
                session,
                ice_restart,
            } => self.ask_peer(&session, PeerCommand::CreateOffer { ice_restart }),
            Output::ApplyOffer { session, msg } => {
                self.ask_peer(&session, PeerCommand::ApplyOffer(msg));
            }
            Output::ApplyAnswer { session, msg } => {
                self.ask_peer(&session, PeerCommand::ApplyAnswer(msg));
            }
            Output::Rollback { session } => self.ask_peer(&session, PeerCommand::Rollback),
            Output::AddCandidate { session, candidate } => {
                self.ask_peer(&session, PeerCommand::AddCandidate(candidate));
            }
            Output::ClosePeer { session } => {
                if let Some(peer) = self.peers.remove(&session) {
                    self.remote_tile(session, false);
                    self.last_figures = peer.figures();
                    self.closing.spawn(peer.close());
                }
            }
            Output::RequestKeyFrame { session } => {
                self.ask_peer(&session, PeerCommand::RequestKeyFrame);
            }
            Output::StateChanged(state) => self.state_changed(state),
            Output::CastCode { code, expires_at } => {
                self.tell(EndpointEvent::CastCode { code, expires_at });
            }
            Output::Directory(status) => self.tell(EndpointEvent::Directory(status)),
            Output::Ring(call) => self.tell(EndpointEvent::Ring(call)),
            Output::RingEnded { call, cause } => {
                self.tell(EndpointEvent::RingEnded { call, cause });
            }
            Output::Text(event) => self.tell(EndpointEvent::Text(event)),
            Output::RemoteMedia { audio, video } => {
                if let Some(session) = self.call.session().map(str::to_owned) {
                    self.ask_peer(&session, PeerCommand::RemoteVideo(sends_pictures(video)));
                }
                self.remote_audio = audio;
                self.tell(EndpointEvent::RemoteMedia { audio, video });
            }
        }
    }

    /// And those that the person has set.
    fn with_own(&self, mut ice_servers: Vec<IceServer>) -> Vec<IceServer> {
        ice_servers.extend(self.config.path.ice_servers.iter().cloned());
        ice_servers
    }

    fn create_peer(&mut self, session: String, ice_servers: Vec<IceServer>) {
        let plan = PeerPlan {
            session: session.clone(),
            ice_servers: self.with_own(ice_servers),
            trusted_fingerprints: self.config.server.trusted_fingerprints.clone(),
            ice_policy: self.config.path.ice_policy,
            video_codecs: self.config.video_codecs.clone(),
            taps: self.config.taps.clone(),
            tile: self.sends_tile,
            direction: match self.call.cast_role() {
                None => Direction::SendRecv,
                Some(CastRole::Presenter) => Direction::SendOnly,
                Some(CastRole::Display) => Direction::RecvOnly,
            },
        };
        let handle = PeerHandle::spawn(plan, self.media.link(), self.reports.clone());
        self.peers.insert(session, handle);
    }

    fn ask_peer(&mut self, session: &str, command: PeerCommand) {
        match self.peers.get(session) {
            Some(peer) => peer.ask(command),
            None => tracing::debug!("the call asks for a connection that is gone"),
        }
    }

    fn state_changed(&mut self, state: CallState) {
        tracing::info!(state = state.word(), "call");
        self.update_devices(&state);
        let is_ringing_there = matches!(state, CallState::Calling { ringing: true, .. });
        self.media.set_ringback(is_ringing_there);
        self.settle_signaling();
        self.tell(EndpointEvent::State(state));
    }
}

fn sends_pictures(video: VideoState) -> bool {
    match video {
        VideoState::On | VideoState::Screen => true,
        VideoState::Off | VideoState::Lost => false,
    }
}
