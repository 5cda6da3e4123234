//! Candidates travel apart from the descriptions, in any order, and their number is bounded.

use crate::common::{End, both_connected, loopback, negotiate, run_until};
use duet_peer::PeerError;
use duet_peer::sdp::{CandidateRefused, MAX_CANDIDATES};

fn host(port: usize) -> String {
    let line = format!("candidate:{port} 1 udp 2122260223 192.0.2.1 {port} typ host");
    serde_json::json!({"candidate": line, "sdpMid": "0", "sdpMLineIndex": 0}).to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn candidates_that_come_before_the_offer_wait_for_it() {
    let (mut a, mut b) = (End::new(loopback()).await, End::new(loopback()).await);
    let offer = a.peer.create_offer(false).await.unwrap();
    let mut gathered = Vec::new();
    while gathered.last() != Some(&None) {
        let event = a.events.recv().await.expect("candidates");
        if let duet_peer::PeerEvent::LocalCandidate(candidate) = event {
            gathered.push(candidate);
        }
    }
    assert!(gathered.len() > 1, "at least one candidate before the end");
    for candidate in gathered {
        b.peer.add_candidate(candidate).await.expect("queued");
    }
    let answer = b.peer.apply_offer(&offer).await.unwrap();
    a.peer.apply_answer(&answer).await.unwrap();
    assert!(run_until(&mut a, &mut b, both_connected).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_candidates_are_cut_off() {
    let (mut a, mut b) = (End::new(loopback()).await, End::new(loopback()).await);
    let mut refused = 0;
    for port in 1_000..2_000 {
        match b.peer.add_candidate(Some(host(port))).await {
            Ok(()) => {}
            Err(PeerError::Candidate(CandidateRefused::TooMany)) => refused += 1,
            Err(other) => panic!("{other}"),
        }
    }
    assert_eq!(refused, 1_000 - MAX_CANDIDATES);
    assert!(b.peer.add_candidate(Some("{}".into())).await.is_err());
    negotiate(&a, &b, false).await;
    assert!(
        run_until(&mut a, &mut b, both_connected).await,
        "peer-reflexive at least"
    );
}
