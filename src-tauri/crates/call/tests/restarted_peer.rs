//! The other's program was started again and came back under the same uid.

use crate::solo::{
    OTHER, Solo, answer, description, has, is_created, joined, new_peer, offer, resp_join,
};
use duet_call::PeerInput;
use duet_protocol::ServerMessage;

#[test]
fn an_answer_with_another_certificate_builds_anew_at_once() {
    let mut solo = Solo::connected(true);
    let session = solo.session();
    solo.peer(PeerInput::Disconnected);
    solo.message(ServerMessage::PeerAway {
        remote_uid: OTHER.to_owned(),
    });
    solo.message(ServerMessage::PeerBack {
        remote_uid: OTHER.to_owned(),
    });
    solo.wait(std::time::Duration::from_secs(2));
    solo.local(
        duet_call::DescriptionKind::Offer,
        &description("offer", "mine2", "m"),
    );
    let outputs = solo.message(answer(
        Some(&session),
        &description("answer", "v1", "other"),
    ));
    assert!(has(&outputs, is_created));
    assert_ne!(solo.session(), session);
}

#[test]
fn its_new_session_replaces_the_one_that_seemed_to_live() {
    let mut solo = Solo::connected(true);
    solo.message(offer(Some("fresh"), &description("offer", "v1", "other")));
    assert_eq!(solo.session(), "fresh");
    assert_eq!(solo.word(), "reconnecting");
}

#[test]
fn we_ourselves_are_introduced_and_offer_if_we_were_there_first() {
    let mut solo = Solo::idle();
    solo.join();
    solo.message(joined(2, true));
    assert!(has(&solo.message(new_peer(OTHER)), is_created));

    let mut solo = Solo::idle();
    solo.join();
    solo.message(joined(2, true));
    assert!(!has(&solo.message(resp_join(OTHER)), is_created));
}
