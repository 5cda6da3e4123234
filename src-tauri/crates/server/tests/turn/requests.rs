//! The requests of RFC 8656, and what is wrong with some.

use duet_server::turn::stun::{Method, attribute};

use super::dialogue::{Attributes, channel, peer, udp, udp_and};
use super::rig::{Guest, Out, Rig, address};

fn allocated() -> (Rig, Guest) {
    let mut rig = Rig::new();
    let mut mira = rig.guest("1.2.3.4:1000", "mira");
    rig.allocate(&mut mira).expect("a relay");
    (rig, mira)
}

fn code_of_allocate(attributes: &Attributes) -> Option<u16> {
    let mut rig = Rig::new();
    let mut mira = rig.guest("1.2.3.4:1000", "mira");
    rig.greet(&mut mira);
    rig.ask(&mut mira, Method::ALLOCATE, attributes).code
}

#[test]
fn an_allocate_that_comes_again_gets_the_same_answer() {
    let mut rig = Rig::new();
    let mut mira = rig.guest("1.2.3.4:1000", "mira");
    rig.greet(&mut mira);
    let request = mira.dialogue.request(Method::ALLOCATE, &udp());
    let first = rig.put(mira.flow, &request);
    assert!(matches!(first, Out::Reply(_)));
    rig.wait(2);
    assert_eq!(rig.put(mira.flow, &request), first);
    assert_eq!(rig.relay.stats().allocations, 1);
    let other = rig.ask(&mut mira, Method::ALLOCATE, &udp());
    assert_eq!(other.code, Some(437));
}

#[test]
fn what_an_allocate_may_ask_for() {
    let v4 = udp_and(attribute::REQUESTED_ADDRESS_FAMILY, &[1, 0, 0, 0]);
    let v6 = udp_and(attribute::REQUESTED_ADDRESS_FAMILY, &[2, 0, 0, 0]);
    let other_family = udp_and(attribute::REQUESTED_ADDRESS_FAMILY, &[3, 0, 0, 0]);
    assert_eq!(code_of_allocate(&v4), None);
    assert_eq!(code_of_allocate(&v6), None);
    assert_eq!(code_of_allocate(&other_family), Some(440));
    assert_eq!(code_of_allocate(&Vec::new()), Some(400));
    let tcp = vec![(attribute::REQUESTED_TRANSPORT, vec![6, 0, 0, 0])];
    assert_eq!(code_of_allocate(&tcp), Some(442));
    assert_eq!(
        code_of_allocate(&udp_and(attribute::DONT_FRAGMENT, &[])),
        Some(420)
    );
    assert_eq!(code_of_allocate(&udp_and(attribute::EVEN_PORT, &[0])), None);
    assert_eq!(
        code_of_allocate(&udp_and(attribute::EVEN_PORT, &[0x80])),
        Some(508)
    );
    assert_eq!(
        code_of_allocate(&udp_and(attribute::EVEN_PORT, &[])),
        Some(400)
    );
    let token = udp_and(attribute::RESERVATION_TOKEN, &[1; 8]);
    assert_eq!(code_of_allocate(&token), Some(508));
    let mut both = token;
    both.push((attribute::EVEN_PORT, vec![0]));
    assert_eq!(code_of_allocate(&both), Some(400));
    assert_eq!(code_of_allocate(&udp_and(0x8001, b"who knows")), None);
}

#[test]
fn what_must_be_understood_and_is_not_is_named() {
    let (mut rig, mut mira) = allocated();
    let answer = rig.ask(
        &mut mira,
        Method::REFRESH,
        &vec![(0x7001, vec![]), (0x7002, vec![1])],
    );
    assert_eq!(answer.code, Some(420));
    let named = answer.value(attribute::UNKNOWN_ATTRIBUTES);
    assert_eq!(named, Some(&[0x70, 0x01, 0x70, 0x02][..]));
}

#[test]
fn without_an_allocation_there_is_nothing_to_do() {
    let mut rig = Rig::new();
    let mut mira = rig.guest("1.2.3.4:1000", "mira");
    rig.greet(&mut mira);
    let peer = vec![peer(address("8.8.8.8:1"))];
    let bind = channel(0x4000, address("8.8.8.8:1"));
    assert_eq!(
        rig.ask(&mut mira, Method::REFRESH, &Vec::new()).code,
        Some(437)
    );
    assert_eq!(
        rig.ask(&mut mira, Method::CREATE_PERMISSION, &peer).code,
        Some(437)
    );
    assert_eq!(
        rig.ask(&mut mira, Method::CHANNEL_BIND, &bind).code,
        Some(437)
    );
}

#[test]
fn another_user_does_nothing_with_it() {
    let (mut rig, mira) = allocated();
    let mut noah = rig.guest("1.2.3.4:1000", "noah");
    noah.flow = mira.flow;
    rig.greet(&mut noah);
    assert_eq!(
        rig.ask(&mut noah, Method::REFRESH, &Vec::new()).code,
        Some(441)
    );
    assert_eq!(rig.ask(&mut noah, Method::ALLOCATE, &udp()).code, Some(437));
}

#[test]
fn a_channel_belongs_to_one_peer_and_a_peer_to_one_channel() {
    let (mut rig, mut mira) = allocated();
    let (one, two) = (address("8.8.8.8:1"), address("8.8.8.8:2"));
    let mut bind = |number, peer| {
        rig.ask(&mut mira, Method::CHANNEL_BIND, &channel(number, peer))
            .code
    };
    assert_eq!(bind(0x4000, one), None);
    assert_eq!(bind(0x4000, one), None, "a refresh");
    assert_eq!(bind(0x4000, two), Some(400));
    assert_eq!(bind(0x4001, one), Some(400));
    assert_eq!(bind(0x7FFF, two), None);
    for number in [0x0000, 0x3FFF, 0x8000, 0xFFFF] {
        assert_eq!(bind(number, address("8.8.8.8:3")), Some(400));
    }
}

#[test]
fn a_peer_of_the_other_family_is_refused() {
    let (mut rig, mut mira) = allocated();
    let v6 = address("[2001:4860:4860::8888]:1");
    let code = rig
        .ask(&mut mira, Method::CREATE_PERMISSION, &vec![peer(v6)])
        .code;
    assert_eq!(code, Some(443));
    assert_eq!(
        rig.ask(&mut mira, Method::CHANNEL_BIND, &channel(0x4000, v6))
            .code,
        Some(443)
    );
    let family = vec![(attribute::REQUESTED_ADDRESS_FAMILY, vec![2, 0, 0, 0])];
    assert_eq!(rig.ask(&mut mira, Method::REFRESH, &family).code, Some(443));
}

#[test]
fn permissions_are_given_all_or_none() {
    let (mut rig, mut mira) = allocated();
    let before = rig.relay.entries();
    let mixed = vec![peer(address("8.8.8.8:1")), peer(address("10.0.0.1:1"))];
    assert_eq!(
        rig.ask(&mut mira, Method::CREATE_PERMISSION, &mixed).code,
        Some(403)
    );
    assert_eq!(
        rig.ask(&mut mira, Method::CREATE_PERMISSION, &Vec::new())
            .code,
        Some(400)
    );
    assert_eq!(rig.relay.entries(), before);
    let both = vec![peer(address("8.8.8.8:1")), peer(address("8.8.4.4:1"))];
    assert_eq!(
        rig.ask(&mut mira, Method::CREATE_PERMISSION, &both).code,
        None
    );
    assert_eq!(rig.relay.entries(), before + 2);
}
