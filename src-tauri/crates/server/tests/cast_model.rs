//! Casts in any order of displays, presenters, guesses, breaks and time: a code works once, only while it
//! is shown, and only until its time is over; a room of a cast holds the display and the presenter that
//! its code brought together; and nothing is left when everybody is gone.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::{Duration, Instant, SystemTime};

use duet_protocol::{CastRole, ClientMessage, ErrorCode, ServerMessage};
use duet_server::AddressKey;
use duet_server::exchange::{CastConfig, Counts, DirectoryConfig, Exchange};
use duet_server::rooms::{ConnectionId, Output, RoomsConfig};
use proptest::prelude::*;

use crate::cast::{cast_join, cast_open};
use crate::client::leave;

const CLIENTS: usize = 4;
const LIFETIME: Duration = Duration::from_secs(120);

#[derive(Debug, Clone)]
enum Step {
    Open {
        client: usize,
    },
    /// With the code that was shown so many codes ago.
    Join {
        client: usize,
        age: usize,
    },
    Leave {
        client: usize,
    },
    Break {
        client: usize,
    },
    Wait {
        seconds: u64,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let client = || 0..CLIENTS;
    prop_oneof![
        4 => client().prop_map(|client| Step::Open { client }),
        6 => (client(), 0usize..4).prop_map(|(client, age)| Step::Join { client, age }),
        2 => client().prop_map(|client| Step::Leave { client }),
        2 => client().prop_map(|client| Step::Break { client }),
        2 => prop::sample::select(vec![1u64, 60, 119, 120]).prop_map(|seconds| Step::Wait { seconds }),
    ]
}

/// Who shows a code, and until when.
#[derive(Debug)]
struct Shown {
    client: usize,
    room: String,
    until: Instant,
}

struct World {
    exchange: Exchange,
    now: Instant,
    /// The connection of each client, always open, with a uid of its own.
    connections: Vec<ConnectionId>,
    next_id: u64,
    /// Every code ever shown, in order.
    codes: Vec<String>,
    /// The ones that ought to work.
    live: HashMap<String, Shown>,
    /// Who is in which room.
    rooms: BTreeMap<usize, String>,
}

impl World {
    fn new() -> Self {
        let rooms = RoomsConfig {
            resume_window: Duration::from_secs(120),
            ice_servers: Vec::new(),
            failed_joins_per_minute: 1_000_000,
            max_kept_places_per_address: None,
            max_kept_places: usize::MAX,
        };
        let casts = CastConfig {
            code_lifetime: LIFETIME,
            guesses_per_minute: 1_000_000,
            guesses_per_minute_overall: 1_000_000,
        };
        let mut world = Self {
            exchange: Exchange::new(rooms, DirectoryConfig::default(), casts),
            now: Instant::now(),
            connections: Vec::new(),
            next_id: 0,
            codes: Vec::new(),
            live: HashMap::new(),
            rooms: BTreeMap::new(),
        };
        for _ in 0..CLIENTS {
            let connection = world.connect();
            world.connections.push(connection);
        }
        world
    }

    fn connect(&mut self) -> ConnectionId {
        self.next_id += 1;
        let id = ConnectionId(self.next_id);
        let home = AddressKey::from(std::net::Ipv4Addr::LOCALHOST);
        self.exchange.connected(id, home);
        id
    }

    /// A uid for each connection: what resume does is tested elsewhere.
    fn uid(&self, client: usize) -> String {
        format!("u{}", self.connections[client].0)
    }

    fn say(&mut self, client: usize, message: ClientMessage) -> Vec<(usize, ServerMessage)> {
        let id = self.connections[client];
        self.exchange
            .handle(self.now, SystemTime::now(), id, message);
        self.outputs()
    }

    /// What was sent, to whom; codes are noted.
    fn outputs(&mut self) -> Vec<(usize, ServerMessage)> {
        let mut sent = Vec::new();
        while let Some(output) = self.exchange.poll_output() {
            let Output::Send { to, message } = output else {
                panic!("somebody was closed");
            };
            let client = self.connections.iter().position(|id| *id == to);
            let client = client.expect("to somebody who is there");
            if let ServerMessage::CastCode { code, room_id, .. } = &message {
                self.live.retain(|_, shown| shown.client != client);
                let shown = Shown {
                    client,
                    room: room_id.clone(),
                    until: self.now + LIFETIME,
                };
                assert!(!self.codes.contains(code), "a code came twice");
                self.codes.push(code.clone());
                self.live.insert(code.clone(), shown);
            }
            sent.push((client, message));
        }
        sent
    }

    fn take(&mut self, step: &Step) {
        match *step {
            Step::Open { client } => self.open(client),
            Step::Join { client, age } => self.join(client, age),
            Step::Leave { client } => self.leave(client),
            Step::Break { client } => {
                self.exchange.broken(self.now, self.connections[client]);
                self.outputs_of_break(client);
            }
            Step::Wait { seconds } => self.wait(seconds),
        }
    }

    fn open(&mut self, client: usize) {
        let mut message = cast_open(&self.uid(client), None);
        if let ClientMessage::CastOpen { resume, .. } = &mut message {
            *resume = false;
        }
        let sent = self.say(client, message);
        let is_shown = matches!(sent[..], [(to, ServerMessage::CastCode { .. })] if to == client);
        assert_eq!(is_shown, !self.rooms.contains_key(&client), "{sent:?}");
    }

    fn join(&mut self, client: usize, age: usize) {
        let Some(index) = self.codes.len().checked_sub(age + 1) else {
            return;
        };
        let code = self.codes[index].clone();
        let works = !self.rooms.contains_key(&client)
            && self
                .live
                .get(&code)
                .is_some_and(|shown| shown.client != client);
        let mut message = cast_join(&code, &self.uid(client));
        if let ClientMessage::CastJoin { resume, .. } = &mut message {
            *resume = false;
        }
        let sent = self.say(client, message);
        if !works {
            let expected = if self.rooms.contains_key(&client) {
                ErrorCode::AlreadyInRoom
            } else {
                ErrorCode::CastRefused
            };
            let is_refused = matches!(
                &sent[..],
                [(to, ServerMessage::Error { code, .. })] if *to == client && *code == expected
            );
            assert!(is_refused, "{sent:?}");
            return;
        }
        let shown = self.live.remove(&code).expect("it works");
        // A presenter that showed a code itself shows it no more.
        self.live.retain(|_, other| other.client != client);
        let joined: Vec<(usize, Option<CastRole>, String)> = sent
            .into_iter()
            .filter_map(|(to, message)| match message {
                ServerMessage::Joined { room_id, role, .. } => Some((to, role, room_id)),
                _ => None,
            })
            .collect();
        let expected = [
            (client, Some(CastRole::Presenter), shown.room.clone()),
            (shown.client, Some(CastRole::Display), shown.room.clone()),
        ];
        assert_eq!(joined, expected);
        self.rooms.insert(client, shown.room.clone());
        self.rooms.insert(shown.client, shown.room);
    }

    fn leave(&mut self, client: usize) {
        let shown = self.live.values().find(|shown| shown.client == client);
        let room = shown.map(|shown| shown.room.clone());
        let Some(room) = room.or_else(|| self.rooms.get(&client).cloned()) else {
            return;
        };
        let uid = self.uid(client);
        let sent = self.say(client, leave(&room, &uid));
        let left = sent
            .iter()
            .any(|(to, message)| *to == client && matches!(message, ServerMessage::Leaved { .. }));
        assert!(left, "{sent:?}");
        self.live.retain(|_, shown| shown.client != client);
        self.rooms.remove(&client);
    }

    fn outputs_of_break(&mut self, client: usize) {
        let room = self.rooms.remove(&client);
        self.live.retain(|_, shown| shown.client != client);
        let connection = self.connect();
        self.connections[client] = connection;
        for (to, message) in self.outputs() {
            assert!(
                matches!(message, ServerMessage::PeerLeave { .. }),
                "{message:?}"
            );
            assert_eq!(self.rooms.get(&to), room.as_ref());
        }
    }

    fn wait(&mut self, seconds: u64) {
        let end = self.now + Duration::from_secs(seconds);
        while let Some(due) = self.exchange.poll_timeout().filter(|due| *due <= end) {
            self.now = self.now.max(due);
            self.live.retain(|_, shown| shown.until > due);
            self.exchange.handle_timeout(self.now);
            for (_, message) in self.outputs() {
                assert!(
                    matches!(message, ServerMessage::CastCode { .. }),
                    "{message:?}"
                );
            }
        }
        self.now = end;
    }

    fn check(&self) {
        let rooms: HashSet<&String> = self.rooms.values().collect();
        let expected = Counts {
            rooms: rooms.len(),
            members: self.rooms.len(),
            displays: self.live.len(),
            reserved_rooms: rooms.len() + self.live.len(),
            ..Counts::default()
        };
        let counts = Counts {
            uids: 0,
            ..self.exchange.counts()
        };
        assert_eq!(counts, expected);
    }

    fn end_everything(&mut self) {
        for connection in self.connections.clone() {
            self.exchange.broken(self.now, connection);
        }
        assert_eq!(self.exchange.counts(), Counts::default());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn casts_do_what_the_model_says(steps in prop::collection::vec(step(), 1..60)) {
        let mut world = World::new();
        for step in steps {
            world.take(&step);
            world.check();
        }
        world.end_everything();
    }
}

#[test]
fn a_hundred_thousand_guesses_find_nothing_and_move_nobody() {
    let mut world = World::new();
    world.open(0);
    let right = world.codes[0].clone();
    for _ in 0..100_000 {
        let guess = duet_protocol::CastCode::generate().to_string();
        if guess == right {
            continue;
        }
        let message = cast_join(&guess, &world.uid(1));
        let sent = world.say(1, message);
        assert!(matches!(
            &sent[..],
            [(
                1,
                ServerMessage::Error {
                    code: ErrorCode::CastRefused,
                    reference: Some(_),
                    id: None,
                    ..
                }
            )]
        ));
    }
    world.check();
}
