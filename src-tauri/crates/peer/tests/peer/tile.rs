//! A second picture beside the first: negotiated when it is wanted, only with those who show one, and its
//! section serves again.

use std::time::Duration;

use duet_peer::sdp::{directions, media_sections};
use duet_peer::{Codec, Direction, PeerConfig, SendOutcome, StreamKind};

use crate::common::{
    End, connected, connected_with, loopback, negotiate, packet, run_for, run_until, sdp, send,
    talk,
};
use crate::ice_restart::media_back;

fn with_tile() -> PeerConfig {
    PeerConfig {
        tile: true,
        ..loopback()
    }
}

/// Offers when the owner of the tile is told to.
async fn wants(from: &mut End, to: &mut End, on: bool) -> (String, String) {
    let before = from.negotiations_needed;
    from.peer.set_tile(on).await.expect("open");
    assert!(run_until(from, to, |from, _| from.negotiations_needed > before).await);
    negotiate(from, to, false).await
}

/// Its packets come as its own, beside those of everything else.
async fn shows(from: &mut End, to: &mut End) {
    talk(from, to, 10).await;
    send(from, StreamKind::Tile, 10).await;
    let all = run_until(from, to, |_, to| to.received(StreamKind::Tile) == 10).await;
    assert!(all, "{} of 10", to.received(StreamKind::Tile));
    assert_eq!(to.received(StreamKind::Video), 10);
}

async fn is_paused(end: &End) {
    let sent = end
        .peer
        .tile_sender()
        .send(packet(Codec::Vp8, 1, 100))
        .await;
    assert_eq!(sent, Ok(SendOutcome::Paused));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tile_comes_goes_and_comes_again_in_one_section() {
    let (mut a, mut b) = connected_with(with_tile(), with_tile()).await;
    is_paused(&a).await;
    for round in 0..2 {
        let (offer, answer) = wants(&mut a, &mut b, true).await;
        assert_eq!(media_sections(&sdp(&offer)).len(), 3, "round {round}");
        assert_eq!(directions(&sdp(&answer))[2], Direction::RecvOnly);
        shows(&mut a, &mut b).await;
        is_paused(&b).await;
        let (_, answer) = wants(&mut a, &mut b, false).await;
        assert_eq!(directions(&sdp(&answer))[2], Direction::Inactive);
        is_paused(&a).await;
        talk(&mut a, &mut b, 10).await;
    }
    assert_eq!(b.tiles, [true, false, true, false]);
    assert_eq!(a.tiles, [] as [bool; 0]);
    let stats = b.peer.stats().await;
    assert_eq!(stats.tile.packets_received, 20);
    assert_eq!(stats.video.packets_received, 40);
    assert_eq!((stats.tile.nacks_sent, stats.video.nacks_sent), (0, 0));

    // The other's goes the same way.
    let (offer, _) = wants(&mut b, &mut a, true).await;
    assert_eq!(media_sections(&sdp(&offer)).len(), 3);
    shows(&mut b, &mut a).await;
    let (_, answer) = wants(&mut a, &mut b, true).await;
    assert_eq!(directions(&sdp(&answer))[2], Direction::SendRecv);
    shows(&mut a, &mut b).await;
    shows(&mut b, &mut a).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_frame_is_asked_of_the_tile_alone() {
    let (mut a, mut b) = connected_with(with_tile(), with_tile()).await;
    wants(&mut a, &mut b, true).await;
    shows(&mut a, &mut b).await;
    b.peer.request_key_frame(StreamKind::Tile).await;
    assert!(run_until(&mut a, &mut b, |a, _| a.tile_key_frame_requests == 1).await);
    assert_eq!(a.key_frame_requests, 0);
    let (ours, theirs) = (a.peer.stats().await, b.peer.stats().await);
    assert_eq!((ours.tile.plis_received, ours.video.plis_received), (1, 0));
    assert_eq!((theirs.tile.plis_sent, theirs.video.plis_sent), (1, 0));
}

/// Both begin at once; the polite one takes its offer back, and one exchange carries both.
#[tokio::test(flavor = "multi_thread")]
async fn two_tiles_at_once_share_a_section() {
    let (mut a, mut b) = connected_with(with_tile(), with_tile()).await;
    a.peer.set_tile(true).await.expect("open");
    b.peer.set_tile(true).await.expect("open");
    b.peer.create_offer(false).await.expect("offer");
    b.peer.rollback().await.expect("taken back");
    let (offer, answer) = negotiate(&a, &b, false).await;
    for description in [offer, answer] {
        let directions = directions(&sdp(&description));
        assert_eq!(directions, [Direction::SendRecv; 3]);
    }
    shows(&mut a, &mut b).await;
    shows(&mut b, &mut a).await;
}

/// There is a path again, and nothing of the old one is on its way.
async fn settled(a: &mut End, b: &mut End) {
    media_back(a, b).await;
    run_for(a, b, Duration::from_millis(500), |_, _| false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ice_restart_by_either_side_keeps_the_tile() {
    let (mut a, mut b) = connected_with(with_tile(), with_tile()).await;
    wants(&mut a, &mut b, true).await;
    negotiate(&a, &b, true).await;
    settled(&mut a, &mut b).await;
    shows(&mut a, &mut b).await;
    negotiate(&b, &a, true).await;
    settled(&mut a, &mut b).await;
    shows(&mut a, &mut b).await;
    wants(&mut a, &mut b, false).await;
    negotiate(&b, &a, true).await;
    settled(&mut a, &mut b).await;
    wants(&mut a, &mut b, true).await;
    shows(&mut a, &mut b).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wanted_before_the_first_exchange_it_comes_with_the_second() {
    for offerer_wants in [true, false] {
        let (mut a, mut b) = (End::new(with_tile()).await, End::new(with_tile()).await);
        let (from, to) = if offerer_wants {
            (&mut a, &mut b)
        } else {
            (&mut b, &mut a)
        };
        from.peer.set_tile(true).await.expect("open");
        let (offer, _) = if offerer_wants {
            negotiate(from, to, false).await
        } else {
            negotiate(to, from, false).await
        };
        assert_eq!(media_sections(&sdp(&offer)).len(), 2);
        let asked = |from: &End, _: &End| from.negotiations_needed == 1;
        assert!(run_until(from, to, asked).await);
        negotiate(from, to, false).await;
        let connected = |from: &End, to: &End| crate::common::both_connected(from, to);
        assert!(run_until(from, to, connected).await);
        shows(from, to).await;
        assert_eq!(from.negotiations_needed, 1, "and no more");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_shows_none_is_never_offered_one() {
    let (mut a, mut b) = connected_with(with_tile(), loopback()).await;
    a.peer.set_tile(true).await.expect("open");
    let asked = |a: &End, _: &End| a.negotiations_needed > 0;
    assert!(!run_for(&mut a, &mut b, Duration::from_millis(300), asked).await);
    let (offer, answer) = negotiate(&a, &b, false).await;
    assert_eq!(media_sections(&sdp(&offer)).len(), 2);
    assert!(offer.contains("\"tile\":true") && !answer.contains("tile"));
    is_paused(&a).await;
    let (a, b) = connected().await;
    let (offer, _) = negotiate(&a, &b, false).await;
    assert!(!offer.contains("tile"));
}
