//! The uid is bound by the first join, and belongs to one session.

use duet_protocol::{ClientMessage, ErrorCode, ServerMessage};

use crate::client::{Client, couple, forward, join, join_with_token, leave, server};

#[tokio::test]
async fn another_uid_than_the_bound_one_is_refused_everywhere() {
    let server = server().await;
    let (mut a, mut b) = couple(&server).await;
    let forged = || forward("r", "b", "a", "{}");
    let attempts = [
        (join("r", "b"), "join"),
        (ClientMessage::Offer(forged()), "offer"),
        (ClientMessage::Answer(forged()), "answer"),
        (ClientMessage::Candidate(forged()), "candidate"),
        (leave("r", "b"), "leave"),
    ];
    for (message, reference) in attempts {
        a.send(&message).await;
        a.expect_error(ErrorCode::UidMismatch, reference).await;
    }
    b.assert_quiet().await;
    // The binding outlives the place.
    a.send(&leave("r", "a")).await;
    a.next().await;
    a.send(&join("r", "z")).await;
    a.expect_error(ErrorCode::UidMismatch, "join").await;
}

#[tokio::test]
async fn a_uid_in_use_is_refused_with_any_token_but_its_own() {
    let server = server().await;
    let (mut a, _b) = couple(&server).await;
    let mut thief = Client::connect(&server).await;
    let foreign = thief.join("other", "thief").await.token;
    let mut second = Client::connect(&server).await;
    for token in [None, Some(""), Some("0"), Some(foreign.as_str())] {
        second.send(&join_with_token("r", "a", token)).await;
        second.expect_error(ErrorCode::UidTaken, "join").await;
    }
    a.assert_quiet().await;
    // A refused join bound nothing.
    assert_eq!(second.join("third", "mine").await.user_num, 1);
}

#[tokio::test]
async fn a_uid_is_free_again_when_its_plain_connection_is_gone() {
    let server = server().await;
    let (a, mut b) = couple(&server).await;
    drop(a);
    assert!(matches!(b.next().await, ServerMessage::PeerLeave { .. }));
    let mut again = Client::connect(&server).await;
    assert_eq!(again.join("r", "a").await.user_num, 2);
}
