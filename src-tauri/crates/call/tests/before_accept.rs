//! A hundred thousand random orders of what two people, their connections, the server and a hostile
//! server do: no PeerConnection is made, no description or candidate leaves, nobody joins and no device
//! may open before the call was accepted. And whatever came before, two who want a call get it.
//!
//! Both sides are the real machine behind the real memory of the signaling client, between them stands
//! the real server without its sockets. Whether somebody accepted is read from what the people did and what
//! the server said of the other, for each call anew.
//! Seeded, so that a failing order can be run again: the message names its seed.

mod consent;
mod hostile;
mod people;
mod wire;

use std::time::Duration;

use duet_call::CallState;
use duet_testkit::dice::Dice;

use people::People;

const ORDERS: u64 = 100_000;
const STEPS: usize = 24;
/// Every how manyeth order is followed by a call that must come about.
const CALLED_AFTER: u64 = 50;

#[test]
fn nothing_opens_and_nothing_leaves_before_accept_in_any_order() {
    let (mut accepted, mut untouched) = (0, 0);
    for seed in 1..=ORDERS {
        let mut dice = Dice::of_many(seed);
        let mut people = People::online(seed);
        for _ in 0..STEPS {
            let step = dice.below(100);
            people.step(step, &mut dice);
        }
        if people.has_joined() {
            accepted += 1;
        } else {
            untouched += 1;
        }
        if seed.is_multiple_of(CALLED_AFTER) {
            a_call_comes_about(&mut people, seed);
        }
    }
    // Both sides of the rule were seen often.
    assert!(
        accepted > ORDERS / 20 && untouched > ORDERS / 20,
        "{accepted} accepted, {untouched} not"
    );
}

fn a_call_comes_about(people: &mut People, seed: u64) {
    for _ in 0..2 {
        people.come_back();
        for side in 0..2 {
            people.leaves(side);
        }
        // Rings, kept logins and shut rooms have an end.
        people.pass(Duration::from_secs(200));
    }
    people.person_calls(0);
    people.settle();
    assert!(
        people.accept_ring(1),
        "seed {seed}: nobody rings: {:?}",
        people.state(0)
    );
    people.settle();
    for side in 0..2 {
        assert!(
            matches!(people.state(side), CallState::Negotiating { .. }),
            "seed {seed}, side {side}: {:?}",
            people.state(side)
        );
    }
}
