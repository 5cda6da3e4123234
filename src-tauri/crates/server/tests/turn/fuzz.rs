//! Whatever comes, the relay goes on and remembers only what quotas allow.

use duet_server::turn::stun::{Method, attribute};
use duet_server::turn::{HEADROOM, RelayId, TAILROOM};

use super::dialogue::{channel, channel_data, peer, send, udp};
use super::rig::{Rig, address};

/// A small generator, so that a failure comes again (SplitMix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) % sides as u64) as usize
    }
}

fn mutate(dice: &mut Dice, datagram: &mut Vec<u8>) {
    for _ in 0..=dice.roll(4) {
        if datagram.is_empty() {
            return;
        }
        let at = dice.roll(datagram.len());
        match dice.roll(6) {
            0 => datagram[at] ^= 1 << dice.roll(8),
            1 => datagram[at] = dice.roll(256) as u8,
            2 => datagram.truncate(at),
            3 => datagram.insert(at, dice.roll(256) as u8),
            4 => {
                let word = at / 4 * 4;
                let copy = datagram[word..].iter().copied().take(8).collect::<Vec<_>>();
                datagram.extend(copy);
            }
            _ => {
                // The length as the mutated message should have it, so that more gets through.
                if datagram.len() >= 20 {
                    let length = (datagram.len() - 20) as u16;
                    datagram[2..4].copy_from_slice(&length.to_be_bytes());
                }
            }
        }
    }
}

#[test]
fn a_hundred_thousand_mutants_break_nothing_and_leave_little() {
    let seed = 0x5EED;
    let mut dice = Dice(seed);
    let mut rig = Rig::new();
    let mut mira = rig.guest("1.2.3.4:1000", "mira");
    let relayed = rig.allocate(&mut mira).expect("a relay");
    let mut noah = rig.guest("5.6.7.8:1000", "noah");
    rig.allocate(&mut noah).expect("a relay");
    let target = address("8.8.8.8:1");
    for round in 0..100_000 {
        let dialogue = &mut mira.dialogue;
        let mut datagram = match dice.roll(10) {
            0 => dialogue.anonymous(Method::ALLOCATE, &udp()),
            1 => dialogue.request(Method::ALLOCATE, &udp()),
            2 => dialogue.request(
                Method::REFRESH,
                &vec![(attribute::LIFETIME, vec![0, 0, 9, 9])],
            ),
            3 => dialogue.request(
                Method::CREATE_PERMISSION,
                &vec![peer(target), peer(relayed)],
            ),
            4 => dialogue.request(Method::CHANNEL_BIND, &channel(0x4000, target)),
            5 => dialogue.indication(Method::SEND, &send(target, b"data of some length")),
            6 => dialogue.indication(Method::SEND, &send(relayed, b"inside")),
            7 => channel_data(0x4000, b"data"),
            8 => dialogue.anonymous(Method::BINDING, &Vec::new()),
            _ => (0..dice.roll(80)).map(|_| dice.roll(256) as u8).collect(),
        };
        mutate(&mut dice, &mut datagram);
        let flow = if dice.roll(4) == 0 {
            noah.flow
        } else {
            mira.flow
        };
        rig.put(flow, &datagram);
        if round % 1_000 == 0 {
            rig.wait(1);
        }
    }
    // Two allocations at most, with three entries each for themselves, 16 permissions, 16 channels.
    assert!(
        rig.relay.entries() <= 2 * (4 + 32),
        "{}",
        rig.relay.entries()
    );
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
