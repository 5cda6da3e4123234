//! Descriptions, candidates and media states go to the other member, and to nobody else.

use duet_protocol::limits::{MAX_CANDIDATES_PER_NEGOTIATION, MAX_SDP_BYTES};
use duet_protocol::{AudioState, ClientMessage, ErrorCode, Forward, ServerMessage, VideoState};

use crate::client::{Client, couple, forward, join, server};

#[tokio::test]
async fn every_kind_arrives_unchanged() {
    let server = server().await;
    let (mut a, mut b) = couple(&server).await;
    let description = Forward {
        session: Some("s1".into()),
        ..forward("r", "a", "b", "{\"v\":0}")
    };
    a.send(&ClientMessage::Offer(description.clone())).await;
    assert_eq!(b.next().await, ServerMessage::Offer(description));
    let answer = forward("r", "b", "a", "{\"v\":1}");
    b.send(&ClientMessage::Answer(answer.clone())).await;
    assert_eq!(a.next().await, ServerMessage::Answer(answer));
    for msg in ["{\"candidate\":\"…\"}", ""] {
        let candidate = forward("r", "a", "b", msg);
        a.send(&ClientMessage::Candidate(candidate.clone())).await;
        assert_eq!(b.next().await, ServerMessage::Candidate(candidate));
    }
    let (room_id, uid, remote_uid) = ("r".to_owned(), "a".to_owned(), "b".to_owned());
    let (audio, video) = (AudioState::Muted, VideoState::Screen);
    a.send(&ClientMessage::MediaState {
        room_id: room_id.clone(),
        uid: uid.clone(),
        remote_uid: remote_uid.clone(),
        audio,
        video,
    })
    .await;
    let expected = ServerMessage::MediaState {
        room_id,
        uid,
        remote_uid,
        audio,
        video,
    };
    assert_eq!(b.next().await, expected);
}

#[tokio::test]
async fn a_null_candidate_ends_the_list_too() {
    let server = server().await;
    let (mut a, mut b) = couple(&server).await;
    a.send_text(r#"{"cmd":"candidate","roomId":"r","uid":"a","remoteUid":"b","msg":null}"#)
        .await;
    assert_eq!(
        b.next().await,
        ServerMessage::Candidate(forward("r", "a", "b", ""))
    );
}

#[tokio::test]
async fn strangers_reach_nobody() {
    let server = server().await;
    let (mut a, mut b) = couple(&server).await;
    let mut c = Client::connect(&server).await;
    c.send(&ClientMessage::Offer(forward("r", "c", "a", "{}")))
        .await;
    c.expect_error(ErrorCode::NotInRoom, "offer").await;
    c.join("elsewhere", "c").await;
    c.send(&ClientMessage::Offer(forward("r", "c", "a", "{}")))
        .await;
    c.expect_error(ErrorCode::NotInRoom, "offer").await;
    c.send(&ClientMessage::Offer(forward("elsewhere", "c", "a", "{}")))
        .await;
    c.expect_error(ErrorCode::NoSuchPeer, "offer").await;
    // The joiner of a full room is no member.
    let mut d = Client::connect(&server).await;
    d.send(&join("r", "d")).await;
    assert!(matches!(d.next().await, ServerMessage::Full { .. }));
    d.send(&ClientMessage::Offer(forward("r", "d", "a", "{}")))
        .await;
    d.expect_error(ErrorCode::NotInRoom, "offer").await;
    // Nobody is their own peer.
    a.send(&ClientMessage::Offer(forward("r", "a", "a", "{}")))
        .await;
    a.expect_error(ErrorCode::NoSuchPeer, "offer").await;
    a.assert_quiet().await;
    b.assert_quiet().await;
}

#[tokio::test]
async fn candidates_past_the_limit_are_dropped_until_the_next_description() {
    let server = server().await;
    let (mut a, mut b) = couple(&server).await;
    let limit = MAX_CANDIDATES_PER_NEGOTIATION;
    for index in 0..limit + 5 {
        let candidate = forward("r", "a", "b", &index.to_string());
        a.send(&ClientMessage::Candidate(candidate)).await;
    }
    let offer = forward("r", "a", "b", "{}");
    a.send(&ClientMessage::Offer(offer.clone())).await;
    let after = forward("r", "a", "b", "after");
    a.send(&ClientMessage::Candidate(after.clone())).await;
    for index in 0..limit {
        let expected = forward("r", "a", "b", &index.to_string());
        assert_eq!(b.next().await, ServerMessage::Candidate(expected));
    }
    assert_eq!(b.next().await, ServerMessage::Offer(offer));
    assert_eq!(b.next().await, ServerMessage::Candidate(after));
}

#[tokio::test]
async fn a_description_of_32_kib_passes_and_one_byte_more_does_not() {
    let server = server().await;
    let (mut a, mut b) = couple(&server).await;
    let largest = forward("r", "a", "b", &"x".repeat(MAX_SDP_BYTES));
    a.send(&ClientMessage::Offer(largest.clone())).await;
    assert_eq!(b.next().await, ServerMessage::Offer(largest));
    let larger = forward("r", "a", "b", &"x".repeat(MAX_SDP_BYTES + 1));
    a.send(&ClientMessage::Offer(larger)).await;
    a.expect_error(ErrorCode::TooLarge, "offer").await;
    b.assert_quiet().await;
}

#[tokio::test]
async fn ten_thousand_forged_messages_deliver_nothing() {
    // The rooms alone: the rate limit would make this last eight minutes over a socket.
    use duet_server::AddressKey;
    use duet_server::rooms::{ConnectionId, Output, Rooms, RoomsConfig};
    let mut rooms = Rooms::new(RoomsConfig {
        resume_window: std::time::Duration::from_secs(120),
        ice_servers: Vec::new(),
        failed_joins_per_minute: 30,
        max_kept_places_per_address: Some(50),
        max_kept_places: usize::MAX,
    });
    let now = std::time::Instant::now();
    let home = AddressKey::from(std::net::Ipv4Addr::LOCALHOST);
    for (id, room, uid) in [(1, "r", "a"), (2, "r", "b"), (3, "s", "c")] {
        rooms.connected(ConnectionId(id), home);
        rooms.handle(now, ConnectionId(id), join(room, uid));
    }
    while rooms.poll_output().is_some() {}
    for index in 0..10_000 {
        let (sender, room) = if index % 2 == 0 { (1, "r") } else { (3, "s") };
        let forged = forward(room, "b", "a", "{}");
        rooms.handle(now, ConnectionId(sender), ClientMessage::Offer(forged));
        while let Some(output) = rooms.poll_output() {
            let Output::Send { to, message } = output else {
                panic!("nobody is closed for it");
            };
            assert_eq!(to, ConnectionId(sender));
            assert!(matches!(
                message,
                ServerMessage::Error {
                    code: ErrorCode::UidMismatch,
                    ..
                }
            ));
        }
    }
}
