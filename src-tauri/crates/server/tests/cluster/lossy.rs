//! A Redis whose messages between nodes get lost, though every connection holds: published, acknowledged to
//! the publisher, and never heard.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use duet_protocol::{ClientMessage, ServerMessage};

use super::redis_rig::{Redis, next_that, node_at, roomy};
use super::way::{Way, is_published};
use crate::cast::{cast_join, cast_open};
use crate::client::{Client, forward};

/// Of so many datagrams one is lost. More than pass between two repetitions, so none is lost for ever.
const LOSS: usize = 10;

/// The way of one node, and how much was lost on it.
async fn lossy(redis_port: u16) -> (Way, Arc<AtomicUsize>) {
    let lost = Arc::new(AtomicUsize::new(0));
    let (counter, heard) = (Arc::clone(&lost), AtomicUsize::new(0));
    let way = Way::open(redis_port, move |value| {
        let is_lost =
            is_datagram(&value) && (heard.fetch_add(1, Ordering::Relaxed) + 1).is_multiple_of(LOSS);
        if is_lost {
            counter.fetch_add(1, Ordering::Relaxed);
        }
        (!is_lost).then_some(value)
    });
    (way.await, lost)
}

/// Something that a node published for another, and no beat, without which Redis itself counts as gone.
fn is_datagram(value: &[u8]) -> bool {
    is_published(value) && !value.windows(5).any(|bytes| bytes == b"beat ")
}

#[tokio::test]
async fn what_redis_loses_arrives_after_all_once_and_in_order() {
    let Some(redis) = Redis::start("cluster::lossy::in_order").await else {
        return;
    };
    let ((one, lost_one), (two, lost_two)) = (lossy(redis.port()).await, lossy(redis.port()).await);
    let near = node_at(&one.url(), roomy()).await;
    let far = node_at(&two.url(), roomy()).await;
    let mut a = Client::connect(&near).await;
    a.join("r", "a").await;
    let mut b = Client::connect(&far).await;
    b.join("r", "b").await;
    assert!(matches!(b.next().await, ServerMessage::RespJoin { .. }));
    assert!(matches!(a.next().await, ServerMessage::NewPeer { .. }));
    let said = 100;
    let talking = async |client: &mut Client, from: &str, to: &str| {
        for n in 0..said {
            let words = format!("{{\"n\":{n}}}");
            client
                .send(&ClientMessage::Offer(forward("r", from, to, &words)))
                .await;
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    talking(&mut a, "a", "b").await;
    talking(&mut b, "b", "a").await;
    let hearing = async |client: &mut Client, from: &str, to: &str| {
        for n in 0..said {
            let expected = forward("r", from, to, &format!("{{\"n\":{n}}}"));
            assert_eq!(client.next().await, ServerMessage::Offer(expected), "{n}");
        }
    };
    tokio::join!(hearing(&mut b, "a", "b"), hearing(&mut a, "b", "a"));
    let lost = lost_one.load(Ordering::Relaxed) + lost_two.load(Ordering::Relaxed);
    assert!(lost >= 10, "only {lost} were lost");
}

#[tokio::test]
async fn a_cast_comes_about_though_messages_are_lost() {
    let Some(redis) = Redis::start("cluster::lossy::cast").await else {
        return;
    };
    let ways = [lossy(redis.port()).await, lossy(redis.port()).await];
    let near = node_at(&ways[0].0.url(), roomy()).await;
    let far = node_at(&ways[1].0.url(), roomy()).await;
    for round in 0..10 {
        let (display, presenter) = (format!("d{round}"), format!("p{round}"));
        let mut wall = Client::connect(&near).await;
        wall.send(&cast_open(&display, None)).await;
        let shown = wall.expect_code().await;
        let mut laptop = Client::connect(&far).await;
        laptop.send(&cast_join(&shown.code, &presenter)).await;
        let is_introduced = |m: &ServerMessage| matches!(m, ServerMessage::NewPeer { .. });
        next_that(&mut laptop, "the display", is_introduced).await;
        let offer = forward(&shown.room, &presenter, &display, "{}");
        laptop.send(&ClientMessage::Offer(offer.clone())).await;
        let is_it = |m: &ServerMessage| *m == ServerMessage::Offer(offer.clone());
        next_that(&mut wall, "the offer", is_it).await;
    }
    let lost = ways.iter().map(|(_, lost)| lost.load(Ordering::Relaxed));
    assert_ne!(lost.sum::<usize>(), 0, "nothing was lost");
}
