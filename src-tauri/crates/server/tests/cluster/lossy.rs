//! A Redis whose messages between nodes get lost, though every connection holds.
//!
//! Between a node and its Redis stands a way that reads what Redis says in RESP, and swallows some of
//! what comes in on subscriptions: published, acknowledged to the publisher, and never heard.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use duet_protocol::{ClientMessage, ServerMessage};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::tcp::OwnedReadHalf;
use tokio::net::{TcpListener, TcpStream};

use super::redis_rig::{Redis, next_that, node_at, roomy, url_of};
use crate::cast::{cast_join, cast_open};
use crate::client::{Client, forward};

/// Of so many datagrams one is lost. More than pass between two repetitions, so none is lost for ever.
const LOSS: usize = 10;

/// The way of one node.
struct LossyWay {
    port: u16,
    lost: Arc<AtomicUsize>,
}

impl LossyWay {
    async fn open(redis_port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("bound").port();
        let lost = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&lost);
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let counter = Arc::clone(&counter);
                tokio::spawn(async move {
                    let far = TcpStream::connect(("127.0.0.1", redis_port)).await;
                    pass(near, far.expect("Redis listens"), &counter).await;
                });
            }
        });
        Self { port, lost }
    }
}

async fn pass(near: TcpStream, far: TcpStream, lost: &AtomicUsize) {
    let (mut said, mut to_node) = near.into_split();
    let (answers, mut to_redis) = far.into_split();
    let mut answers = BufReader::new(answers);
    let listening = async {
        let mut heard = 0;
        loop {
            let mut value = Vec::new();
            read_value(&mut answers, &mut value).await?;
            if is_datagram(&value) {
                heard += 1;
                if heard % LOSS == 0 {
                    lost.fetch_add(1, Ordering::Relaxed);
                    continue;
                }
            }
            to_node.write_all(&value).await?;
        }
        #[expect(unreachable_code, reason = "says what the loop fails with")]
        std::io::Result::Ok(())
    };
    tokio::select! {
        _ = tokio::io::copy(&mut said, &mut to_redis) => {}
        _ = listening => {}
    }
}

/// One value of RESP, with everything in it.
async fn read_value(
    from: &mut BufReader<OwnedReadHalf>,
    value: &mut Vec<u8>,
) -> std::io::Result<()> {
    let mut open = 1;
    while open > 0 {
        open -= 1;
        let start = value.len();
        if from.read_until(b'\n', value).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        let count = || {
            let line = std::str::from_utf8(&value[start + 1..]).ok()?;
            line.trim().parse::<usize>().ok()
        };
        match value[start] {
            b'*' | b'>' | b'~' => open += count().unwrap_or(0),
            b'%' => open += 2 * count().unwrap_or(0),
            b'$' => {
                // "-1" is nothing at all.
                if let Some(bytes) = count() {
                    let at = value.len();
                    value.resize(at + bytes + 2, 0);
                    from.read_exact(&mut value[at..]).await?;
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// Something that a node published for another, and no beat, without which Redis itself counts as gone.
fn is_datagram(value: &[u8]) -> bool {
    let is_message = value.starts_with(b"*3\r\n$7\r\nmessage\r\n")
        || value.starts_with(b">3\r\n$7\r\nmessage\r\n");
    is_message && !value.windows(5).any(|bytes| bytes == b"beat ")
}

#[tokio::test]
async fn what_redis_loses_arrives_after_all_once_and_in_order() {
    let Some(redis) = Redis::start("cluster::lossy::in_order").await else {
        return;
    };
    let (one, two) = (
        LossyWay::open(redis.port()).await,
        LossyWay::open(redis.port()).await,
    );
    let near = node_at(&url_of(one.port), roomy()).await;
    let far = node_at(&url_of(two.port), roomy()).await;
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
    let lost = one.lost.load(Ordering::Relaxed) + two.lost.load(Ordering::Relaxed);
    assert!(lost >= 10, "only {lost} were lost");
}

#[tokio::test]
async fn a_cast_comes_about_though_messages_are_lost() {
    let Some(redis) = Redis::start("cluster::lossy::cast").await else {
        return;
    };
    let ways = [
        LossyWay::open(redis.port()).await,
        LossyWay::open(redis.port()).await,
    ];
    let near = node_at(&url_of(ways[0].port), roomy()).await;
    let far = node_at(&url_of(ways[1].port), roomy()).await;
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
    let lost = ways.iter().map(|way| way.lost.load(Ordering::Relaxed));
    assert_ne!(lost.sum::<usize>(), 0, "nothing was lost");
}
