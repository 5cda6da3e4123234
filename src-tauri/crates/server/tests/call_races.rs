//! Two things at once: the first at the server decides, and the loser is told `unavailable`.

use std::net::Ipv4Addr;
use std::time::{Duration, Instant, SystemTime};

use duet_protocol::ServerMessage;
use duet_protocol::limits::LOBBY_PLACES;
use duet_server::AddressKey;
use duet_server::exchange::{CastConfig, DirectoryConfig, Exchange};
use duet_server::rooms::{ConnectionId, Output, RoomsConfig};

use crate::client::Client;
use crate::lobby::{
    accept, accepted, call, cancel, cancelled, decline, login, quiet_server, ringing, unavailable,
};

#[tokio::test]
async fn two_who_call_each_other_are_in_one_accepted_call() {
    let server = quiet_server().await;
    let (mut ann, mut bob, call_id, room_id) = ringing(&server).await;
    // Bob's call was on its way when Ann's rang.
    bob.send(&call("a")).await;
    assert_eq!(
        bob.expect_ringing().await,
        (call_id.clone(), room_id.clone())
    );
    assert_eq!(bob.next().await, accepted(&call_id));
    assert_eq!(ann.next().await, accepted(&call_id));
    assert_eq!(bob.join(&room_id, "b").await.user_num, 1);
    assert_eq!(ann.join(&room_id, "a").await.user_num, 2);
}

#[tokio::test]
async fn two_who_call_each_other_really_at_once() {
    for _ in 0..20 {
        let server = quiet_server().await;
        let mut ann = Client::logged_in(&server, "Ann", "a").await;
        let mut bob = Client::logged_in(&server, "Bob", "b").await;
        let (to_bob, to_ann) = (call("b"), call("a"));
        tokio::join!(ann.send(&to_bob), bob.send(&to_ann));
        let (one, two) = tokio::join!(until_accepted(&mut ann), until_accepted(&mut bob));
        assert_eq!(one, two, "the same call");
        assert_eq!(server.stats().calls, 1);
    }
}

/// The call that was accepted; whatever rings before says the same.
async fn until_accepted(client: &mut Client) -> String {
    let mut rung = None;
    loop {
        match client.next().await {
            ServerMessage::Ringing { call_id, .. } | ServerMessage::Ring { call_id, .. } => {
                assert!(rung.is_none_or(|before| before == call_id));
                rung = Some(call_id);
            }
            ServerMessage::Accept { call_id } => {
                assert_eq!(rung, Some(call_id.clone()));
                return call_id;
            }
            other => panic!("no call: {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_cancel_after_the_accept_comes_too_late() {
    let server = quiet_server().await;
    let (mut ann, mut bob, call_id, room_id) = ringing(&server).await;
    bob.send(&accept(&call_id)).await;
    assert_eq!(ann.next().await, accepted(&call_id));
    ann.send(&cancel(&call_id)).await;
    assert_eq!(ann.next().await, unavailable(&call_id));
    bob.assert_quiet().await;
    assert_eq!(bob.join(&room_id, "b").await.user_num, 1);
}

#[tokio::test]
async fn an_accept_after_the_cancel_comes_too_late() {
    let server = quiet_server().await;
    let (mut ann, mut bob, call_id, _) = ringing(&server).await;
    ann.send(&cancel(&call_id)).await;
    assert_eq!(bob.next().await, cancelled(&call_id));
    for late in [accept(&call_id), decline(&call_id)] {
        bob.send(&late).await;
        assert_eq!(bob.next().await, unavailable(&call_id));
    }
    ann.assert_quiet().await;
}

#[tokio::test]
async fn only_the_callee_accepts_and_declines_and_only_the_caller_cancels() {
    let server = quiet_server().await;
    let (mut ann, mut bob, call_id, _) = ringing(&server).await;
    let mut carl = Client::logged_in(&server, "Carl", "c").await;
    for word in [accept(&call_id), decline(&call_id), cancel(&call_id)] {
        carl.send(&word).await;
        assert_eq!(carl.next().await, unavailable(&call_id));
    }
    for word in [accept(&call_id), decline(&call_id)] {
        ann.send(&word).await;
        assert_eq!(ann.next().await, unavailable(&call_id));
    }
    bob.send(&cancel(&call_id)).await;
    assert_eq!(bob.next().await, unavailable(&call_id));
    assert_eq!(server.stats().calls, 1, "it still rings");
}

#[tokio::test]
async fn an_accept_said_twice_is_said_once() {
    let server = quiet_server().await;
    let (mut ann, mut bob, call_id, _) = ringing(&server).await;
    bob.send(&accept(&call_id)).await;
    bob.send(&accept(&call_id)).await;
    bob.assert_quiet().await;
    assert_eq!(ann.next().await, accepted(&call_id));
    ann.assert_quiet().await;
    // It cannot be taken back.
    bob.send(&decline(&call_id)).await;
    assert_eq!(bob.next().await, unavailable(&call_id));
}

/// Of everybody in a full lobby who calls one name, one rings, and all the others hear that it is busy.
#[test]
fn of_all_who_call_one_name_one_rings() {
    let rooms = RoomsConfig {
        resume_window: Duration::from_secs(120),
        ice_servers: Vec::new(),
        failed_joins_per_minute: 30,
        max_kept_places_per_address: None,
        max_kept_places: usize::MAX,
    };
    let mut exchange = Exchange::new(rooms, DirectoryConfig::default(), CastConfig::default());
    let (now, wall) = (Instant::now(), SystemTime::now());
    let people = 0..u32::try_from(LOBBY_PLACES).expect("few");
    for index in people.clone() {
        let id = ConnectionId(u64::from(index));
        // Each from an address of its own, so that no budget decides.
        let address = Ipv4Addr::from_bits(0x0a00_0000 + index);
        exchange.connected(id, AddressKey::from(address));
        let message = login(&format!("Person {index}"), &format!("u{index}"));
        exchange.handle(now, wall, id, message);
    }
    while exchange.poll_output().is_some() {}
    let callee = ConnectionId(0);
    let callers = people.skip(1);
    for index in callers.clone() {
        exchange.handle(now, wall, ConnectionId(u64::from(index)), call("u0"));
    }
    let (mut rings, mut ringing, mut busy) = (0, 0, 0);
    while let Some(output) = exchange.poll_output() {
        let Output::Send { to, message } = output else {
            panic!("somebody was cut off");
        };
        match message {
            ServerMessage::Ring { .. } if to == callee => rings += 1,
            ServerMessage::Ringing { .. } => ringing += 1,
            ServerMessage::Busy { .. } => busy += 1,
            other => panic!("not expected: {other:?}"),
        }
    }
    assert_eq!((rings, ringing, busy), (1, 1, callers.count() - 1));
}
