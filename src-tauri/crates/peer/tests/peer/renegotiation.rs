//! Offers after the first, from either side, change directions and leave the connection alone.

use crate::common::{connected, connected_with, loopback, negotiate, packet, run_until, sdp, talk};
use duet_peer::sdp::{answerer_role, directions, media_sections};
use duet_peer::{
    Codec, ConnectionState, Direction, MediaKind, PeerConfig, SendOutcome, StreamKind, VideoCodec,
};

#[tokio::test(flavor = "multi_thread")]
async fn both_sides_may_offer_again_and_keep_their_dtls_roles() {
    let (mut a, mut b) = connected().await;
    talk(&mut a, &mut b, 10).await;
    // a offered first, so b is the DTLS client. Roles stay when b offers and a answers.
    let (_, answer) = negotiate(&b, &a, false).await;
    let a_role = answerer_role(&sdp(&answer)).unwrap();
    talk(&mut a, &mut b, 10).await;
    let (_, answer) = negotiate(&a, &b, false).await;
    assert_eq!(answerer_role(&sdp(&answer)).unwrap(), a_role.opposite());
    talk(&mut a, &mut b, 10).await;
    for end in [&a, &b] {
        assert_eq!(end.state(), Some(ConnectionState::Connected));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_exchange_is_enough() {
    let (mut a, mut b) = connected().await;
    talk(&mut a, &mut b, 10).await;
    assert_eq!((a.negotiations_needed, b.negotiations_needed), (0, 0));
    let paused = b.peer.set_direction(MediaKind::Video, Direction::Inactive);
    paused.await.unwrap();
    assert!(
        run_until(&mut a, &mut b, |_, b| b.negotiations_needed > 0).await,
        "a change after it needs another"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_offer_names_our_preference_first_even_after_theirs() {
    let prefers = |codecs: [VideoCodec; 2]| PeerConfig {
        video_codecs: codecs.to_vec(),
        ..loopback()
    };
    let a = prefers([VideoCodec::Vp8, VideoCodec::H264]);
    let b = prefers([VideoCodec::H264, VideoCodec::Vp8]);
    let (a, b) = connected_with(a, b).await;
    for (from, to, first) in [(&b, &a, Codec::H264), (&a, &b, Codec::Vp8)] {
        let (offer, _) = negotiate(from, to, false).await;
        let video = &media_sections(&sdp(&offer))[1];
        assert_eq!(video.codec(video.formats[0].payload_type), Some(first));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_medium_is_not_sent_and_loses_no_numbers() {
    let (mut a, mut b) = connected().await;
    talk(&mut a, &mut b, 10).await;
    let last = a
        .packets
        .iter()
        .rfind(|p| p.stream == StreamKind::Video)
        .unwrap()
        .sequence_number;
    a.peer
        .set_direction(MediaKind::Video, Direction::Inactive)
        .await
        .unwrap();
    let (offer, answer) = negotiate(&a, &b, false).await;
    assert_eq!(directions(&sdp(&offer))[1], Direction::Inactive);
    assert_eq!(directions(&sdp(&answer))[1], Direction::Inactive);
    for end in [&a, &b] {
        let outcome = end
            .peer
            .video_sender()
            .send(packet(Codec::Vp8, 1, 100))
            .await;
        assert_eq!(outcome, Ok(SendOutcome::Paused));
    }
    a.peer
        .set_direction(MediaKind::Video, Direction::SendRecv)
        .await
        .unwrap();
    let (_, answer) = negotiate(&a, &b, false).await;
    assert_eq!(directions(&sdp(&answer))[1], Direction::SendRecv);
    talk(&mut a, &mut b, 10).await;
    let next = a
        .packets
        .iter()
        .find(|p| p.stream == StreamKind::Video)
        .unwrap()
        .sequence_number;
    assert_eq!(next, last.wrapping_add(1));
    assert_eq!(a.peer.stats().await.video.nacks_sent, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_offer_of_ours_can_be_rolled_back_for_theirs() {
    let (mut a, mut b) = connected().await;
    let _ours = a.peer.create_offer(false).await.unwrap();
    a.peer.rollback().await.unwrap();
    negotiate(&b, &a, false).await;
    talk(&mut a, &mut b, 10).await;
    negotiate(&a, &b, false).await;
    talk(&mut a, &mut b, 10).await;
}
