//! One call, fed by hand: for what a well-behaved other side never sends.

use std::time::{Duration, Instant};

use duet_call::{Call, CallState, DescriptionKind, Input, Output, PeerInput};
use duet_protocol::{ClientMessage, Forward, ServerMessage};

pub(crate) const ROOM: &str = "two-chairs";
pub(crate) const ME: &str = "ann";
pub(crate) const OTHER: &str = "ben";

pub(crate) struct Solo {
    pub(crate) call: Call,
    pub(crate) now: Instant,
}

impl Solo {
    /// Idle, with an open connection to the server.
    pub(crate) fn idle() -> Self {
        let now = Instant::now();
        let mut solo = Self {
            call: Call::new(ME, now),
            now,
        };
        solo.input(Input::SignalingOpened);
        solo
    }

    /// In the room, alone.
    pub(crate) fn waiting() -> Self {
        let mut solo = Self::idle();
        solo.join();
        solo.message(joined(1, false));
        solo
    }

    /// The other came after us: we made the offer and it was sent.
    pub(crate) fn offering() -> Self {
        let mut solo = Self::waiting();
        solo.message(new_peer(OTHER));
        solo.local(DescriptionKind::Offer, &description("offer", "mine", "m"));
        solo
    }

    /// In a call in which we made the first offer; the other names sessions, or does not.
    pub(crate) fn connected(names_sessions: bool) -> Self {
        let mut solo = Self::offering();
        let session = names_sessions.then(|| solo.session());
        solo.message(answer(
            session.as_deref(),
            &description("answer", "u1", "f1"),
        ));
        solo.peer(PeerInput::Connected);
        assert_eq!(solo.call.state().word(), "connected");
        solo
    }

    pub(crate) fn join(&mut self) -> Vec<Output> {
        self.input(Input::Join {
            room_id: ROOM.to_owned(),
            name: None,
        })
    }

    pub(crate) fn input(&mut self, input: Input) -> Vec<Output> {
        self.call.handle(self.now, input);
        std::iter::from_fn(|| self.call.poll_output()).collect()
    }

    pub(crate) fn message(&mut self, message: ServerMessage) -> Vec<Output> {
        self.input(Input::Message(message))
    }

    pub(crate) fn peer(&mut self, event: PeerInput) -> Vec<Output> {
        let session = self.session();
        self.input(Input::Peer { session, event })
    }

    pub(crate) fn local(&mut self, kind: DescriptionKind, msg: &str) -> Vec<Output> {
        let msg = msg.to_owned();
        self.peer(PeerInput::LocalDescription { kind, msg })
    }

    pub(crate) fn wait(&mut self, length: Duration) -> Vec<Output> {
        self.now += length;
        self.input(Input::Tick)
    }

    pub(crate) fn session(&self) -> String {
        self.call
            .session()
            .expect("a PeerConnection lives")
            .to_owned()
    }

    pub(crate) fn word(&self) -> &'static str {
        self.call.state().word()
    }

    /// A message that must change nothing at all.
    pub(crate) fn ignores(&mut self, message: ServerMessage) {
        let (state, session): (CallState, _) = (
            self.call.state().clone(),
            self.call.session().map(str::to_owned),
        );
        let shown = format!("{message:?}");
        assert_eq!(self.message(message), [], "{shown}");
        assert_eq!(*self.call.state(), state, "{shown}");
        assert_eq!(self.call.session().map(str::to_owned), session, "{shown}");
    }
}

pub(crate) fn joined(user_num: u8, resumed: bool) -> ServerMessage {
    ServerMessage::Joined {
        role: None,
        room_id: ROOM.to_owned(),
        uid: ME.to_owned(),
        user_num,
        ice_servers: Vec::new(),
        resume_token: Some("t".to_owned()),
        resumed,
    }
}

pub(crate) fn new_peer(uid: &str) -> ServerMessage {
    ServerMessage::NewPeer {
        remote_uid: uid.to_owned(),
        name: None,
    }
}

pub(crate) fn resp_join(uid: &str) -> ServerMessage {
    ServerMessage::RespJoin {
        remote_uid: uid.to_owned(),
        name: None,
    }
}

pub(crate) fn forward_from(uid: &str, session: Option<&str>, msg: &str) -> Forward {
    Forward {
        room_id: ROOM.to_owned(),
        uid: uid.to_owned(),
        remote_uid: ME.to_owned(),
        msg: msg.to_owned(),
        session: session.map(str::to_owned),
    }
}

pub(crate) fn offer(session: Option<&str>, msg: &str) -> ServerMessage {
    ServerMessage::Offer(forward_from(OTHER, session, msg))
}

pub(crate) fn answer(session: Option<&str>, msg: &str) -> ServerMessage {
    ServerMessage::Answer(forward_from(OTHER, session, msg))
}

pub(crate) fn candidate(session: Option<&str>, msg: &str) -> ServerMessage {
    ServerMessage::Candidate(forward_from(OTHER, session, msg))
}

pub(crate) fn description(kind: &str, ufrag: &str, fingerprint: &str) -> String {
    format!(
        r#"{{"type":"{kind}","sdp":"v=0\r\na=ice-ufrag:{ufrag}\r\na=fingerprint:sha-256 {fingerprint}\r\n"}}"#
    )
}

pub(crate) fn candidate_of(ufrag: &str, number: usize) -> String {
    format!(r#"{{"candidate":"candidate:{number} 1 udp 1 h 9 typ host ufrag {ufrag}"}}"#)
}

/// The kinds of the messages sent, in order.
pub(crate) fn sent(outputs: &[Output]) -> Vec<&'static str> {
    outputs
        .iter()
        .filter_map(|output| match output {
            Output::Signal(message) => Some(message.command()),
            _ => None,
        })
        .collect()
}

pub(crate) fn added(outputs: &[Output]) -> usize {
    outputs
        .iter()
        .filter(|output| matches!(output, Output::AddCandidate { .. }))
        .count()
}

pub(crate) fn has(outputs: &[Output], wanted: impl Fn(&Output) -> bool) -> bool {
    outputs.iter().any(wanted)
}

pub(crate) fn is_offer_made(output: &Output) -> bool {
    matches!(output, Output::CreateOffer { .. })
}

pub(crate) fn is_ice_restart(output: &Output) -> bool {
    matches!(
        output,
        Output::CreateOffer {
            ice_restart: true,
            ..
        }
    )
}

pub(crate) fn is_created(output: &Output) -> bool {
    matches!(output, Output::CreatePeer { .. })
}

pub(crate) fn is_leave(output: &Output) -> bool {
    matches!(output, Output::Signal(ClientMessage::Leave { .. }))
}
