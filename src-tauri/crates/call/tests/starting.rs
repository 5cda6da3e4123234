//! The call starts by itself when both are there, and the one already there offers.

use duet_call::Input;

use crate::solo::{OTHER, Solo, has, is_created, is_offer_made, joined, new_peer, resp_join};
use crate::world::World;

#[test]
fn two_who_join_are_connected() {
    let world = World::in_call();
    assert_eq!(
        world.sides[0].words,
        ["connecting", "waiting-for-peer", "connecting", "connected"]
    );
    assert_eq!(world.sides[0].created, 1);
    assert_eq!(world.sides[1].created, 1);
}

#[test]
fn both_at_once_are_connected_too() {
    let mut world = World::new();
    for side in 0..2 {
        world.connect(side);
        world.join(side);
    }
    world.settle();
    world.expect_connected();
}

#[test]
fn the_one_already_there_offers_and_the_other_waits() {
    let mut first = Solo::waiting();
    let outputs = first.message(new_peer(OTHER));
    assert!(has(&outputs, is_created) && has(&outputs, is_offer_made));

    let mut second = Solo::idle();
    second.join();
    second.message(joined(2, false));
    let outputs = second.message(resp_join(OTHER));
    assert!(!has(&outputs, is_created) && !has(&outputs, is_offer_made));
    assert_eq!(second.word(), "connecting");
}

#[test]
fn the_other_has_a_name() {
    let mut world = World::in_call();
    let peer = world.state(1).peer().expect("somebody is there");
    assert_eq!(peer.name.as_deref(), Some("Person 0"));
    world.input(1, Input::Leave);
    assert!(world.state(1).peer().is_none());
}
