//! Joining: what is sent, what ends it.

use std::time::Duration;

use duet_call::{CallState, FailureCause, Input, Output, ServerProblem};
use duet_protocol::ClientMessage;

use crate::solo::{ME, ROOM, Solo, has, is_leave, joined};

#[test]
fn join_asks_for_a_place_that_is_kept() {
    let mut solo = Solo::idle();
    let outputs = solo.join();
    let join = ClientMessage::Join {
        room_id: ROOM.to_owned(),
        uid: ME.to_owned(),
        name: None,
        resume: true,
        resume_token: None,
        token: None,
    };
    assert_eq!(outputs[0], Output::Signal(join));
    assert_eq!(solo.word(), "connecting");
    solo.message(joined(1, false));
    assert_eq!(solo.word(), "waiting-for-peer");
}

#[test]
fn without_an_answer_it_fails_with_the_last_problem() {
    let mut solo = Solo::idle();
    solo.join();
    let problem = ServerProblem("refused");
    let retry_in = Duration::from_secs(1);
    let outputs = solo.input(Input::SignalingLost { retry_in, problem });
    assert!(has(&outputs, |output| matches!(
        output,
        Output::StateChanged(CallState::Joining {
            problem: Some(_),
            ..
        })
    )));
    solo.wait(Duration::from_millis(14_999));
    assert_eq!(solo.word(), "connecting");
    solo.wait(Duration::from_millis(1));
    assert!(matches!(
        solo.call.state(),
        CallState::Failed {
            cause: FailureCause::ServerUnreachable(Some(ServerProblem("refused"))),
            ..
        }
    ));
    assert!(has(&solo.input(Input::Retry), |output| matches!(
        output,
        Output::Signal(ClientMessage::Join { .. })
    )));
}

#[test]
fn a_problem_that_does_not_pass_ends_it_at_once() {
    let mut solo = Solo::idle();
    solo.join();
    let problem = ServerProblem("untrusted-certificate");
    solo.input(Input::SignalingFailed { problem });
    assert!(matches!(
        solo.call.state(),
        CallState::Failed { cause, .. } if cause.code() == "untrusted-certificate"
    ));
}

#[test]
fn cancel_gives_the_place_up() {
    let mut solo = Solo::idle();
    solo.join();
    assert!(has(&solo.input(Input::Cancel), is_leave));
    assert_eq!(*solo.call.state(), CallState::Idle);
    solo.ignores(joined(1, false));
}

#[test]
fn what_the_server_says_of_a_place_given_up_is_not_for_the_next_one() {
    let mut solo = Solo::idle();
    solo.join();
    solo.input(Input::Cancel);
    solo.join();
    solo.ignores(joined(1, false));
    solo.message(duet_protocol::ServerMessage::Leaved {
        room_id: ROOM.to_owned(),
    });
    solo.message(joined(1, false));
    assert_eq!(solo.word(), "waiting-for-peer");
}

#[test]
fn join_while_in_a_room_changes_nothing() {
    let mut solo = Solo::waiting();
    assert_eq!(solo.join(), []);
}
