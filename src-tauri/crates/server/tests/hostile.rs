//! A crowd of hostile clients against the program: each gets the answer that is due, the others notice
//! nothing, nothing panics, and the memory comes back.
#![cfg(target_os = "linux")]

use std::time::Duration;

use duet_protocol::{ClientMessage, ErrorCode, ServerMessage};
use tokio::io::AsyncWriteExt;
use tokio_tungstenite::tungstenite::protocol::frame::coding::Data;

use crate::client::{forward, join, join_with_token};
use crate::target::Target;

const SLOW_HANDSHAKES: usize = 1_000;
const FORGERS: usize = 100;
const FORGERIES_EACH: usize = 100;
const REPLAYS: usize = 1_000;
const FEW_FILES: usize = 128;

#[tokio::test]
async fn a_thousand_slow_handshakes_are_cut_and_others_meet_meanwhile() {
    let mut target = Target::start();
    target.two_meet("before").await;
    let before_kib = target.own_kib();
    slow_handshakes(&target).await;
    target.two_meet("after").await;
    target
        .assert_unharmed("1,000 slow handshakes", before_kib)
        .await;
}

/// Each sends something twice a second, and all are cut.
async fn slow_handshakes(target: &Target) {
    let mut slow = Vec::new();
    for _ in 0..SLOW_HANDSHAKES {
        let mut stream = target.tcp().await;
        let sent = stream.write_all(b"GET /ws HTTP/1.1\r\nHost: ").await;
        sent.expect("sent");
        slow.push(stream);
    }
    target.two_meet("meanwhile").await;
    let dripping = slow.into_iter().map(|mut stream| async move {
        while stream.write_all(b"x").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    });
    let all = futures_util::future::join_all(dripping);
    let cut = tokio::time::timeout(Duration::from_secs(60), all).await;
    cut.expect("all are cut");
}

#[tokio::test]
async fn ten_thousand_forgeries_reach_nobody() {
    let mut target = Target::start();
    let (mut a, mut b) = (target.client().await, target.client().await);
    a.join("r", "a").await;
    b.join("r", "b").await;
    a.next().await;
    b.next().await;
    let before_kib = target.own_kib();
    for forger in 0..FORGERS {
        let mut client = target.client().await;
        client
            .join("elsewhere-and-alone", &format!("f{forger}"))
            .await;
        for _ in 0..FORGERIES_EACH {
            let forged = forward("r", "a", "b", "{}");
            client.send(&ClientMessage::Offer(forged)).await;
            client.expect_error(ErrorCode::UidMismatch, "offer").await;
        }
        client
            .send(&crate::client::leave(
                "elsewhere-and-alone",
                &format!("f{forger}"),
            ))
            .await;
        assert!(matches!(client.next().await, ServerMessage::Leaved { .. }));
    }
    // Taken uids, with and without a wish to come back.
    for message in [
        join("r", "a"),
        join_with_token("r", "a", None),
        join("other", "b"),
    ] {
        let mut thief = target.client().await;
        thief.send(&message).await;
        thief.expect_error(ErrorCode::UidTaken, "join").await;
    }
    a.assert_quiet().await;
    b.assert_quiet().await;
    target.assert_unharmed("10,000 forgeries", before_kib).await;
}

#[tokio::test]
async fn a_thousand_used_tokens_admit_nobody() {
    let mut target = Target::start();
    let mut owner = target.client().await;
    let mut used = Vec::new();
    let before_kib = target.own_kib();
    let mut current = owner.join_resumable("r", "a", None).await.token;
    for round in 0..10 {
        // Coming back uses a token up with the first message behind it.
        let mut next = target.client().await;
        let fresh = next.join_resumable("r", "a", Some(&current)).await.token;
        next.assert_quiet().await;
        used.push(std::mem::replace(&mut current, fresh));
        owner = next;
        let mut thief = target.client().await;
        for token in used.iter().cycle().take(REPLAYS / 10) {
            thief.send(&join_with_token("r", "a", Some(token))).await;
            thief.expect_error(ErrorCode::UidTaken, "join").await;
        }
        println!("round {round}: {} used tokens refused", REPLAYS / 10);
    }
    owner.assert_quiet().await;
    target
        .assert_unharmed("1,000 replayed tokens", before_kib)
        .await;
}

#[tokio::test]
async fn what_is_no_message_is_answered_by_its_code_a_hundred_times_over() {
    let mut target = Target::start();
    target.two_meet("before").await;
    let before_kib = target.own_kib();
    let huge = vec![b'x'; 1024 * 1024];
    let deep = format!("{}{}", "[".repeat(30_000), "]".repeat(30_000));
    for _ in 0..100 {
        for (payload, kind, code) in [
            (&b"x"[..], Data::Binary, 1003),
            (&b"\xff\xfe"[..], Data::Text, 1007),
            (&huge[..], Data::Text, 1009),
        ] {
            let mut client = target.client().await;
            client.send_frame(payload, kind, true).await;
            assert_eq!(client.close_code().await, Some(code));
        }
        let mut client = target.client().await;
        for _ in 0..10 {
            client.send_text(&deep).await;
        }
        assert_eq!(client.close_code().await, Some(4001));
        // Half a message, and gone.
        let mut client = target.client().await;
        client.send_frame(b"{\"cmd\":", Data::Text, false).await;
    }
    target.two_meet("after").await;
    target
        .assert_unharmed("500 broken clients", before_kib)
        .await;
}

#[tokio::test]
async fn without_file_descriptors_those_who_are_in_are_served_and_then_others_again() {
    let mut target = Target::start_with_files(FEW_FILES);
    let (mut a, mut b) = target.couple().await;
    let before_kib = target.own_kib();
    let mut crowd = Vec::new();
    for _ in 0..2 * FEW_FILES {
        crowd.push(target.tcp().await);
    }
    let trouble = |line: &str| line.contains("cannot accept connections");
    let told = target
        .program
        .wait_for_line(Duration::from_secs(10), trouble);
    told.expect("it says so");
    for number in 0..20 {
        let offer = forward("r", "a", "b", &number.to_string());
        a.send(&ClientMessage::Offer(offer.clone())).await;
        assert_eq!(b.next().await, ServerMessage::Offer(offer));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    drop(crowd);
    target.two_meet("afterwards").await;
    a.assert_quiet().await;
    let lines = target.program.lines();
    let told = lines.iter().filter(|line| trouble(line)).count();
    assert!(told <= 2, "the log is filled: {told} lines");
    target
        .assert_unharmed("a crowd beyond the files", before_kib)
        .await;
}
