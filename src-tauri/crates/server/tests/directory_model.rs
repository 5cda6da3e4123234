//! The directory against a model: any order of logins, calls, answers, rooms, breaks and time.
//!
//! The model knows who ought to hold which name and which call is in which state, and judges every
//! output: never two holders of a name, never a name taken over, never a call in two states, nobody in
//! the room of a call before it is accepted, no ghost after 120 s, nobody busy for ever. What each
//! client was told of its lobby adds up to who is really there.

mod calls;
mod logins;
mod rooms;
mod step;
mod texts;
mod views;
mod world;

use proptest::prelude::*;

use step::step;
use world::World;

/// Clients that come and go.
const CLIENTS: usize = 5;

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn the_directory_does_what_the_model_says(
        steps in prop::collection::vec(step(CLIENTS), 1..100)
    ) {
        let mut world = World::new(CLIENTS);
        for step in steps {
            world.take(&step);
            world.check();
        }
        world.end_everything();
    }
}
