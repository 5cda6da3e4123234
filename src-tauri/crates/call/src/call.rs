//! The call itself: what it holds, how inputs are dispatched, how outputs and time come out.
//!
//! The state shown to people ([`CallState`]) is one part; beside it stand the connection to the
//! server, the other person as the server tells of them, the PeerConnection that lives, and the
//! next try of a recovery. They change on their own: media may flow without a server, and the
//! server may be there without media. One flat state machine was rejected: it needs the product of
//! all four.
//!
//! Calls by name stand before the room: `listing` is being online, `calling` and `ringing` lead to the
//! room of a call that was accepted, and from its `join` on there is one kind of call only.

mod addressed;
mod calling;
mod candidates;
mod casting;
mod commands;
mod ice_servers;
mod listing;
mod membership;
mod negotiation;
mod other;
mod outage;
mod reconnect;
mod ringing;
mod server_link;
mod texts;

use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Instant;

use duet_protocol::{AudioState, ClientMessage, Forward, IceServer, VideoState};

use crate::input::{Input, PeerInput};
use crate::link::Link;
use crate::named::NamedCall;
use crate::output::Output;
use crate::recovery::Recovery;
use crate::remote::{Presence, Remote};
use crate::retired::Retired;
use crate::state::{CallState, FailureCause};
use calling::Outgoing;
use candidates::EarlyCandidates;
use listing::Listing;
use ringing::Incoming;
use server_link::ServerLink;
use texts::Texts;

/// One person's side of calls, one after the other. See the crate for the contract.
#[derive(Debug)]
pub struct Call {
    uid: String,
    session_prefix: String,
    sessions_made: u64,
    state: CallState,
    place: Option<Place>,
    server: ServerLink,
    /// Proof that a place is ours, until the server has confirmed a leave: a leave that got lost
    /// would otherwise lock us out of our own place.
    resume_token: Option<String>,
    ice_servers: Vec<IceServer>,
    /// When they were given, or asked for again.
    credentials_at: Option<Instant>,
    listing: Listing,
    outgoing: Outgoing,
    incoming: Option<Incoming>,
    /// Calls by name that were heard of on the way here: their ids name nothing new.
    known_calls: Retired,
    /// For `Retry` and `Rejoin` after a call by name.
    last_call: Option<NamedCall>,
    texts: Texts,
    remote: Option<Remote>,
    link: Option<Link>,
    recovery: Option<Recovery>,
    early: EarlyCandidates,
    retired_sessions: Retired,
    retired_ufrags: Retired,
    /// When the other made us replace the PeerConnection, lately.
    replacements: VecDeque<Instant>,
    media: Option<(AudioState, VideoState)>,
    outputs: VecDeque<Output>,
}

/// The room we are in or want to be in, kept for `Retry` and `Rejoin`.
#[derive(Debug, Clone)]
struct Place {
    room_id: String,
    name: Option<String>,
    /// The call by name that leads there.
    named: Option<Named>,
    /// The cast that leads, or led, there.
    cast: Option<casting::Cast>,
}

/// A call by name that was accepted.
#[derive(Debug, Clone)]
struct Named {
    call: NamedCall,
    call_id: String,
    /// The other was in the room.
    is_met: bool,
}

impl Call {
    /// Idle. `uid` is the id of this session (see `duet_protocol::generate_uid`). `now` goes into
    /// the names of PeerConnections, so that a later `Call` with the same uid never repeats one.
    #[must_use]
    pub fn new(uid: impl Into<String>, now: Instant) -> Self {
        let uid = uid.into();
        let mut hasher = DefaultHasher::new();
        (&uid, now).hash(&mut hasher);
        Self {
            session_prefix: format!("{:016x}", hasher.finish()),
            uid,
            sessions_made: 0,
            state: CallState::Idle,
            place: None,
            server: ServerLink::default(),
            resume_token: None,
            ice_servers: Vec::new(),
            credentials_at: None,
            listing: Listing::default(),
            outgoing: Outgoing::default(),
            incoming: None,
            known_calls: Retired::default(),
            last_call: None,
            texts: Texts::default(),
            remote: None,
            link: None,
            recovery: None,
            early: EarlyCandidates::default(),
            retired_sessions: Retired::default(),
            retired_ufrags: Retired::default(),
            replacements: VecDeque::new(),
            media: None,
            outputs: VecDeque::new(),
        }
    }

    /// Takes one input. Take the outputs before the next one.
    pub fn handle(&mut self, now: Instant, input: Input) {
        match input {
            Input::Join { room_id, name } => self.join(now, room_id, name),
            Input::OpenCast { name } => self.open_cast(now, name),
            Input::JoinCast { code, name } => self.join_cast(now, code, name),
            Input::Cancel => self.cancel(now),
            Input::Leave => self.leave(now),
            Input::Retry => self.retry(now),
            Input::Rejoin => self.rejoin(now),
            Input::Wait => self.wait(now),
            Input::Directory { listed, is_home } => self.set_listed(now, listed, is_home),
            Input::CallSomebody { uid, media } => self.call_somebody(now, uid, media),
            Input::AcceptCall { call_id } => self.accept_call(now, &call_id),
            Input::DeclineCall { call_id } => self.decline_call(&call_id),
            Input::SendText { to, id, content } => self.send_text(now, to, id, content),
            Input::SignalingStarted {
                is_home,
                is_same_server,
            } => self.signaling_started(now, is_home, is_same_server),
            Input::MediaState { audio, video } => self.set_media(audio, video),
            Input::NetworkChanged => self.network_changed(now),
            Input::SignalingOpened => self.server.opened(),
            Input::SignalingLost {
                retry_in: _,
                problem,
            } => self.signaling_lost(now, problem),
            Input::SignalingFailed { problem } => self.signaling_failed(now, problem),
            Input::Message(message) => self.message(now, message),
            Input::Peer { session, event } => self.peer_event(now, &session, event),
            Input::Tick => {}
        }
        self.expire(now);
    }

    /// The next thing to do.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When [`Input::Tick`] is due.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        let recovery = self.recovery.and_then(|recovery| recovery.due);
        [
            self.state.deadline(),
            recovery,
            self.incoming.as_ref().map(Incoming::deadline),
            self.listing.retry_at(),
            self.code_due(),
            self.texts.poll_timeout(),
            self.credentials_due(),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// Where the call is.
    #[must_use]
    pub fn state(&self) -> &CallState {
        &self.state
    }

    /// The call by name that `Retry` and `Rejoin` would make again.
    #[must_use]
    pub fn last_call(&self) -> Option<&NamedCall> {
        self.last_call.as_ref()
    }

    /// Our id in this session.
    #[must_use]
    pub fn uid(&self) -> &str {
        &self.uid
    }

    /// The PeerConnection that lives, if one does.
    #[must_use]
    pub fn session(&self) -> Option<&str> {
        self.link.as_ref().map(|link| link.session.as_str())
    }

    /// Candidates that wait for a description; never more than
    /// [`crate::timing::MAX_EARLY_CANDIDATES`].
    #[must_use]
    pub fn early_candidates(&self) -> usize {
        self.early.len()
    }

    fn peer_event(&mut self, now: Instant, session: &str, event: PeerInput) {
        if self.session() != Some(session) {
            tracing::debug!("event of a PeerConnection that is over");
            return;
        }
        match event {
            PeerInput::LocalDescription { kind, msg } => self.local_description(kind, msg),
            PeerInput::LocalCandidate(candidate) => self.local_candidate(candidate),
            PeerInput::Connected => self.peer_connected(now),
            PeerInput::NoRelay => self.fail(now, FailureCause::NoRelay),
            PeerInput::WrongCertificate => self.fail(now, FailureCause::WrongCertificate),
            PeerInput::Disconnected => self.peer_disconnected(now, false),
            PeerInput::RelaySilent => self.peer_disconnected(now, true),
            PeerInput::Failed => self.peer_failed(now),
            PeerInput::Closed => self.peer_closed(now),
            PeerInput::NegotiationNeeded => self.negotiation_needed(),
            PeerInput::Error { operation } => self.peer_error(now, operation),
        }
    }

    fn expire(&mut self, now: Instant) {
        if self
            .state
            .deadline()
            .is_some_and(|deadline| deadline <= now)
        {
            self.give_up(now);
        }
        self.pursue_recovery(now);
        self.pursue_login(now);
        self.pursue_code(now);
        self.expire_ring(now);
        self.expire_texts(now);
        self.renew_credentials(now);
    }

    fn set_state(&mut self, state: CallState) {
        if self.state == state {
            return;
        }
        tracing::info!(from = self.state.word(), to = state.word(), "call state");
        self.state = state.clone();
        self.outputs.push_back(Output::StateChanged(state));
    }

    fn push(&mut self, output: Output) {
        self.outputs.push_back(output);
    }

    fn signal(&mut self, message: ClientMessage) {
        self.push(Output::Signal(message));
    }

    fn room_id(&self) -> String {
        self.place
            .as_ref()
            .map(|place| place.room_id.clone())
            .unwrap_or_default()
    }

    /// The other can be reached through the server now.
    fn can_signal(&self) -> bool {
        self.server.is_joined()
            && self
                .remote
                .as_ref()
                .is_some_and(|remote| remote.presence == Presence::Here)
    }

    fn is_polite(&self) -> bool {
        self.remote.as_ref().is_some_and(|remote| remote.polite)
    }

    /// A message to the other about the PeerConnection that lives.
    fn forward(&self, msg: String) -> Option<Forward> {
        let remote = self.remote.as_ref()?;
        let link = self.link.as_ref()?;
        Some(Forward {
            room_id: self.room_id(),
            uid: self.uid.clone(),
            remote_uid: remote.peer.uid.clone(),
            msg,
            session: Some(link.session.clone()),
        })
    }

    /// Closes the PeerConnection, if one lives; nothing of it is accepted from now on.
    fn close_link(&mut self) {
        let Some(link) = self.link.take() else {
            return;
        };
        self.retired_sessions.add(&link.session);
        if let Some(identity) = &link.remote {
            self.retired_ufrags.add(&identity.ufrag);
        }
        self.push(Output::ClosePeer {
            session: link.session,
        });
    }

    /// The other is not part of this call any more.
    fn forget_remote(&mut self) {
        self.close_link();
        self.remote = None;
        self.recovery = None;
        self.early.clear();
    }
}
