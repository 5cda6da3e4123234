//! How long it takes when Redis stops, or dies and comes back empty: until somebody is told that the other is out of
//! reach, and until all is as before. The times are printed; what is asserted is that nothing is ever silent and that
//! two on one server notice nothing.

use std::time::{Duration, Instant};

use duet_protocol::{ClientMessage, ErrorCode, ServerMessage, User};
use duet_server::{Server, ServerConfig, Timing};
use duet_testkit::process::Signal;

use super::ear::Ear;
use super::redis_rig::{Redis, is_connected, roomy};
use crate::client::{Client, eventually, forward};

/// Descriptions between two on one server while Redis is gone.
const TRIPS: usize = 100;
/// Between two tries to reach somebody.
const PAUSE: Duration = Duration::from_millis(20);

/// Two in a room each, introductions heard, and two in the lobby.
struct People {
    /// On the first server, both.
    same: [Ear; 2],
    /// On a server each.
    apart: [Ear; 2],
    /// Ann on the first server, Bob on the second.
    lobby: [Ear; 2],
}

async fn couple(room: &str, nodes: [&Server; 2]) -> [Ear; 2] {
    let mut both = Vec::new();
    for (uid, node) in ["a", "b"].into_iter().zip(nodes) {
        let mut client = Client::connect(node).await;
        client
            .join_resumable(room, &format!("{room}-{uid}"), None)
            .await;
        both.push(Ear::of(client));
    }
    let introduced = |m: &ServerMessage| {
        matches!(
            m,
            ServerMessage::NewPeer { .. } | ServerMessage::RespJoin { .. }
        )
    };
    for ear in &mut both {
        ear.when("the other is introduced", introduced).await;
    }
    both.try_into().ok().expect("two")
}

impl People {
    async fn meet(nodes: &[Server]) -> Self {
        let same = couple("same", [&nodes[0], &nodes[0]]).await;
        let apart = couple("apart", [&nodes[0], &nodes[1]]).await;
        let mut lobby = Vec::new();
        for (node, name, uid) in [(&nodes[0], "Ann", "ann"), (&nodes[1], "Bob", "bob")] {
            let mut client = Client::connect(node).await;
            client.login_resumable(name, uid, None).await;
            lobby.push(Ear::of(client));
        }
        lobby[0].when("Bob is there", is_free("bob")).await;
        let lobby = lobby.try_into().ok().expect("two");
        Self { same, apart, lobby }
    }
}

/// Somebody of the lobby is shown as somebody who can be called.
fn is_free(uid: &'static str) -> impl Fn(&ServerMessage) -> bool {
    let is_it = move |user: &User| user.uid == uid && !user.busy;
    move |message| {
        matches!(message, ServerMessage::Presence(changes)
            if changes.online.iter().chain(&changes.free).any(is_it))
    }
}

/// As somebody who cannot.
fn is_away(uid: &'static str) -> impl Fn(&ServerMessage) -> bool {
    let is_it = move |user: &User| user.uid == uid;
    move |message| {
        matches!(message, ServerMessage::Presence(changes)
            if changes.offline.iter().chain(&changes.busy).any(is_it))
    }
}

fn is_refusal(message: &ServerMessage) -> bool {
    matches!(message, ServerMessage::Error { code: ErrorCode::Unavailable, reference, .. }
        if reference.as_deref() == Some("offer"))
}

/// One description, there. Nothing is said to whom it is for but itself.
async fn trip(room: &str, number: usize, both: &mut [Ear; 2]) -> Duration {
    let [from, to] = both;
    let (own, other) = (format!("{room}-a"), format!("{room}-b"));
    let offer = forward(room, &own, &other, &format!("{{\"n\":{number}}}"));
    let sent = Instant::now();
    from.say(&ClientMessage::Offer(offer.clone())).await;
    let (came, heard) = to.next().await.expect("the connection lives");
    assert_eq!(heard, ServerMessage::Offer(offer));
    came.saturating_duration_since(sent)
}

/// One of the two on two servers writes to the other, again and again, until that is refused: when the first word of
/// trouble came, `peer-away` or an error, and when the first error.
async fn write_until_refused(ear: &mut Ear, [own, other]: [&str; 2]) -> [Instant; 2] {
    let offer = forward("apart", own, other, "{}");
    let mut told = None;
    loop {
        ear.say(&ClientMessage::Offer(offer.clone())).await;
        tokio::time::sleep(PAUSE).await;
        for (at, message) in ear.so_far() {
            if is_refusal(&message) {
                return [told.unwrap_or(at), at];
            }
            if matches!(message, ServerMessage::PeerAway { .. }) {
                told = Some(at);
            }
        }
    }
}

/// What there is to say about an outage.
#[derive(Debug, Default)]
struct Times {
    /// From the fault, the later of two who write to each other over two servers: the first word of trouble, and
    /// the first refusal.
    told: Duration,
    refused: Duration,
    /// The longest of a description between two on one server meanwhile.
    same_server: Duration,
    /// From when Redis is back: every server hears the others, two can write to each other again, and the lobby
    /// shows everybody to everybody.
    subscribed: Duration,
    passes: Duration,
    presence: Duration,
}

/// Redis is gone since then: those on two servers are told, and those on one notice nothing.
async fn go_through_it(people: &mut People, since: Instant, times: &mut Times) {
    let [a, b] = &mut people.apart;
    let [a, b] = tokio::join!(
        write_until_refused(a, ["apart-a", "apart-b"]),
        write_until_refused(b, ["apart-b", "apart-a"]),
    )
    .into();
    times.told = a[0].max(b[0]) - since;
    times.refused = a[1].max(b[1]) - since;
    for number in 0..TRIPS {
        let took = trip("same", number, &mut people.same).await;
        times.same_server = times.same_server.max(took);
    }
    let [ann, bob] = &mut people.lobby;
    ann.when("Bob is away", is_away("bob")).await;
    bob.when("Ann is away", is_away("ann")).await;
}

/// Redis is back since then: all is as before.
async fn come_back(nodes: &[Server], people: &mut People, since: Instant, times: &mut Times) {
    for node in nodes {
        eventually("Redis is back", || is_connected(node)).await;
    }
    times.subscribed = since.elapsed();
    let back = |m: &ServerMessage| matches!(m, ServerMessage::PeerBack { .. });
    for ear in &mut people.apart {
        ear.when("the other is back", back).await;
    }
    for ear in &mut people.apart {
        // Answers to what was written while they were apart.
        ear.so_far();
    }
    trip("apart", 0, &mut people.apart).await;
    times.passes = since.elapsed();
    let [ann, bob] = &mut people.lobby;
    let seen = [
        ann.when("Bob is there again", is_free("bob")).await,
        bob.when("Ann is there again", is_free("ann")).await,
    ];
    times.presence = seen[0].max(seen[1]).saturating_duration_since(since);
    // Those on one server heard nothing but what they wrote to each other.
    for ear in &mut people.same {
        let heard = ear.so_far();
        assert!(heard.is_empty(), "they noticed: {heard:?}");
    }
}

async fn nodes(redis: &Redis) -> Vec<Server> {
    // Most of the people here say nothing for half a minute.
    let timing = Timing {
        silence_timeout: Duration::from_secs(180),
        ..Timing::default()
    };
    let config = ServerConfig { timing, ..roomy() };
    redis.nodes_with(2, config).await
}

#[tokio::test]
async fn redis_that_stands_still_for_thirty_seconds() {
    let Some(mut redis) = Redis::start("cluster::outage_times::still").await else {
        return;
    };
    let nodes = nodes(&redis).await;
    let mut people = People::meet(&nodes).await;
    let mut times = Times::default();
    redis.signal(Signal::Stop);
    let stopped = Instant::now();
    go_through_it(&mut people, stopped, &mut times).await;
    let until = stopped + Duration::from_secs(30);
    tokio::time::sleep_until(until.into()).await;
    redis.signal(Signal::Continue);
    come_back(&nodes, &mut people, Instant::now(), &mut times).await;
    println!("Redis stands still for 30 s: {times:.1?}");
}

#[tokio::test]
async fn redis_that_dies_and_comes_back_empty() {
    let Some(mut redis) = Redis::start("cluster::outage_times::dies").await else {
        return;
    };
    let nodes = nodes(&redis).await;
    let mut people = People::meet(&nodes).await;
    let mut times = Times::default();
    let killed = Instant::now();
    redis.kill();
    go_through_it(&mut people, killed, &mut times).await;
    redis.start_again().await;
    come_back(&nodes, &mut people, Instant::now(), &mut times).await;
    println!("Redis is killed and starts again empty: {times:.1?}");
}

#[tokio::test]
async fn redis_that_starts_again_empty_at_once() {
    let Some(mut redis) = Redis::start("cluster::outage_times::at_once").await else {
        return;
    };
    let nodes = nodes(&redis).await;
    let mut people = People::meet(&nodes).await;
    let killed = Instant::now();
    redis.kill();
    redis.start_again().await;
    let listens = killed.elapsed();
    // Nobody has missed it yet: what is written now arrives, or its loss is said and it is written again.
    let [a, b] = &mut people.apart;
    let offer = forward("apart", "apart-a", "apart-b", "{}");
    let is_it = |m: &ServerMessage| *m == ServerMessage::Offer(offer.clone());
    let arrived = loop {
        a.say(&ClientMessage::Offer(offer.clone())).await;
        tokio::time::sleep(PAUSE).await;
        if let Some((at, _)) = b.so_far().into_iter().find(|(_, m)| is_it(m)) {
            break at;
        }
    };
    println!(
        "Redis is killed and listens again, empty, after {listens:.1?}: a description arrives after {:.1?}",
        arrived - killed
    );
    for node in &nodes {
        eventually("Redis is back", || is_connected(node)).await;
    }
    for number in 1..=TRIPS {
        trip("same", number, &mut people.same).await;
    }
}
