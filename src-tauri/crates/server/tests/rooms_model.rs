//! The rooms against a model: any order of connections, joins, leaves, breaks, resumes and time.
//!
//! The model knows who ought to hold which place and judges every output: never more than two in a
//! room, never a ghost, no uid taken over, every message only to the other member, and what each
//! client was told adds up to who is really there.

mod model;

use proptest::prelude::*;

use model::{Step, World};

const CLIENTS: usize = 5;
const UIDS: usize = 4;
const ROOMS: usize = 2;

fn step() -> impl Strategy<Value = Step> {
    let (client, uid, room) = (0..CLIENTS, 0..UIDS, 0..ROOMS);
    prop_oneof![
        3 => client.clone().prop_map(|client| Step::Open { client }),
        8 => (client.clone(), uid.clone(), room.clone(), any::<bool>(), model::proof())
            .prop_map(|(client, uid, room, resume, proof)| {
                Step::Join { client, uid, room, resume, proof }
            }),
        2 => (client.clone(), uid.clone(), room.clone())
            .prop_map(|(client, uid, room)| Step::Leave { client, uid, room }),
        4 => client.clone().prop_map(|client| Step::Break { client }),
        4 => (client.clone(), uid.clone(), uid, room).prop_map(|(client, from, to, room)| {
            Step::Offer { client, from, to, room }
        }),
        1 => client.prop_map(|client| Step::Keepalive { client }),
        2 => (1u64..150).prop_map(|seconds| Step::Wait { seconds }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn rooms_do_what_the_model_says(steps in prop::collection::vec(step(), 1..80)) {
        let mut world = World::new(CLIENTS);
        for step in steps {
            world.take(&step);
            world.check();
        }
        world.end_everything();
    }
}
