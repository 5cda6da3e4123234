//! One server of two cannot reach Redis, by a connection that breaks or by one through which nothing comes any more:
//! no room is ever held by two servers that each let somebody in, and how long it takes until one of them
//! carries it on, and until all is whole again, is printed.

use std::time::{Duration, Instant};

use duet_protocol::{ClientMessage, ErrorCode, ServerMessage};
use duet_server::{Server, ServerConfig, Timing};

use super::ear::Ear;
use super::redis_rig::{Redis, is_connected, node_at, roomy};
use super::valve::Valve;
use crate::client::{Client, eventually, forward, join};

/// For how long the one server is alone.
const ALONE: Duration = Duration::from_secs(8);
/// Between two tries of a third to get into a room.
const PAUSE: Duration = Duration::from_millis(50);

/// How the way is shut.
#[derive(Debug, Clone, Copy)]
enum Shut {
    /// Connections end, and there are no others.
    Broken,
    /// Nothing passes, as behind a filter that drops packets.
    Silent,
}

/// Somebody for whom there is no place tries again and again, until told to stop; how often.
async fn keep_trying(node: &Server, room: &str, uid: String, until: Instant) -> usize {
    let mut client = Client::connect(node).await;
    let mut tries = 0;
    while Instant::now() < until {
        client.send(&join(room, &uid)).await;
        let answer = client.next().await;
        let is_refused = matches!(answer, ServerMessage::Full { .. })
            || matches!(
                answer,
                ServerMessage::Error {
                    code: ErrorCode::Unavailable,
                    ..
                }
            );
        assert!(is_refused, "a third in {room}: {answer:?}");
        tries += 1;
        tokio::time::sleep(PAUSE).await;
    }
    tries
}

/// Two in a room, the first on the server that decides about it.
async fn couple(room: &str, decides: &Server, other: &Server) -> [Ear; 2] {
    let mut a = Client::connect(decides).await;
    a.join_resumable(room, &format!("{room}-a"), None).await;
    let mut b = Client::connect(other).await;
    b.join_resumable(room, &format!("{room}-b"), None).await;
    let [mut a, mut b] = [a, b].map(Ear::of);
    let came = |m: &ServerMessage| matches!(m, ServerMessage::NewPeer { .. });
    a.when("b is introduced", came).await;
    let there = |m: &ServerMessage| matches!(m, ServerMessage::RespJoin { .. });
    b.when("a is introduced", there).await;
    [a, b]
}

/// A description arrives, in both directions.
async fn assert_passes(room: &str, both: &mut [Ear; 2]) {
    for (from, to) in [(0, 1), (1, 0)] {
        let uid = |n: usize| format!("{room}-{}", ["a", "b"][n]);
        let offer = forward(room, &uid(from), &uid(to), "{}");
        both[from].say(&ClientMessage::Offer(offer.clone())).await;
        let is_it = |m: &ServerMessage| *m == ServerMessage::Offer(offer.clone());
        both[to].when("the offer", is_it).await;
    }
}

/// The last of the four in two rooms to hear one of these, and when.
async fn last_to_hear(
    rooms: &mut [[Ear; 2]; 2],
    what: &str,
    is_it: impl Fn(&ServerMessage) -> bool + Copy,
) -> Instant {
    let mut last = None;
    for ear in rooms.iter_mut().flatten() {
        last = last.max(Some(ear.when(what, is_it).await));
    }
    last.expect("four people")
}

fn owned(node: &Server) -> usize {
    node.cluster().expect("a cluster").owned
}

async fn part_and_heal(test: &str, shut: Shut) {
    let Some(redis) = Redis::start(test).await else {
        return;
    };
    let valve = Valve::open(redis.port()).await;
    // Who was in the rooms before says nothing meanwhile.
    let timing = Timing {
        silence_timeout: Duration::from_secs(120),
        ..Timing::default()
    };
    let config = ServerConfig { timing, ..roomy() };
    let near = node_at(&redis.url(), config.clone()).await;
    let far = node_at(&valve.url(), config).await;
    let mut rooms = [
        couple("north", &near, &far).await,
        couple("south", &far, &near).await,
    ];
    let parted = Instant::now();
    match shut {
        Shut::Broken => valve.close(),
        Shut::Silent => valve.freeze(),
    }
    let tries = ["north", "south"].into_iter().flat_map(|room| {
        let places = [(&near, "near"), (&far, "far")];
        places.map(|(node, name)| {
            keep_trying(node, room, format!("{room}-{name}-third"), parted + ALONE)
        })
    });
    let thirds = futures_util::future::join_all(tries);
    let times = async {
        eventually("the far one is alone", || !is_connected(&far)).await;
        let alone = parted.elapsed();
        let away = |m: &ServerMessage| matches!(m, ServerMessage::PeerAway { .. });
        let away = last_to_hear(&mut rooms, "the other is away", away).await - parted;
        eventually("both rooms are the near one's", || owned(&near) == 2).await;
        [alone, away, parted.elapsed()]
    };
    let (tries, [alone, away, carried_on]) = tokio::join!(thirds, times);
    let healed = Instant::now();
    match shut {
        Shut::Broken => valve.reopen(),
        Shut::Silent => valve.thaw(),
    }
    let back = |m: &ServerMessage| matches!(m, ServerMessage::PeerBack { .. });
    let back = last_to_hear(&mut rooms, "the other is back", back).await;
    let back = back.saturating_duration_since(healed);
    let [north, south] = &mut rooms;
    assert_passes("north", north).await;
    assert_passes("south", south).await;
    let whole = healed.elapsed();
    eventually("one decides", || (owned(&near), owned(&far)) == (2, 0)).await;
    println!(
        "{shut:?}: alone after {alone:.1?}, the last of four told after {away:.1?}, rooms carried on after \
         {carried_on:.1?}; {} tries of thirds on both sides, none let in; after the end of it the last is back \
         after {back:.1?}, and descriptions pass after {whole:.1?}",
        tries.iter().sum::<usize>()
    );
}

#[tokio::test]
async fn a_connection_that_breaks_splits_no_room() {
    part_and_heal("cluster::partition::broken", Shut::Broken).await;
}

#[tokio::test]
async fn a_connection_that_goes_silent_splits_no_room() {
    part_and_heal("cluster::partition::silent", Shut::Silent).await;
}
