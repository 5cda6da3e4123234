//! The test vectors of RFC 5769, and messages that are none.

use std::net::SocketAddr;

use proptest::prelude::*;
use ring::hmac;

use super::{Class, Malformed, Message, Method, Writer, attribute, read_xor_address};
use crate::turn::credentials::long_term_key;

/// Section 2.1: a Binding request with the short-term password `VOkJxbRl1RmTxUk/WvJxBt`.
const REQUEST: &str = "000100582112a442b7e7a701bc34d686fa87dfae\
    802200105354554e207465737420636c69656e74\
    002400046e0001ff80290008932ff9b151263b36\
    000600096576746a3a68367659202020\
    000800149aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a2\
    80280004e57a3bcf";

/// Section 2.2: its answer, from 192.0.2.1:32853.
const RESPONSE_V4: &str = "0101003c2112a442b7e7a701bc34d686fa87dfae\
    8022000b7465737420766563746f7220\
    002000080001a147e112a643\
    000800142b91f599fd9e90c38c7489f92af9ba53f06be7d7\
    80280004c07d4c96";

/// Section 2.3: another, from [2001:db8:1234:5678:11:2233:4455:6677]:32853.
const RESPONSE_V6: &str = "010100482112a442b7e7a701bc34d686fa87dfae\
    8022000b7465737420766563746f7220\
    002000140002a1470113a9faa5d3f179bc25f4b5bed2b9d9\
    00080014a382954e4be67bf11784c97c8292c275bfe3ed41\
    80280004c8fb0b4c";

/// Section 2.4: a Binding request with long-term credentials.
const LONG_TERM: &str = "000100602112a44278ad3433c6ad72c029da412e\
    00060012e3839ee38388e383aae38383e382af e382b90000\
    0015001c662f2f3439396b3935346436 4f4c33346f4c394653547679363473 41\
    0014000b6578616d706c652e6f726700\
    00080014f67024656dd64a3e02b8e0712e85c9a28ca89666";

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<char> = hex.chars().filter(|digit| !digit.is_whitespace()).collect();
    digits
        .chunks(2)
        .map(|pair| u8::from_str_radix(&pair.iter().collect::<String>(), 16).expect("hex"))
        .collect()
}

fn short_term() -> hmac::Key {
    hmac::Key::new(
        hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
        b"VOkJxbRl1RmTxUk/WvJxBt",
    )
}

#[test]
fn the_requests_of_rfc_5769_are_authentic() {
    let request = bytes(REQUEST);
    let message = Message::parse(&request).expect("a message");
    assert_eq!(
        (message.method(), message.class()),
        (Method::BINDING, Class::Request)
    );
    assert_eq!(message.text(attribute::USERNAME), Some("evtj:h6vY"));
    assert!(message.has_fingerprint() && message.is_authentic(&short_term()));
    let long_term = bytes(LONG_TERM);
    let message = Message::parse(&long_term).expect("a message");
    let username = message.text(attribute::USERNAME).expect("a name");
    assert_eq!(username, "\u{30DE}\u{30C8}\u{30EA}\u{30C3}\u{30AF}\u{30B9}");
    assert!(message.is_authentic(&long_term_key(username, "example.org", "TheMatrIX")));
    assert!(!message.is_authentic(&long_term_key(username, "example.org", "TheMatrix")));
}

#[test]
fn the_responses_of_rfc_5769_name_the_client() {
    for (hex, address) in [
        (RESPONSE_V4, "192.0.2.1:32853"),
        (RESPONSE_V6, "[2001:db8:1234:5678:11:2233:4455:6677]:32853"),
    ] {
        let response = bytes(hex);
        let message = Message::parse(&response).expect("a message");
        assert!(message.is_authentic(&short_term()));
        let value = message
            .attribute(attribute::XOR_MAPPED_ADDRESS)
            .expect("an address");
        let found = read_xor_address(value, &message.transaction_id());
        assert_eq!(
            found,
            Some(address.parse::<SocketAddr>().expect("an address"))
        );
    }
}

#[test]
fn what_is_written_is_what_is_read() {
    let key = short_term();
    let mut out = vec![9; 99];
    let peer: SocketAddr = "[2001:db8::7]:9".parse().expect("an address");
    Writer::new(&mut out, Method::CHANNEL_BIND, Class::Error, [7; 12])
        .error(438)
        .attribute(attribute::REALM, b"duet!")
        .xor_address(attribute::XOR_PEER_ADDRESS, peer)
        .integrity(&key)
        .fingerprint();
    let message = Message::parse(&out).expect("a message");
    assert_eq!(
        (message.method(), message.class()),
        (Method::CHANNEL_BIND, Class::Error)
    );
    assert_eq!(message.error_code(), Some(438));
    assert_eq!(message.text(attribute::REALM), Some("duet!"));
    let value = message
        .attribute(attribute::XOR_PEER_ADDRESS)
        .expect("an address");
    assert_eq!(read_xor_address(value, &[7; 12]), Some(peer));
    assert!(message.is_authentic(&key) && message.has_fingerprint());
}

#[test]
fn attributes_behind_the_integrity_do_not_count() {
    let key = short_term();
    let mut out = Vec::new();
    let _ = Writer::new(&mut out, Method::REFRESH, Class::Request, [7; 12])
        .integrity(&key)
        .number(attribute::LIFETIME, 0)
        .attribute(0x7777, b"")
        .integrity(&key);
    let message = Message::parse(&out).expect("a message");
    assert!(message.is_authentic(&key));
    assert_eq!(message.attributes().count(), 0);
}

#[test]
fn a_changed_bit_is_noticed() {
    let request = bytes(REQUEST);
    for bit in 0..request.len() * 8 {
        let mut changed = request.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        // Without the type of the FINGERPRINT there is none, and the integrity has to tell.
        if let Ok(message) = Message::parse(&changed) {
            assert!(!message.has_fingerprint(), "bit {bit}");
        }
    }
}

#[test]
fn parts_of_messages_are_none() {
    let request = bytes(REQUEST);
    for end in 0..request.len() {
        assert_eq!(
            Message::parse(&request[..end]).err(),
            Some(Malformed),
            "{end} bytes"
        );
    }
    let mut longer = request;
    longer.extend_from_slice(&[0; 4]);
    assert_eq!(Message::parse(&longer).err(), Some(Malformed));
}

proptest! {
    #[test]
    fn nothing_makes_the_reader_panic(
        kind in 0_u16..0x4000,
        attributes in proptest::collection::vec(
            (any::<u16>(), 0_u16..40, proptest::collection::vec(any::<u8>(), 0..40)), 0..6),
    ) {
        let mut datagram = kind.to_be_bytes().to_vec();
        let body: Vec<u8> = attributes
            .iter()
            .flat_map(|(kind, length, value)| {
                [&kind.to_be_bytes()[..], &length.to_be_bytes(), value].concat()
            })
            .collect();
        datagram.extend_from_slice(&(body.len() as u16).to_be_bytes());
        datagram.extend_from_slice(&super::MAGIC_COOKIE.to_be_bytes());
        datagram.extend_from_slice(&[1; 12]);
        datagram.extend_from_slice(&body);
        if let Ok(message) = Message::parse(&datagram) {
            let _ = message.is_authentic(&short_term());
            let _ = message.attributes().count();
            let _ = (message.error_code(), message.position(attribute::DATA));
            for (_, value) in message.attributes() {
                let _ = read_xor_address(value, &message.transaction_id());
            }
        }
    }
}
