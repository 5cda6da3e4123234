//! What can happen to two people in one call.

use std::time::Duration;

use duet_call::{Input, PeerInput, ServerProblem};
use duet_protocol::{AudioState, Forward, LeaveReason, ServerMessage, VideoState};
use proptest::prelude::*;

use crate::world::{ROOM, World};

/// One thing.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// One of the things that wait to happen, counted around.
    Happen(usize),
    /// The same for all of them.
    Drain,
    Join(usize),
    Person(usize, Person),
    Connect(usize),
    Disconnect(usize, bool),
    SignalingFails(usize),
    RestartServer,
    Path(bool),
    Wait(Duration),
    NextTimeout,
    NegotiationNeeded(usize),
    /// The PeerConnection of a side reports that it is over.
    PeerDies(usize, bool),
    /// A message that the server sent before comes once more, or one that nobody sent.
    Nonsense(usize, Nonsense),
}

/// What people do.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Person {
    Cancel,
    Leave,
    Retry,
    Rejoin,
    Wait,
    NetworkChanged,
    Mute(bool),
}

/// What a server may send although it makes no sense.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Nonsense {
    OldOffer,
    OldAnswer,
    Candidate(u8),
    ForeignOffer,
    Garbage,
    PeerBack,
    PeerAway,
    PeerLeft,
    Leaved,
    Media,
}

pub(crate) fn step() -> impl Strategy<Value = Step> {
    let side = 0..2_usize;
    prop_oneof![
        30 => any::<usize>().prop_map(Step::Happen),
        4 => Just(Step::Drain),
        4 => side.clone().prop_map(Step::Join),
        4 => (side.clone(), person()).prop_map(|(side, person)| Step::Person(side, person)),
        6 => side.clone().prop_map(Step::Connect),
        2 => (side.clone(), any::<bool>()).prop_map(|(side, notices)| Step::Disconnect(side, notices)),
        1 => side.clone().prop_map(Step::SignalingFails),
        1 => Just(Step::RestartServer),
        3 => any::<bool>().prop_map(Step::Path),
        3 => (1..40_000_u64).prop_map(|millis| Step::Wait(Duration::from_millis(millis))),
        3 => Just(Step::NextTimeout),
        2 => side.clone().prop_map(Step::NegotiationNeeded),
        1 => (side.clone(), any::<bool>()).prop_map(|(side, closed)| Step::PeerDies(side, closed)),
        3 => (side, nonsense()).prop_map(|(side, nonsense)| Step::Nonsense(side, nonsense)),
    ]
}

fn person() -> impl Strategy<Value = Person> {
    prop_oneof![
        Just(Person::Cancel),
        Just(Person::Leave),
        Just(Person::Retry),
        Just(Person::Rejoin),
        Just(Person::Wait),
        Just(Person::NetworkChanged),
        any::<bool>().prop_map(Person::Mute),
    ]
}

fn nonsense() -> impl Strategy<Value = Nonsense> {
    prop_oneof![
        Just(Nonsense::OldOffer),
        Just(Nonsense::OldAnswer),
        any::<u8>().prop_map(Nonsense::Candidate),
        Just(Nonsense::ForeignOffer),
        Just(Nonsense::Garbage),
        Just(Nonsense::PeerBack),
        Just(Nonsense::PeerAway),
        Just(Nonsense::PeerLeft),
        Just(Nonsense::Leaved),
        Just(Nonsense::Media),
    ]
}

pub(crate) fn take(world: &mut World, step: &Step) {
    match step {
        Step::Happen(which) => {
            let pending = world.pending();
            if !pending.is_empty() {
                world.happen(pending[which % pending.len()]);
            }
        }
        Step::Drain => world.drain(),
        Step::Join(side) => world.join(*side),
        Step::Person(side, person) => world.input(*side, input_of(*person)),
        Step::Connect(side) => world.connect(*side),
        Step::Disconnect(side, server_notices) => world.disconnect(*side, *server_notices),
        Step::SignalingFails(side) => {
            world.disconnect(*side, true);
            let problem = ServerProblem("untrusted-certificate");
            world.input(*side, Input::SignalingFailed { problem });
        }
        Step::RestartServer => world.restart_server(),
        Step::Path(is_up) => world.set_path(*is_up),
        Step::Wait(length) => world.tick_to(world.now + *length),
        Step::NextTimeout => {
            if let Some(due) = world.next_timeout() {
                world.tick_to(due);
            }
        }
        Step::NegotiationNeeded(side) => world.report(*side, PeerInput::NegotiationNeeded),
        Step::PeerDies(side, closed) => {
            let event = if *closed {
                PeerInput::Closed
            } else {
                PeerInput::Failed
            };
            world.report(*side, event);
        }
        Step::Nonsense(side, nonsense) => {
            let message = message_of(world, *side, *nonsense);
            world.input(*side, Input::Message(message));
        }
    }
}

fn input_of(person: Person) -> Input {
    match person {
        Person::Cancel => Input::Cancel,
        Person::Leave => Input::Leave,
        Person::Retry => Input::Retry,
        Person::Rejoin => Input::Rejoin,
        Person::Wait => Input::Wait,
        Person::NetworkChanged => Input::NetworkChanged,
        Person::Mute(muted) => Input::MediaState {
            audio: if muted {
                AudioState::Muted
            } else {
                AudioState::On
            },
            video: VideoState::On,
        },
    }
}

fn message_of(world: &World, side: usize, nonsense: Nonsense) -> ServerMessage {
    let uid = world.sides[side].call.uid().to_owned();
    let remote_uid = world.sides[1 - side].call.uid().to_owned();
    let forward = |from: &str, session: Option<&str>, msg: &str| Forward {
        room_id: ROOM.to_owned(),
        uid: from.to_owned(),
        remote_uid: uid.clone(),
        msg: msg.to_owned(),
        session: session.map(str::to_owned),
    };
    let description = |kind: &str| {
        format!(r#"{{"type":"{kind}","sdp":"a=ice-ufrag:zz\r\na=fingerprint:sha-256 00\r\n"}}"#)
    };
    match nonsense {
        Nonsense::OldOffer => {
            ServerMessage::Offer(forward(&remote_uid, Some("old"), &description("offer")))
        }
        Nonsense::OldAnswer => {
            ServerMessage::Answer(forward(&remote_uid, Some("old"), &description("answer")))
        }
        Nonsense::Candidate(number) => {
            let msg = format!(r#"{{"candidate":"candidate:{number} 1 udp 1 h 9 typ host"}}"#);
            ServerMessage::Candidate(forward(&remote_uid, Some("older"), &msg))
        }
        Nonsense::ForeignOffer => {
            ServerMessage::Offer(forward("somebody", Some("new"), &description("offer")))
        }
        Nonsense::Garbage => ServerMessage::Offer(forward(&remote_uid, None, "{")),
        Nonsense::PeerBack => ServerMessage::PeerBack { remote_uid },
        Nonsense::PeerAway => ServerMessage::PeerAway {
            remote_uid: "somebody".to_owned(),
        },
        Nonsense::PeerLeft => ServerMessage::PeerLeave {
            remote_uid: "somebody".to_owned(),
            reason: LeaveReason::Left,
        },
        Nonsense::Leaved => ServerMessage::Leaved {
            room_id: ROOM.to_owned(),
        },
        Nonsense::Media => ServerMessage::MediaState {
            room_id: ROOM.to_owned(),
            uid: remote_uid,
            remote_uid: uid,
            audio: AudioState::On,
            video: VideoState::Screen,
        },
    }
}
