//! What happens to the rooms: the steps of a test, and how they are drawn.

use proptest::prelude::*;

const UIDS: usize = 4;
const ROOMS: usize = 2;

/// Something a client does, or time.
#[derive(Debug, Clone)]
pub(super) enum Step {
    Open {
        client: usize,
    },
    Join {
        client: usize,
        uid: usize,
        room: usize,
        resume: bool,
        proof: Proof,
    },
    Leave {
        client: usize,
        uid: usize,
        room: usize,
    },
    Break {
        client: usize,
    },
    Offer {
        client: usize,
        from: usize,
        to: usize,
        room: usize,
    },
    Keepalive {
        client: usize,
    },
    Wait {
        seconds: u64,
    },
}

/// The token a join presents.
#[derive(Debug, Clone)]
pub(super) enum Proof {
    None,
    /// One this uid got in a `joined`, counted from the newest.
    Own {
        age: usize,
    },
    /// The newest of another uid.
    Of {
        uid: usize,
    },
    Guess,
}

fn proof() -> impl Strategy<Value = Proof> {
    prop_oneof![
        3 => Just(Proof::None),
        6 => (0usize..3).prop_map(|age| Proof::Own { age }),
        1 => (0usize..4).prop_map(|uid| Proof::Of { uid }),
        1 => Just(Proof::Guess),
    ]
}

/// Any step of one of so many clients.
pub(super) fn step(clients: usize) -> impl Strategy<Value = Step> {
    let (client, uid, room) = (0..clients, 0..UIDS, 0..ROOMS);
    prop_oneof![
        3 => client.clone().prop_map(|client| Step::Open { client }),
        8 => (client.clone(), uid.clone(), room.clone(), any::<bool>(), proof())
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
