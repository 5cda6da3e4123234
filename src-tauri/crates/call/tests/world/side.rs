//! One person: the call, what its signaling client remembers, its PeerConnections.

use std::collections::{BTreeMap, VecDeque};
use std::time::Instant;

use duet_call::{Call, CallState, Input, Output, timing};
use duet_protocol::{AudioState, ClientMessage, ServerMessage, VideoState};
use duet_server::rooms::ConnectionId;
use duet_signaling::membership::Membership;

use super::fake_peer::{FakePeer, Op};

/// More outputs than this from one input would be a loop.
const MAX_OUTPUTS: usize = 400;

/// One person.
pub(crate) struct Side {
    pub(crate) call: Call,
    pub(crate) membership: Membership,
    pub(crate) connection: Option<ConnectionId>,
    pub(crate) to_server: VecDeque<ClientMessage>,
    pub(crate) from_server: VecDeque<ServerMessage>,
    pub(crate) peers: BTreeMap<String, FakePeer>,
    pub(crate) words: Vec<&'static str>,
    pub(crate) created: usize,
    pub(crate) key_frames_requested: usize,
    pub(crate) remote_media: Option<(AudioState, VideoState)>,
}

impl Side {
    pub(crate) fn new(uid: &str, now: Instant) -> Self {
        Self {
            call: Call::new(uid, now),
            membership: Membership::default(),
            connection: None,
            to_server: VecDeque::new(),
            from_server: VecDeque::new(),
            peers: BTreeMap::new(),
            words: Vec::new(),
            created: 0,
            key_frames_requested: 0,
            remote_media: None,
        }
    }

    pub(crate) fn input(&mut self, now: Instant, input: Input, serial: &mut u32) {
        self.call.handle(now, input);
        let mut outputs = 0;
        while let Some(output) = self.call.poll_output() {
            outputs += 1;
            assert!(outputs <= MAX_OUTPUTS, "outputs without end");
            self.act(output, serial);
        }
    }

    fn act(&mut self, output: Output, serial: &mut u32) {
        match output {
            Output::Signal(message) => {
                let message = self.membership.outgoing(message);
                if self.connection.is_some() {
                    self.to_server.push_back(message);
                }
            }
            Output::RetrySignaling => {}
            Output::CreatePeer { session, .. } => {
                self.created += 1;
                let peer = FakePeer::new(serial);
                let before = self.peers.insert(session, peer);
                assert!(before.is_none(), "a session was created twice");
            }
            Output::CreateOffer {
                session,
                ice_restart,
            } => self.ask(&session, Op::CreateOffer { ice_restart }),
            Output::ApplyOffer { session, msg } => self.ask(&session, Op::ApplyOffer(msg)),
            Output::ApplyAnswer { session, msg } => self.ask(&session, Op::ApplyAnswer(msg)),
            Output::Rollback { session } => self.ask(&session, Op::Rollback),
            Output::AddCandidate { session, candidate } => {
                self.ask(&session, Op::AddCandidate(candidate));
            }
            Output::ClosePeer { session } => {
                let closed = self.peers.remove(&session);
                assert!(closed.is_some(), "closed what does not live");
            }
            // Nothing here expires.
            Output::SetIceServers { .. } => {}
            Output::RequestKeyFrame { .. } => self.key_frames_requested += 1,
            Output::StateChanged(state) => self.words.push(state.word()),
            Output::Directory(_) | Output::Ring(_) | Output::RingEnded { .. } | Output::Text(_) => {
                panic!("nobody asked for a directory")
            }
            Output::CastCode { .. } => panic!("nobody asked for a cast"),
            Output::RemoteMedia { audio, video } => self.remote_media = Some((audio, video)),
        }
    }

    fn ask(&mut self, session: &str, op: Op) {
        let peer = self.peers.get_mut(session);
        peer.expect("only PeerConnections that live are asked")
            .ask(op);
    }

    pub(crate) fn disconnected_since(&self) -> impl Iterator<Item = Instant> {
        self.peers.values().filter_map(FakePeer::failing_since)
    }

    /// What must be true after every input.
    pub(crate) fn check(&self, now: Instant) {
        assert!(self.call.early_candidates() <= timing::MAX_EARLY_CANDIDATES);
        assert!(self.peers.len() <= 1, "at most one PeerConnection lives");
        assert_eq!(
            self.call.session(),
            self.peers.keys().next().map(String::as_str)
        );
        let state = self.call.state();
        if let Some(deadline) = state.deadline() {
            assert!(deadline > now, "{} is over its time", state.word());
            assert!(self.call.poll_timeout().is_some_and(|due| due <= deadline));
        } else {
            let waits_for_person = matches!(
                state,
                CallState::Idle
                    | CallState::WaitingForPeer { .. }
                    | CallState::PeerLeft { .. }
                    | CallState::Full { .. }
                    | CallState::Failed { .. }
                    | CallState::Left { .. }
            );
            let flows = matches!(state, CallState::Connected { .. });
            assert!(waits_for_person || flows, "{} has no exit", state.word());
            assert!(!flows || !self.peers.is_empty(), "connected with nothing");
        }
        if !state.is_active() {
            assert!(self.peers.is_empty(), "{} holds nothing", state.word());
        }
    }
}
