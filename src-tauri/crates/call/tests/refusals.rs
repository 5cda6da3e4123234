//! Full rooms and refused joins.

use duet_call::{Action, CallState, FailureCause, Input, Output};
use duet_protocol::{ClientMessage, ErrorCode, ServerMessage};

use crate::solo::{ROOM, Solo, has};

fn full() -> ServerMessage {
    ServerMessage::Full {
        room_id: ROOM.to_owned(),
        user_num: 2,
    }
}

fn error(code: ErrorCode, reference: &str) -> ServerMessage {
    ServerMessage::Error {
        code,
        message: String::new(),
        reference: Some(reference.to_owned()),
        id: None,
    }
}

#[test]
fn a_full_room_is_said_and_can_be_tried_again() {
    let mut solo = Solo::idle();
    solo.join();
    solo.message(full());
    assert_eq!(solo.word(), "room-full");
    assert_eq!(solo.call.state().action(), Action::Retry);
    let outputs = solo.input(Input::Retry);
    assert!(has(&outputs, |output| matches!(
        output,
        Output::Signal(ClientMessage::Join { .. })
    )));
    solo.message(full());
    solo.input(Input::Cancel);
    assert_eq!(*solo.call.state(), CallState::Idle);
}

#[test]
fn a_refused_join_says_why() {
    for code in [
        ErrorCode::UidTaken,
        ErrorCode::NotAllowed,
        ErrorCode::RateLimited,
        ErrorCode::BadMessage,
    ] {
        let mut solo = Solo::idle();
        solo.join();
        solo.message(error(code, "join"));
        assert!(matches!(
            solo.call.state(),
            CallState::Failed { cause: FailureCause::Refused(known), .. } if *known == code
        ));
    }
}

#[test]
fn other_errors_and_draining_end_nothing() {
    let mut solo = Solo::idle();
    solo.join();
    solo.ignores(error(ErrorCode::NoSuchPeer, "candidate"));
    solo.ignores(error(ErrorCode::ServerDraining, "join"));
    let mut call = Solo::connected(true);
    for code in [
        ErrorCode::NotInRoom,
        ErrorCode::RateLimited,
        ErrorCode::UidTaken,
    ] {
        call.ignores(error(code, "join"));
        call.ignores(error(code, "offer"));
    }
    call.ignores(full());
}
