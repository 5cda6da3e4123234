//! coturn's own test client against this relay: another implementation reads what we write.
//!
//! It opens relays, binds channels or sends indications, and counts what comes back. Not asked of it:
//! pairs of ports (its default without `-c`) and DONT-FRAGMENT (`-g`), which this relay does not
//! have; and `-R`, which breaks its own requests and then waits for ever for answers that RFC 8489
//! forbids (section 6.3).

use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;

use duet_server::turn::{TurnConfig, TurnMode};
use duet_server::{Server, ServerConfig};
use duet_testkit::process::Process;
use duet_testkit::skip;
use tokio::net::UdpSocket;

use super::dialogue::{SECRET, credential, unix_now_s};
use super::network::{turn_config, turn_server};
use crate::tls::Identity;

const UCLIENT: &str = "turnutils_uclient";
const PATIENCE: Duration = Duration::from_secs(60);
/// Two clients, ten messages each, one every five milliseconds.
const LOAD: [&str; 8] = ["-m", "2", "-n", "10", "-z", "5", "-l", "200"];

/// A run of the program; several may go at once.
struct Run {
    flags: Vec<String>,
    process: Process,
}

impl Run {
    fn start(server: SocketAddr, uid: &str, flags: &[&str]) -> Self {
        let person = credential(SECRET, uid, unix_now_s());
        let mut command = Command::new(UCLIENT);
        command.args(flags).args(LOAD);
        command.args(["-u", &person.username, "-w", &person.password]);
        command.args(["-p", &server.port().to_string()]);
        command.arg(server.ip().to_string());
        Self {
            flags: flags.iter().map(ToString::to_string).collect(),
            process: Process::spawn(UCLIENT, &mut command).expect("it starts"),
        }
    }

    /// It ends well and everything that it sent came back.
    fn passes(mut self) {
        let flags = self.flags.join(" ");
        let last = |line: &str| line.contains("Average jitter");
        let ended = self.process.wait_for_line(PATIENCE, last);
        let status = self.process.wait(PATIENCE).expect("it ends");
        let lines = self.process.lines();
        let said = lines.join("\n");
        assert!(ended.is_ok(), "{flags}: {status}\n{said}");
        assert!(status.success(), "{flags}: {status}\n{said}");
        let sum = lines
            .iter()
            .rev()
            .find(|line| line.contains("tot_send_msgs"));
        let sum = sum.unwrap_or_else(|| panic!("{flags}: no sum\n{said}"));
        assert!(
            sum.ends_with("tot_send_msgs=20, tot_recv_msgs=20"),
            "{flags}: {sum}\n{said}"
        );
        println!("{UCLIENT} {flags}: 20 of 20");
    }
}

/// Sends back whatever comes.
async fn echo() -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").await.expect("a socket");
    let address = socket.local_addr().expect("bound");
    tokio::spawn(async move {
        let mut buffer = [0; 2_000];
        while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
            let _ = socket.send_to(&buffer[..length], from).await;
        }
    });
    address
}

async fn all_pass(server: SocketAddr, modes: &[&[&str]]) {
    let runs: Vec<Run> = modes
        .iter()
        .enumerate()
        .map(|(index, flags)| Run::start(server, &format!("u{index}"), flags))
        .collect();
    let waiting = tokio::task::spawn_blocking(|| runs.into_iter().for_each(Run::passes));
    waiting.await.expect("all passed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_test_client_of_coturn_passes() {
    let test = "turn::uclient::the_test_client_of_coturn_passes";
    if skip::without_programs(test, &[UCLIENT]) {
        return;
    }
    let server = turn_server(turn_config()).await;
    let port = echo().await.port().to_string();
    let peer = ["-e", "127.0.0.1", "-r", &port];
    let modes: [&[&str]; 9] = [
        &["-y", "-c"],       // from relay to relay, by channels
        &["-y", "-c", "-s"], // by indications
        &["-y", "-c", "-X"], // asks for IPv4 by name
        &["-y", "-c", "-G"], // asks more than it needs
        &["-y", "-c", "-N"], // tries what must be refused
        &["-y", "-c", "-D"], // pads its channel data
        &["-y", "-c", "-M"], // offers mobility, which we ignore
        &[&["-c"], &peer[..]].concat(),
        &[&["-c", "-s"], &peer[..]].concat(),
    ];
    all_pass(server.turn_addrs()[0], &modes).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_passes_over_tcp_and_tls() {
    let test = "turn::uclient::it_passes_over_tcp_and_tls";
    if skip::without_programs(test, &[UCLIENT]) {
        return;
    }
    let identity = Identity::new();
    let config = ServerConfig {
        tls: Some(identity.files()),
        turn: TurnMode::BuiltIn(turn_config()),
        ..ServerConfig::loopback()
    };
    let server = Server::bind(config).await.expect("free ports");
    let port = echo().await.port().to_string();
    let peer = ["-e", "127.0.0.1", "-r", &port];
    let modes: [&[&str]; 6] = [
        &["-y", "-c", "-t"],
        &["-y", "-c", "-t", "-s"],
        &[&["-c", "-t"], &peer[..]].concat(),
        &["-y", "-c", "-t", "-S"],
        &["-y", "-c", "-t", "-S", "-s"],
        &[&["-c", "-t", "-S"], &peer[..]].concat(),
    ];
    all_pass(server.turn_stream_addrs()[0], &modes).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_passes_over_ipv6() {
    let test = "turn::uclient::it_passes_over_ipv6";
    if skip::without_programs(test, &[UCLIENT]) {
        return;
    }
    if UdpSocket::bind("[::1]:0").await.is_err() {
        println!("SKIPPED: this machine has no IPv6");
        return;
    }
    let config = TurnConfig {
        listen: vec!["[::1]:0".parse().expect("an address")],
        ..turn_config()
    };
    let server = turn_server(config).await;
    let modes: [&[&str]; 2] = [&["-y", "-c", "-x"], &["-y", "-c", "-x", "-s"]];
    all_pass(server.turn_addrs()[0], &modes).await;
}
