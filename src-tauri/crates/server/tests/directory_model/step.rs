//! What happens to the directory: the steps of a test, and how they are drawn.

use proptest::prelude::*;

const UIDS: usize = 4;
const NAMES: usize = 3;
const LOBBIES: usize = 2;
const ROOMS: usize = 2;

/// Something a client does, or time.
#[derive(Debug, Clone)]
pub(super) enum Step {
    Open {
        client: usize,
    },
    /// With the uid the connection is bound to, if it is bound.
    Login {
        client: usize,
        uid: usize,
        /// None is one of the uid's own.
        name: Option<usize>,
        lobby: usize,
        resume: bool,
        proof: Proof,
    },
    Logout {
        client: usize,
    },
    Call {
        client: usize,
        to: usize,
    },
    /// About a call counted from the newest.
    Answer {
        by: By,
        call: usize,
        word: Word,
    },
    Join {
        by: By,
        uid: usize,
        room: Target,
        resume: bool,
    },
    Leave {
        client: usize,
    },
    /// To the other in the room, or to where no other is.
    Offer {
        client: usize,
        to: usize,
        room: Target,
    },
    Text {
        client: usize,
        to: usize,
    },
    Break {
        client: usize,
    },
    Wait {
        millis: u64,
    },
}

/// The token a login presents.
#[derive(Debug, Clone)]
pub(super) enum Proof {
    None,
    /// One this uid got, counted from the newest.
    Own {
        age: usize,
    },
    Guess,
}

/// Who does something: mostly one of the two of the newest call, or little would come of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    Caller,
    Callee,
    Client(usize),
}

/// An answer to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Word {
    Accept,
    Decline,
    Cancel,
}

/// A room.
#[derive(Debug, Clone)]
pub(super) enum Target {
    Plain(usize),
    /// That of a call counted from the newest.
    OfCall(usize),
}

fn proof() -> impl Strategy<Value = Proof> {
    prop_oneof![
        3 => Just(Proof::None),
        6 => (0usize..3).prop_map(|age| Proof::Own { age }),
        1 => Just(Proof::Guess),
    ]
}

fn by(clients: usize) -> impl Strategy<Value = By> {
    prop_oneof![
        2 => Just(By::Caller),
        3 => Just(By::Callee),
        3 => (0..clients).prop_map(By::Client),
    ]
}

fn target() -> impl Strategy<Value = Target> {
    prop_oneof![
        1 => (0..ROOMS).prop_map(Target::Plain),
        2 => Just(Target::OfCall(0)),
        1 => Just(Target::OfCall(1)),
    ]
}

fn word() -> impl Strategy<Value = Word> {
    prop_oneof![
        4 => Just(Word::Accept),
        1 => Just(Word::Decline),
        1 => Just(Word::Cancel),
    ]
}

fn millis() -> impl Strategy<Value = u64> {
    prop::sample::select(vec![
        1, 100, 249, 250, 300, 5_000, 14_999, 15_000, 45_000, 120_000,
    ])
}

/// Any step of one of so many clients.
pub(super) fn step(clients: usize) -> impl Strategy<Value = Step> {
    let (client, uid) = (0..clients, 0..UIDS);
    let login = (
        client.clone(),
        uid.clone(),
        // Mostly a name of one's own.
        prop_oneof![2 => Just(None), 1 => (0..NAMES).prop_map(Some)],
        // Mostly where the others are.
        prop_oneof![4 => Just(0), 1 => 0..LOBBIES],
        any::<bool>(),
        proof(),
    );
    prop_oneof![
        3 => client.clone().prop_map(|client| Step::Open { client }),
        8 => login.prop_map(|(client, uid, name, lobby, resume, proof)| {
            Step::Login { client, uid, name, lobby, resume, proof }
        }),
        1 => client.clone().prop_map(|client| Step::Logout { client }),
        8 => (client.clone(), uid.clone()).prop_map(|(client, to)| Step::Call { client, to }),
        8 => (by(clients), prop_oneof![4 => Just(0usize), 1 => Just(1)], word())
            .prop_map(|(by, call, word)| Step::Answer { by, call, word }),
        8 => (by(clients), uid.clone(), target(), any::<bool>())
            .prop_map(|(by, uid, room, resume)| Step::Join { by, uid, room, resume }),
        2 => client.clone().prop_map(|client| Step::Leave { client }),
        2 => (client.clone(), uid.clone(), target())
            .prop_map(|(client, to, room)| Step::Offer { client, to, room }),
        2 => (client.clone(), uid).prop_map(|(client, to)| Step::Text { client, to }),
        2 => client.prop_map(|client| Step::Break { client }),
        4 => millis().prop_map(|millis| Step::Wait { millis }),
    ]
}
