//! Late, double and foreign messages change nothing.

use duet_call::{DescriptionKind, Input, Output, PeerInput};
use duet_protocol::{LeaveReason, ServerMessage};

use crate::solo::{
    ROOM, Solo, answer, candidate, candidate_of, description, forward_from, joined, new_peer,
    offer, sent,
};

#[test]
fn a_second_answer_is_ignored() {
    let mut solo = Solo::connected(true);
    let session = solo.session();
    solo.ignores(answer(Some(&session), &description("answer", "u1", "f1")));
    solo.ignores(answer(Some(&session), &description("answer", "u9", "f1")));
    solo.ignores(answer(None, &description("answer", "u9", "f9")));
}

#[test]
fn an_answer_for_another_session_is_ignored() {
    let mut solo = Solo::offering();
    solo.ignores(answer(Some("old"), &description("answer", "u1", "f1")));
    assert_eq!(solo.word(), "connecting");
}

#[test]
fn after_hanging_up_everything_is_ignored() {
    let mut solo = Solo::connected(true);
    let session = solo.session();
    solo.input(Input::Leave);
    solo.message(ServerMessage::Leaved {
        room_id: ROOM.to_owned(),
    });
    solo.ignores(offer(Some(&session), &description("offer", "u1", "f1")));
    solo.ignores(answer(Some(&session), &description("answer", "u1", "f1")));
    solo.ignores(candidate(Some(&session), &candidate_of("u1", 1)));
    solo.ignores(new_peer("carl"));
    solo.ignores(joined(1, false));
    let event = PeerInput::Connected;
    assert_eq!(solo.input(Input::Peer { session, event }), []);
}

#[test]
fn strangers_and_other_rooms_are_ignored() {
    let mut solo = Solo::connected(true);
    let session = solo.session();
    let msg = description("offer", "u9", "f9");
    solo.ignores(ServerMessage::Offer(forward_from("carl", Some("s9"), &msg)));
    let mut elsewhere = forward_from("ben", Some("s9"), &msg);
    elsewhere.room_id = "another-room".to_owned();
    solo.ignores(ServerMessage::Offer(elsewhere));
    solo.ignores(ServerMessage::PeerLeave {
        remote_uid: "carl".to_owned(),
        reason: LeaveReason::Left,
    });
    assert_eq!(solo.session(), session);
}

#[test]
fn malformed_descriptions_leave_the_call_as_it_is() {
    let mut solo = Solo::connected(true);
    let session = solo.session();
    for msg in ["", "{", "null", "[]", r#"{"type":"offer","sdp":"v=0"}"#] {
        solo.ignores(offer(Some(&session), msg));
        solo.ignores(offer(Some("new"), msg));
        solo.ignores(offer(None, msg));
        solo.ignores(answer(Some(&session), msg));
    }
    solo.ignores(candidate(Some(&session), "{"));
}

#[test]
fn a_repeated_offer_gets_the_same_answer_once_more() {
    let mut solo = Solo::connected(true);
    let session = solo.session();
    let theirs = description("offer", "u1", "f1");
    solo.message(offer(Some(&session), &theirs));
    solo.ignores(offer(Some(&session), &theirs));
    let mine = description("answer", "m", "m");
    solo.local(DescriptionKind::Answer, &mine);
    let outputs = solo.message(offer(Some(&session), &theirs));
    assert_eq!(sent(&outputs), ["answer"]);
    assert!(
        !outputs
            .iter()
            .any(|output| matches!(output, Output::ApplyOffer { .. }))
    );
}

#[test]
fn an_offer_of_a_session_that_is_over_is_ignored() {
    let mut solo = Solo::connected(true);
    let old = solo.session();
    solo.message(offer(Some("new"), &description("offer", "u2", "f2")));
    assert_eq!(solo.session(), "new");
    solo.ignores(offer(Some(&old), &description("offer", "u1", "f1")));
    solo.ignores(candidate(Some(&old), &candidate_of("u1", 1)));
}

#[test]
fn the_other_cannot_make_us_build_without_end() {
    let mut solo = Solo::connected(true);
    let mut built = 0;
    for number in 0..100 {
        let session = format!("s{number}");
        let msg = description("offer", &format!("u{number}"), &format!("f{number}"));
        let outputs = solo.message(offer(Some(&session), &msg));
        built += outputs
            .iter()
            .filter(|output| matches!(output, Output::CreatePeer { .. }))
            .count();
    }
    assert_eq!(built, duet_call::timing::MAX_REPLACEMENTS);
}
