//! The model of the rooms and the judge of their outputs.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::step::{Proof, Step};
use super::view::{View, note};
use crate::client::{forward, leave};
use duet_protocol::{ClientMessage, CloseReason, ErrorCode, LeaveReason, ServerMessage};
use duet_server::AddressKey;
use duet_server::rooms::{ConnectionId, Output, Rooms, RoomsConfig};

const RESUME_WINDOW: Duration = Duration::from_secs(120);

/// A place that ought to be held.
#[derive(Debug, Clone)]
struct Place {
    uid: String,
    room: String,
    /// The connection, or until when it is kept.
    holder: Result<ConnectionId, Instant>,
    resume: bool,
    /// The newest token first; the second is good until the client is heard.
    tokens: Vec<String>,
}

pub(super) struct World {
    rooms: Rooms,
    now: Instant,
    next_id: u64,
    /// The open connection of each client.
    clients: Vec<Option<ConnectionId>>,
    views: HashMap<ConnectionId, View>,
    /// In the order in which they were taken.
    places: Vec<Place>,
    /// Every token a uid ever got, newest last.
    issued: HashMap<String, Vec<String>>,
    /// The connection the next outputs must close.
    expected_close: Option<ConnectionId>,
}

impl World {
    pub(super) fn new(clients: usize) -> Self {
        let config = RoomsConfig {
            resume_window: RESUME_WINDOW,
            ice_servers: Vec::new(),
            failed_joins_per_minute: 1_000_000,
            max_kept_places_per_address: None,
            max_kept_places: usize::MAX,
        };
        Self {
            rooms: Rooms::new(config),
            now: Instant::now(),
            next_id: 0,
            clients: vec![None; clients],
            views: HashMap::new(),
            places: Vec::new(),
            issued: HashMap::new(),
            expected_close: None,
        }
    }

    pub(super) fn take(&mut self, step: &Step) {
        match step {
            Step::Open { client } => self.open(*client),
            Step::Join {
                client,
                uid,
                room,
                resume,
                proof,
            } => {
                if let Some(id) = self.clients[*client] {
                    self.join(id, &format!("u{uid}"), &format!("r{room}"), *resume, proof);
                }
            }
            Step::Leave { client, uid, room } => {
                if let Some(id) = self.clients[*client] {
                    self.leave(id, &format!("u{uid}"), &format!("r{room}"));
                }
            }
            Step::Break { client } => {
                if let Some(id) = self.clients[*client].take() {
                    self.break_off(id);
                }
            }
            Step::Offer {
                client,
                from,
                to,
                room,
            } => {
                if let Some(id) = self.clients[*client] {
                    self.offer(
                        id,
                        &format!("u{from}"),
                        &format!("u{to}"),
                        &format!("r{room}"),
                    );
                }
            }
            Step::Keepalive { client } => {
                if let Some(id) = self.clients[*client] {
                    self.hear(id);
                    self.rooms.handle(self.now, id, ClientMessage::Keepalive);
                    let sends = self.outputs();
                    assert_eq!(sends, [(id, ServerMessage::Keepalive)]);
                }
            }
            Step::Wait { seconds } => self.wait(*seconds),
        }
    }

    /// What the rooms hold and what the clients were told is what the model holds.
    pub(super) fn check(&mut self) {
        assert!(self.rooms.poll_output().is_none());
        assert_eq!(self.rooms.member_count(), self.places.len());
        let mut by_room: HashMap<&str, Vec<&Place>> = HashMap::new();
        for place in &self.places {
            by_room.entry(&place.room).or_default().push(place);
        }
        assert_eq!(self.rooms.room_count(), by_room.len());
        for members in by_room.values() {
            assert!(members.len() <= 2, "a crowd: {members:?}");
            for member in members {
                let Ok(id) = member.holder else { continue };
                let truth = members.iter().find(|other| other.uid != member.uid);
                let truth = truth.map(|other| (other.uid.clone(), other.holder.is_err()));
                assert_eq!(
                    self.views[&id].other, truth,
                    "{} was told otherwise",
                    member.uid
                );
            }
        }
        // It may want to be woken earlier, for its own cleaning, but never later.
        for until in self.places.iter().filter_map(|place| place.holder.err()) {
            assert!(self.rooms.poll_timeout().is_some_and(|at| at <= until));
        }
    }

    /// Everybody breaks off, the time passes, and nothing is left.
    pub(super) fn end_everything(&mut self) {
        for client in 0..self.clients.len() {
            self.take(&Step::Break { client });
            self.check();
        }
        self.wait(RESUME_WINDOW.as_secs());
        self.check();
        assert_eq!((self.rooms.member_count(), self.rooms.room_count()), (0, 0));
    }

    fn open(&mut self, client: usize) {
        if self.clients[client].is_some() {
            return;
        }
        self.next_id += 1;
        let id = ConnectionId(self.next_id);
        self.clients[client] = Some(id);
        self.views.insert(id, View::default());
        let address = AddressKey::from(std::net::Ipv4Addr::LOCALHOST);
        self.rooms.connected(id, address);
    }

    fn join(&mut self, id: ConnectionId, uid: &str, room: &str, resume: bool, proof: &Proof) {
        let token = self.token_for(uid, proof);
        self.hear(id);
        let expected = self.expected_join(id, uid, room, token.as_deref());
        self.rooms.handle(
            self.now,
            id,
            ClientMessage::Join {
                room_id: room.into(),
                uid: uid.into(),
                name: None,
                resume,
                resume_token: token.clone(),
                token: None,
            },
        );
        let before = self.places.clone();
        let resume = resume || token.is_some();
        match expected {
            Expected::Error(code) => self.expect_error(id, code),
            Expected::Full { replaced } => self.expect_full(id, uid, room, replaced),
            Expected::Again => self.expect_confirmation(id, uid, resume),
            Expected::Resumed => {
                let presented = token.expect("proven by a token");
                self.expect_resume(id, uid, resume, presented);
            }
            Expected::Entered { replaced } => {
                self.places.retain(|place| place.uid != uid);
                self.places.push(Place {
                    uid: uid.into(),
                    room: room.into(),
                    holder: Ok(id),
                    resume,
                    tokens: Vec::new(),
                });
                self.expected_close = replaced;
                self.expect_entry(id, uid, false);
            }
        }
        self.assert_no_takeover(&before, uid, proof);
    }

    fn expect_full(
        &mut self,
        id: ConnectionId,
        uid: &str,
        room: &str,
        replaced: Option<ConnectionId>,
    ) {
        // Who could prove a place elsewhere has given that up.
        self.places.retain(|place| place.uid != uid);
        self.expected_close = replaced;
        let full = ServerMessage::Full {
            room_id: room.into(),
            user_num: 2,
        };
        let sends = self.outputs();
        let to_joiner: Vec<_> = sends.iter().filter(|(to, _)| *to == id).collect();
        assert_eq!(to_joiner, [&(id, full)]);
        self.views.get_mut(&id).expect("open").uid = Some(uid.into());
    }

    fn expect_confirmation(&mut self, id: ConnectionId, uid: &str, resume: bool) {
        let place = self.place_mut(uid).expect("held");
        place.resume |= resume;
        place.tokens.truncate(1);
        let sends = self.outputs();
        assert_eq!(sends.len(), 1, "nobody else hears of it: {sends:?}");
        self.note_joined(id, &sends[0], uid, false);
    }

    fn expect_resume(&mut self, id: ConnectionId, uid: &str, resume: bool, presented: String) {
        let place = self.place_mut(uid).expect("kept or held");
        let replaced = std::mem::replace(&mut place.holder, Ok(id)).ok();
        place.resume |= resume;
        place.tokens = vec![presented];
        self.expected_close = replaced;
        self.expect_entry(id, uid, true);
    }

    /// A uid changed hands only with a token that its holder got.
    fn assert_no_takeover(&self, before: &[Place], uid: &str, proof: &Proof) {
        let holder = |places: &[Place]| {
            let place = places.iter().find(|place| place.uid == uid);
            place.map(|place| place.holder)
        };
        let (old, new) = (holder(before), holder(&self.places));
        if old.is_some() && old != new {
            assert!(
                matches!(proof, Proof::Own { .. }),
                "taken over with {proof:?}"
            );
        }
    }

    fn expected_join(
        &self,
        id: ConnectionId,
        uid: &str,
        room: &str,
        token: Option<&str>,
    ) -> Expected {
        let bound = self.views[&id].uid.as_deref();
        if bound.is_some_and(|bound| bound != uid) {
            return Expected::Error(ErrorCode::UidMismatch);
        }
        let place = self.places.iter().find(|place| place.uid == uid);
        let is_full = self
            .places
            .iter()
            .filter(|place| place.room == room)
            .count()
            == 2;
        let holds_uid = |view: &View| view.uid.as_deref() == Some(uid);
        let others = self.clients.iter().flatten().filter(|other| **other != id);
        let is_bound_elsewhere = others
            .into_iter()
            .any(|other| holds_uid(&self.views[other]));
        match place {
            Some(place) if place.holder == Ok(id) && place.room == room => Expected::Again,
            Some(place) if place.holder == Ok(id) => Expected::Error(ErrorCode::AlreadyInRoom),
            Some(place) => {
                let is_proven =
                    token.is_some_and(|token| place.tokens.iter().any(|own| own == token));
                let replaced = place.holder.ok();
                match (is_proven, place.room == room) {
                    (false, _) => Expected::Error(ErrorCode::UidTaken),
                    (true, true) => Expected::Resumed,
                    (true, false) if is_full => Expected::Full { replaced },
                    (true, false) => Expected::Entered { replaced },
                }
            }
            None if is_bound_elsewhere => Expected::Error(ErrorCode::UidTaken),
            None if is_full => Expected::Full { replaced: None },
            None => Expected::Entered { replaced: None },
        }
    }

    /// `joined` first, then the introduction; the other is told.
    fn expect_entry(&mut self, id: ConnectionId, uid: &str, resumed: bool) {
        self.views.get_mut(&id).expect("open").uid = Some(uid.into());
        let sends = self.outputs();
        let own: Vec<_> = sends.iter().filter(|(to, _)| *to == id).cloned().collect();
        self.note_joined(id, &own[0], uid, resumed);
    }

    fn note_joined(
        &mut self,
        id: ConnectionId,
        sent: &(ConnectionId, ServerMessage),
        uid: &str,
        expected_resumed: bool,
    ) {
        let (
            to,
            ServerMessage::Joined {
                uid: told,
                user_num,
                resume_token,
                resumed,
                room_id,
                ..
            },
        ) = sent
        else {
            panic!("joined comes first, not {sent:?}");
        };
        assert_eq!((*to, told.as_str(), *resumed), (id, uid, expected_resumed));
        let in_room = self
            .places
            .iter()
            .filter(|place| place.room == *room_id)
            .count();
        assert_eq!(usize::from(*user_num), in_room);
        let token = resume_token.clone().expect("a token");
        let issued = self.issued.entry(uid.to_owned()).or_default();
        assert!(!issued.contains(&token), "an old token");
        issued.push(token.clone());
        self.place_mut(uid).expect("held").tokens.insert(0, token);
    }

    fn leave(&mut self, id: ConnectionId, uid: &str, room: &str) {
        self.hear(id);
        self.rooms.handle(self.now, id, leave(room, uid));
        match self.expected_membership(id, uid, room) {
            Err(code) => self.expect_error(id, code),
            Ok(()) => {
                self.places.retain(|place| place.uid != uid);
                self.views.get_mut(&id).expect("open").other = None;
                let sends = self.outputs();
                let leaved = ServerMessage::Leaved {
                    room_id: room.into(),
                };
                assert_eq!(sends[0], (id, leaved));
                let told = sends[1..].iter().all(|(_, message)| {
                    matches!(
                        message,
                        ServerMessage::PeerLeave {
                            reason: LeaveReason::Left,
                            ..
                        }
                    )
                });
                assert!(told, "{sends:?}");
            }
        }
    }

    fn offer(&mut self, id: ConnectionId, from: &str, to: &str, room: &str) {
        self.hear(id);
        let offer = forward(room, from, to, "{}");
        self.rooms
            .handle(self.now, id, ClientMessage::Offer(offer.clone()));
        let membership = self.expected_membership(id, from, room);
        let receiver = self
            .places
            .iter()
            .find(|place| place.uid == to && place.room == room && to != from);
        match (membership, receiver.map(|place| place.holder)) {
            (Err(code), _) => self.expect_error(id, code),
            (Ok(()), None) => self.expect_error(id, ErrorCode::NoSuchPeer),
            (Ok(()), Some(Err(_))) => self.expect_error(id, ErrorCode::Unavailable),
            (Ok(()), Some(Ok(receiver))) => {
                assert_eq!(self.outputs(), [(receiver, ServerMessage::Offer(offer))]);
            }
        }
    }

    fn expected_membership(
        &self,
        id: ConnectionId,
        uid: &str,
        room: &str,
    ) -> Result<(), ErrorCode> {
        match self.views[&id].uid.as_deref() {
            None => Err(ErrorCode::NotInRoom),
            Some(bound) if bound != uid => Err(ErrorCode::UidMismatch),
            Some(_) => {
                let is_member = |place: &Place| place.holder == Ok(id) && place.room == room;
                let found = self.places.iter().any(is_member);
                found.then_some(()).ok_or(ErrorCode::NotInRoom)
            }
        }
    }

    fn break_off(&mut self, id: ConnectionId) {
        self.rooms.broken(self.now, id);
        let until = self.now + RESUME_WINDOW;
        for place in &mut self.places {
            if place.holder == Ok(id) && place.resume {
                place.holder = Err(until);
            }
        }
        self.places.retain(|place| place.holder != Ok(id));
        self.views.remove(&id);
        for (to, message) in self.outputs() {
            assert_ne!(to, id);
            assert!(matches!(
                message,
                ServerMessage::PeerAway { .. }
                    | ServerMessage::PeerLeave {
                        reason: LeaveReason::Lost,
                        ..
                    }
            ));
        }
    }

    fn wait(&mut self, seconds: u64) {
        self.now += Duration::from_secs(seconds);
        self.rooms.handle_timeout(self.now);
        let now = self.now;
        self.places.retain(|place| match place.holder {
            Ok(_) => true,
            Err(until) => until > now,
        });
        for (_, message) in self.outputs() {
            let is_lost = matches!(
                message,
                ServerMessage::PeerLeave {
                    reason: LeaveReason::Lost,
                    ..
                }
            );
            assert!(is_lost, "{message:?}");
        }
    }

    /// The client sent something: of its tokens only the newest is good.
    fn hear(&mut self, id: ConnectionId) {
        self.rooms.heard(id);
        for place in &mut self.places {
            if place.holder == Ok(id) {
                place.tokens.truncate(1);
            }
        }
    }

    fn token_for(&self, uid: &str, proof: &Proof) -> Option<String> {
        let nth = |uid: &str, age: usize| {
            self.issued
                .get(uid)
                .and_then(|tokens| tokens.iter().rev().nth(age))
                .cloned()
        };
        match proof {
            Proof::None => None,
            Proof::Own { age } => nth(uid, *age),
            Proof::Of { uid: other } if format!("u{other}") == uid => None,
            Proof::Of { uid: other } => nth(&format!("u{other}"), 0),
            Proof::Guess => Some("0123456789abcdef0123456789abcdef".into()),
        }
    }

    fn place_mut(&mut self, uid: &str) -> Option<&mut Place> {
        self.places.iter_mut().find(|place| place.uid == uid)
    }

    fn expect_error(&mut self, id: ConnectionId, expected: ErrorCode) {
        let sends = self.outputs();
        match sends.as_slice() {
            [(to, ServerMessage::Error { code, .. })] => assert_eq!((*to, *code), (id, expected)),
            other => panic!("expected {expected:?}, got {other:?}"),
        }
    }

    /// All messages sent since, each noted in the view of who got it. Nobody may be closed but the
    /// one that is expected to be.
    fn outputs(&mut self) -> Vec<(ConnectionId, ServerMessage)> {
        let mut sends = Vec::new();
        let mut closed = None;
        while let Some(output) = self.rooms.poll_output() {
            match output {
                Output::Send { to, message } => {
                    assert_ne!(Some(to), closed, "after the end: {message:?}");
                    let view = self.views.get_mut(&to).expect("only to open connections");
                    note(view, &message);
                    sends.push((to, message));
                }
                Output::Close { connection, reason } => {
                    assert_eq!(reason, CloseReason::Replaced);
                    assert_eq!(closed.replace(connection), None);
                }
            }
        }
        assert_eq!(closed, self.expected_close.take());
        if let Some(connection) = closed {
            self.views.remove(&connection);
            for client in &mut self.clients {
                if *client == Some(connection) {
                    *client = None;
                }
            }
            // The I/O reports the end of what it closed; that must change nothing.
            self.rooms.broken(self.now, connection);
            assert!(self.rooms.poll_output().is_none());
        }
        sends
    }
}

/// What ought to come of a join.
#[derive(Debug)]
enum Expected {
    Error(ErrorCode),
    Full { replaced: Option<ConnectionId> },
    Again,
    Resumed,
    Entered { replaced: Option<ConnectionId> },
}
