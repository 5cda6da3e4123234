//! The server goes away and comes back while a call is on.

use std::time::Duration;

use duet_call::CallState;

use crate::world::World;

#[test]
fn a_restart_leaves_the_media_untouched() {
    for order in [[0, 1], [1, 0]] {
        let mut world = World::in_call();
        let session = world.sides[0].call.session().map(str::to_owned);
        world.restart_server();
        world.advance(Duration::from_secs(3));
        for side in order {
            world.connect(side);
            world.drain();
        }
        world.expect_connected();
        for side in 0..2 {
            let side = &world.sides[side];
            assert_eq!(side.created, 1);
            assert_eq!(side.words.last(), Some(&"connected"));
            assert!(!side.words.contains(&"reconnecting"));
            assert_eq!(side.call.session().map(str::to_owned), session);
        }
    }
}

#[test]
fn the_call_goes_on_without_a_server() {
    let mut world = World::in_call();
    for side in 0..2 {
        world.disconnect(side, true);
    }
    world.advance(Duration::from_secs(3_600));
    world.expect_connected();
}

#[test]
fn one_side_without_a_server_for_longer_than_its_place_is_kept_stays_in_the_call() {
    let mut world = World::in_call();
    world.disconnect(1, true);
    world.advance(Duration::from_secs(200));
    world.expect_connected();
    world.connect(1);
    world.drain();
    world.expect_connected();
    assert_eq!(world.sides[0].created, 1);
}

#[test]
fn media_and_server_lost_together_come_back_together() {
    for server_notices in [true, false] {
        let mut world = World::in_call();
        world.set_path(false);
        world.restart_server();
        world.advance(Duration::from_secs(40));
        world.disconnect(0, server_notices);
        world.settle();
        world.expect_connected();
    }
}

#[test]
fn alone_in_the_room_a_lost_server_is_waited_for() {
    let mut world = World::new();
    world.connect(0);
    world.join(0);
    world.drain();
    world.disconnect(0, true);
    assert_eq!(world.word(0), "reconnecting");
    world.connect(0);
    world.drain();
    assert_eq!(world.word(0), "waiting-for-peer");
    world.disconnect(0, true);
    world.advance(Duration::from_secs(120));
    assert_eq!(world.word(0), "call-failed");
}

#[test]
fn a_break_in_the_middle_of_the_first_negotiation_is_made_up_for() {
    for (breaking, server_notices) in [(0, true), (0, false), (1, true), (1, false)] {
        for steps in 0..24 {
            let mut world = World::new();
            for side in 0..2 {
                world.connect(side);
                world.join(side);
            }
            for _ in 0..steps {
                if let Some(pending) = world.pending().first().copied() {
                    world.happen(pending);
                }
            }
            // Without `joined` there is no proof yet that the place is ours.
            if matches!(world.state(breaking), CallState::Joining { .. }) {
                continue;
            }
            world.disconnect(breaking, server_notices);
            let start = world.now;
            world.settle();
            world.expect_connected();
            assert!(
                world.now - start < Duration::from_secs(30),
                "after {steps} steps"
            );
        }
    }
}
