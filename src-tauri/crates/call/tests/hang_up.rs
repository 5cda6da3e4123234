//! Hanging up works at every moment, at once, and leaves nothing behind.

use std::time::Duration;

use duet_call::{CallState, Input};

use crate::world::World;

#[test]
fn at_every_moment_of_starting_a_call() {
    for leaver in 0..2 {
        for steps in 0..40 {
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
            world.input(leaver, Input::Leave);
            assert!(matches!(world.state(leaver), CallState::Left { .. }));
            assert!(world.sides[leaver].peers.is_empty());
            world.drain();
            let other = world.word(1 - leaver);
            assert!(matches!(other, "waiting-for-peer" | "peer-left"), "{other}");
            assert!(world.sides[1 - leaver].peers.is_empty());
        }
    }
}

#[test]
fn while_reconnecting() {
    let mut world = World::in_call();
    world.advance(Duration::from_secs(7));
    world.set_path(false);
    world.advance(Duration::from_secs(3));
    world.input(0, Input::Leave);
    let lasted = match world.state(0) {
        CallState::Left { lasted, .. } => *lasted,
        other => panic!("{other:?}"),
    };
    assert_eq!(lasted, Some(Duration::from_secs(10)));
    world.drain();
    assert_eq!(world.word(1), "peer-left");
}

#[test]
fn leaving_twice_is_leaving_once() {
    let mut world = World::in_call();
    world.input(0, Input::Leave);
    let state = world.state(0).clone();
    world.input(0, Input::Leave);
    assert_eq!(*world.state(0), state);
    world.input(0, Input::Cancel);
    assert_eq!(*world.state(0), CallState::Idle);
}
