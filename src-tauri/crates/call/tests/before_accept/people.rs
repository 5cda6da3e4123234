//! Two people who are online, and what can happen to them.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use duet_call::{Call, CallState, DescriptionKind, Input, Listed, Output, PeerInput};
use duet_protocol::{CallMedia, ClientMessage, ServerMessage};
use duet_server::exchange::{CastConfig, DirectoryConfig, Exchange};
use duet_server::rooms::{ConnectionId, RoomsConfig};
use duet_signaling::membership::Membership;
use duet_testkit::dice::Dice;

use super::consent::Consent;

pub(super) const UIDS: [&str; 2] = ["ann", "ben"];

pub(super) struct Side {
    pub(super) call: Call,
    pub(super) membership: Membership,
    pub(super) connection: Option<ConnectionId>,
    pub(super) to_server: VecDeque<ClientMessage>,
    pub(super) from_server: VecDeque<ServerMessage>,
    pub(super) consent: Consent,
    /// Calls that this side has heard of, for a hostile server to speak of.
    pub(super) heard_of: Vec<String>,
    joined: bool,
}

/// Both, and the server.
pub(crate) struct People {
    pub(super) seed: u64,
    pub(super) now: Instant,
    pub(super) exchange: Exchange,
    pub(super) sides: [Side; 2],
    pub(super) connections: u64,
}

impl People {
    /// Both are online and know of each other.
    pub(crate) fn online(seed: u64) -> Self {
        let now = Instant::now();
        let mut people = Self {
            seed,
            now,
            exchange: Exchange::new(
                RoomsConfig {
                    resume_window: Duration::from_secs(120),
                    ice_servers: Vec::new(),
                    failed_joins_per_minute: 1_000,
                    max_kept_places_per_address: None,
                    max_kept_places: usize::MAX,
                },
                DirectoryConfig {
                    calls_per_minute: 10_000,
                    ..DirectoryConfig::default()
                },
                CastConfig::default(),
            ),
            sides: UIDS.map(|uid| Side {
                call: Call::new(uid, now),
                membership: Membership::default(),
                connection: None,
                to_server: VecDeque::new(),
                from_server: VecDeque::new(),
                consent: Consent::default(),
                heard_of: Vec::new(),
                joined: false,
            }),
            connections: 0,
        };
        for (side, uid) in UIDS.into_iter().enumerate() {
            let listed = Some(Listed {
                name: uid.to_owned(),
                lobby: None,
            });
            people.input(
                side,
                Input::Directory {
                    listed,
                    is_home: true,
                },
            );
        }
        people.come_back();
        people
    }

    pub(crate) fn state(&self, side: usize) -> &CallState {
        self.sides[side].call.state()
    }

    pub(crate) fn has_joined(&self) -> bool {
        self.sides.iter().any(|side| side.joined)
    }

    pub(crate) fn step(&mut self, step: usize, dice: &mut Dice) {
        let side = dice.below(2);
        match step {
            0..=29 => self.deliver(side),
            30..=59 => self.hear(side),
            60..=69 => self.person_calls(side),
            70..=74 => {
                self.accept_ring(side);
            }
            75..=77 => self.decline_ring(side),
            78..=81 => self.leaves(side),
            82..=83 => self.tries_again(side),
            84..=92 => self.hostile(side, dice),
            93..=94 => self.disconnect(side),
            95..=97 => self.connect(side),
            _ => {
                let length = [1, 6, 16, 51][dice.below(4)];
                self.pass(Duration::from_secs(length));
            }
        }
    }

    pub(crate) fn person_calls(&mut self, side: usize) {
        let rings = self.ring_from_other(side);
        let sides = &mut self.sides[side];
        if !sides.call.state().is_active() {
            sides.consent.calls(rings);
        }
        let uid = UIDS[1 - side].to_owned();
        let media = CallMedia::Video;
        self.input(side, Input::CallSomebody { uid, media });
    }

    /// True if one rang.
    pub(crate) fn accept_ring(&mut self, side: usize) -> bool {
        let Some(call_id) = self.ring_of(side) else {
            return false;
        };
        self.sides[side].consent.accepts();
        self.input(side, Input::AcceptCall { call_id });
        true
    }

    fn decline_ring(&mut self, side: usize) {
        if let Some(call_id) = self.ring_of(side) {
            self.input(side, Input::DeclineCall { call_id });
        }
    }

    pub(crate) fn leaves(&mut self, side: usize) {
        self.sides[side].consent.ends();
        self.input(side, Input::Leave);
    }

    /// Calls whom they called or talked with, unless there is nothing to try again.
    fn tries_again(&mut self, side: usize) {
        let rings = self.ring_from_other(side);
        let sides = &mut self.sides[side];
        if !sides.call.state().is_active() {
            sides.consent.calls(rings);
        }
        self.input(side, Input::Retry);
    }

    fn ring_of(&self, side: usize) -> Option<String> {
        let ringing = self.sides[side].call.incoming()?;
        Some(ringing.call_id.clone())
    }

    fn ring_from_other(&self, side: usize) -> bool {
        let ringing = self.sides[side].call.incoming();
        ringing.is_some_and(|call| call.from.uid == UIDS[1 - side])
    }

    pub(crate) fn input(&mut self, side: usize, input: Input) {
        if let Input::Message(message) = &input {
            self.note_heard(side, message);
        }
        let mut inputs = VecDeque::from([input]);
        while let Some(input) = inputs.pop_front() {
            self.sides[side].call.handle(self.now, input);
            while let Some(output) = self.sides[side].call.poll_output() {
                self.act(side, output, &mut inputs);
            }
        }
        let Side { call, consent, .. } = &mut self.sides[side];
        assert!(
            consent.is_agreed() || !call.state().opens_devices(),
            "seed {}: devices may open in {:?}",
            self.seed,
            call.state()
        );
        if !call.state().is_active() {
            consent.ends();
        }
    }

    fn note_heard(&mut self, side: usize, message: &ServerMessage) {
        let side = &mut self.sides[side];
        side.consent.hears(message);
        if let ServerMessage::Ringing { call_id, .. } | ServerMessage::Ring { call_id, .. } =
            message
        {
            side.heard_of.push(call_id.clone());
        }
    }

    fn act(&mut self, side: usize, output: Output, inputs: &mut VecDeque<Input>) {
        let seed = self.seed;
        let consent = &self.sides[side].consent;
        let (is_agreed, has_said_yes) = (consent.is_agreed(), consent.has_ever_said_yes());
        let agreed = |what: &str| assert!(is_agreed, "seed {seed}: {what} before accept");
        match output {
            Output::Signal(message) => {
                match &message {
                    ClientMessage::Join { .. } => {
                        // A place alone opens nothing. One is taken and left at once after a cancel that
                        // came too late, so that the other is not kept waiting.
                        assert!(has_said_yes, "seed {seed}: a join before any yes");
                        self.sides[side].joined = true;
                    }
                    ClientMessage::Offer(_)
                    | ClientMessage::Answer(_)
                    | ClientMessage::Candidate(_)
                    | ClientMessage::MediaState { .. } => agreed("a description or candidate"),
                    ClientMessage::Leave { .. }
                    | ClientMessage::Login { .. }
                    | ClientMessage::Logout
                    | ClientMessage::Call { .. }
                    | ClientMessage::Accept { .. }
                    | ClientMessage::Decline { .. }
                    | ClientMessage::Cancel { .. }
                    | ClientMessage::Message(_)
                    | ClientMessage::IceServers
                    | ClientMessage::Keepalive => {}
                    ClientMessage::CastOpen { .. } | ClientMessage::CastJoin { .. } => {
                        panic!("seed {seed}: nobody asked for a cast")
                    }
                }
                let sent = self.sides[side].membership.outgoing(message);
                if self.sides[side].connection.is_some() {
                    self.sides[side].to_server.push_back(sent);
                }
            }
            Output::CreateOffer { session, .. } => {
                inputs.extend(described(session, DescriptionKind::Offer));
            }
            Output::ApplyOffer { session, .. } => {
                inputs.extend(described(session, DescriptionKind::Answer));
            }
            Output::CreatePeer { .. } => agreed("a PeerConnection"),
            // Devices follow every state, also one that another replaces before the input is done with.
            Output::StateChanged(state) => assert!(
                is_agreed || !state.opens_devices(),
                "seed {seed}: devices may open for a moment in {state:?}"
            ),
            Output::RetrySignaling
            | Output::ApplyAnswer { .. }
            | Output::Rollback { .. }
            | Output::AddCandidate { .. }
            | Output::ClosePeer { .. }
            | Output::RequestKeyFrame { .. }
            | Output::SetIceServers { .. }
            | Output::Directory(_)
            | Output::Ring(_)
            | Output::RingEnded { .. }
            | Output::Text(_)
            | Output::RemoteMedia { .. } => {}
            Output::CastCode { .. } => panic!("seed {seed}: nobody asked for a cast"),
        }
    }
}

fn described(session: String, kind: DescriptionKind) -> [Input; 2] {
    let msg = description(kind);
    let candidate = r#"{"candidate":"candidate:1 1 udp 1 h 9 typ host"}"#.to_owned();
    [
        PeerInput::LocalDescription { kind, msg },
        PeerInput::LocalCandidate(Some(candidate)),
    ]
    .map(|event| Input::Peer {
        session: session.clone(),
        event,
    })
}

pub(super) fn description(kind: DescriptionKind) -> String {
    let kind = match kind {
        DescriptionKind::Offer => "offer",
        DescriptionKind::Answer => "answer",
    };
    format!(r#"{{"type":"{kind}","sdp":"a=ice-ufrag:zz\r\na=fingerprint:sha-256 00\r\n"}}"#)
}
