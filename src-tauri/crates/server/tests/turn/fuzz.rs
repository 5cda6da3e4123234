//! Whatever comes, the relay goes on, remembers only what quotas allow, and sends nothing to where it
//! must not.
//!
//! `DUET_FUZZ_CASES=10000000` makes it long, and `DUET_FUZZ_SEED` another one.

mod mutants;

use std::net::{IpAddr, SocketAddr};

use duet_server::turn::stun::{Class, Message, Method, attribute};
use duet_server::turn::{Flow, HEADROOM, PeerFilter, PeerPolicy, RelayId, TAILROOM};

use super::dialogue::{SECRET, channel, credential};
use super::rig::{Guest, Out, RELAY_IP, Rig, address, flow};
use mutants::{Dice, datagram, is_answer};

/// For the usual run of all tests.
const CASES: u64 = 150_000;
const SEED: u64 = 0x5EED;
/// Two people with at most four relays each, of which each has three entries, 16 permissions and 32
/// channels; and an entry for each of the two.
const MOST_ENTRIES: usize = 8 * (3 + 48) + 2;
/// The headers of IPv4 and UDP.
const HEADERS: usize = 28;

/// The relay, two people, and the places from which they send.
struct World {
    rig: Rig,
    dice: Dice,
    people: [Guest; 2],
    flows: [Flow; 4],
    inside: SocketAddr,
    filter: PeerFilter,
    seen: Seen,
}

/// That it was worth while.
#[derive(Debug, Default)]
struct Seen {
    messages: u64,
    authentic: u64,
    confirmed: u64,
    refused: u64,
    to_peers: u64,
    to_clients: u64,
    from_peers: u64,
    most_entries: usize,
}

/// Says where it broke.
struct Case(u64);

impl Drop for Case {
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("DUET_FUZZ_SEED={} broke at case {}", seed(), self.0);
        }
    }
}

fn number(name: &str, usual: u64) -> u64 {
    std::env::var(name).map_or(usual, |text| text.parse().expect("a number"))
}

fn seed() -> u64 {
    number("DUET_FUZZ_SEED", SEED)
}

impl World {
    fn new() -> Self {
        let rig = Rig::new();
        let people = [
            rig.guest("1.2.3.4:1000", "mira"),
            rig.guest("5.6.7.8:1000", "noah"),
        ];
        let flows = [
            people[0].flow,
            people[1].flow,
            flow("1.2.3.4:1001"),
            flow("9.9.9.9:9"),
        ];
        let mut world = Self {
            rig,
            dice: Dice(seed()),
            people,
            flows,
            inside: address("8.8.8.8:9"),
            filter: PeerFilter::new(PeerPolicy::default(), vec![IpAddr::from(RELAY_IP)]),
            seen: Seen::default(),
        };
        world.settle();
        world
    }

    /// Both have a relay again, and credentials that are good; hours pass in here.
    fn settle(&mut self) {
        for (index, uid) in ["mira", "noah"].into_iter().enumerate() {
            let person = &mut self.people[index];
            let end = vec![(attribute::LIFETIME, vec![0; 4])];
            let request = person.dialogue.request(Method::REFRESH, &end);
            self.rig.put(person.flow, &request);
            person.dialogue.credential = credential(SECRET, uid, self.rig.now.unix_s);
            self.rig.wait(2);
            if let Ok(relayed) = self.rig.allocate(person) {
                self.inside = relayed;
            }
        }
    }

    fn case(&mut self) {
        let sender = self.dice.roll(2);
        let dialogue = &mut self.people[sender].dialogue;
        let datagram = datagram(&mut self.dice, dialogue, self.inside);
        let from = match self.dice.roll(3) {
            0 => self.flows[self.dice.roll(4)],
            _ => self.people[sender].flow,
        };
        self.read(&datagram);
        let out = self.rig.put(from, &datagram);
        self.check(&datagram, out);
        if self.dice.roll(8) == 0 {
            self.send_from_peer();
        }
        let entries = self.rig.relay.entries();
        assert!(entries <= MOST_ENTRIES, "{entries} entries");
        self.seen.most_entries = self.seen.most_entries.max(entries);
    }

    /// The reader by itself: what it says of a message is in the message.
    fn read(&mut self, datagram: &[u8]) {
        let Ok(message) = Message::parse(datagram) else {
            return;
        };
        self.seen.messages += 1;
        for (kind, value) in message.attributes() {
            let first = message.attribute(kind).expect("there is one");
            let position = message.position(kind).expect("it is somewhere");
            assert_eq!(&datagram[position], first);
            assert!(value.len() < datagram.len());
            let _ = (message.text(kind), message.number(kind));
        }
        let _ = message.error_code();
    }

    fn check(&mut self, datagram: &[u8], out: Out) {
        match out {
            Out::Nothing => {}
            Out::Reply(reply) => {
                let answer = Message::parse(&reply).expect("a reply is a message");
                let question = Message::parse(datagram).expect("so was the request");
                assert!(is_answer(answer.class()) && question.class() == Class::Request);
                assert_eq!(answer.transaction_id(), question.transaction_id());
                if !answer.has_integrity() {
                    assert!(2 * (reply.len() + HEADERS) <= 3 * (datagram.len() + HEADERS));
                }
                self.seen.authentic += u64::from(answer.has_integrity());
                match answer.class() {
                    Class::Success => self.seen.confirmed += 1,
                    Class::Error | Class::Request | Class::Indication => self.seen.refused += 1,
                }
            }
            Out::ToPeer(peer, data) => {
                assert!(self.filter.admits(peer), "sent to {peer}");
                assert!(data.len() < datagram.len());
                self.seen.to_peers += 1;
            }
            Out::ToClient(to, data) => {
                assert!(self.flows.contains(&to) && !data.is_empty());
                self.seen.to_clients += 1;
            }
        }
    }

    fn send_from_peer(&mut self) {
        let ids: Vec<RelayId> = self.rig.relay.ids().collect();
        if ids.is_empty() {
            return;
        }
        let length = self.dice.roll(1_500);
        let mut buffer = vec![self.dice.byte(); HEADROOM + length + TAILROOM];
        let from = ["8.8.8.8:1", "8.8.8.8:2", "8.8.4.4:1", "[::1]:1"][self.dice.roll(4)];
        let id = ids[self.dice.roll(ids.len())];
        let (now, payload) = (self.rig.now.instant, HEADROOM..HEADROOM + length);
        let relay = &mut self.rig.relay;
        let passed = relay.peer_datagram(now, id, address(from), &mut buffer, payload);
        if let Some((to, datagram)) = passed {
            assert!(self.flows.contains(&to) && datagram.len() >= length + 4);
            self.seen.from_peers += 1;
        }
    }
}

#[test]
fn mutants_break_nothing_and_leave_little() {
    let cases = number("DUET_FUZZ_CASES", CASES);
    let mut world = World::new();
    let mut case = Case(0);
    for index in 0..cases {
        case.0 = index;
        world.case();
        if index % 1_000 == 0 {
            world.rig.wait(1);
        }
        if index % 20_000 == 0 {
            world.settle();
        }
    }
    let seen = &world.seen;
    println!("{cases} cases of seed {}: {seen:?}", seed());
    // One that never gets past the door finds nothing.
    for (count, least) in [
        (seen.messages, cases / 4),
        (seen.authentic, cases / 20),
        (seen.confirmed, cases / 50),
        (seen.to_peers, cases / 1_000),
        (seen.to_clients, cases / 1_000),
        (seen.from_peers, cases / 1_000),
    ] {
        assert!(count >= least, "too shallow: {seen:?}");
    }
}

#[test]
fn datagrams_of_peers_may_have_any_size() {
    let mut rig = Rig::new();
    let mut mira = rig.guest("1.2.3.4:1000", "mira");
    rig.allocate(&mut mira).expect("a relay");
    let (named, plain) = (address("8.8.8.8:1"), address("8.8.8.8:2"));
    let bind = channel(0x4000, named);
    assert_eq!(rig.ask(&mut mira, Method::CHANNEL_BIND, &bind).code, None);
    let ids: Vec<RelayId> = rig.relay.ids().collect();
    let mut buffer = vec![0; HEADROOM + 65_535 + TAILROOM];
    for length in (0..2_000).chain(65_480..=65_535) {
        for from in [named, plain] {
            let payload = HEADROOM..HEADROOM + length;
            let now = rig.now.instant;
            let passed = rig
                .relay
                .peer_datagram(now, ids[0], from, &mut buffer, payload);
            if length < 65_000 && rig.relay.stats().dropped_over_rate == 0 {
                let (flow, datagram) = passed.expect("it passes");
                assert_eq!(flow, mira.flow);
                assert!(datagram.len() >= length + 4);
            }
        }
    }
}
