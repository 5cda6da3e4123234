//! Real `duet-server` processes that die, stop and start again.

use std::process::Command;
use std::time::{Duration, Instant};

use duet_protocol::{ClientMessage, ServerMessage};
use duet_testkit::port::free_port;
use duet_testkit::process::{Process, Signal};
use tokio_tungstenite::connect_async;

use super::redis_rig::{CLUSTER_KEY, Redis, join_when_possible, next_that};
use super::texts::{is_delivered, text};
use crate::client::{Client, forward, join, join_with_token};
use crate::lobby::login_with_token;
use crate::tls::Identity;

/// A running program, and where it listens.
pub(super) struct Node {
    pub(super) process: Process,
    pub(super) url: String,
}

impl Node {
    async fn start(redis: &Redis, listen: &str) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_duet-server"));
        command.args(["--listen", listen, "--redis", &redis.url()]);
        Self::run(command).await
    }

    pub(super) async fn run(mut command: Command) -> Self {
        command.arg("--no-turn");
        command.env("DUET_CLUSTER_KEY", CLUSTER_KEY);
        let process = Process::spawn("duet-server", &mut command).expect("it starts");
        let said = process
            .wait_for_line(Duration::from_secs(20), |line| {
                line.starts_with("listening on ")
            })
            .expect("it listens");
        let url = said.trim_start_matches("listening on ").to_owned();
        let node = Self { process, url };
        let mut probe = node.connect().await;
        let answer = join_when_possible(&mut probe, &join(&node.url, "probe")).await;
        assert!(matches!(answer, ServerMessage::Joined { .. }));
        node
    }

    pub(super) async fn connect(&self) -> Client {
        let (socket, _) = connect_async(&self.url).await.expect("it listens");
        Client { socket }
    }

    /// What `--listen` takes to start it again at the same place.
    fn address(&self) -> String {
        let address = self.url.trim_start_matches("ws://");
        address.trim_end_matches("/ws").to_owned()
    }
}

/// Two who want to resume, the first on the node that owns the room. With the first one's token.
async fn couple(one: &Node, two: &Node) -> (Client, Client, String) {
    let mut a = one.connect().await;
    let joined = a.join_resumable("r", "a", None).await;
    let mut b = two.connect().await;
    b.join_resumable("r", "b", None).await;
    assert!(matches!(b.next().await, ServerMessage::RespJoin { .. }));
    assert!(matches!(a.next().await, ServerMessage::NewPeer { .. }));
    (a, b, joined.token)
}

/// `a`, whose node is gone, comes back to another; `b` hears of a break that is over.
async fn assert_back(a: &mut Client, b: &mut Client, token: &str) {
    let again = join_with_token("r", "a", Some(token));
    match join_when_possible(a, &again).await {
        ServerMessage::Joined {
            resumed, user_num, ..
        } => assert_eq!((resumed, user_num), (true, 2)),
        other => panic!("not back: {other:?}"),
    }
    let away = |m: &ServerMessage| matches!(m, ServerMessage::PeerAway { .. });
    next_that(b, "a is away", away).await;
    let back = |m: &ServerMessage| matches!(m, ServerMessage::PeerBack { .. });
    next_that(b, "a is back", back).await;
    // Who was there first offers first, as before.
    assert!(matches!(a.next().await, ServerMessage::NewPeer { .. }));
    let offer = forward("r", "a", "b", "{}");
    a.send(&ClientMessage::Offer(offer.clone())).await;
    assert_eq!(b.next().await, ServerMessage::Offer(offer));
}

/// What docs/cluster.md says that a user of Redis needs.
fn documented_rights() -> Vec<String> {
    let text = std::fs::read_to_string("../../../docs/cluster.md").expect("the document");
    assert!(text.contains("needs `~duet:* &duet:*`"), "other rights");
    let (_, commands) = text.split_once("commands `").expect("commands");
    let (commands, _) = commands.split_once('`').expect("an end");
    let patterns = ["~duet:*", "&duet:*", "-@all"].map(str::to_owned);
    let commands = commands.split_whitespace().map(|name| format!("+{name}"));
    patterns.into_iter().chain(commands).collect()
}

#[tokio::test]
async fn tls_and_a_user_with_the_documented_rights_are_enough() {
    let identity = Identity::new();
    let tls_port = free_port().expect("a free port").to_string();
    let [certificate, key] = ["cert.pem", "key.pem"].map(|name| identity.path(name));
    let mut settings = vec!["--tls-port", &tls_port, "--tls-auth-clients", "no"];
    let (certificate, key) = (certificate.display().to_string(), key.display().to_string());
    settings.extend(["--tls-cert-file", &certificate, "--tls-key-file", &key]);
    let rights = documented_rights();
    settings.extend(["--user", "duet", "on", ">north"]);
    settings.extend(rights.iter().map(String::as_str));
    let Some(_redis) = Redis::start_with("cluster::processes::tls", &settings).await else {
        return;
    };
    let url = format!("rediss://duet:north@127.0.0.1:{tls_port}");
    let start = async || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_duet-server"));
        command.args(["--listen", "127.0.0.1:0", "--redis", &url]);
        command.env("SSL_CERT_FILE", &certificate);
        Node::run(command).await
    };
    let (first, second) = (start().await, start().await);
    let (mut a, mut b, _) = couple(&first, &second).await;
    for (client, id) in [(&mut a, "1"), (&mut b, "2")] {
        client.send(&text("r", id)).await;
        assert!(is_delivered(client, id).await);
    }
    let offer = forward("r", "a", "b", "{}");
    a.send(&ClientMessage::Offer(offer.clone())).await;
    let is_it = |message: &ServerMessage| *message == ServerMessage::Offer(offer.clone());
    next_that(&mut b, "the offer", is_it).await;
}

#[tokio::test]
async fn a_node_that_is_killed_is_noticed_and_its_people_come_back_to_another() {
    let Some(redis) = Redis::start("cluster::processes::killed").await else {
        return;
    };
    let mut first = Node::start(&redis, "127.0.0.1:0").await;
    let second = Node::start(&redis, "127.0.0.1:0").await;
    let third = Node::start(&redis, "127.0.0.1:0").await;
    let (a, mut b, token) = couple(&first, &second).await;
    first.process.signal(Signal::Kill);
    drop(a);
    // A stranger does not get the place meanwhile.
    let mut stranger = third.connect().await;
    let answer = join_when_possible(&mut stranger, &join("r", "stranger")).await;
    assert!(matches!(answer, ServerMessage::Full { .. }), "{answer:?}");
    let mut a = third.connect().await;
    assert_back(&mut a, &mut b, &token).await;
}

#[tokio::test]
async fn a_text_to_somebody_whose_node_was_just_killed_is_not_called_delivered() {
    let Some(redis) = Redis::start("cluster::processes::text").await else {
        return;
    };
    let first = Node::start(&redis, "127.0.0.1:0").await;
    let mut second = Node::start(&redis, "127.0.0.1:0").await;
    let (mut a, b, _) = couple(&first, &second).await;
    a.send(&text("r", "before")).await;
    assert!(is_delivered(&mut a, "before").await);
    second.process.signal(Signal::Kill);
    a.send(&text("r", "after")).await;
    assert!(!is_delivered(&mut a, "after").await);
    drop(b);
}

#[tokio::test]
async fn a_node_that_starts_again_at_the_same_place_is_a_new_one() {
    let Some(redis) = Redis::start("cluster::processes::again").await else {
        return;
    };
    let mut first = Node::start(&redis, "127.0.0.1:0").await;
    let second = Node::start(&redis, "127.0.0.1:0").await;
    let (a, mut b, token) = couple(&first, &second).await;
    first.process.signal(Signal::Kill);
    drop(a);
    let address = first.address();
    drop(first);
    let first = Node::start(&redis, &address).await;
    let mut a = first.connect().await;
    assert_back(&mut a, &mut b, &token).await;
}

#[tokio::test]
async fn a_node_that_is_asked_to_end_hands_over_at_once() {
    let Some(redis) = Redis::start("cluster::processes::asked").await else {
        return;
    };
    let mut first = Node::start(&redis, "127.0.0.1:0").await;
    let second = Node::start(&redis, "127.0.0.1:0").await;
    let (mut a, mut b, token) = couple(&first, &second).await;
    first.process.signal(Signal::Terminate);
    assert_eq!(a.close_code().await, Some(4010));
    let mut a = second.connect().await;
    assert_back(&mut a, &mut b, &token).await;
}

#[tokio::test]
async fn a_node_that_was_stopped_for_thirty_seconds_owns_nothing_any_more() {
    let Some(redis) = Redis::start("cluster::processes::stopped").await else {
        return;
    };
    let mut first = Node::start(&redis, "127.0.0.1:0").await;
    let second = Node::start(&redis, "127.0.0.1:0").await;
    let (mut old_a, mut b, token) = couple(&first, &second).await;
    first.process.signal(Signal::Stop);
    let stopped = Instant::now();
    let mut a = second.connect().await;
    assert_back(&mut a, &mut b, &token).await;
    // Both talk on, which also keeps their connections.
    while stopped.elapsed() < Duration::from_secs(30) {
        tokio::time::sleep(Duration::from_secs(1)).await;
        for client in [&mut a, &mut b] {
            client.assert_quiet().await;
        }
    }
    first.process.signal(Signal::Continue);
    // Its copy of the room is worth nothing; who believed to be in it is sent away.
    let code = old_a.close_code().await;
    assert!(code.is_none() || code == Some(4010), "{code:?}");
    for node in [&first, &second] {
        let mut third = node.connect().await;
        let answer = join_when_possible(&mut third, &join("r", "third")).await;
        assert!(matches!(answer, ServerMessage::Full { .. }), "{answer:?}");
    }
    let offer = forward("r", "b", "a", "{}");
    b.send(&ClientMessage::Offer(offer.clone())).await;
    let is_it = |m: &ServerMessage| *m == ServerMessage::Offer(offer.clone());
    next_that(&mut a, "the offer", is_it).await;
}

#[tokio::test]
async fn the_lobby_of_a_node_that_is_killed_goes_on() {
    let Some(redis) = Redis::start("cluster::processes::lobby").await else {
        return;
    };
    let mut first = Node::start(&redis, "127.0.0.1:0").await;
    let second = Node::start(&redis, "127.0.0.1:0").await;
    let mut ann = first.connect().await;
    let mut said = ann.login_resumable("Ann", "a", None).await;
    let mut bob = second.connect().await;
    bob.login_resumable("Bob", "b", None).await;
    first.process.signal(Signal::Kill);
    let gone = |m: &ServerMessage| matches!(m, ServerMessage::Presence(changes) if changes.offline.iter().any(|user| user.uid == "a"));
    next_that(&mut bob, "Ann is gone", gone).await;
    let mut ann = second.connect().await;
    let again = login_with_token("Ann", "a", Some(&said.token));
    let answer = join_when_possible(&mut ann, &again).await;
    let ServerMessage::Login(duet_protocol::LoginAnswer::Accepted {
        users,
        resume_token,
        ..
    }) = answer
    else {
        panic!("not logged in: {answer:?}");
    };
    assert_eq!(users.len(), 1, "Bob is there");
    said.token = resume_token.expect("a token");
    let back = |m: &ServerMessage| matches!(m, ServerMessage::Presence(changes) if changes.online.iter().any(|user| user.uid == "a"));
    next_that(&mut bob, "Ann is back", back).await;
    bob.send(&crate::lobby::call("a")).await;
    let rings = |m: &ServerMessage| matches!(m, ServerMessage::Ring { .. });
    next_that(&mut ann, "it rings", rings).await;
}
