//! Casts, from a code to a room and back to a code.

use std::time::Duration;

use duet_call::{CallState, EndedBy, FailureCause, Input, Output, ServerProblem};
use duet_protocol::{CastRole, ClientMessage, ErrorCode, LeaveReason, ServerMessage};

use crate::solo::{ME, OTHER, Solo};

const ROOM: &str = "r1";
const CODE: &str = "7K3M-9QXR";

fn code(text: &str) -> ServerMessage {
    ServerMessage::CastCode {
        code: text.to_owned(),
        room_id: ROOM.to_owned(),
        expires_in: 120,
        resume_token: Some("t".to_owned()),
    }
}

fn seated(role: CastRole) -> ServerMessage {
    ServerMessage::Joined {
        room_id: ROOM.to_owned(),
        uid: ME.to_owned(),
        user_num: 2,
        ice_servers: Vec::new(),
        resume_token: Some("t2".to_owned()),
        resumed: false,
        role: Some(role),
    }
}

fn refused(command: &str, code: ErrorCode) -> ServerMessage {
    ServerMessage::Error {
        code,
        message: String::new(),
        reference: Some(command.to_owned()),
        id: None,
    }
}

fn leaved() -> ServerMessage {
    ServerMessage::Leaved {
        room_id: ROOM.to_owned(),
    }
}

fn signals(outputs: &[Output]) -> Vec<&ClientMessage> {
    outputs
        .iter()
        .filter_map(|output| match output {
            Output::Signal(message) => Some(message),
            _ => None,
        })
        .collect()
}

fn shown(outputs: &[Output]) -> Option<&str> {
    outputs.iter().find_map(|output| match output {
        Output::CastCode { code, .. } => Some(code.as_str()),
        _ => None,
    })
}

fn display() -> Solo {
    let mut solo = Solo::idle();
    let outputs = solo.input(Input::OpenCast { name: None });
    let asked = matches!(
        signals(&outputs)[..],
        [ClientMessage::CastOpen { resume: true, .. }]
    );
    assert!(asked, "{outputs:?}");
    solo
}

fn presenter() -> Solo {
    let mut solo = Solo::idle();
    let outputs = solo.input(Input::JoinCast {
        code: "typed".to_owned(),
        name: None,
    });
    let asked = matches!(
        signals(&outputs)[..],
        [ClientMessage::CastJoin { code, .. }] if code == "typed"
    );
    assert!(asked, "{outputs:?}");
    solo
}

#[test]
fn a_display_shows_codes_until_one_is_used_and_waits_for_the_offer() {
    let mut solo = display();
    assert_eq!(shown(&solo.message(code(CODE))), Some(CODE));
    assert!(matches!(
        solo.call.state(),
        CallState::WaitingForPeer { .. }
    ));
    // For hours, if need be.
    solo.now += Duration::from_secs(7200);
    solo.input(Input::Tick);
    assert_eq!(shown(&solo.message(code("0000-0001"))), Some("0000-0001"));
    solo.message(seated(CastRole::Display));
    let outputs = solo.message(ServerMessage::RespJoin {
        remote_uid: OTHER.to_owned(),
        name: None,
    });
    assert!(matches!(solo.call.state(), CallState::Negotiating { .. }));
    let offers = |output: &Output| matches!(output, Output::CreatePeer { .. });
    assert!(!outputs.iter().any(offers), "{outputs:?}");
    assert_eq!(solo.call.cast_role(), Some(CastRole::Display));
    // A code that comes late is none.
    assert_eq!(shown(&solo.message(code(CODE))), None);
}

#[test]
fn a_presenter_offers() {
    let mut solo = presenter();
    solo.message(seated(CastRole::Presenter));
    let outputs = solo.message(ServerMessage::NewPeer {
        remote_uid: OTHER.to_owned(),
        name: None,
    });
    let offers = |output: &Output| matches!(output, Output::CreatePeer { polite: false, .. });
    assert!(outputs.iter().any(offers), "{outputs:?}");
}

#[test]
fn a_wrong_code_ends_it_and_leaves_room_for_another() {
    let mut solo = presenter();
    solo.message(refused("cast-join", ErrorCode::CastRefused));
    let cause = FailureCause::Refused(ErrorCode::CastRefused);
    assert!(matches!(solo.call.state(), CallState::Failed { cause: was, .. } if *was == cause));
    assert_eq!(solo.call.cast_role(), None);
    let outputs = solo.input(Input::JoinCast {
        code: CODE.to_owned(),
        name: None,
    });
    assert_eq!(signals(&outputs).len(), 1);
}

#[test]
fn a_display_goes_back_to_a_code_and_a_presenter_is_done() {
    let gone = || ServerMessage::PeerLeave {
        remote_uid: OTHER.to_owned(),
        reason: LeaveReason::Left,
    };
    let mut wall = display();
    wall.message(code(CODE));
    wall.message(seated(CastRole::Display));
    wall.message(ServerMessage::RespJoin {
        remote_uid: OTHER.to_owned(),
        name: None,
    });
    let outputs = wall.message(gone());
    let words: Vec<&str> = signals(&outputs)
        .iter()
        .map(|message| message.command())
        .collect();
    assert_eq!(words, ["leave", "cast-open"]);
    assert!(matches!(wall.call.state(), CallState::Joining { .. }));
    wall.message(leaved());
    assert_eq!(shown(&wall.message(code("0000-0001"))), Some("0000-0001"));

    let mut ana = presenter();
    ana.message(seated(CastRole::Presenter));
    ana.message(ServerMessage::NewPeer {
        remote_uid: OTHER.to_owned(),
        name: None,
    });
    ana.message(gone());
    assert!(matches!(
        ana.call.state(),
        CallState::Left {
            by: EndedBy::Peer,
            ..
        }
    ));
}

#[test]
fn a_display_whose_server_is_away_shows_that_and_then_a_code_again() {
    let mut solo = display();
    solo.message(code(CODE));
    solo.input(Input::SignalingLost {
        retry_in: Duration::from_secs(1),
        problem: ServerProblem("refused"),
    });
    assert!(matches!(
        solo.call.state(),
        CallState::Reconnecting { peer: None, .. }
    ));
    solo.input(Input::SignalingOpened);
    assert_eq!(shown(&solo.message(code("0000-0001"))), Some("0000-0001"));
    assert!(matches!(
        solo.call.state(),
        CallState::WaitingForPeer { .. }
    ));
}

fn asks_for_a_code(outputs: &[Output]) -> bool {
    let asked = |message: &&ClientMessage| matches!(message, ClientMessage::CastOpen { .. });
    signals(outputs).iter().any(asked)
}

#[test]
fn a_display_that_gets_no_code_now_asks_again_more_and_more_seldom() {
    let mut solo = display();
    for wait_s in [1, 2, 4, 8, 16, 16] {
        let outputs = solo.message(refused("cast-open", ErrorCode::Unavailable));
        assert!(!asks_for_a_code(&outputs));
        let is_waiting = matches!(
            solo.call.state(),
            CallState::Reconnecting { peer: None, .. }
        );
        assert!(is_waiting, "{:?}", solo.call.state());
        let due = solo.now + Duration::from_secs(wait_s);
        assert_eq!(solo.call.poll_timeout(), Some(due));
        assert!(!asks_for_a_code(
            &solo.wait(Duration::from_secs(wait_s) - Duration::from_millis(1))
        ));
        assert!(asks_for_a_code(&solo.wait(Duration::from_millis(1))));
    }
    assert_eq!(shown(&solo.message(code(CODE))), Some(CODE));
    assert!(matches!(
        solo.call.state(),
        CallState::WaitingForPeer { .. }
    ));
    // It is asked for no more, and the next trouble begins at the beginning.
    assert_eq!(solo.call.poll_timeout(), None);
    solo.input(Input::SignalingLost {
        retry_in: Duration::from_secs(1),
        problem: ServerProblem("broken"),
    });
    solo.input(Input::SignalingOpened);
    solo.message(refused("cast-open", ErrorCode::Unavailable));
    assert!(asks_for_a_code(&solo.wait(Duration::from_secs(1))));
}

#[test]
fn a_display_without_a_code_gives_up_in_the_end_and_at_once_when_waiting_is_no_use() {
    let mut solo = display();
    solo.message(refused("cast-open", ErrorCode::Unavailable));
    let mut asked = 0;
    for _ in 0..120 {
        let is_asked = asks_for_a_code(&solo.wait(Duration::from_secs(1)));
        if is_asked {
            asked += 1;
            solo.message(refused("cast-open", ErrorCode::Unavailable));
        }
    }
    // After 1, 3, 7, 15, 31, 47, 63, 79, 95 and 111 seconds.
    assert_eq!(asked, 10);
    let cause = FailureCause::ServerUnreachable(None);
    assert!(matches!(solo.call.state(), CallState::Failed { cause: was, .. } if *was == cause));
    assert_eq!(solo.call.poll_timeout(), None);
    assert!(asks_for_a_code(&solo.input(Input::Retry)));

    let mut solo = display();
    solo.message(refused("cast-open", ErrorCode::NotAllowed));
    let cause = FailureCause::Refused(ErrorCode::NotAllowed);
    assert!(matches!(solo.call.state(), CallState::Failed { cause: was, .. } if *was == cause));

    // Whoever typed a code is told at once.
    let mut solo = presenter();
    solo.message(refused("cast-join", ErrorCode::Unavailable));
    assert!(matches!(solo.call.state(), CallState::Failed { .. }));
}

#[test]
fn a_place_that_comes_after_it_was_given_up_is_left() {
    let mut solo = presenter();
    let outputs = solo.input(Input::Cancel);
    assert!(matches!(
        signals(&outputs)[..],
        [ClientMessage::Leave { .. }]
    ));
    let outputs = solo.message(seated(CastRole::Presenter));
    let left = matches!(
        signals(&outputs)[..],
        [ClientMessage::Leave { room_id, .. }] if room_id == ROOM
    );
    assert!(left, "{outputs:?}");
    assert_eq!(*solo.call.state(), CallState::Idle);
}
