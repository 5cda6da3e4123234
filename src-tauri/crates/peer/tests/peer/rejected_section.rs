//! An answer that refuses video, with a transport of its own in the refused section, still
//! connects audio.

use crate::common::{End, loopback, packet, run_until, send};
use duet_peer::{Codec, ConnectionState, SendOutcome, StreamKind};

/// What Firefox makes of a refused section.
fn refuse_video(answer: &str) -> String {
    let mut json: serde_json::Value = serde_json::from_str(answer).unwrap();
    let sdp = json["sdp"].as_str().unwrap().to_owned();
    let mut refused = Vec::new();
    let mut video = false;
    for line in sdp.lines() {
        if line.starts_with("m=") {
            video = line.starts_with("m=video");
        }
        let line = match line {
            line if line.starts_with("m=video") => {
                let (_, rest) = line["m=video ".len()..].split_once(' ').unwrap();
                format!("m=video 0 {rest}")
            }
            line if line.starts_with("a=group:BUNDLE") => "a=group:BUNDLE 0".into(),
            line if video && line.starts_with("a=ice-ufrag") => "a=ice-ufrag:77aa88bb".into(),
            line if video && line.starts_with("a=ice-pwd") => {
                "a=ice-pwd:6c11c5a9a7a2a2ed36b02c9cc1d4d3bb".into()
            }
            line if video && line == "a=sendrecv" => "a=inactive".into(),
            line => line.to_owned(),
        };
        refused.push(line);
    }
    assert!(
        refused.iter().any(|line| line.contains("77aa88bb")),
        "has its own transport"
    );
    json["sdp"] = (refused.join("\r\n") + "\r\n").into();
    json.to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn audio_connects_and_video_is_never_sent() {
    let (mut a, mut b) = (End::new(loopback()).await, End::new(loopback()).await);
    let offer = a.peer.create_offer(false).await.unwrap();
    let answer = b.peer.apply_offer(&offer).await.unwrap();
    a.peer
        .apply_answer(&refuse_video(&answer))
        .await
        .expect("accepted");
    // Both: what is sent before the other's handshake is through is lost.
    let connected = |a: &End, b: &End| {
        [a, b].map(|end| end.state() == Some(ConnectionState::Connected)) == [true, true]
    };
    assert!(run_until(&mut a, &mut b, connected).await);
    send(&a, StreamKind::Audio, 20).await;
    let heard = |_: &End, b: &End| b.received(StreamKind::Audio) == 20;
    assert!(run_until(&mut a, &mut b, heard).await);
    assert_eq!(a.peer.video_sender().codec(), None);
    let outcome = a.peer.video_sender().send(packet(Codec::Vp8, 1, 100)).await;
    assert_eq!(outcome, Ok(SendOutcome::Paused));
}
