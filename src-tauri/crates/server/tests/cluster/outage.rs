//! Redis goes and comes: dead, empty, stopped, or out of reach of one node alone.

use std::time::{Duration, Instant};

use duet_protocol::{ClientMessage, ErrorCode, ServerMessage};
use duet_server::{Server, ServerConfig, Timing};
use duet_testkit::process::Signal;

use super::calls::{assert_text_passes, heard, ring, take_up};
use super::redis_rig::{Redis, is_connected, join_when_possible, next_that, node_at, roomy};
use super::valve::Valve;
use crate::client::{Client, eventually, forward, join, join_with_token, leave};
use crate::lobby::login;

/// Two people who want to resume, on two nodes in one room; introductions read. With their tokens.
async fn couple_of(room: &str, one: &Server, two: &Server) -> (Client, Client) {
    let mut a = Client::connect(one).await;
    a.join_resumable(room, &format!("{room}-a"), None).await;
    let mut b = Client::connect(two).await;
    b.join_resumable(room, &format!("{room}-b"), None).await;
    assert!(matches!(b.next().await, ServerMessage::RespJoin { .. }));
    assert!(matches!(a.next().await, ServerMessage::NewPeer { .. }));
    (a, b)
}

/// An offer reaches the other.
async fn assert_passes(room: &str, from: (&mut Client, &str), to: (&mut Client, &str)) {
    let offer = forward(
        room,
        &format!("{room}-{}", from.1),
        &format!("{room}-{}", to.1),
        "{}",
    );
    from.0.send(&ClientMessage::Offer(offer.clone())).await;
    let is_it = |message: &ServerMessage| *message == ServerMessage::Offer(offer.clone());
    next_that(to.0, "the offer", is_it).await;
}

async fn until_alone(nodes: &[Server]) {
    for node in nodes {
        eventually("Redis is missed", || !is_connected(node)).await;
    }
}

async fn until_together(nodes: &[Server]) {
    for node in nodes {
        eventually("Redis is back", || is_connected(node)).await;
    }
}

/// While nobody reaches Redis: what stays on a node goes on, and the rest is refused, in words.
async fn assert_alone(nodes: &[Server], same: &mut (Client, Client), apart: &mut (Client, Client)) {
    assert_passes("same", (&mut same.0, "a"), (&mut same.1, "b")).await;
    for (speaker, from, to) in [(&mut apart.0, "a", "b"), (&mut apart.1, "b", "a")] {
        let away = |m: &ServerMessage| matches!(m, ServerMessage::PeerAway { .. });
        next_that(speaker, "the other is away", away).await;
        let offer = forward(
            "apart",
            &format!("apart-{from}"),
            &format!("apart-{to}"),
            "{}",
        );
        speaker.send(&ClientMessage::Offer(offer)).await;
        speaker.expect_error(ErrorCode::Unavailable, "offer").await;
    }
    let mut stranger = Client::connect(&nodes[1]).await;
    stranger.send(&join("new", "s")).await;
    stranger.expect_error(ErrorCode::Unavailable, "join").await;
    stranger.send(&login("Sam", "s")).await;
    stranger.expect_error(ErrorCode::Unavailable, "login").await;
    // A join and a leave of somebody on the node of their room.
    same.1.send(&leave("same", "same-b")).await;
    assert!(matches!(same.1.next().await, ServerMessage::Leaved { .. }));
    assert!(matches!(
        same.0.next().await,
        ServerMessage::PeerLeave { .. }
    ));
    same.1.join_resumable("same", "same-b", None).await;
    assert!(matches!(
        same.1.next().await,
        ServerMessage::RespJoin { .. }
    ));
    assert!(matches!(same.0.next().await, ServerMessage::NewPeer { .. }));
}

/// When it is back, everybody finds everybody again, and a third is still one too many.
async fn assert_together(
    nodes: &[Server],
    same: &mut (Client, Client),
    apart: &mut (Client, Client),
) {
    for client in [&mut apart.0, &mut apart.1] {
        let back = |m: &ServerMessage| matches!(m, ServerMessage::PeerBack { .. });
        next_that(client, "the other is back", back).await;
    }
    assert_passes("apart", (&mut apart.0, "a"), (&mut apart.1, "b")).await;
    assert_passes("apart", (&mut apart.1, "b"), (&mut apart.0, "a")).await;
    assert_passes("same", (&mut same.0, "a"), (&mut same.1, "b")).await;
    for (n, node) in nodes.iter().enumerate() {
        for room in ["same", "apart"] {
            let mut third = Client::connect(node).await;
            let answer = join_when_possible(&mut third, &join(room, &format!("third-{n}"))).await;
            assert!(
                matches!(answer, ServerMessage::Full { .. }),
                "{room}: {answer:?}"
            );
        }
    }
}

#[tokio::test]
async fn redis_dies_and_comes_back_empty() {
    let Some(mut redis) = Redis::start("cluster::outage::dies").await else {
        return;
    };
    let nodes = redis.nodes(2).await;
    let mut same = couple_of("same", &nodes[0], &nodes[0]).await;
    let mut apart = couple_of("apart", &nodes[0], &nodes[1]).await;
    redis.kill();
    until_alone(&nodes).await;
    assert_alone(&nodes, &mut same, &mut apart).await;
    redis.start_again().await;
    until_together(&nodes).await;
    assert_together(&nodes, &mut same, &mut apart).await;
}

#[tokio::test]
async fn redis_stops_for_thirty_seconds() {
    let Some(mut redis) = Redis::start("cluster::outage::stops").await else {
        return;
    };
    // The clients here read nothing while they wait.
    let config = ServerConfig {
        timing: Timing {
            silence_timeout: Duration::from_secs(120),
            ..Timing::default()
        },
        ..roomy()
    };
    let nodes = redis.nodes_with(2, config).await;
    let mut same = couple_of("same", &nodes[0], &nodes[0]).await;
    let mut apart = couple_of("apart", &nodes[0], &nodes[1]).await;
    redis.signal(Signal::Stop);
    let stopped = Instant::now();
    until_alone(&nodes).await;
    assert_alone(&nodes, &mut same, &mut apart).await;
    let stopped_until = stopped + Duration::from_secs(30);
    tokio::time::sleep_until(stopped_until.into()).await;
    redis.signal(Signal::Continue);
    until_together(&nodes).await;
    assert_together(&nodes, &mut same, &mut apart).await;
}

/// Two who are logged in at the first node write and call as if nothing were, wherever their lobby was decided about
/// before.
async fn assert_two_of_a_node_call(test: &str, decides: usize) {
    let Some(mut redis) = Redis::start(test).await else {
        return;
    };
    let nodes = redis.nodes(2).await;
    let _host = Client::logged_in(&nodes[decides], "Host", "h").await;
    let mut ann = Client::logged_in(&nodes[0], "Ann", "a").await;
    let mut bob = Client::logged_in(&nodes[0], "Bob", "b").await;
    redis.kill();
    until_alone(&nodes).await;
    assert_text_passes(&mut ann, (&mut bob, "b"), "hello").await;
    assert_text_passes(&mut bob, (&mut ann, "a"), "hello").await;
    // It rings before the node's lease ends and is accepted after it.
    let (call_id, room) = ring(&mut ann, &mut bob).await;
    tokio::time::sleep(redis.config().timing.lease).await;
    take_up(&mut ann, &mut bob, (&call_id, &room)).await;
    ann.send(&leave(&room, "a")).await;
    assert!(matches!(
        heard(&mut ann).await,
        ServerMessage::Leaved { .. }
    ));
    let gone = heard(&mut bob).await;
    assert!(matches!(gone, ServerMessage::PeerLeave { .. }), "{gone:?}");
    bob.send(&leave(&room, "b")).await;
    assert!(matches!(
        heard(&mut bob).await,
        ServerMessage::Leaved { .. }
    ));
    // And a call that begins without one.
    let (call_id, room) = ring(&mut ann, &mut bob).await;
    take_up(&mut ann, &mut bob, (&call_id, &room)).await;
    assert_text_passes(&mut ann, (&mut bob, "b"), "hello again").await;
    redis.start_again().await;
    until_together(&nodes).await;
    // The call that runs goes on.
    let offer = forward(&room, "a", "b", "{}");
    ann.send(&ClientMessage::Offer(offer.clone())).await;
    let is_it = |message: &ServerMessage| *message == ServerMessage::Offer(offer.clone());
    next_that(&mut bob, "the offer", is_it).await;
}

#[tokio::test]
async fn without_redis_two_of_a_node_call_in_a_lobby_of_their_node() {
    assert_two_of_a_node_call("cluster::outage::own_lobby", 0).await;
}

#[tokio::test]
async fn without_redis_two_of_a_node_call_in_a_lobby_that_was_another_nodes() {
    assert_two_of_a_node_call("cluster::outage::others_lobby", 1).await;
}

#[tokio::test]
async fn redis_is_replaced_so_soon_that_nobody_misses_it() {
    let Some(mut redis) = Redis::start("cluster::outage::replaced").await else {
        return;
    };
    let nodes = redis.nodes(2).await;
    let (mut a, mut b) = couple_of("r", &nodes[0], &nodes[1]).await;
    redis.kill();
    redis.start_again().await;
    // What is said meanwhile is not lost, or its loss is said: an error, or a break that is over.
    let offer = forward("r", "r-a", "r-b", "{}");
    for _ in 0..100 {
        a.send(&ClientMessage::Offer(offer.clone())).await;
        let heard = tokio::time::timeout(Duration::from_secs(3), b.next()).await;
        if matches!(heard, Ok(ServerMessage::Offer(_))) {
            break;
        }
    }
    until_together(&nodes).await;
    assert_passes("r", (&mut a, "a"), (&mut b, "b")).await;
    let mut third = Client::connect(&nodes[1]).await;
    let answer = join_when_possible(&mut third, &join("r", "third")).await;
    assert!(matches!(answer, ServerMessage::Full { .. }), "{answer:?}");
}

#[tokio::test]
async fn one_node_is_cut_off_and_its_room_is_not_split() {
    let Some(redis) = Redis::start("cluster::outage::cut_off").await else {
        return;
    };
    let valve = Valve::open(redis.port()).await;
    let near = node_at(&redis.url(), roomy()).await;
    let far = node_at(&valve.url(), roomy()).await;
    // The room is the far node's, with one of its people on each.
    let (mut a, mut b) = couple_of("r", &far, &near).await;
    valve.close();
    eventually("the far node is alone", || !is_connected(&far)).await;
    for client in [&mut a, &mut b] {
        let away = |m: &ServerMessage| matches!(m, ServerMessage::PeerAway { .. });
        next_that(client, "the other is away", away).await;
    }
    // The near node carries the room on, with both places taken.
    eventually("the room is the near node's", || {
        near.cluster().is_some_and(|cluster| cluster.owned == 1)
    })
    .await;
    let mut third = Client::connect(&near).await;
    let answer = join_when_possible(&mut third, &join("r", "third")).await;
    assert!(matches!(answer, ServerMessage::Full { .. }), "{answer:?}");
    valve.reopen();
    for client in [&mut a, &mut b] {
        let back = |m: &ServerMessage| matches!(m, ServerMessage::PeerBack { .. });
        next_that(client, "the other is back", back).await;
    }
    assert_passes("r", (&mut a, "a"), (&mut b, "b")).await;
    assert_passes("r", (&mut b, "b"), (&mut a, "a")).await;
    let owned = |node: &Server| node.cluster().expect("a cluster").owned;
    eventually("one owner", || (owned(&near), owned(&far)) == (1, 0)).await;
}

#[tokio::test]
async fn who_comes_too_late_after_a_split_is_told_so() {
    let Some(redis) = Redis::start("cluster::outage::split").await else {
        return;
    };
    let valve = Valve::open(redis.port()).await;
    let near = node_at(&redis.url(), roomy()).await;
    let far = node_at(&valve.url(), roomy()).await;
    let mut a = Client::connect(&far).await;
    let joined = a.join_resumable("r", "a", None).await;
    valve.close();
    eventually("the far node is alone", || !is_connected(&far)).await;
    // Nobody of the room is on this side, so in time it is anybody's here.
    let mut others = Vec::new();
    for uid in ["c", "d"] {
        let mut client = Client::connect(&near).await;
        let answer = join_when_possible(&mut client, &join("r", uid)).await;
        assert!(matches!(answer, ServerMessage::Joined { .. }), "{answer:?}");
        others.push(client);
    }
    valve.reopen();
    assert_eq!(a.close_code().await, Some(4010), "the place is another's");
    let mut a = Client::connect(&far).await;
    let again = join_with_token("r", "a", Some(&joined.token));
    let answer = join_when_possible(&mut a, &again).await;
    assert!(matches!(answer, ServerMessage::Full { .. }), "{answer:?}");
}

#[tokio::test]
async fn what_a_failing_connection_loses_arrives_after_all() {
    let Some(redis) = Redis::start("cluster::outage::loses").await else {
        return;
    };
    let valve = Valve::open(redis.port()).await;
    let near = node_at(&redis.url(), roomy()).await;
    let far = node_at(&valve.url(), roomy()).await;
    let (mut a, mut b) = couple_of("r", &near, &far).await;
    let said = 200;
    let talking = async {
        for n in 0..said {
            let offer = forward("r", "r-a", "r-b", &format!("{{\"n\":{n}}}"));
            a.send(&ClientMessage::Offer(offer)).await;
            if n % 50 == 25 {
                // Every connection through the valve breaks, subscriptions included.
                valve.cut();
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let hearing = async {
        for n in 0..said {
            let expected = forward("r", "r-a", "r-b", &format!("{{\"n\":{n}}}"));
            assert_eq!(
                b.next().await,
                ServerMessage::Offer(expected),
                "in order, once"
            );
        }
    };
    tokio::join!(talking, hearing);
}
