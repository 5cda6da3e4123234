//! A thousand clients that never finish what they begin, a handshake or a message: each is cut, and calls of others
//! come about meanwhile. How soon, and what it costs the others, is printed.
#![cfg(target_os = "linux")]

use std::env;
use std::net::Ipv4Addr;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use duet_testkit::process::Process;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::target::{Door, Target, median_and_p99};
use crate::under_attack::calls;

/// Of each kind, all the time: who is cut begins again.
const SLOW: usize = 1_000;
/// More than are cut in the longest run.
const MOST_CUT: usize = 100 * SLOW;
/// Between the beginnings of two of them: over the four seconds or so in which the first are not cut yet. All at once they
/// would be a flood, which `under_attack` is about.
const STAGGER: Duration = Duration::from_millis(4);
/// Between two letters.
const DRIP: Duration = Duration::from_millis(500);
/// Says to this test, in a process of its own, whom to bother, and with what.
const BOTHERED: &str = "DUET_TEST_BOTHERED";
const KIND: &str = "DUET_TEST_SLOW_KIND";
/// What the others say when all of them have begun, and at their end.
const BEGUN: &str = "all have begun";
const CUT: &str = "cut: ";
/// Generous: who is not cut by then never will be.
const PATIENCE: Duration = Duration::from_secs(60);

/// What is never finished.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Handshake,
    Frame,
}

impl Kind {
    fn of(word: &str) -> Self {
        match word {
            "Handshake" => Self::Handshake,
            "Frame" => Self::Frame,
            other => panic!("no such kind: {other}"),
        }
    }

    /// A connection on which it is begun.
    async fn begin(self, door: &Door, from: Ipv4Addr) -> Option<TcpStream> {
        let (mut stream, beginning) = match self {
            Self::Handshake => {
                let stream = door.tcp_from(from).await?;
                (stream, &b"GET /ws HTTP/1.1\r\nHost: "[..])
            }
            Self::Frame => {
                // Masked with zeros, of 65,535 bytes: it takes nine hours at this pace.
                let stream = door.client_from(from).await?.socket.into_inner();
                (stream, &[0x81, 0xfe, 0xff, 0xff, 0, 0, 0, 0][..])
            }
        };
        stream.write_all(beginning).await.ok()?;
        Some(stream)
    }
}

/// Goes on letter by letter until the connection ends.
async fn drip(stream: TcpStream) {
    let (mut reader, mut writer) = stream.into_split();
    let writing = async {
        while writer.write_all(b"x").await.is_ok() {
            tokio::time::sleep(DRIP).await;
        }
    };
    // It is pinged meanwhile, and does not answer.
    let reading = async {
        let mut bytes = [0; 256];
        while reader.read(&mut bytes).await.is_ok_and(|count| count > 0) {}
    };
    tokio::select! {
        () = writing => {}
        () = reading => {}
    }
}

/// One place of the thousand. Says when it has begun the first time, and how long each connection lasted.
async fn bother(
    kind: Kind,
    door: Door,
    n: usize,
    begun: tokio::sync::mpsc::Sender<()>,
    lasted: tokio::sync::mpsc::Sender<Duration>,
) {
    tokio::time::sleep(STAGGER * u32::try_from(n).expect("a thousand")).await;
    let from = Ipv4Addr::new(127, 0, 5, u8::try_from(1 + n % 200).expect("below 256"));
    loop {
        if let Some(stream) = kind.begin(&door, from).await {
            let _ = begun.send(()).await;
            let since = Instant::now();
            let dripping = tokio::time::timeout(PATIENCE, drip(stream));
            let lasted_until = dripping.await.map_or(PATIENCE, |()| since.elapsed());
            let _ = lasted.send(lasted_until).await;
        }
        tokio::time::sleep(DRIP).await;
    }
}

/// All of them, until this process is told that it is over, or none is cut any more.
async fn bother_all(kind: Kind, url: &str) {
    let (begun, mut has_begun) = tokio::sync::mpsc::channel(SLOW);
    let (lasted, mut how_long) = tokio::sync::mpsc::channel(MOST_CUT);
    for n in 0..SLOW {
        let bothering = bother(kind, Door::at(url), n, begun.clone(), lasted.clone());
        tokio::spawn(bothering);
    }
    for _ in 0..SLOW {
        has_begun.recv().await.expect("they try");
    }
    println!("{BEGUN}");
    tokio::spawn(async move { while has_begun.recv().await.is_some() {} });
    let mut line = String::new();
    let told = tokio::task::spawn_blocking(move || std::io::stdin().read_line(&mut line));
    told.await.expect("it reads").expect("a line");
    // Everybody who has begun by now is cut, too.
    let mut times = Vec::new();
    while times.len() < SLOW {
        times.push(how_long.recv().await.expect("they are cut"));
    }
    while let Ok(time) = how_long.try_recv() {
        times.push(time);
    }
    let longest = times.iter().max().copied().unwrap_or_default();
    let (count, [median, _]) = (times.len(), median_and_p99(times));
    println!(
        "{CUT}{count} {} {}",
        median.as_millis(),
        longest.as_millis()
    );
}

/// This test once more, as those. At the lowest priority: they share the processors with the server, which others
/// elsewhere would not.
fn start_others(test: &str, kind: Kind, target: &Target) -> Process {
    let mut command = Command::new("nice");
    command.args(["-n", "19"]);
    command.arg(env::current_exe().expect("it runs"));
    command.args(["--exact", "--nocapture", test]);
    command
        .stdin(Stdio::piped())
        .env(KIND, format!("{kind:?}"))
        .env(BOTHERED, target.door.url());
    Process::spawn("slow clients", &mut command).expect("it starts")
}

/// How many were cut, and in milliseconds the median and the longest that it took.
fn cut(others: &Process) -> [u128; 3] {
    let lines = others.lines();
    let line = lines.iter().find_map(|line| line.strip_prefix(CUT));
    let figures = line.expect("they say how long it took").split(' ');
    let figures: Vec<u128> = figures.map(|n| n.parse().expect("a number")).collect();
    figures.try_into().expect("three figures")
}

async fn slow_clients_are_cut_and_calls_come_about(test: &str, kind: Kind) {
    if let Ok(url) = env::var(BOTHERED) {
        return bother_all(Kind::of(&env::var(KIND).expect("a kind")), &url).await;
    }
    let mut target = Target::start();
    calls(&target, "warm").await;
    let alone = calls(&target, "alone").await;
    let before_kib = target.own_kib();
    let mut others = start_others(test, kind, &target);
    let begun = others.wait_for_line(PATIENCE, |line| line == BEGUN);
    begun.expect("they begin");
    let beside = calls(&target, "beside").await;
    drop(others.take_stdin());
    others.wait(2 * PATIENCE).expect("they stop");
    let [count, median_ms, longest_ms] = cut(&others);
    println!(
        "{SLOW} at a time who never finish: {kind:?}: {count} cut, median {median_ms} ms, longest {longest_ms} ms; \
         calls of others, all set up, alone: median {:.1?}, p99 {:.1?}; beside them: median {:.1?}, p99 {:.1?}",
        alone[0], alone[1], beside[0], beside[1],
    );
    assert!(longest_ms < PATIENCE.as_millis(), "some are never cut");
    target.two_meet("afterwards").await;
    target.assert_unharmed("slow clients", before_kib).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_handshakes_that_never_end_are_cut() {
    let test = "slow_clients::a_thousand_handshakes_that_never_end_are_cut";
    slow_clients_are_cut_and_calls_come_about(test, Kind::Handshake).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_messages_that_never_end_are_cut() {
    let test = "slow_clients::a_thousand_messages_that_never_end_are_cut";
    slow_clients_are_cut_and_calls_come_about(test, Kind::Frame).await;
}
