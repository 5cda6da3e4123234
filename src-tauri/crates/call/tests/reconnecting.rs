//! The path breaks: restart ICE, build anew, give up after two minutes.

use std::time::Duration;

use duet_call::{
    CallState, DescriptionKind, FailureCause, Input, Output, PeerInput, ServerProblem,
};

use crate::solo::{Solo, answer, description, has, is_created, is_ice_restart};
use crate::world::World;

fn lost() -> Input {
    Input::SignalingLost {
        retry_in: Duration::from_secs(1),
        problem: ServerProblem("broken"),
    }
}

#[test]
fn a_short_outage_heals_without_anything() {
    let mut world = World::in_call();
    world.set_path(false);
    world.advance(Duration::from_millis(1_500));
    assert_eq!(world.word(0), "reconnecting");
    world.set_path(true);
    world.drain();
    world.expect_connected();
    assert_eq!(world.sides[0].created, 1);
    assert_eq!(world.sides[0].key_frames_requested, 1);
    assert_eq!(world.sides[1].key_frames_requested, 1);
}

#[test]
fn the_call_timer_goes_on() {
    let mut world = World::in_call();
    let since = world.state(0).connected_since();
    world.set_path(false);
    world.advance(Duration::from_secs(5));
    assert_eq!(world.state(0).connected_since(), since);
    world.settle();
    assert_eq!(world.state(0).connected_since(), since);
}

#[test]
fn ice_is_restarted_after_two_seconds_by_the_first_offerer() {
    let mut solo = Solo::connected(true);
    solo.peer(PeerInput::Disconnected);
    assert_eq!(solo.wait(Duration::from_millis(1_999)), []);
    assert!(has(&solo.wait(Duration::from_millis(1)), is_ice_restart));
}

#[test]
fn a_silent_relay_is_replaced_sooner() {
    let mut solo = Solo::connected(true);
    solo.peer(PeerInput::RelaySilent);
    assert_eq!(solo.wait(Duration::from_millis(199)), []);
    assert!(has(&solo.wait(Duration::from_millis(1)), is_ice_restart));
}

#[test]
fn a_minute_without_network_keeps_the_call() {
    let mut world = World::in_call();
    world.set_path(false);
    for side in 0..2 {
        world.disconnect(side, true);
    }
    world.advance(Duration::from_secs(60));
    assert_eq!(
        (world.word(0), world.word(1)),
        ("reconnecting", "reconnecting")
    );
    let healed_at = world.now;
    world.settle();
    world.expect_connected();
    assert_eq!(world.now, healed_at, "nothing waits for a timer");
}

#[test]
fn no_restart_while_the_other_cannot_be_reached() {
    let mut solo = Solo::connected(true);
    solo.input(lost());
    solo.peer(PeerInput::Disconnected);
    for _ in 0..30 {
        let outputs = solo.wait(Duration::from_secs(1));
        assert!(!has(&outputs, is_ice_restart) && !has(&outputs, is_created));
    }
    solo.input(Input::SignalingOpened);
    solo.message(crate::solo::joined(2, true));
    let outputs = solo.message(crate::solo::new_peer(crate::solo::OTHER));
    assert!(has(&outputs, is_ice_restart));
}

#[test]
fn what_failed_is_built_anew_inside_the_call() {
    let mut world = World::in_call();
    let session = world.sides[0].call.session().map(str::to_owned);
    world.report(0, PeerInput::Failed);
    world.settle();
    world.expect_connected();
    assert_ne!(world.sides[0].call.session().map(str::to_owned), session);
    assert_eq!(world.sides[0].created, 2);
}

#[test]
fn a_restart_that_brings_nothing_is_followed_by_a_new_connection() {
    let mut solo = Solo::connected(true);
    solo.peer(PeerInput::Disconnected);
    solo.wait(Duration::from_secs(2));
    assert!(has(&solo.wait(Duration::from_secs(8)), is_created));
    assert!(has(&solo.wait(Duration::from_secs(10)), is_created));
}

#[test]
fn two_minutes_are_the_end_with_rejoin() {
    let mut world = World::in_call();
    world.set_path(false);
    world.advance(Duration::from_millis(119_999));
    assert_eq!(world.word(0), "reconnecting");
    world.advance(Duration::from_millis(1));
    for side in 0..2 {
        assert!(matches!(
            world.state(side),
            CallState::Failed {
                cause: FailureCause::ConnectionLost,
                lasted: Some(_),
                ..
            } | CallState::PeerLeft { .. }
                | CallState::WaitingForPeer { .. }
        ));
    }
    assert!(
        matches!(world.state(0), CallState::Failed { .. })
            || matches!(world.state(1), CallState::Failed { .. })
    );
}

#[test]
fn retry_now_does_not_wait() {
    let mut solo = Solo::connected(true);
    solo.peer(PeerInput::Disconnected);
    assert!(has(&solo.input(Input::Retry), is_ice_restart));
    let mut solo = Solo::connected(true);
    solo.input(lost());
    solo.peer(PeerInput::Disconnected);
    assert!(has(&solo.input(Input::Retry), |output| *output
        == Output::RetrySignaling));
}

#[test]
fn another_network_restarts_ice_at_once() {
    let mut solo = Solo::connected(true);
    assert!(has(&solo.input(Input::NetworkChanged), is_ice_restart));
    assert_eq!(solo.word(), "connected");
}

#[test]
fn a_network_that_changes_again_during_a_restart_restarts_once_more() {
    let mut solo = Solo::connected(true);
    assert!(has(&solo.input(Input::NetworkChanged), is_ice_restart));
    solo.local(DescriptionKind::Offer, &description("offer", "m2", "f0"));
    assert!(!has(&solo.input(Input::NetworkChanged), is_ice_restart));
    let session = solo.session();
    let outputs = solo.message(answer(Some(&session), &description("answer", "u2", "f1")));
    assert!(has(&outputs, is_ice_restart));
}

#[test]
fn a_network_that_changes_without_a_server_restarts_when_it_is_back() {
    let mut solo = Solo::connected(true);
    solo.input(lost());
    assert!(!has(&solo.input(Input::NetworkChanged), is_ice_restart));
    solo.input(Input::SignalingOpened);
    solo.message(crate::solo::joined(2, true));
    let outputs = solo.message(crate::solo::new_peer(crate::solo::OTHER));
    assert!(has(&outputs, is_ice_restart));
}
