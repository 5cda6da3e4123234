//! Debian's coturn as our unit for systemd starts it: it takes the credentials of the shared secret, and no relay of it
//! reaches what our own relays do not reach.
#![cfg(target_os = "linux")]

use std::net::{SocketAddr, UdpSocket};
use std::process::Command;
use std::time::Duration;

use duet_server::turn::stun::Method;
use duet_testkit::coturn_rig::COTURN;
use duet_testkit::port::free_port;
use duet_testkit::process::{Process, eventually};
use duet_testkit::skip;
use ipnet::IpNet;

use super::dialogue::{Dialogue, SECRET, peer};
use super::network::Phone;
use super::special::{CLOSED_V4, PRIVATE_V4};

const UNIT: &str = "../../../docs/deploy/coturn.service";
const START: Duration = Duration::from_secs(20);

/// The command of the unit, but on the loopback and with the secret of the tests.
fn command(port: u16) -> Command {
    let unit = std::fs::read_to_string(UNIT).expect("the unit");
    let line = unit
        .lines()
        .find_map(|line| line.strip_prefix("ExecStart="));
    let line = line.expect("a command");
    assert!(line.contains("${DUET_TURN_SECRET}"), "no secret");
    let line = line.replace("${DUET_TURN_SECRET}", SECRET);
    let mut words = line.split_whitespace();
    let mut command = Command::new(words.next().expect("a program"));
    command.args(words);
    command.args(["--listening-ip=127.0.0.1", "--relay-ip=127.0.0.1"]);
    command.arg(format!("--listening-port={port}"));
    command.arg("--pidfile=/dev/null");
    command
}

#[tokio::test]
async fn the_coturn_of_the_unit_takes_our_credentials_and_closes_what_we_close() {
    if skip::without_programs("the coturn of the unit", &[COTURN]) {
        return;
    }
    let port = free_port().expect("a free port");
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let _coturn = Process::spawn(COTURN, &mut command(port)).expect("it starts");
    let binding = Dialogue::of("nobody").anonymous(Method::BINDING, &Vec::new());
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    let patience = Some(Duration::from_millis(200));
    socket.set_read_timeout(patience).expect("possible");
    let answers = eventually("coturn answers", START, || {
        let _ = socket.send_to(&binding, address);
        socket.recv(&mut [0; 500]).is_ok()
    });
    answers.expect("it listens");
    let mut phone = Phone::at(address, Dialogue::of("mira")).await;
    phone.allocate().await.expect("a relay");
    for range in CLOSED_V4.iter().chain(&PRIVATE_V4) {
        let range: IpNet = range.parse().expect("a network");
        let ip = range.hosts().next().expect("an address");
        let to = vec![peer(SocketAddr::new(ip, 6_379))];
        let answer = phone.ask(Method::CREATE_PERMISSION, &to).await;
        assert_eq!(answer.code, Some(403), "{ip}");
    }
    phone
        .permit("8.8.8.8:6379".parse().expect("an address"))
        .await;
}
