//! The other goes: by leaving, by vanishing, and the next one to come.

use std::time::Duration;

use duet_call::{Action, CallState, Input, LeaveCause, PeerInput};
use duet_protocol::{LeaveReason, ServerMessage};

use crate::solo::{OTHER, Solo, has, is_created, new_peer};
use crate::world::World;

fn peer_leave(reason: LeaveReason) -> ServerMessage {
    ServerMessage::PeerLeave {
        remote_uid: OTHER.to_owned(),
        reason,
    }
}

#[test]
fn leaving_is_seen_at_once_and_the_room_stays_ours() {
    let mut world = World::in_call();
    world.input(1, Input::Leave);
    world.drain();
    assert_eq!(world.word(0), "peer-left");
    assert_eq!(world.state(0).action(), Action::Wait);
    assert!(world.sides[0].peers.is_empty());
    world.input(0, Input::Wait);
    assert_eq!(world.word(0), "waiting-for-peer");
}

#[test]
fn who_comes_back_is_called_again() {
    let mut world = World::in_call();
    world.input(1, Input::Leave);
    world.drain();
    world.input(1, Input::Rejoin);
    world.settle();
    world.expect_connected();
}

#[test]
fn a_broken_server_connection_of_the_other_does_not_end_the_media() {
    let mut solo = Solo::connected(true);
    assert_eq!(solo.message(peer_leave(LeaveReason::Lost)), []);
    assert_eq!(solo.word(), "connected");
    solo.peer(PeerInput::Disconnected);
    assert!(matches!(
        solo.call.state(),
        CallState::PeerLeft {
            cause: LeaveCause::Lost,
            ..
        }
    ));
}

#[test]
fn who_leaves_before_media_flowed_was_hardly_there() {
    let mut solo = Solo::offering();
    solo.message(peer_leave(LeaveReason::Left));
    assert_eq!(solo.word(), "waiting-for-peer");
}

#[test]
fn another_person_replaces_the_one_before() {
    let mut solo = Solo::connected(true);
    solo.message(peer_leave(LeaveReason::Left));
    let outputs = solo.message(new_peer("carl"));
    assert!(has(&outputs, is_created));
    assert_eq!(
        solo.call.state().peer().map(|peer| peer.uid.as_str()),
        Some("carl")
    );
}

#[test]
fn a_crash_is_reconnecting_until_the_place_is_given_up() {
    let mut alone = Solo::connected(true);
    alone.message(ServerMessage::PeerAway {
        remote_uid: OTHER.to_owned(),
    });
    alone.peer(PeerInput::Disconnected);
    alone.wait(Duration::from_secs(119));
    assert_eq!(alone.word(), "reconnecting");
    alone.message(peer_leave(LeaveReason::Lost));
    assert_eq!(alone.word(), "peer-left");
}
