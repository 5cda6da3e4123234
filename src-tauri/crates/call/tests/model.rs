//! Random orders of everything that can happen. Whatever came before: when the network is good and
//! both people want the call, they get it, and no rule is broken on the way.

mod step;

use std::time::Duration;

use duet_call::{CallState, Input};
use proptest::prelude::*;

use crate::world::World;
use step::{Step, step, take};

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_two_who_want_a_call_get_it(steps in prop::collection::vec(step(), 1..120)) {
        let mut world = World::new();
        run(&mut world, &steps);
        come_together(&mut world);
    }

    #[test]
    fn whatever_happens_in_a_call_it_goes_on(steps in prop::collection::vec(step(), 1..120)) {
        let mut world = World::in_call();
        run(&mut world, &steps);
        come_together(&mut world);
    }
}

fn run(world: &mut World, steps: &[Step]) {
    for step in steps {
        take(world, step);
    }
}

/// Both want the call, and nothing stands against it.
fn come_together(world: &mut World) {
    for _ in 0..4 {
        for side in 0..2 {
            match world.state(side) {
                CallState::Idle => world.join(side),
                CallState::Unanswered { .. }
                | CallState::Full { .. }
                | CallState::Failed { .. }
                | CallState::Left { .. } => {
                    world.input(side, Input::Rejoin);
                }
                CallState::Calling { .. }
                | CallState::Joining { .. }
                | CallState::WaitingForPeer { .. }
                | CallState::Negotiating { .. }
                | CallState::Connected { .. }
                | CallState::Reconnecting { .. }
                | CallState::PeerLeft { .. } => {}
            }
        }
        world.settle();
        if (0..2).all(|side| world.is_connected(side)) {
            break;
        }
    }
    world.expect_connected();
    // It is not by chance: nothing that still waits ends it.
    world.advance(Duration::from_secs(60));
    world.expect_connected();
}
