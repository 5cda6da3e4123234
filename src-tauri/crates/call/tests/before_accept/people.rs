//! Two people who are online, and what can happen to them.

use std::collections::VecDeque;
use std::net::Ipv4Addr;
use std::time::{Duration, Instant, SystemTime};

use duet_call::{
    Call, CallState, DescriptionKind, Input, Listed, Output, PeerInput, ServerProblem,
};
use duet_protocol::{CallMedia, ClientMessage, Forward, ServerMessage};
use duet_server::AddressKey;
use duet_server::exchange::{CastConfig, DirectoryConfig, Exchange};
use duet_server::rooms::{ConnectionId, Output as ServerOutput, RoomsConfig};
use duet_signaling::membership::{Membership, Verdict};

const UIDS: [&str; 2] = ["ann", "ben"];

/// Xorshift: small, and the same everywhere.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).expect("31 bits") % bound
    }
}

struct Side {
    call: Call,
    membership: Membership,
    connection: Option<ConnectionId>,
    to_server: VecDeque<ClientMessage>,
    from_server: VecDeque<ServerMessage>,
    /// This person has called the other, ever.
    called: bool,
    /// This person has accepted a call of the other, ever.
    accepted: bool,
    joined: bool,
}

/// Both, and the server.
pub(crate) struct People {
    seed: u64,
    now: Instant,
    exchange: Exchange,
    sides: [Side; 2],
    connections: u64,
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
                called: false,
                accepted: false,
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
            78..=81 => self.input(side, Input::Leave),
            82..=83 => self.input(side, Input::Retry),
            84..=92 => self.hostile(side, dice.below(6)),
            93..=94 => self.disconnect(side),
            95..=97 => self.connect(side),
            _ => {
                let length = [1, 6, 16, 51][dice.below(4)];
                self.pass(Duration::from_secs(length));
            }
        }
    }

    pub(crate) fn person_calls(&mut self, side: usize) {
        self.sides[side].called = true;
        let uid = UIDS[1 - side].to_owned();
        let media = CallMedia::Video;
        self.input(side, Input::CallSomebody { uid, media });
    }

    /// True if one rang.
    pub(crate) fn accept_ring(&mut self, side: usize) -> bool {
        let Some(call_id) = self.ring_of(side) else {
            return false;
        };
        self.sides[side].accepted = true;
        self.input(side, Input::AcceptCall { call_id });
        true
    }

    fn decline_ring(&mut self, side: usize) {
        if let Some(call_id) = self.ring_of(side) {
            self.input(side, Input::DeclineCall { call_id });
        }
    }

    fn ring_of(&self, side: usize) -> Option<String> {
        let ringing = self.sides[side].call.incoming()?;
        Some(ringing.call_id.clone())
    }

    /// Both have said yes to a call: the one by calling, the other by accepting or calling too.
    fn is_agreed(&self) -> bool {
        let [one, other] = &self.sides;
        let has_said_yes = |side: &Side| side.called || side.accepted;
        (one.called && has_said_yes(other)) || (other.called && one.accepted)
    }

    pub(crate) fn input(&mut self, side: usize, input: Input) {
        let mut inputs = VecDeque::from([input]);
        while let Some(input) = inputs.pop_front() {
            self.sides[side].call.handle(self.now, input);
            while let Some(output) = self.sides[side].call.poll_output() {
                self.act(side, output, &mut inputs);
            }
        }
        assert!(
            self.is_agreed() || !self.state(side).opens_devices(),
            "seed {}: devices may open in {:?}",
            self.seed,
            self.state(side)
        );
    }

    fn act(&mut self, side: usize, output: Output, inputs: &mut VecDeque<Input>) {
        let seed = self.seed;
        let is_agreed = self.is_agreed();
        let agreed = |what: &str| assert!(is_agreed, "seed {seed}: {what} before accept");
        match output {
            Output::Signal(message) => {
                match &message {
                    ClientMessage::Join { .. } => {
                        agreed("a join");
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
            Output::RetrySignaling
            | Output::ApplyAnswer { .. }
            | Output::Rollback { .. }
            | Output::AddCandidate { .. }
            | Output::ClosePeer { .. }
            | Output::RequestKeyFrame { .. }
            | Output::SetIceServers { .. }
            | Output::StateChanged(_)
            | Output::Directory(_)
            | Output::Ring(_)
            | Output::RingEnded { .. }
            | Output::Text(_)
            | Output::RemoteMedia { .. } => {}
            Output::CastCode { .. } => panic!("seed {seed}: nobody asked for a cast"),
        }
    }

    fn deliver(&mut self, side: usize) {
        let sent = self.sides[side].to_server.pop_front();
        if let (Some(message), Some(id)) = (sent, self.sides[side].connection) {
            let wall = SystemTime::UNIX_EPOCH;
            self.exchange.handle(self.now, wall, id, message);
            self.take_from_exchange();
        }
    }

    fn hear(&mut self, side: usize) {
        let Some(message) = self.sides[side].from_server.pop_front() else {
            return;
        };
        match self.sides[side].membership.incoming(&message) {
            Verdict::PassOn => self.input(side, Input::Message(message)),
            Verdict::Ignore => {}
            Verdict::TryLater(_) => self.disconnect(side),
        }
    }

    fn connect(&mut self, side: usize) {
        if self.sides[side].connection.is_some() {
            return;
        }
        self.connections += 1;
        let id = ConnectionId(self.connections);
        let address = AddressKey::from(std::net::IpAddr::from(Ipv4Addr::LOCALHOST));
        self.exchange.connected(id, address);
        self.sides[side].connection = Some(id);
        self.input(side, Input::SignalingOpened);
        let repeated = self.sides[side].membership.opened();
        self.sides[side].to_server.extend(repeated);
    }

    fn disconnect(&mut self, side: usize) {
        let Some(id) = self.sides[side].connection.take() else {
            return;
        };
        self.sides[side].to_server.clear();
        self.sides[side].from_server.clear();
        self.sides[side].membership.broken();
        self.exchange.broken(self.now, id);
        self.take_from_exchange();
        let problem = ServerProblem("broken");
        let retry_in = Duration::from_millis(250);
        self.input(side, Input::SignalingLost { retry_in, problem });
    }

    fn take_from_exchange(&mut self) {
        while let Some(output) = self.exchange.poll_output() {
            match output {
                ServerOutput::Send { to, message } => {
                    let mut sides = self.sides.iter_mut();
                    if let Some(side) = sides.find(|side| side.connection == Some(to)) {
                        side.from_server.push_back(message);
                    }
                }
                ServerOutput::Close { connection, .. } => {
                    let held = |side: &Side| side.connection == Some(connection);
                    assert!(!self.sides.iter().any(held), "seed {}: cut", self.seed);
                }
            }
        }
    }

    /// Everybody is connected, and everything sent arrives.
    pub(crate) fn come_back(&mut self) {
        for side in 0..2 {
            self.connect(side);
        }
        self.settle();
        self.pass(Duration::from_secs(1));
    }

    pub(crate) fn settle(&mut self) {
        for _ in 0..1_000 {
            let waits = |side: &Side| !side.to_server.is_empty() || !side.from_server.is_empty();
            if !self.sides.iter().any(waits) {
                return;
            }
            for side in 0..2 {
                self.deliver(side);
                self.hear(side);
            }
        }
        panic!("seed {}: messages without end", self.seed);
    }

    /// Time passes second by second; what is on its way stays there, what is due happens.
    pub(crate) fn pass(&mut self, length: Duration) {
        let settles = length >= Duration::from_secs(100);
        for _ in 0..length.as_secs() {
            self.now += Duration::from_secs(1);
            self.exchange.handle_timeout(self.now);
            self.take_from_exchange();
            for side in 0..2 {
                self.input(side, Input::Tick);
            }
            if settles || length == Duration::from_secs(1) {
                self.settle();
            }
        }
    }

    /// What only a hostile server sends, in the name of the other.
    fn hostile(&mut self, side: usize, which: usize) {
        let uid = UIDS[side].to_owned();
        let remote_uid = UIDS[1 - side].to_owned();
        let forward = Forward {
            room_id: "anywhere".to_owned(),
            uid: remote_uid.clone(),
            remote_uid: uid.clone(),
            msg: description(DescriptionKind::Offer),
            session: Some("s".to_owned()),
        };
        let name = None;
        let message = match which {
            0 => ServerMessage::Offer(forward),
            1 => ServerMessage::Answer(forward),
            2 => ServerMessage::Candidate(forward),
            3 => ServerMessage::NewPeer { remote_uid, name },
            4 => ServerMessage::RespJoin { remote_uid, name },
            _ => ServerMessage::Joined {
                room_id: "anywhere".to_owned(),
                uid,
                user_num: 2,
                ice_servers: Vec::new(),
                resume_token: None,
                resumed: false,
                role: None,
            },
        };
        self.input(side, Input::Message(message));
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

fn description(kind: DescriptionKind) -> String {
    let kind = match kind {
        DescriptionKind::Offer => "offer",
        DescriptionKind::Answer => "answer",
    };
    format!(r#"{{"type":"{kind}","sdp":"a=ice-ufrag:zz\r\na=fingerprint:sha-256 00\r\n"}}"#)
}
