//! The exchange, the clients, and what ought to be: driving one and comparing it with the other.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::{Duration, Instant, SystemTime};

use duet_protocol::{ClientMessage, ErrorCode, ServerMessage};
use duet_server::AddressKey;
use duet_server::exchange::{CastConfig, DirectoryConfig, Exchange};
use duet_server::rooms::{ConnectionId, Output, RoomsConfig};

use super::calls::Call;
use super::logins::Login;
use super::rooms::Place;
use super::step::{By, Step};

pub(super) const RESUME_WINDOW: Duration = Duration::from_secs(120);
/// Until every change has been told.
const ANNOUNCED: Duration = Duration::from_millis(250);

/// The connection that holds something, or until when it is kept.
pub(super) type Holder = Result<ConnectionId, Instant>;
pub(super) type Sends = Vec<(ConnectionId, ServerMessage)>;

pub(super) struct World {
    exchange: Exchange,
    pub(super) now: Instant,
    next_id: u64,
    /// The open connection of each client.
    clients: Vec<Option<ConnectionId>>,
    pub(super) bound: HashMap<ConnectionId, String>,
    /// What each client was told of its lobby: uid, name, busy.
    pub(super) views: HashMap<ConnectionId, BTreeMap<String, (String, bool)>>,
    /// By uid.
    pub(super) logins: BTreeMap<String, Login>,
    pub(super) places: BTreeMap<String, Place>,
    /// Every login token a uid ever got, newest last.
    pub(super) issued: HashMap<String, Vec<String>>,
    /// In the order of their beginning.
    pub(super) calls: Vec<(String, Call)>,
    /// The connection the next outputs must close.
    pub(super) expected_close: Option<ConnectionId>,
    /// Who ought to be told in this step that a call is over, and who was.
    pub(super) expected_ends: Sends,
    told_ends: Sends,
}

impl World {
    pub(super) fn new(clients: usize) -> Self {
        let rooms = RoomsConfig {
            resume_window: RESUME_WINDOW,
            ice_servers: Vec::new(),
            failed_joins_per_minute: 1_000_000,
            max_kept_places_per_address: None,
            max_kept_places: usize::MAX,
        };
        let directory = DirectoryConfig {
            calls_per_minute: 1_000_000,
            max_kept_logins_per_address: None,
            max_kept_logins: usize::MAX,
            ..DirectoryConfig::default()
        };
        Self {
            exchange: Exchange::new(rooms, directory, CastConfig::default()),
            now: Instant::now(),
            next_id: 0,
            clients: vec![None; clients],
            bound: HashMap::new(),
            views: HashMap::new(),
            logins: BTreeMap::new(),
            places: BTreeMap::new(),
            issued: HashMap::new(),
            calls: Vec::new(),
            expected_close: None,
            expected_ends: Vec::new(),
            told_ends: Vec::new(),
        }
    }

    pub(super) fn take(&mut self, step: &Step) {
        match step {
            Step::Open { client } => self.open(*client),
            Step::Login {
                client,
                uid,
                name,
                lobby,
                resume,
                proof,
            } => {
                if let Some(id) = self.clients[*client] {
                    let uid = self.uid_or(id, *uid);
                    let name = name.map_or_else(|| format!("of-{uid}"), |name| format!("n{name}"));
                    let lobby = format!("l{lobby}");
                    self.login(id, &uid, &name, &lobby, *resume, proof);
                }
            }
            Step::Logout { client } => self.with(*client, Self::logout),
            Step::Call { client, to } => {
                self.with(*client, |world, id| world.call(id, &format!("u{to}")));
            }
            Step::Answer { by, call, word } => {
                if let Some(id) = self.connection_of(*by) {
                    self.answer(id, *call, *word);
                }
            }
            Step::Join {
                by,
                uid,
                room,
                resume,
            } => {
                if let Some(id) = self.connection_of(*by) {
                    let uid = self.uid_or(id, *uid);
                    self.join(id, &uid, room, *resume);
                }
            }
            Step::Leave { client } => self.with(*client, Self::leave),
            Step::Offer { client, to, room } => {
                self.with(*client, |world, id| {
                    world.offer(id, &format!("u{to}"), room);
                });
            }
            Step::Text { client, to } => {
                self.with(*client, |world, id| world.text(id, &format!("u{to}")));
            }
            Step::Break { client } => {
                if let Some(id) = self.clients[*client].take() {
                    self.break_off(id);
                }
            }
            Step::Wait { millis } => self.wait(Duration::from_millis(*millis)),
        }
    }

    /// What the exchange holds is what the model holds.
    pub(super) fn check(&mut self) {
        assert!(self.exchange.poll_output().is_none());
        for expected in self.expected_ends.drain(..) {
            assert!(self.told_ends.contains(&expected), "not told: {expected:?}");
        }
        self.told_ends.clear();
        let counts = self.exchange.counts();
        assert_eq!(counts.logins, self.logins.len(), "{:?}", self.logins);
        assert_eq!(counts.members, self.places.len(), "{:?}", self.places);
        let mut uids: BTreeSet<&String> = self.bound.values().collect();
        uids.extend(self.logins.keys());
        uids.extend(self.places.keys());
        assert_eq!(counts.uids, uids.len(), "{uids:?}");
        let open: Vec<_> = self.open_calls().collect();
        assert_eq!(counts.calls, open.len(), "{open:?}");
        let mut busy: Vec<&str> = open.iter().flat_map(|call| call.uids()).collect();
        busy.sort_unstable();
        assert!(busy.windows(2).all(|two| two[0] != two[1]), "{open:?}");
        let mut names: Vec<_> = self
            .logins
            .values()
            .map(|login| (&login.lobby, &login.name))
            .collect();
        names.sort_unstable();
        assert!(names.windows(2).all(|two| two[0] != two[1]), "{names:?}");
    }

    /// Everybody breaks off, the time passes, and nothing is left.
    pub(super) fn end_everything(&mut self) {
        self.wait(ANNOUNCED);
        for client in 0..self.clients.len() {
            self.take(&Step::Break { client });
            self.check();
        }
        self.wait(RESUME_WINDOW);
        self.check();
        // What is remembered besides is forgotten, too.
        self.wait(RESUME_WINDOW);
        assert_eq!(self.exchange.counts(), Default::default());
        assert_eq!(self.exchange.poll_timeout(), None);
    }

    fn open(&mut self, client: usize) {
        if self.clients[client].is_some() {
            return;
        }
        self.next_id += 1;
        let id = ConnectionId(self.next_id);
        self.clients[client] = Some(id);
        let address = AddressKey::from(std::net::Ipv4Addr::LOCALHOST);
        self.exchange.connected(id, address);
    }

    fn with(&mut self, client: usize, act: impl FnOnce(&mut Self, ConnectionId)) {
        if let Some(id) = self.clients[client] {
            act(self, id);
        }
    }

    fn connection_of(&self, by: By) -> Option<ConnectionId> {
        let newest = self.calls.last().map(|(_, call)| call.uids());
        let uid = match by {
            By::Client(client) => return self.clients[client],
            By::Caller => newest?[0],
            By::Callee => newest?[1],
        };
        let mut bound = self.bound.iter();
        bound.find(|(_, bound)| *bound == uid).map(|(id, _)| *id)
    }

    fn uid_or(&self, id: ConnectionId, uid: usize) -> String {
        let bound = self.bound.get(&id).cloned();
        bound.unwrap_or_else(|| format!("u{uid}"))
    }

    fn break_off(&mut self, id: ConnectionId) {
        self.exchange.broken(self.now, id);
        self.connection_gone(id);
        let sends = self.outputs();
        assert!(sends.iter().all(|(to, _)| *to != id));
        self.follow_calls();
    }

    /// What a connection held is kept, or given up.
    pub(super) fn connection_gone(&mut self, id: ConnectionId) {
        let until = self.now + RESUME_WINDOW;
        if let Some(uid) = self.bound.remove(&id) {
            if self
                .logins
                .get(&uid)
                .is_some_and(|login| login.holder == Ok(id))
            {
                self.vanish(&uid);
            }
            Login::lose(&mut self.logins, &uid, id, until);
            Place::lose(&mut self.places, &uid, id, until);
        }
        self.views.remove(&id);
    }

    fn wait(&mut self, time: Duration) {
        let end = self.now + time;
        let mut changed_at = self.now;
        let mut wakes = 0;
        while let Some(at) = self.exchange.poll_timeout().filter(|at| *at <= end) {
            let before = self.truth();
            self.now = self.now.max(at);
            self.exchange.handle_timeout(self.now);
            self.expire();
            self.outputs();
            if self.truth() != before {
                changed_at = self.now;
            }
            wakes += 1;
            assert!(wakes < 1000, "time stands still");
        }
        self.now = end;
        self.expire();
        assert!(self.outputs().is_empty(), "a wake-up was missed");
        if end - changed_at >= ANNOUNCED {
            self.check_views();
        }
    }

    fn expire(&mut self) {
        let now = self.now;
        let is_left = |holder: Holder| holder.map_or_else(|until| until > now, |_| true);
        self.places.retain(|_, place| is_left(place.holder));
        self.follow_calls();
        self.logins.retain(|_, login| is_left(login.holder));
        self.time_out_calls();
    }

    pub(super) fn open_calls(&self) -> impl Iterator<Item = &Call> {
        let calls = self.calls.iter().map(|(_, call)| call);
        calls.filter(|call| call.is_open())
    }

    /// Hands a message to the exchange and returns what came of it. The tokens a client came with are
    /// used up by it.
    pub(super) fn say(&mut self, id: ConnectionId, message: ClientMessage) -> Sends {
        self.exchange.heard(id);
        let is_binding = matches!(
            message,
            ClientMessage::Join { .. } | ClientMessage::Login { .. }
        );
        if !is_binding {
            Login::hear(&mut self.logins, id);
        }
        self.exchange
            .handle(self.now, SystemTime::UNIX_EPOCH, id, message);
        self.outputs()
    }

    /// All messages sent since, each noted in the view of who got it. Nobody may be closed but the
    /// one that is expected to be.
    fn outputs(&mut self) -> Sends {
        let mut sends = Vec::new();
        let mut closed = None;
        while let Some(output) = self.exchange.poll_output() {
            match output {
                Output::Send { to, message } => {
                    assert_ne!(Some(to), closed, "after the end: {message:?}");
                    let is_open = self.clients.contains(&Some(to));
                    assert!(is_open, "to nobody: {message:?}");
                    self.judge(to, &message);
                    sends.push((to, message));
                }
                Output::Close { connection, .. } => {
                    assert_eq!(closed.replace(connection), None);
                }
            }
        }
        if let Some(connection) = closed {
            for client in &mut self.clients {
                client.take_if(|open| *open == connection);
            }
            // The I/O reports the end of what it closed; that must change nothing.
            self.exchange.broken(self.now, connection);
            assert!(self.exchange.poll_output().is_none());
        }
        assert_eq!(closed, self.expected_close.take());
        self.told_ends.extend(sends.iter().cloned());
        sends
    }

    /// What holds for a message whatever came before it.
    fn judge(&mut self, to: ConnectionId, message: &ServerMessage) {
        match message {
            ServerMessage::Presence(presence) => self.note_presence(to, presence),
            ServerMessage::Joined { room_id, uid, .. } => self.judge_entry(room_id, uid),
            ServerMessage::Offer(forward) => self.judge_entry(&forward.room_id, &forward.uid),
            _ => {}
        }
    }
}

/// The only message is this error.
pub(super) fn assert_error(sends: &Sends, id: ConnectionId, expected: ErrorCode) {
    match sends.as_slice() {
        [(to, ServerMessage::Error { code, .. })] => assert_eq!((*to, *code), (id, expected)),
        other => panic!("expected {expected:?}, got {other:?}"),
    }
}
