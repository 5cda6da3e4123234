//! A browser page that sends no session: told apart by fingerprint and ufrag.

use duet_call::{DescriptionKind, Output, PeerInput};

use crate::solo::{
    OTHER, Solo, added, answer, candidate, candidate_of, description, has, is_created, joined,
    offer, resp_join,
};

fn called_by_page() -> Solo {
    let mut solo = Solo::idle();
    solo.join();
    solo.message(joined(2, false));
    solo.message(resp_join(OTHER));
    solo.message(offer(None, &description("offer", "u1", "f1")));
    solo.local(DescriptionKind::Answer, &description("answer", "m", "m"));
    solo.peer(PeerInput::Connected);
    assert_eq!(solo.word(), "connected");
    solo
}

#[test]
fn it_is_called_and_it_calls() {
    Solo::connected(false);
    called_by_page();
}

#[test]
fn an_ice_restart_stays_in_the_same_connection() {
    let mut solo = called_by_page();
    let outputs = solo.message(offer(None, &description("offer", "u2", "f1")));
    assert!(!has(&outputs, is_created));
    assert!(has(&outputs, |output| matches!(
        output,
        Output::ApplyOffer { .. }
    )));
    assert_eq!(solo.word(), "connected");
}

#[test]
fn another_certificate_is_another_connection() {
    let mut solo = called_by_page();
    let outputs = solo.message(offer(None, &description("offer", "u2", "f2")));
    assert!(has(&outputs, is_created));
    solo.ignores(offer(None, &description("offer", "u1", "f1")));
    solo.ignores(candidate(None, &candidate_of("u1", 1)));
    let fresh = candidate(None, &candidate_of("u2", 1));
    assert_eq!(added(&solo.message(fresh)), 1);
}

#[test]
fn a_late_answer_of_the_connection_before_is_ignored() {
    let mut solo = Solo::connected(false);
    solo.peer(PeerInput::Failed);
    solo.local(DescriptionKind::Offer, &description("offer", "m2", "m2"));
    solo.ignores(answer(None, &description("answer", "u1", "f1")));
    let outputs = solo.message(answer(None, &description("answer", "u2", "f2")));
    assert!(has(&outputs, |output| matches!(
        output,
        Output::ApplyAnswer { .. }
    )));
}

#[test]
fn candidates_without_a_ufrag_belong_to_what_lives() {
    let mut solo = called_by_page();
    let bare = r#"{"candidate":"candidate:1 1 udp 1 h 9 typ host"}"#;
    assert_eq!(added(&solo.message(candidate(None, bare))), 1);
}
