//! The program as a target of attacks, and what must not come of them.
#![cfg(target_os = "linux")]

use std::net::{Ipv4Addr, SocketAddr};
use std::process::Command;
use std::time::{Duration, Instant};

use duet_testkit::port::free_port;
use duet_testkit::process::Process;
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::{client_async, connect_async};

use crate::client::{Client, introduced};
use crate::monitor::get;

/// What may stay behind: the allocator's caches, not the attacks'.
const LEFT_KIB: u64 = 4 * 1024;
/// What is left goes back to the system some seconds after a crowd has gone.
const GOING_BACK: Duration = Duration::from_secs(30);

/// The median and the 99th percentile.
pub(crate) fn median_and_p99(mut took: Vec<Duration>) -> [Duration; 2] {
    took.sort_unstable();
    [50, 99].map(|percent| took[(took.len() * percent / 100).min(took.len() - 1)])
}

/// Where a server answers.
#[derive(Debug, Clone)]
pub(crate) struct Door {
    url: String,
}

impl Door {
    /// Of a server that somebody else started.
    pub(crate) fn at(url: &str) -> Self {
        Self {
            url: url.to_owned(),
        }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    fn address(&self) -> SocketAddr {
        let address = self.url.trim_start_matches("ws://").trim_end_matches("/ws");
        address.parse().expect("an address")
    }

    /// From another address of this machine; none if the server, or the machine, refuses.
    pub(crate) async fn tcp_from(&self, from: Ipv4Addr) -> Option<TcpStream> {
        let socket = TcpSocket::new_v4().ok()?;
        socket.bind((from, 0).into()).ok()?;
        socket.connect(self.address()).await.ok()
    }

    /// The same for a client.
    pub(crate) async fn client_from(&self, from: Ipv4Addr) -> Option<Client<TcpStream>> {
        let stream = self.tcp_from(from).await?;
        let (socket, _) = client_async(&self.url, stream).await.ok()?;
        Some(Client { socket })
    }
}

pub(crate) struct Target {
    pub(crate) program: Process,
    pub(crate) door: Door,
    /// Where figures are told, if anywhere.
    figures: Option<SocketAddr>,
}

impl Target {
    /// As many connections from one address as there are.
    pub(crate) fn start() -> Self {
        Self::start_by(Command::new(env!("CARGO_BIN_EXE_duet-server")))
    }

    /// With the caps that it has by itself, but for what comes and fails in a minute; and with figures.
    pub(crate) fn start_with_caps() -> Self {
        let port = free_port().expect("a free port");
        let figures = SocketAddr::from(([127, 0, 0, 1], port));
        let mut command = Command::new(env!("CARGO_BIN_EXE_duet-server"));
        command.args(["--metrics-listen", &figures.to_string()]);
        let mut target = Self::spawn(command);
        target.figures = Some(figures);
        target
    }

    /// With so few file descriptors.
    pub(crate) fn start_with_files(count: usize) -> Self {
        let mut command = Command::new("prlimit");
        command.arg(format!("--nofile={count}"));
        command.arg(env!("CARGO_BIN_EXE_duet-server"));
        Self::start_by(command)
    }

    /// For so many connections altogether.
    pub(crate) fn start_with_places(count: usize) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_duet-server"));
        command.args(["--max-connections", &count.to_string()]);
        Self::start_by(command)
    }

    fn start_by(mut command: Command) -> Self {
        command.args(["--no-metrics", "--max-connections-per-address", "0"]);
        Self::spawn(command)
    }

    /// As it is by itself.
    pub(crate) fn start_with_defaults() -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_duet-server"));
        command.arg("--no-metrics");
        Self::spawn_as_it_is(command)
    }

    fn spawn(mut command: Command) -> Self {
        command.args(["--connections-per-minute", "0"]);
        command.args(["--failed-joins-per-minute", "1000000"]);
        Self::spawn_as_it_is(command)
    }

    fn spawn_as_it_is(mut command: Command) -> Self {
        command.args(["--listen", "127.0.0.1:0", "--no-turn"]);
        let program = Process::spawn("duet-server", &mut command).expect("it starts");
        let line = program
            .wait_for_line(Duration::from_secs(10), |line| {
                line.starts_with("listening on ")
            })
            .expect("it listens");
        let door = Door::at(line.trim_start_matches("listening on "));
        Self {
            program,
            door,
            figures: None,
        }
    }

    pub(crate) async fn client(&self) -> Client {
        self.try_client().await.expect("it answers")
    }

    /// None if the server refuses.
    pub(crate) async fn try_client(&self) -> Option<Client> {
        let (socket, _) = connect_async(self.door.url()).await.ok()?;
        Some(Client { socket })
    }

    /// All figures.
    pub(crate) async fn figures(&self) -> String {
        get(self.figures.expect("it tells figures"), "/metrics").await
    }

    pub(crate) async fn tcp(&self) -> TcpStream {
        let stream = TcpStream::connect(self.door.address()).await;
        stream.expect("it listens")
    }

    /// Memory that is this process's own: its heaps and stacks. The program itself is left out, as it is shared with
    /// all that other tests start meanwhile.
    pub(crate) fn own_kib(&self) -> u64 {
        let path = format!("/proc/{}/smaps_rollup", self.program.pid());
        let text = std::fs::read_to_string(path).expect("it runs");
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix("Anonymous:"));
        let number = line
            .and_then(|line| line.split_whitespace().next())
            .expect("a figure");
        number.parse().expect("a number")
    }

    /// What this process has used of the processors so far.
    pub(crate) fn processor_time(&self) -> Duration {
        let threads = format!("/proc/{}/task", self.program.pid());
        let threads = std::fs::read_dir(threads).expect("it runs").flatten();
        let nanoseconds = threads.filter_map(|thread| {
            // One that has just ended has no file any more.
            let text = std::fs::read_to_string(thread.path().join("schedstat")).ok()?;
            text.split_whitespace().next()?.parse::<u64>().ok()
        });
        Duration::from_nanos(nanoseconds.sum())
    }

    /// Two people meet as if nothing were.
    pub(crate) async fn two_meet(&self, room: &str) {
        let (mut a, mut b) = (self.client().await, self.client().await);
        a.join(room, &format!("{room}-a")).await;
        assert_eq!(b.join(room, &format!("{room}-b")).await.user_num, 2);
    }

    /// Two people in the room "r", introductions read: the first is "a", the second "b".
    pub(crate) async fn couple(&self) -> (Client, Client) {
        introduced(self.client().await, self.client().await).await
    }

    /// It runs, nothing panicked, and the memory that it had before is nearly all that it has.
    pub(crate) async fn assert_unharmed(&mut self, what: &str, before_kib: u64) {
        assert!(self.program.is_running(), "{what}: it ended");
        let lines = self.program.lines();
        let panicked = lines.iter().find(|line| line.contains("panicked"));
        assert_eq!(panicked, None, "{what}");
        let (since, at_once_kib) = (Instant::now(), self.own_kib());
        let mut after_kib = at_once_kib;
        while after_kib > before_kib + LEFT_KIB && since.elapsed() < GOING_BACK {
            tokio::time::sleep(Duration::from_millis(100)).await;
            after_kib = self.own_kib();
        }
        println!(
            "{what}: own memory {before_kib} KiB before, {at_once_kib} KiB afterwards, {after_kib} KiB {:.1?} later",
            since.elapsed()
        );
        assert!(
            after_kib <= before_kib + LEFT_KIB,
            "{what}: {before_kib} → {after_kib} KiB"
        );
    }
}
