//! Both offer at the same time.

use duet_call::{DescriptionKind, Output, PeerInput};

use crate::solo::{OTHER, Solo, description, has, joined, offer, resp_join};
use crate::world::World;

#[test]
fn both_renegotiate_and_both_offers_are_carried_through() {
    for first in 0..2 {
        let mut world = World::in_call();
        let before = [0, 1].map(|side| world.sides[side].created);
        world.report(first, PeerInput::NegotiationNeeded);
        world.report(1 - first, PeerInput::NegotiationNeeded);
        world.settle();
        world.drain();
        world.expect_connected();
        assert_eq!([0, 1].map(|side| world.sides[side].created), before);
    }
}

#[test]
fn the_impolite_one_ignores_the_offer_of_the_other() {
    let mut solo = Solo::connected(true);
    let session = solo.session();
    solo.peer(PeerInput::NegotiationNeeded);
    solo.ignores(offer(Some(&session), &description("offer", "u1", "f1")));
}

#[test]
fn the_polite_one_takes_its_own_offer_back_and_makes_it_again() {
    let mut solo = Solo::idle();
    solo.join();
    solo.message(joined(2, false));
    solo.message(resp_join(OTHER));
    solo.message(offer(Some("s"), &description("offer", "u1", "f1")));
    solo.local(DescriptionKind::Answer, &description("answer", "m", "m"));
    solo.peer(PeerInput::Connected);

    solo.peer(PeerInput::NegotiationNeeded);
    solo.local(DescriptionKind::Offer, &description("offer", "m", "m"));
    let theirs = description("offer", "u2", "f1");
    let outputs = solo.message(offer(Some("s"), &theirs));
    assert_eq!(
        outputs[0],
        Output::Rollback {
            session: "s".to_owned()
        }
    );
    assert!(matches!(&outputs[1], Output::ApplyOffer { msg, .. } if *msg == theirs));
    let outputs = solo.local(DescriptionKind::Answer, &description("answer", "m2", "m"));
    assert!(has(&outputs, |output| matches!(
        output,
        Output::CreateOffer {
            ice_restart: false,
            ..
        }
    )));
}

#[test]
fn two_new_sessions_at_once_become_one() {
    let mut world = World::in_call();
    world.report(0, PeerInput::Failed);
    world.report(1, PeerInput::Failed);
    world.settle();
    world.expect_connected();
    assert_eq!(world.word(0), "connected");
}
