//! One server of four is killed while people talk on all of them: its own come back to the other three, whoever has
//! nothing to do with it notices nothing, and how long it takes is printed.

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use duet_protocol::{ClientMessage, ErrorCode, ServerMessage};
use duet_testkit::process::Signal;
use tokio::task::JoinHandle;
use tokio_tungstenite::connect_async;

use super::ear::Ear;
use super::processes::Node;
use super::redis_rig::Redis;
use crate::client::{Client, forward, join_with_token};

const NODES: usize = 4;
/// Of those who have one foot on the server that dies, and as many of those who have none.
const COUPLES: usize = 24;
/// Between two descriptions of a couple: half of the rate that a connection may keep up.
const PACE: Duration = Duration::from_millis(100);
/// Between two tries to come back.
const BREATH: Duration = Duration::from_millis(100);
/// How long people talk before the fault, and from it on.
const BEFORE: Duration = Duration::from_secs(2);
const AFTER: Duration = Duration::from_secs(10);

async fn node(redis: &Redis) -> Node {
    let mut command = Command::new(env!("CARGO_BIN_EXE_duet-server"));
    command.args(["--listen", "127.0.0.1:0", "--redis", &redis.url()]);
    // They all come from one address here.
    command.args(["--max-connections-per-address", "0", "--no-metrics"]);
    command.args(["--connections-per-minute", "0"]);
    command.args(["--failed-joins-per-minute", "1000000"]);
    Node::run(command).await
}

/// Somebody in a room, with what they come back with.
struct Person {
    room: String,
    uid: String,
    mate: String,
    token: String,
    ear: Ear,
}

impl Person {
    async fn enter(room: &str, [uid, mate]: [&str; 2], node: &Node) -> Self {
        let (uid, mate) = (format!("{room}-{uid}"), format!("{room}-{mate}"));
        let mut client = node.connect().await;
        let token = client.join_resumable(room, &uid, None).await.token;
        Self {
            room: room.to_owned(),
            uid,
            mate,
            token,
            ear: Ear::of(client),
        }
    }

    /// Says something, and when it arrived. The mate hears nothing else.
    async fn write_to(&mut self, mate: &mut Self, number: usize) -> Duration {
        let said = format!("{{\"n\":{number}}}");
        let offer = forward(&self.room, &self.uid, &self.mate, &said);
        let sent = Instant::now();
        self.ear.say(&ClientMessage::Offer(offer.clone())).await;
        let (came, heard) = mate.ear.next().await.expect("the connection lives");
        assert_eq!(heard, ServerMessage::Offer(offer), "in {}", self.room);
        came.saturating_duration_since(sent)
    }

    /// Their server is killed. They are back in their room when one of the others lets them in, and know no more than
    /// a client does: they try the next address whenever one does not.
    async fn come_back(mut self, urls: Vec<String>) -> (Self, Instant) {
        while self.ear.next().await.is_some() {}
        let again = join_with_token(&self.room, &self.uid, Some(&self.token));
        for url in urls.iter().cycle().take(1_000) {
            if let Ok((socket, _)) = connect_async(url.as_str()).await {
                let mut client = Client { socket };
                client.send(&again).await;
                match client.next().await {
                    ServerMessage::Joined { resumed, .. } => {
                        assert!(resumed, "{}: it is their place", self.uid);
                        self.ear = Ear::of(client);
                        return (self, Instant::now());
                    }
                    ServerMessage::Error {
                        code: ErrorCode::Unavailable,
                        ..
                    } => {}
                    other => panic!("{}: not back: {other:?}", self.uid),
                }
            }
            tokio::time::sleep(BREATH).await;
        }
        panic!("{}: never back", self.uid);
    }

    /// Their mate's server is killed: they hear of a break that is over, when both, and nothing else.
    async fn stay(mut self) -> (Self, [Instant; 2]) {
        let (away_at, heard) = self.ear.next().await.expect("the connection lives");
        let is_away = matches!(heard, ServerMessage::PeerAway { .. });
        assert!(is_away, "{}: {heard:?}", self.uid);
        let (back_at, heard) = self.ear.next().await.expect("the connection lives");
        let is_back = matches!(heard, ServerMessage::PeerBack { .. });
        assert!(is_back, "{}: {heard:?}", self.uid);
        (self, [away_at, back_at])
    }
}

/// Two in a room, introduced; the first one's server decides about it.
async fn couple(room: &str, decides: &Node, other: &Node) -> [Person; 2] {
    let mut a = Person::enter(room, ["a", "b"], decides).await;
    let mut b = Person::enter(room, ["b", "a"], other).await;
    let came = |m: &ServerMessage| matches!(m, ServerMessage::NewPeer { .. });
    a.ear.when("b is introduced", came).await;
    let there = |m: &ServerMessage| matches!(m, ServerMessage::RespJoin { .. });
    b.ear.when("a is introduced", there).await;
    [a, b]
}

/// Two who talk until it `is_over`: every description arrives, in order, and nothing else does. How many, and the
/// longest that one took.
async fn talk([mut a, mut b]: [Person; 2], is_over: Arc<AtomicBool>) -> (usize, Duration) {
    let (mut count, mut longest) = (0, Duration::ZERO);
    while !is_over.load(Ordering::Relaxed) {
        longest = longest.max(a.write_to(&mut b, count).await);
        count += 1;
        tokio::time::sleep(PACE).await;
    }
    let heard = a.ear.so_far();
    assert!(heard.is_empty(), "in {}: {heard:?}", a.room);
    (count, longest)
}

/// Everybody, at what they do.
#[derive(Default)]
struct Crowd {
    talking: Vec<JoinHandle<(usize, Duration)>>,
    coming_back: Vec<JoinHandle<(Person, Instant)>>,
    staying: Vec<JoinHandle<(Person, [Instant; 2])>>,
}

impl Crowd {
    /// The first of the nodes will die.
    async fn meet(nodes: &[Node], is_over: &Arc<AtomicBool>) -> Self {
        let mut crowd = Self::default();
        let urls: Vec<String> = nodes.iter().map(|node| node.url.clone()).collect();
        let (dies, live) = nodes.split_first().expect("a node");
        for n in 0..COUPLES {
            let [one, two] = [n, n + n / live.len()].map(|n| &live[n % live.len()]);
            let talking = couple(&format!("living-{n}"), one, two).await;
            let talking = talk(talking, Arc::clone(is_over));
            crowd.talking.push(tokio::spawn(talking));
            // Half of these rooms are decided about by the server that dies.
            let room = format!("parted-{n}");
            let (comes_back, stays) = if n % 2 == 0 {
                couple(&room, dies, one).await.into()
            } else {
                let [stays, comes_back] = couple(&room, one, dies).await;
                (comes_back, stays)
            };
            let mut urls = urls.clone();
            urls.rotate_left(n % NODES);
            let coming_back = comes_back.come_back(urls);
            crowd.coming_back.push(tokio::spawn(coming_back));
            crowd.staying.push(tokio::spawn(stays.stay()));
        }
        crowd
    }
}

/// The median and the longest.
fn median_and_longest(mut times: Vec<Duration>) -> [Duration; 2] {
    times.sort_unstable();
    [times[times.len() / 2], times[times.len() - 1]]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_four_servers_one_is_killed_and_only_its_people_notice() {
    let Some(redis) = Redis::start("cluster::node_loss").await else {
        return;
    };
    let mut nodes = Vec::new();
    for _ in 0..NODES {
        nodes.push(node(&redis).await);
    }
    let is_over = Arc::new(AtomicBool::new(false));
    let crowd = Crowd::meet(&nodes, &is_over).await;
    tokio::time::sleep(BEFORE).await;
    let killed = Instant::now();
    nodes[0].process.signal(Signal::Kill);
    let (mut back, mut told_away, mut told_back) = (Vec::new(), Vec::new(), Vec::new());
    for (comer, stayer) in crowd.coming_back.into_iter().zip(crowd.staying) {
        let (mut comer, at) = comer.await.expect("they come back");
        back.push(at - killed);
        let (mut stayer, [away_at, back_at]) = stayer.await.expect("they stay");
        told_away.push(away_at - killed);
        told_back.push(back_at - killed);
        // They are introduced again, and go on.
        let there = |m: &ServerMessage| {
            matches!(
                m,
                ServerMessage::NewPeer { .. } | ServerMessage::RespJoin { .. }
            )
        };
        comer.ear.when("the other is introduced", there).await;
        comer.write_to(&mut stayer, 0).await;
        stayer.write_to(&mut comer, 0).await;
    }
    tokio::time::sleep_until((killed + AFTER).into()).await;
    is_over.store(true, Ordering::Relaxed);
    let (mut count, mut longest) = (0, Duration::ZERO);
    for talk in crowd.talking {
        let (said, took) = talk.await.expect("they talk on");
        count += said;
        longest = longest.max(took);
    }
    println!(
        "one of {NODES} servers is killed; its {COUPLES} people are back after (median, longest) {:.1?}; those they \
         talk to hear that they are away after {:.1?} and back after {:.1?}; {COUPLES} couples of the others wrote \
         {count} descriptions, 0 errors, 0 lost, the longest took {longest:.1?}",
        median_and_longest(back),
        median_and_longest(told_away),
        median_and_longest(told_back),
    );
}
