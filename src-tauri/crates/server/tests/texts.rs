//! `message`: to somebody of the lobby or the room, delivered or not, and kept nowhere.

use std::time::{Duration, SystemTime};

use duet_protocol::{ClientMessage, ErrorCode, ServerMessage, Text};

use crate::client::{Client, couple, eventually, server};
use crate::lobby::{login_to, quiet_server};

fn text(to: Option<&str>, room_id: Option<&str>, id: &str) -> ClientMessage {
    ClientMessage::Message(Text {
        to: to.map(str::to_owned),
        room_id: room_id.map(str::to_owned),
        content: "<b>hello</b>\n".into(),
        id: id.into(),
    })
}

/// Of this text, at the time that the receiver was told.
fn delivered(id: &str, at: String) -> ServerMessage {
    ServerMessage::Delivered {
        id: id.into(),
        time: Some(at),
    }
}

async fn expect_undelivered(client: &mut Client, expected: &str) {
    match client.next().await {
        ServerMessage::Error {
            code,
            reference,
            id,
            ..
        } => {
            assert_eq!(code, ErrorCode::Unavailable);
            assert_eq!(
                (reference.as_deref(), id.as_deref()),
                (Some("message"), Some(expected))
            );
        }
        other => panic!("not refused: {other:?}"),
    }
}

/// A text as it came.
struct Arrived {
    from: String,
    name: Option<String>,
    content: String,
    id: String,
    time: String,
}

/// The next message is a text; its time is checked here.
async fn expect_text(client: &mut Client) -> Arrived {
    match client.next().await {
        ServerMessage::Message {
            from,
            name,
            content,
            id,
            time,
        } => {
            let is_rfc3339 = time.len() == 24 && time.ends_with('Z') && &time[10..11] == "T";
            assert!(is_rfc3339, "{time}");
            let now = SystemTime::now()
                .duration_since(SystemTime::UNIX_EPOCH)
                .expect("after 1970");
            let year = 1970 + now.as_secs() / 31_556_952;
            assert_eq!(time[..4].parse::<u64>().expect("a year"), year);
            Arrived {
                from,
                name,
                content,
                id,
                time,
            }
        }
        other => panic!("no text: {other:?}"),
    }
}

#[tokio::test]
async fn a_text_reaches_somebody_of_the_lobby() {
    let server = quiet_server().await;
    let mut ann = Client::logged_in(&server, "Ann", "a").await;
    let mut bob = Client::logged_in(&server, "Bob", "b").await;
    ann.send(&text(Some("b"), None, "m1")).await;
    let text = expect_text(&mut bob).await;
    assert_eq!(
        (text.from.as_str(), text.name.as_deref()),
        ("a", Some("Ann"))
    );
    assert_eq!(
        (text.content.as_str(), text.id.as_str()),
        ("<b>hello</b>\n", "m1")
    );
    assert_eq!(ann.next().await, delivered("m1", text.time));
    ann.assert_quiet().await;
}

#[tokio::test]
async fn a_claimed_sender_is_not_believed() {
    let server = quiet_server().await;
    let mut ann = Client::logged_in(&server, "Ann", "a").await;
    let mut bob = Client::logged_in(&server, "Bob", "b").await;
    let forged = r#"{"cmd":"message","to":"b","content":"hi","id":"1","from":"b","uid":"b","name":"Bob","time":"1970-01-01T00:00:00Z"}"#;
    ann.send_text(forged).await;
    let text = expect_text(&mut bob).await;
    assert_eq!(
        (text.from.as_str(), text.name.as_deref()),
        ("a", Some("Ann"))
    );
    assert!(!text.time.starts_with("1970"), "{}", text.time);
}

#[tokio::test]
async fn a_text_reaches_the_other_in_a_room_by_uid_or_by_room() {
    let server = server().await;
    let (mut a, mut b) = couple(&server).await;
    for (to, room_id) in [(Some("b"), None), (None, Some("r")), (None, Some(" R "))] {
        a.send(&text(to, room_id, "m1")).await;
        let text = expect_text(&mut b).await;
        assert_eq!((text.from.as_str(), text.name), ("a", None));
        assert_eq!(a.next().await, delivered("m1", text.time));
    }
}

#[tokio::test]
async fn nobody_else_can_be_reached() {
    let server = quiet_server().await;
    let mut ann = Client::logged_in(&server, "Ann", "a").await;
    let mut elsewhere = Client::connect(&server).await;
    elsewhere.send(&login_to("Bob", "b", Some("office"))).await;
    elsewhere.expect_logged_in().await;
    elsewhere.join("r", "b").await;
    let attempts = [
        (Some("b"), None),
        (Some("nobody"), None),
        (Some("a"), None),
        (None, Some("r")),
        (None, Some("empty")),
    ];
    for (to, room_id) in attempts {
        ann.send(&text(to, room_id, "m1")).await;
        expect_undelivered(&mut ann, "m1").await;
    }
    // Alone in a room, and bound to nothing at all.
    elsewhere.send(&text(None, Some("r"), "m2")).await;
    expect_undelivered(&mut elsewhere, "m2").await;
    let mut nobody = Client::connect(&server).await;
    nobody.send(&text(Some("a"), None, "m3")).await;
    expect_undelivered(&mut nobody, "m3").await;
    ann.assert_quiet().await;
}

#[tokio::test]
async fn a_text_to_somebody_away_is_not_kept_for_them() {
    let server = quiet_server().await;
    let mut ann = Client::logged_in(&server, "Ann", "a").await;
    let mut bob = Client::connect(&server).await;
    let first = bob.login_resumable("Bob", "b", None).await;
    drop(bob);
    eventually("Bob is away", || server.stats().connections == 1).await;
    ann.send(&text(Some("b"), None, "m1")).await;
    expect_undelivered(&mut ann, "m1").await;
    let mut bob = Client::connect(&server).await;
    bob.login_resumable("Bob", "b", Some(&first.token)).await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    bob.assert_quiet().await;
    ann.send(&text(Some("b"), None, "m2")).await;
    assert_eq!(expect_text(&mut bob).await.id, "m2");
}

#[tokio::test]
async fn four_kib_pass_and_one_byte_more_does_not() {
    let server = quiet_server().await;
    let (mut ann, mut bob) = (
        Client::logged_in(&server, "Ann", "a").await,
        Client::logged_in(&server, "Bob", "b").await,
    );
    let of = |bytes: usize| {
        ClientMessage::Message(Text {
            to: Some("b".into()),
            room_id: None,
            content: "x".repeat(bytes),
            id: "m1".into(),
        })
    };
    ann.send(&of(4096)).await;
    let text = expect_text(&mut bob).await;
    assert_eq!(text.content.len(), 4096);
    assert_eq!(ann.next().await, delivered("m1", text.time));
    ann.send(&of(4097)).await;
    ann.expect_error(ErrorCode::TooLarge, "message").await;
    bob.assert_quiet().await;
}
