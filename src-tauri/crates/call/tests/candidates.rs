//! Candidates: ours only after their description, theirs queued until it is there.

use duet_call::{DescriptionKind, PeerInput, timing};
use duet_protocol::limits::MAX_CANDIDATES_PER_NEGOTIATION;

use crate::solo::{
    OTHER, Solo, added, answer, candidate, candidate_of, description, joined, new_peer, offer,
    resp_join, sent,
};

#[test]
fn ours_wait_for_our_description() {
    let mut solo = Solo::waiting();
    solo.message(new_peer(OTHER));
    let found = |number| PeerInput::LocalCandidate(Some(candidate_of("mine", number)));
    assert_eq!(solo.peer(found(1)), []);
    let outputs = solo.local(DescriptionKind::Offer, &description("offer", "mine", "m"));
    assert_eq!(sent(&outputs), ["offer", "candidate"]);
    assert_eq!(sent(&solo.peer(found(2))), ["candidate"]);
    assert_eq!(sent(&solo.peer(found(2))), Vec::<&str>::new(), "a copy");
}

#[test]
fn the_end_of_our_list_is_for_those_who_speak_sessions() {
    let mut plain = Solo::connected(false);
    assert_eq!(plain.peer(PeerInput::LocalCandidate(None)), []);
    let mut ours = Solo::connected(true);
    assert_eq!(
        sent(&ours.peer(PeerInput::LocalCandidate(None))),
        ["candidate"]
    );
}

#[test]
fn theirs_wait_for_their_answer() {
    let mut solo = Solo::offering();
    let session = solo.session();
    assert_eq!(
        solo.message(candidate(Some(&session), &candidate_of("u1", 1))),
        []
    );
    assert_eq!(
        solo.message(candidate(Some(&session), &candidate_of("u1", 2))),
        []
    );
    assert_eq!(solo.call.early_candidates(), 2);
    let outputs = solo.message(answer(Some(&session), &description("answer", "u1", "f1")));
    assert_eq!(added(&outputs), 2);
    assert_eq!(solo.call.early_candidates(), 0);
}

#[test]
fn theirs_may_come_before_their_offer() {
    for session in [Some("s"), None] {
        let mut solo = Solo::idle();
        solo.join();
        solo.message(joined(2, false));
        solo.message(resp_join(OTHER));
        solo.message(candidate(session, &candidate_of("u1", 1)));
        solo.message(candidate(session, ""));
        let outputs = solo.message(offer(session, &description("offer", "u1", "f1")));
        assert_eq!(added(&outputs), 2, "{session:?}");
    }
}

#[test]
fn a_thousand_early_ones_are_bounded() {
    let mut solo = Solo::offering();
    let session = solo.session();
    for number in 0..1_000 {
        solo.message(candidate(Some(&session), &candidate_of("u1", number)));
    }
    assert_eq!(solo.call.early_candidates(), timing::MAX_EARLY_CANDIDATES);
    let outputs = solo.message(answer(Some(&session), &description("answer", "u1", "f1")));
    assert_eq!(added(&outputs), timing::MAX_EARLY_CANDIDATES);
}

#[test]
fn a_thousand_late_ones_and_copies_are_bounded() {
    let mut solo = Solo::connected(true);
    let session = solo.session();
    let mut count = 0;
    for number in 0..1_000 {
        for _copy in 0..2 {
            count += added(&solo.message(candidate(Some(&session), &candidate_of("u1", number))));
        }
    }
    assert_eq!(count, MAX_CANDIDATES_PER_NEGOTIATION as usize);
}

#[test]
fn old_and_foreign_ones_are_dropped() {
    let mut solo = Solo::connected(true);
    let session = solo.session();
    let restarted = description("offer", "u2", "f1");
    solo.message(offer(Some(&session), &restarted));
    solo.ignores(candidate(Some(&session), &candidate_of("u1", 1)));
    assert_eq!(solo.call.early_candidates(), 0);
    let fresh = candidate(Some(&session), &candidate_of("u2", 1));
    assert_eq!(added(&solo.message(fresh)), 1);
}
