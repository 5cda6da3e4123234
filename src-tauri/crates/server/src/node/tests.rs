//! A node among others that say anything: nothing they say makes it panic, or fill a room with three.

mod sayings;

use std::net::Ipv4Addr;
use std::time::{Duration, Instant, SystemTime};

use duet_protocol::ClientMessage;
use proptest::prelude::*;

use super::wire::Body;
use super::{ClusterTiming, Command, Envelope, Moment, Node, NodeId, Verdict};
use crate::address::AddressKey;
use crate::directory::DirectoryConfig;
use crate::exchange::{CastConfig, Exchange, Key};
use crate::rooms::{ConnectionId, RoomsConfig};
use sayings::{body, client_message, number};

/// What happens.
#[derive(Debug, Clone)]
enum Event {
    /// Another node says this, in order.
    Said(u64, Body),
    /// It says it with these numbers.
    Numbered(u64, Body, [u64; 3]),
    /// One of our clients says this.
    Asked(u64, ClientMessage),
    Broken(u64),
    /// Redis says whose everything is that we asked for.
    Judged(Verdict),
    Beaten {
        is_other_dead: bool,
    },
    Later(u64),
}

fn event() -> impl Strategy<Value = Event> {
    let verdict = prop_oneof![
        4 => Just(Verdict::Mine),
        4 => (2..4_u64).prop_map(|process| Verdict::Other(NodeId { process, epoch: 1 })),
        1 => Just(Verdict::NotYet),
        1 => Just(Verdict::OutOfReach),
    ];
    prop_oneof![
        12 => (2..4_u64, body()).prop_map(|(peer, body)| Event::Said(peer, body)),
        1 => (2..4_u64, body(), [number(), number(), number()])
            .prop_map(|(peer, body, numbers)| Event::Numbered(peer, body, numbers)),
        6 => (1..4_u64, client_message()).prop_map(|(id, message)| Event::Asked(id, message)),
        1 => (1..4_u64).prop_map(Event::Broken),
        6 => verdict.prop_map(Event::Judged),
        3 => any::<bool>().prop_map(|is_other_dead| Event::Beaten { is_other_dead }),
        2 => (1..3_000_u64).prop_map(Event::Later),
    ]
}

/// A node, and how far the others have counted.
struct World {
    node: Node,
    at: Moment,
    asked: Vec<(Key, NodeId)>,
    sessions: [(u64, u64); 4],
}

impl World {
    fn new() -> Self {
        let minute = Duration::from_secs(60);
        let rooms = RoomsConfig {
            resume_window: minute,
            ice_servers: Vec::new(),
            failed_joins_per_minute: 1_000,
            max_kept_places_per_address: None,
        };
        let directory = DirectoryConfig {
            resume_window: minute,
            ring_timeout: minute,
            call_entry_timeout: minute,
            presence_interval: Duration::from_millis(250),
            calls_per_minute: 1_000,
            max_kept_logins_per_address: None,
        };
        let exchange = Exchange::new(rooms, directory, CastConfig::default());
        let at = Moment {
            now: Instant::now(),
            wall: SystemTime::now(),
        };
        let mut world = Self {
            node: Node::new(exchange, Some(ClusterTiming::default())),
            at,
            asked: Vec::new(),
            sessions: [(1, 1); 4],
        };
        world.take(Event::Beaten {
            is_other_dead: false,
        });
        for id in 1..4 {
            let address = AddressKey::from(Ipv4Addr::LOCALHOST);
            world.node.connected(ConnectionId(id), address);
        }
        world
    }

    fn take(&mut self, event: Event) {
        let (node, at) = (&mut self.node, self.at);
        match event {
            Event::Said(peer, body) => {
                let (session, first) = self.sessions[peer as usize];
                self.sessions[peer as usize].1 += 1;
                let envelope = said(peer, node.me, body, [session, first, u64::MAX]);
                node.receive(at, envelope);
            }
            Event::Numbered(peer, body, numbers) => {
                node.receive(at, said(peer, node.me, body, numbers));
            }
            Event::Asked(id, message) => {
                // Frames of clients are checked before they come here.
                if let Ok(message) = duet_protocol::parse_client(&message.to_json()) {
                    node.heard(ConnectionId(id));
                    node.handle(at, ConnectionId(id), message);
                }
            }
            Event::Broken(id) => {
                node.broken(at, ConnectionId(id));
                node.connected(ConnectionId(id), AddressKey::from(Ipv4Addr::LOCALHOST));
            }
            Event::Judged(verdict) => {
                for (key, me) in std::mem::take(&mut self.asked) {
                    node.claimed(at, &key, me, verdict);
                }
            }
            Event::Beaten { is_other_dead } => {
                let (me, mut peers) = node.beat();
                peers.retain(|_| is_other_dead);
                node.beaten(at, me, at.now, &peers);
                node.echoed(at, at.now);
            }
            Event::Later(ms) => {
                self.at.now += Duration::from_millis(ms);
                node.handle_timeout(self.at);
            }
        }
        self.carry_out();
    }

    fn carry_out(&mut self) {
        for command in self.node.take_commands(usize::MAX) {
            match command {
                Command::Claim { key, me, .. } => self.asked.push((key, me)),
                // They go on where the node is, or it would not listen to them.
                Command::Publish(envelope) => {
                    let known = &mut self.sessions[envelope.to.process as usize % 4];
                    if envelope.session > known.0 {
                        *known = (envelope.session, 1);
                    }
                }
                Command::Release { .. } => {}
            }
        }
        while self.node.poll_output().is_some() {}
        for key in self.node.exchange.keys() {
            let here = self.node.exchange.connections_of(&key);
            assert!(
                !matches!(key, Key::Room(_)) || here.len() <= 2,
                "{key:?}: {here:?}"
            );
        }
    }
}

fn said(peer: u64, to: NodeId, body: Body, numbers: [u64; 3]) -> Envelope {
    let [session, first, ack] = numbers;
    let envelope = Envelope {
        from: NodeId {
            process: peer,
            epoch: 1,
        },
        to,
        session,
        first,
        bodies: vec![body],
        ack: Some(ack),
    };
    // As over the bus.
    let text = serde_json::to_string(&envelope).expect("plain data");
    serde_json::from_str(&text).expect("the same")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn nothing_that_others_say_breaks_a_node(events in prop::collection::vec(event(), 1..150)) {
        let mut world = World::new();
        for event in events {
            world.take(event);
        }
    }
}

#[test]
fn many_others_are_not_believed_with_all_memory() {
    let mut world = World::new();
    for process in 10..5_000 {
        let address = AddressKey::from(Ipv4Addr::LOCALHOST);
        let mut envelope = said(
            process,
            world.node.me,
            Body::Open { link: 1, address },
            [1, 1, 0],
        );
        world.node.receive(world.at, envelope.clone());
        envelope.first = 2;
        world.node.receive(world.at, envelope);
    }
    let stats = world.node.stats(world.at.now).expect("a cluster");
    assert_eq!(
        (stats.peers, stats.proxied),
        (super::MAX_PEERS, super::MAX_PEERS)
    );
}

/// The machinery above gets as far as it should.
#[test]
fn two_from_other_nodes_share_a_room_and_a_third_does_not() {
    let mut world = World::new();
    let join = |uid: &str| ClientMessage::Join {
        room_id: "r".into(),
        uid: uid.into(),
        name: None,
        resume: false,
        resume_token: None,
        token: None,
    };
    world.take(Event::Asked(1, join("a")));
    world.take(Event::Judged(Verdict::Mine));
    let address = AddressKey::from(Ipv4Addr::LOCALHOST);
    for (peer, uid) in [(2, "b"), (3, "c")] {
        world.take(Event::Said(peer, Body::Open { link: 1, address }));
        let message = join(uid);
        world.take(Event::Said(peer, Body::Handle { link: 1, message }));
    }
    let counts = world.node.exchange().counts();
    assert_eq!((counts.rooms, counts.members, counts.uids), (1, 2, 3));
    let unsound = join(&"x".repeat(300));
    world.take(Event::Said(3, Body::Open { link: 2, address }));
    world.take(Event::Said(
        3,
        Body::Handle {
            link: 2,
            message: unsound,
        },
    ));
    assert_eq!(world.node.exchange().counts().uids, 3);
}
