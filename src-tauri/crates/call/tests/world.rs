//! Two people, a server, a path, and time that moves only when told.

mod fake_peer;
mod side;

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use duet_call::{CallState, Input, PeerInput, ServerProblem};
use duet_server::rooms::{ConnectionId, Output as ServerOutput, Rooms, RoomsConfig};

pub(crate) use fake_peer::FakePeer;
pub(crate) use side::Side;

/// The room of all tests.
pub(crate) const ROOM: &str = "two-chairs";

/// How long ICE waits between `Disconnected` and `Failed`.
const ICE_FAILURE: Duration = Duration::from_secs(25);
/// How long the server holds a connection from which nothing comes.
const SERVER_SILENCE: Duration = Duration::from_secs(20);

/// All of it.
pub(crate) struct World {
    pub(crate) now: Instant,
    pub(crate) sides: [Side; 2],
    pub(crate) path_is_up: bool,
    rooms: Rooms,
    next_connection: u64,
    /// Connections that only the server believes in, and until when.
    half_open: Vec<(ConnectionId, Instant)>,
    serial: u32,
}

/// Something that waits to happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pending {
    ToServer(usize),
    FromServer(usize),
    Operation(usize),
    PeerEvent(usize),
}

impl World {
    /// Nobody is connected to the server.
    pub(crate) fn new() -> Self {
        let now = Instant::now();
        Self {
            now,
            sides: [Side::new("ann", now), Side::new("ben", now)],
            path_is_up: true,
            rooms: new_rooms(),
            next_connection: 0,
            half_open: Vec::new(),
            serial: 0,
        }
    }

    /// Both joined and media flows; side 0 was there first.
    pub(crate) fn in_call() -> Self {
        let mut world = Self::new();
        for side in 0..2 {
            world.connect(side);
            world.join(side);
            world.drain();
        }
        world.settle();
        world.expect_connected();
        world
    }

    pub(crate) fn join(&mut self, side: usize) {
        let input = Input::Join {
            room_id: ROOM.to_owned(),
            name: Some(format!("Person {side}")),
        };
        self.input(side, input);
    }

    /// Gives a call an input and takes its outputs.
    pub(crate) fn input(&mut self, side: usize, input: Input) {
        self.sides[side].input(self.now, input, &mut self.serial);
        self.update_media();
        self.sides[side].check(self.now);
    }

    pub(crate) fn state(&self, side: usize) -> &CallState {
        self.sides[side].call.state()
    }

    pub(crate) fn word(&self, side: usize) -> &'static str {
        self.state(side).word()
    }

    /// The signaling client of a side has a new connection.
    pub(crate) fn connect(&mut self, side: usize) {
        if self.sides[side].connection.is_some() {
            return;
        }
        self.next_connection += 1;
        let id = ConnectionId(self.next_connection);
        self.rooms.connected(id, Ipv4Addr::LOCALHOST.into());
        self.sides[side].connection = Some(id);
        self.input(side, Input::SignalingOpened);
        let repeated = self.sides[side].membership.opened();
        self.sides[side].to_server.extend(repeated);
    }

    /// The connection of a side breaks; what was on its way is lost. The server may not notice.
    pub(crate) fn disconnect(&mut self, side: usize, server_notices: bool) {
        let Some(id) = self.sides[side].connection.take() else {
            return;
        };
        self.sides[side].to_server.clear();
        self.sides[side].from_server.clear();
        self.sides[side].membership.broken();
        if server_notices {
            self.rooms.broken(self.now, id);
            self.take_server_outputs();
        } else {
            self.half_open.push((id, self.now + SERVER_SILENCE));
        }
        let problem = ServerProblem("broken");
        let retry_in = Duration::from_millis(250);
        self.input(side, Input::SignalingLost { retry_in, problem });
    }

    /// The server stops and another one takes its place: it knows nobody.
    pub(crate) fn restart_server(&mut self) {
        for side in 0..2 {
            self.disconnect(side, false);
        }
        self.rooms = new_rooms();
    }

    /// What could happen now, without time passing.
    pub(crate) fn pending(&self) -> Vec<Pending> {
        let mut pending = Vec::new();
        for (index, side) in self.sides.iter().enumerate() {
            if !side.to_server.is_empty() {
                pending.push(Pending::ToServer(index));
            }
            if !side.from_server.is_empty() {
                pending.push(Pending::FromServer(index));
            }
            if side.peers.values().any(FakePeer::has_operations) {
                pending.push(Pending::Operation(index));
            }
            if side.peers.values().any(FakePeer::has_events) {
                pending.push(Pending::PeerEvent(index));
            }
        }
        pending
    }

    pub(crate) fn happen(&mut self, pending: Pending) {
        match pending {
            Pending::ToServer(side) => {
                let message = self.sides[side].to_server.pop_front();
                if let (Some(message), Some(id)) = (message, self.sides[side].connection) {
                    self.rooms.heard(id);
                    self.rooms.handle(self.now, id, message);
                    self.take_server_outputs();
                }
            }
            Pending::FromServer(side) => {
                if let Some(message) = self.sides[side].from_server.pop_front() {
                    self.sides[side].membership.incoming(&message);
                    self.input(side, Input::Message(message));
                }
            }
            Pending::Operation(side) => {
                for peer in self.sides[side].peers.values_mut() {
                    peer.operate(&mut self.serial);
                }
                self.update_media();
            }
            Pending::PeerEvent(side) => {
                let event = self.sides[side]
                    .peers
                    .iter_mut()
                    .find_map(|(session, peer)| Some((session.clone(), peer.take_event()?)));
                if let Some((session, event)) = event {
                    self.input(side, Input::Peer { session, event });
                }
            }
        }
    }

    /// Lets everything happen that needs no time.
    pub(crate) fn drain(&mut self) {
        let mut steps = 0;
        while let Some(pending) = self.pending().first().copied() {
            self.happen(pending);
            steps += 1;
            assert!(steps < 20_000, "messages without end");
        }
    }

    /// Time passes; what is due happens on the way, in order.
    pub(crate) fn advance(&mut self, length: Duration) {
        let end = self.now + length;
        self.drain();
        while let Some(due) = self.next_timeout().filter(|due| *due <= end) {
            self.now = self.now.max(due);
            self.tick();
            self.drain();
        }
        self.now = end;
        self.tick();
        self.drain();
    }

    /// Time passes without anything else happening.
    pub(crate) fn tick_to(&mut self, now: Instant) {
        self.now = self.now.max(now);
        self.tick();
    }

    fn tick(&mut self) {
        let now = self.now;
        for (id, _) in self.half_open.extract_if(.., |(_, until)| *until <= now) {
            self.rooms.broken(now, id);
        }
        self.rooms.handle_timeout(self.now);
        self.take_server_outputs();
        for side in 0..2 {
            self.input(side, Input::Tick);
        }
    }

    pub(crate) fn next_timeout(&self) -> Option<Instant> {
        let calls = self
            .sides
            .iter()
            .filter_map(|side| side.call.poll_timeout());
        let failures = self.sides.iter().flat_map(Side::disconnected_since);
        calls
            .chain(failures.map(|since| since + ICE_FAILURE))
            .chain(self.rooms.poll_timeout())
            .chain(self.half_open.iter().map(|(_, until)| *until))
            .min()
    }

    /// The network is good and everybody reaches the server: lets things go on until both are
    /// connected, or ten minutes are over.
    pub(crate) fn settle(&mut self) {
        self.path_is_up = true;
        self.update_media();
        let end = self.now + Duration::from_secs(600);
        while self.now < end {
            for side in 0..2 {
                self.connect(side);
            }
            self.drain();
            if (0..2).all(|side| self.is_connected(side)) {
                return;
            }
            let due = self.next_timeout().unwrap_or(end);
            self.now = self.now.max(due);
            self.tick();
        }
    }

    pub(crate) fn is_connected(&self, side: usize) -> bool {
        matches!(self.state(side), CallState::Connected { .. })
    }

    /// Both say so, and it is the same PeerConnection on both sides.
    pub(crate) fn expect_connected(&self) {
        for side in 0..2 {
            assert!(
                self.is_connected(side),
                "side {side}: {:?}",
                self.state(side)
            );
            assert_eq!(self.sides[side].peers.len(), 1, "one PeerConnection lives");
        }
        assert_eq!(self.sides[0].call.session(), self.sides[1].call.session());
        assert!(self.live_peer(0).is_connected && self.live_peer(1).is_connected);
    }

    pub(crate) fn live_peer(&self, side: usize) -> &FakePeer {
        let peers = &self.sides[side].peers;
        peers.values().next().expect("a PeerConnection lives")
    }

    pub(crate) fn set_path(&mut self, is_up: bool) {
        self.path_is_up = is_up;
        self.update_media();
    }

    fn take_server_outputs(&mut self) {
        while let Some(output) = self.rooms.poll_output() {
            match output {
                ServerOutput::Send { to, message } => {
                    let receiver = self
                        .sides
                        .iter_mut()
                        .find(|side| side.connection == Some(to));
                    if let Some(side) = receiver {
                        side.from_server.push_back(message);
                    }
                }
                // Only connections that a side has given up are replaced here.
                ServerOutput::Close { connection, .. } => {
                    assert!(
                        self.sides
                            .iter()
                            .all(|side| side.connection != Some(connection))
                    );
                }
            }
        }
    }

    /// Which PeerConnections hear each other.
    fn update_media(&mut self) {
        let now = self.now;
        let [left, right] = &mut self.sides;
        for peer in left.peers.values_mut() {
            let partner = right.peers.values_mut().find(|other| peer.matches(other));
            match partner {
                Some(other) if self.path_is_up => {
                    peer.heard();
                    other.heard();
                }
                Some(_) | None => {}
            }
        }
        let path_is_up = self.path_is_up;
        let hears = |peer: &FakePeer, others: &Side| {
            path_is_up && others.peers.values().any(|other| peer.shares_path(other))
        };
        let silent = |mine: &Side, others: &Side| -> Vec<String> {
            let peers = mine.peers.iter();
            peers
                .filter(|(_, peer)| !hears(peer, others))
                .map(|(session, _)| session.clone())
                .collect()
        };
        let (left_silent, right_silent) = (silent(left, right), silent(right, left));
        for (side, names) in [(left, left_silent), (right, right_silent)] {
            for name in names {
                if let Some(peer) = side.peers.get_mut(&name) {
                    peer.not_heard(now, ICE_FAILURE);
                }
            }
        }
    }

    /// Lets a PeerConnection report something.
    pub(crate) fn report(&mut self, side: usize, event: PeerInput) {
        if let Some(session) = self.sides[side].call.session().map(str::to_owned) {
            self.input(side, Input::Peer { session, event });
        }
    }
}

fn new_rooms() -> Rooms {
    Rooms::new(RoomsConfig {
        resume_window: Duration::from_secs(120),
        ice_servers: Vec::new(),
        failed_joins_per_minute: 1_000,
        max_kept_places_per_address: None,
        max_kept_places: usize::MAX,
    })
}
