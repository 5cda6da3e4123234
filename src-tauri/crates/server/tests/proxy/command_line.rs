//! The command line that the example for nginx gives is run as it stands there, but for its ports; clients
//! get through that nginx to it.

use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;

use duet_protocol::{IceServer, ServerMessage};
use duet_signaling::{SignalingClient, SignalingConfig, SignalingEvent};
use duet_testkit::port::free_port;
use duet_testkit::process::Process;
use duet_testkit::skip;
use ring::digest;

use super::nginx::Front;
use crate::client::join;
use crate::turn::dialogue::Dialogue;
use crate::turn::joined::credential_of;
use crate::turn::network::Phone;

const PATIENCE: Duration = Duration::from_secs(20);

/// What to start the server with, by the example and by the text that leads to it.
fn command_line() -> String {
    let [example, text] = ["deploy/nginx.conf", "server.md"].map(|name| {
        let path = format!("../../../docs/{name}");
        std::fs::read_to_string(path).expect("the document")
    });
    let mut lines = example.lines();
    let given = lines.find_map(|line| line.strip_prefix("#   duet-server "));
    let given = given.expect("the example says how to start the server");
    assert!(text.contains(&format!("`duet-server {given}`")), "{given}");
    given.to_owned()
}

/// The server of the command line, with ports that are free here.
struct Program {
    address: SocketAddr,
    relay_port: u16,
    _process: Process,
}

impl Program {
    fn start() -> Self {
        let [port, relay_port] = [0; 2].map(|_| free_port().expect("a free port"));
        let mut line = command_line();
        for (written, ours) in [
            ("127.0.0.1:7440", format!("127.0.0.1:{port}")),
            ("0.0.0.0:3478", format!("0.0.0.0:{relay_port}")),
        ] {
            assert!(line.contains(written), "{line}");
            line = line.replace(written, &ours);
        }
        let mut command = Command::new(env!("CARGO_BIN_EXE_duet-server"));
        command.args(line.split_whitespace());
        // The port of the figures may be another test's. One connection each shows who is told apart.
        command.env("DUET_NO_METRICS", "true");
        command.env("DUET_MAX_CONNECTIONS_PER_ADDRESS", "1");
        let process = Process::spawn("duet-server", &mut command).expect("it starts");
        let is_ready = |line: &str| line.starts_with("relaying on ");
        process
            .wait_for_line(PATIENCE, is_ready)
            .expect("it relays");
        Self {
            address: SocketAddr::from(([127, 0, 0, 1], port)),
            relay_port,
            _process: process,
        }
    }
}

/// A client of duet-signaling joins through nginx and is introduced to this one.
async fn our_own_client_meets(front: &Front, uid: &str) {
    let certificate = digest::digest(&digest::SHA256, &front.identity.certificate);
    let fingerprint = certificate.as_ref().iter();
    let fingerprint = fingerprint.map(|byte| format!("{byte:02x}")).collect();
    let (handle, mut events) = SignalingClient::spawn(SignalingConfig {
        url: format!("wss://{}/ws", front.address),
        trusted_fingerprints: vec![fingerprint],
        ..SignalingConfig::default()
    });
    handle.send(join("r", "our-own"));
    let introduced = async {
        loop {
            match events.recv().await.expect("the client runs") {
                SignalingEvent::Connecting | SignalingEvent::Opened => {}
                SignalingEvent::Message(ServerMessage::Joined { .. }) => {}
                SignalingEvent::Message(ServerMessage::RespJoin { remote_uid, .. }) => {
                    return remote_uid;
                }
                other => panic!("not introduced: {other:?}"),
            }
        }
    };
    let introduced = tokio::time::timeout(PATIENCE, introduced).await;
    assert_eq!(introduced.expect("in time"), uid);
}

/// To the relay clients come by themselves, by the name of nginx.
async fn the_relay_is_open(program: &Program, ice_servers: &[IceServer]) {
    let port = program.relay_port;
    let url = format!("turn:calls.example.org:{port}?transport=udp");
    let relay = ice_servers.iter().find(|one| one.urls.contains(&url));
    let relay = relay.unwrap_or_else(|| panic!("no {url} in {ice_servers:?}"));
    let dialogue = Dialogue::new(credential_of(relay));
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let mut phone = Phone::at(address, dialogue).await;
    phone.allocate().await.expect("a relay");
}

#[tokio::test]
async fn the_server_of_the_command_line_is_reached_through_nginx() {
    let test = "the server of the command line behind nginx";
    if skip::without_programs(test, &["nginx"]) {
        return;
    }
    let program = Program::start();
    let front = Front::of(program.address).await;
    let mut first = front.connect([127, 0, 0, 2]).await.expect("connected");
    // All come from nginx; it is believed about who they are.
    assert_eq!(front.connect([127, 0, 0, 2]).await.err(), Some(429));
    first.send(&join("r", "first")).await;
    let ServerMessage::Joined { ice_servers, .. } = first.next().await else {
        panic!("not joined");
    };
    the_relay_is_open(&program, &ice_servers).await;
    our_own_client_meets(&front, "first").await;
    let met = first.next().await;
    assert!(matches!(met, ServerMessage::NewPeer { .. }), "{met:?}");
}
