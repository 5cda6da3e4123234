//! What a hostile client may send: real messages, broken after or before they are signed, and noise.

use duet_server::turn::stun::{Class, Method, attribute};

use super::super::dialogue::{
    Attributes, Dialogue, channel, channel_data, peer, send, udp, udp_and,
};
use super::super::rig::address;
use std::net::SocketAddr;

/// A small generator, so that a failure comes again (SplitMix64).
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) % sides as u64) as usize
    }

    pub(super) fn byte(&mut self) -> u8 {
        self.roll(256) as u8
    }

    fn bytes(&mut self, below: usize) -> Vec<u8> {
        (0..self.roll(below)).map(|_| self.byte()).collect()
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.roll(from.len())]
    }
}

/// The next datagram of a client. `inside` is another relay of the same server.
pub(super) fn datagram(dice: &mut Dice, dialogue: &mut Dialogue, inside: SocketAddr) -> Vec<u8> {
    match dice.roll(20) {
        0 => dice.bytes(80),
        1..=7 => {
            let (method, mut attributes) = wish(dice, inside);
            spoil(dice, &mut attributes);
            dialogue.request(method, &attributes)
        }
        8..=9 => {
            let (method, attributes) = wish(dice, inside);
            dialogue.request(method, &attributes)
        }
        _ => {
            let mut datagram = genuine(dice, dialogue, inside);
            mutate(dice, &mut datagram);
            datagram
        }
    }
}

fn genuine(dice: &mut Dice, dialogue: &mut Dialogue, inside: SocketAddr) -> Vec<u8> {
    let target = address("8.8.8.8:1");
    match dice.roll(8) {
        0 => dialogue.anonymous(Method::ALLOCATE, &udp()),
        1 => dialogue.anonymous(Method::BINDING, &Vec::new()),
        2 => dialogue.indication(Method::SEND, &send(target, b"data of some length")),
        3 => dialogue.indication(Method::SEND, &send(inside, b"inside")),
        4 => channel_data(0x4000, b"data"),
        5 => channel_data(0x4001, b"inside"),
        _ => {
            let (method, attributes) = wish(dice, inside);
            dialogue.request(method, &attributes)
        }
    }
}

/// Something that makes sense.
fn wish(dice: &mut Dice, inside: SocketAddr) -> (Method, Attributes) {
    let target = address("8.8.8.8:1");
    let lifetime = |seconds: u32| vec![(attribute::LIFETIME, seconds.to_be_bytes().to_vec())];
    match dice.roll(9) {
        0 => (Method::ALLOCATE, udp()),
        1 => {
            let family = dice.pick(&[1, 2]);
            let kind = attribute::REQUESTED_ADDRESS_FAMILY;
            (Method::ALLOCATE, udp_and(kind, &[family, 0, 0, 0]))
        }
        2 => (Method::ALLOCATE, udp_and(attribute::EVEN_PORT, &[0])),
        3 => (Method::REFRESH, lifetime(dice.pick(&[600, 777, 3_600]))),
        // Seldom, or there would be nothing to try the rest on.
        4 if dice.roll(50) == 0 => (Method::REFRESH, lifetime(0)),
        4 | 5 => (Method::CREATE_PERMISSION, vec![peer(target), peer(inside)]),
        6 => (Method::CREATE_PERMISSION, vec![peer(target)]),
        7 => (Method::CHANNEL_BIND, channel(0x4000, target)),
        _ => (Method::CHANNEL_BIND, channel(0x4001, inside)),
    }
}

/// Breaks the contents; the signature is right all the same, so that it gets past the door.
fn spoil(dice: &mut Dice, attributes: &mut Attributes) {
    const KINDS: [u16; 14] = [
        attribute::CHANNEL_NUMBER,
        attribute::LIFETIME,
        attribute::XOR_PEER_ADDRESS,
        attribute::DATA,
        attribute::REQUESTED_ADDRESS_FAMILY,
        attribute::EVEN_PORT,
        attribute::REQUESTED_TRANSPORT,
        attribute::DONT_FRAGMENT,
        attribute::RESERVATION_TOKEN,
        attribute::ADDITIONAL_ADDRESS_FAMILY,
        attribute::USERNAME,
        attribute::REALM,
        0x7FFF,
        0xFFFF,
    ];
    const PEERS: [&str; 8] = [
        "127.0.0.1:22",
        "10.0.0.1:1",
        "[::1]:1",
        "[::ffff:8.8.8.8]:1",
        "[64:ff9b::7f00:1]:1",
        "0.0.0.0:0",
        "8.8.4.4:65535",
        "[2001:4860:4860::8888]:1",
    ];
    for _ in 0..=dice.roll(3) {
        let at = dice.roll(attributes.len() + 1);
        match dice.roll(6) {
            0 => attributes.insert(at, (dice.pick(&KINDS), dice.bytes(24))),
            1 => attributes.insert(at, peer(address(dice.pick(&PEERS)))),
            2 if at < attributes.len() => drop(attributes.remove(at)),
            3 if at < attributes.len() => attributes[at].0 = dice.pick(&KINDS),
            4 if at < attributes.len() => attributes[at].1 = dice.bytes(24),
            _ => {
                let again: Attributes = attributes.iter().take(40).cloned().collect();
                attributes.extend(again);
            }
        }
    }
}

/// Breaks the bytes on the wire.
fn mutate(dice: &mut Dice, datagram: &mut Vec<u8>) {
    for _ in 0..=dice.roll(4) {
        if datagram.is_empty() {
            return;
        }
        let at = dice.roll(datagram.len());
        match dice.roll(7) {
            0 => datagram[at] ^= 1 << dice.roll(8),
            1 => datagram[at] = dice.byte(),
            2 => datagram.truncate(at),
            3 => datagram.insert(at, dice.byte()),
            4 => {
                let word = at / 4 * 4;
                let copy: Vec<u8> = datagram[word..].iter().copied().take(8).collect();
                datagram.extend(copy);
            }
            5 => {
                // Another method or class.
                datagram[0] = dice.byte() & 0x3F;
                if let Some(low) = datagram.get_mut(1) {
                    *low = dice.byte();
                }
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

/// What a message may answer to.
pub(super) fn is_answer(class: Class) -> bool {
    matches!(class, Class::Success | Class::Error)
}
