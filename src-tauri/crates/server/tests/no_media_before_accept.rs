//! A hundred thousand random orders of calls, answers, joins, offers and candidates: nothing gets into
//! the room of a call, and nothing passes there, before the callee accepted.
//!
//! Not a model: whether a call was accepted is read from what the clients said. Seeded, so that a
//! failing order can be run again: the message names its seed.

use std::collections::HashMap;
use std::time::{Duration, Instant, SystemTime};

use duet_protocol::{CallMedia, ClientMessage, ServerMessage};
use duet_server::AddressKey;
use duet_server::exchange::{CastConfig, DirectoryConfig, Exchange};
use duet_server::rooms::{ConnectionId, Output, RoomsConfig};
use duet_testkit::dice::Dice;

use crate::client::{forward, join, leave};
use crate::lobby::login;

const ORDERS: u64 = 100_000;
const STEPS: usize = 24;
/// The room of a call that nobody accepted is any room after that.
const SHUT_TIME: Duration = Duration::from_secs(120);
const UIDS: [&str; 3] = ["a", "b", "c"];

/// A call as its clients know it.
struct Call {
    id: String,
    room: String,
    ends: [usize; 2],
    /// The callee said `accept`, or called back, while it rang for them.
    is_accepted: bool,
    /// Since when its clients know that it is over.
    over_since: Option<Instant>,
}

struct World {
    exchange: Exchange,
    now: Instant,
    dice: Dice,
    /// The connection of each of the three.
    connections: [Option<ConnectionId>; 3],
    next_id: u64,
    calls: Vec<Call>,
    by_room: HashMap<String, usize>,
    /// Entries and messages in rooms of calls that were accepted.
    passed: u64,
    seed: u64,
}

#[test]
fn in_a_hundred_thousand_orders_nothing_passes_before_the_accept() {
    let mut passed = 0;
    for seed in 1..=ORDERS {
        let mut world = World::new(seed);
        for _ in 0..STEPS {
            world.step();
        }
        passed += world.passed;
    }
    assert!(passed > ORDERS / 10, "hardly anything was tried: {passed}");
}

impl World {
    fn new(seed: u64) -> Self {
        let rooms = RoomsConfig {
            resume_window: Duration::from_secs(120),
            ice_servers: Vec::new(),
            failed_joins_per_minute: 1_000_000,
            max_kept_places_per_address: None,
            max_kept_places: usize::MAX,
        };
        let directory = DirectoryConfig {
            calls_per_minute: 1_000_000,
            ..DirectoryConfig::default()
        };
        let mut world = Self {
            exchange: Exchange::new(rooms, directory, CastConfig::default()),
            now: Instant::now(),
            dice: Dice::of_many(seed),
            connections: [None; 3],
            next_id: 0,
            calls: Vec::new(),
            by_room: HashMap::new(),
            passed: 0,
            seed,
        };
        for who in 0..3 {
            world.come(who);
        }
        world
    }

    fn come(&mut self, who: usize) {
        self.next_id += 1;
        let id = ConnectionId(self.next_id);
        let home = AddressKey::from(std::net::Ipv4Addr::LOCALHOST);
        self.exchange.connected(id, home);
        self.connections[who] = Some(id);
        self.say(who, login(UIDS[who], UIDS[who]));
    }

    fn step(&mut self) {
        let who = self.dice.below(3);
        let Some(id) = self.connections[who] else {
            return self.come(who);
        };
        let to = self.dice.below(3);
        let call = self.dice.below(self.calls.len().max(1));
        let named = self
            .calls
            .get(call)
            .map(|call| (call.id.clone(), call.room.clone()));
        match (self.dice.below(16), named) {
            (0..4, _) | (_, None) => self.call(who, to),
            (4..7, Some((call_id, _))) => {
                let call = &mut self.calls[call];
                call.is_accepted |= call.ends[1] == who && call.over_since.is_none();
                self.say(who, ClientMessage::Accept { call_id });
            }
            (7, Some((call_id, _))) => self.say(who, ClientMessage::Decline { call_id }),
            (8, Some((call_id, _))) => self.say(who, ClientMessage::Cancel { call_id }),
            (9..12, Some((_, room))) => self.say(who, join(&room, UIDS[who])),
            (12, Some((_, room))) => {
                let sdp = forward(&room, UIDS[who], UIDS[to], "{}");
                self.say(who, ClientMessage::Offer(sdp));
            }
            (13, Some((_, room))) => {
                let candidate = forward(&room, UIDS[who], UIDS[to], "{}");
                self.say(who, ClientMessage::Candidate(candidate));
            }
            (14, Some((_, room))) => self.say(who, leave(&room, UIDS[who])),
            (_, Some(_)) if self.dice.below(2) == 0 => {
                self.connections[who] = None;
                self.exchange.broken(self.now, id);
                self.judge();
            }
            (_, Some(_)) => {
                let seconds = [1, 15, 45][self.dice.below(3)];
                self.now += Duration::from_secs(seconds);
                self.exchange.handle_timeout(self.now);
                self.judge();
            }
        }
    }

    fn call(&mut self, who: usize, to: usize) {
        // Calling back while it rings is accepting.
        for call in &mut self.calls {
            call.is_accepted |= call.ends == [to, who] && call.over_since.is_none();
        }
        let media = CallMedia::Video;
        let to = UIDS[to].to_owned();
        self.say(who, ClientMessage::Call { to, media });
    }

    fn say(&mut self, who: usize, message: ClientMessage) {
        let id = self.connections[who].expect("connected");
        self.exchange.heard(id);
        self.exchange
            .handle(self.now, SystemTime::UNIX_EPOCH, id, message);
        self.judge();
    }

    fn judge(&mut self) {
        while let Some(output) = self.exchange.poll_output() {
            let Output::Send { to, message } = output else {
                panic!("seed {}: nobody comes back here", self.seed);
            };
            match message {
                ServerMessage::Ring {
                    call_id,
                    room_id,
                    from,
                    ..
                } => self.rings(to, call_id, room_id, &from.uid),
                ServerMessage::Accept { call_id } => {
                    let call = self.calls.iter().find(|call| call.id == call_id);
                    let is_accepted = call.is_some_and(|call| call.is_accepted);
                    assert!(is_accepted, "seed {}: a false accept", self.seed);
                }
                ServerMessage::Joined { room_id, .. } => self.passes(&room_id),
                ServerMessage::NewPeer { .. } | ServerMessage::RespJoin { .. } => {}
                ServerMessage::Offer(forward)
                | ServerMessage::Answer(forward)
                | ServerMessage::Candidate(forward) => {
                    self.passes(&forward.room_id);
                }
                ServerMessage::Decline { call_id }
                | ServerMessage::Cancel { call_id }
                | ServerMessage::NoAnswer { call_id }
                | ServerMessage::Missed { call_id, .. } => self.is_over(&call_id),
                ServerMessage::Unavailable { call_id } => self.perhaps_over(to, &call_id),
                _ => {}
            }
        }
    }

    fn rings(&mut self, to: ConnectionId, id: String, room: String, from: &str) {
        let who = |uid: &str| UIDS.iter().position(|known| *known == uid);
        let caller = who(from).expect("one of the three");
        let callee = self
            .connections
            .iter()
            .position(|connection| *connection == Some(to));
        let ends = [caller, callee.expect("connected")];
        self.by_room.insert(room.clone(), self.calls.len());
        self.calls.push(Call {
            id,
            room,
            ends,
            is_accepted: false,
            over_since: None,
        });
    }

    fn is_over(&mut self, call_id: &str) {
        for call in self.calls.iter_mut().filter(|call| call.id == call_id) {
            call.over_since.get_or_insert(self.now);
        }
    }

    /// `unavailable` ends a call that rings for its caller when the callee is gone; to everybody
    /// else it says that they came too late.
    fn perhaps_over(&mut self, to: ConnectionId, call_id: &str) {
        let connections = self.connections;
        for call in self.calls.iter_mut().filter(|call| call.id == call_id) {
            let is_callee_gone = connections[call.ends[1]].is_none();
            if is_callee_gone && connections[call.ends[0]] == Some(to) {
                call.over_since.get_or_insert(self.now);
            }
        }
    }

    /// Somebody got into a room, or something passed there.
    fn passes(&mut self, room: &str) {
        if let Some(index) = self.by_room.get(room) {
            let call = &self.calls[*index];
            let is_forgotten = call
                .over_since
                .is_some_and(|since| self.now >= since + SHUT_TIME);
            assert!(
                call.is_accepted || is_forgotten,
                "seed {}: too early",
                self.seed
            );
            self.passed += 1;
        }
    }
}
