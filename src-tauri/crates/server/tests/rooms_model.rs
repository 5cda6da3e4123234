//! The rooms against a model: any order of connections, joins, leaves, breaks, resumes and time.
//!
//! The model knows who ought to hold which place and judges every output: never more than two in a
//! room, never a ghost, no uid taken over, every message only to the other member, and what each
//! client was told adds up to who is really there.

mod model;
mod step;
mod view;

use proptest::prelude::*;

use model::World;
use step::step;

/// Clients that come and go.
const CLIENTS: usize = 5;

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn rooms_do_what_the_model_says(steps in prop::collection::vec(step(CLIENTS), 1..80)) {
        let mut world = World::new(CLIENTS);
        for step in steps {
            world.take(&step);
            world.check();
        }
        world.end_everything();
    }
}
