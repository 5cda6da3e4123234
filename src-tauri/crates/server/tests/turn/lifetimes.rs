//! What ends when: allocations, permissions, channels, nonces; and what outlives its credential.

use duet_server::turn::Secrets;
use duet_server::turn::stun::{Method, attribute};

use super::dialogue::{channel, channel_data, credential, peer, send, udp, udp_and};
use super::rig::{Out, Rig, address};

const PEER: &str = "8.8.8.8:5000";

fn lifetime(seconds: u32) -> Vec<(u16, Vec<u8>)> {
    vec![(attribute::LIFETIME, seconds.to_be_bytes().to_vec())]
}

#[test]
fn an_allocation_ends_ten_minutes_after_its_last_refresh() {
    let mut rig = Rig::new();
    let mut mira = rig.guest("1.2.3.4:1000", "mira");
    rig.allocate(&mut mira).expect("a relay");
    rig.wait(599);
    assert_eq!(
        rig.ask(&mut mira, Method::REFRESH, &lifetime(600)).code,
        None
    );
    rig.wait(599);
    assert!(rig.closed.is_empty());
    rig.wait(2);
    assert_eq!((rig.closed.len(), rig.relay.entries()), (1, 0));
}

#[test]
fn lifetimes_are_between_ten_minutes_and_an_hour() {
    let mut rig = Rig::new();
    let mut mira = rig.guest("1.2.3.4:1000", "mira");
    rig.greet(&mut mira);
    let asked = udp_and(attribute::LIFETIME, &86_400_u32.to_be_bytes());
    let answer = rig.ask(&mut mira, Method::ALLOCATE, &asked);
    assert_eq!(answer.number(attribute::LIFETIME), 3_600);
    let answer = rig.ask(&mut mira, Method::REFRESH, &lifetime(1));
    assert_eq!(answer.number(attribute::LIFETIME), 600);
    let answer = rig.ask(&mut mira, Method::REFRESH, &Vec::new());
    assert_eq!(answer.number(attribute::LIFETIME), 600);
}

#[test]
fn a_refresh_of_nothing_ends_it_at_once() {
    let mut rig = Rig::new();
    let mut mira = rig.guest("1.2.3.4:1000", "mira");
    rig.allocate(&mut mira).expect("a relay");
    let answer = rig.ask(&mut mira, Method::REFRESH, &lifetime(0));
    assert_eq!((answer.code, answer.number(attribute::LIFETIME)), (None, 0));
    assert_eq!((rig.closed.len(), rig.relay.entries()), (1, 0));
    let again = rig.ask(&mut mira, Method::REFRESH, &lifetime(0));
    assert_eq!(again.code, Some(437));
}

#[test]
fn a_running_allocation_outlives_its_credential_and_its_secret() {
    let mut rig = Rig::new();
    let mut mira = rig.guest("1.2.3.4:1000", "mira");
    rig.allocate(&mut mira).expect("a relay");
    rig.relay.set_secrets(Secrets::new(["south"]));
    for _ in 0..12 {
        rig.wait(500);
        // The nonce gets old on the way, and is renewed.
        let answer = rig.ask(&mut mira, Method::REFRESH, &lifetime(600));
        let answer = match answer.code {
            Some(438) => rig.ask(&mut mira, Method::REFRESH, &lifetime(600)),
            _ => answer,
        };
        assert_eq!(answer.code, None);
        let to = vec![peer(address(PEER))];
        assert_eq!(
            rig.ask(&mut mira, Method::CREATE_PERMISSION, &to).code,
            None
        );
    }
    // For anything new it is too old.
    let mut again = rig.guest("1.2.3.4:1001", "mira");
    again.dialogue.credential = mira.dialogue.credential.clone();
    assert_eq!(rig.allocate(&mut again), Err(401));
}

#[test]
fn an_expired_credential_makes_no_allocation() {
    let mut rig = Rig::new();
    let mut mira = rig.guest("1.2.3.4:1000", "mira");
    rig.wait(600);
    assert_eq!(rig.allocate(&mut mira), Err(401));
    mira.dialogue.credential = credential("north", "mira", rig.now.unix_s + 86_400);
    assert_eq!(rig.allocate(&mut mira), Err(401), "from the future");
}

#[test]
fn permissions_last_five_minutes() {
    let mut rig = Rig::new();
    let mut mira = rig.guest("1.2.3.4:1000", "mira");
    rig.allocate(&mut mira).expect("a relay");
    let to = vec![peer(address(PEER))];
    assert_eq!(
        rig.ask(&mut mira, Method::CREATE_PERMISSION, &to).code,
        None
    );
    let data = mira
        .dialogue
        .indication(Method::SEND, &send(address(PEER), b"hello"));
    rig.wait(299);
    assert_eq!(
        rig.put(mira.flow, &data),
        Out::ToPeer(address(PEER), b"hello".to_vec())
    );
    rig.wait(1);
    assert_eq!(rig.put(mira.flow, &data), Out::Nothing);
}

#[test]
fn channels_last_ten_minutes() {
    let mut rig = Rig::new();
    let mut mira = rig.guest("1.2.3.4:1000", "mira");
    rig.allocate(&mut mira).expect("a relay");
    let bind = channel(0x4000, address(PEER));
    assert_eq!(rig.ask(&mut mira, Method::CHANNEL_BIND, &bind).code, None);
    rig.wait(400);
    assert_eq!(
        rig.ask(&mut mira, Method::REFRESH, &lifetime(3_600)).code,
        None
    );
    rig.wait(199);
    let data = channel_data(0x4000, b"hello");
    assert_eq!(
        rig.put(mira.flow, &data),
        Out::ToPeer(address(PEER), b"hello".to_vec())
    );
    rig.wait(1);
    assert_eq!(rig.put(mira.flow, &data), Out::Nothing);
    // The number is free for another peer.
    let bind = channel(0x4000, address("8.8.4.4:1"));
    assert_eq!(rig.ask(&mut mira, Method::CHANNEL_BIND, &bind).code, None);
}

#[test]
fn a_nonce_gets_stale_and_the_answer_brings_another() {
    let mut rig = Rig::new();
    let mut mira = rig.guest("1.2.3.4:1000", "mira");
    rig.allocate(&mut mira).expect("a relay");
    assert_eq!(
        rig.ask(&mut mira, Method::REFRESH, &lifetime(3_600)).code,
        None
    );
    rig.wait(3_599);
    assert_eq!(
        rig.ask(&mut mira, Method::REFRESH, &lifetime(3_600)).code,
        None
    );
    rig.wait(2);
    assert_eq!(
        rig.ask(&mut mira, Method::REFRESH, &lifetime(3_600)).code,
        Some(438)
    );
    assert_eq!(
        rig.ask(&mut mira, Method::REFRESH, &lifetime(3_600)).code,
        None
    );
}

#[test]
fn ten_thousand_clients_that_vanish_leave_nothing() {
    let mut rig = Rig::new();
    for index in 0..10_000_u32 {
        let [_, _, high, low] = index.to_be_bytes();
        let mut guest = rig.guest(&format!("1.2.{high}.{low}:1000"), &format!("u{index}"));
        rig.allocate(&mut guest).expect("a relay");
        let bind = channel(0x4000, address(PEER));
        assert_eq!(rig.ask(&mut guest, Method::CHANNEL_BIND, &bind).code, None);
        if index % 500 == 499 {
            rig.wait(601);
        }
    }
    assert_eq!((rig.closed.len(), rig.relay.entries()), (10_000, 0));
    let mut last = rig.guest("1.2.3.4:1000", "mira");
    rig.greet(&mut last);
    assert_eq!(rig.ask(&mut last, Method::ALLOCATE, &udp()).code, None);
}
