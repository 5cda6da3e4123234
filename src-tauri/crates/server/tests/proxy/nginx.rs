//! The nginx of the distribution with the example of the documentation.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use duet_protocol::{ClientMessage, ServerMessage};
use duet_server::{Server, ServerConfig, TrustedProxies};
use duet_testkit::process::Process;
use duet_testkit::{port, skip};
use rustls::crypto::ring;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::net::{TcpSocket, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_tungstenite::tungstenite::Error;

use crate::client::{Client, forward, server_with};
use crate::tls::Identity;

pub(crate) type TlsClient = Client<TlsStream<TcpStream>>;

/// A running nginx with the example; it ends when dropped.
pub(crate) struct Front {
    pub(crate) identity: Identity,
    pub(crate) address: SocketAddr,
    _nginx: Process,
}

impl Front {
    /// In front of the server that listens there.
    pub(crate) async fn of(backend: SocketAddr) -> Self {
        let identity = Identity::new();
        let address = SocketAddr::from(([127, 0, 0, 1], port::free_port().expect("a port")));
        let folder = identity.path("");
        let nginx = start(&config(backend, address, &folder), address, &folder).await;
        Self {
            identity,
            address,
            _nginx: nginx,
        }
    }

    /// Connects from this address of the loopback network.
    pub(crate) async fn connect(&self, from: [u8; 4]) -> Result<TlsClient, u16> {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket
            .bind(SocketAddr::from((from, 0)))
            .expect("an address of ours");
        let tcp = socket.connect(self.address).await.expect("nginx listens");
        let mut roots = RootCertStore::empty();
        roots
            .add(self.identity.certificate.clone())
            .expect("a certificate");
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("the versions of TLS")
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = ServerName::try_from("localhost").expect("a name");
        let tls = TlsConnector::from(Arc::new(config))
            .connect(name, tcp)
            .await
            .expect("TLS");
        match tokio_tungstenite::client_async("wss://calls.example.org/ws", tls).await {
            Ok((socket, _)) => Ok(Client { socket }),
            Err(Error::Http(response)) => Err(response.status().as_u16()),
            Err(error) => panic!("{error}"),
        }
    }
}

/// A server that trusts nginx, and nginx.
async fn front(connections_per_address: usize) -> (Front, Server) {
    let server = server_with(ServerConfig {
        trusted_proxies: TrustedProxies {
            networks: vec!["127.0.0.1/32".parse().expect("a network")],
            ..TrustedProxies::default()
        },
        max_connections_per_address: Some(connections_per_address),
        ..ServerConfig::loopback()
    })
    .await;
    (Front::of(server.local_addrs()[0]).await, server)
}

/// The example with our ports and files.
fn config(backend: SocketAddr, front: SocketAddr, folder: &Path) -> String {
    let path = "../../../docs/deploy/nginx.conf";
    let mut example = std::fs::read_to_string(path).expect("the example");
    for (written, ours) in [
        ("127.0.0.1:7440;", format!("{backend};")),
        ("listen 443 ssl;", format!("listen {front} ssl;")),
        ("listen [::]:443 ssl;", String::new()),
        (
            "/etc/letsencrypt/live/calls.example.org/fullchain.pem",
            folder.join("cert.pem").display().to_string(),
        ),
        (
            "/etc/letsencrypt/live/calls.example.org/privkey.pem",
            folder.join("key.pem").display().to_string(),
        ),
    ] {
        assert!(example.contains(written), "the example has no {written}");
        example = example.replace(written, &ours);
    }
    example
}

/// An nginx with this inside what a distribution's `nginx.conf` has around it; it listens.
pub(crate) async fn start(example: &str, front: SocketAddr, folder: &Path) -> Process {
    let path = folder.join("nginx.conf");
    std::fs::write(&path, around(example, folder)).expect("written");
    let mut command = Command::new("nginx");
    command.arg("-p").arg(folder).arg("-c").arg(path);
    command.args(["-e", "stderr"]);
    let nginx = Process::spawn("nginx", &mut command).expect("nginx starts");
    let listens = async {
        while TcpStream::connect(front).await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let listening = tokio::time::timeout(Duration::from_secs(10), listens).await;
    assert!(listening.is_ok(), "nginx: {:?}", nginx.lines());
    nginx
}

fn around(example: &str, folder: &Path) -> String {
    let folder = folder.display();
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|name| format!("{name}_temp_path {folder}/{name};\n"))
        .concat();
    format!(
        "daemon off;\nworker_processes 1;\npid {folder}/nginx.pid;\n\
         events {{ worker_connections 256; }}\n\
         http {{\naccess_log off;\n{temporary}{example}}}\n"
    )
}

#[tokio::test]
async fn an_idle_call_lives_through_the_sixty_seconds_of_nginx() {
    if skip::without_programs("an idle call behind nginx", &["nginx"]) {
        return;
    }
    let (front, _server) = front(50).await;
    let mut a = front.connect([127, 0, 0, 1]).await.expect("connected");
    a.join("r", "a").await;
    let mut b = front.connect([127, 0, 0, 1]).await.expect("connected");
    b.join("r", "b").await;
    assert!(matches!(b.next().await, ServerMessage::RespJoin { .. }));
    assert!(matches!(a.next().await, ServerMessage::NewPeer { .. }));
    // They send nothing by themselves and live on their pongs, like a plain page.
    let quiet = Duration::from_secs(70);
    let (a_read, b_read) = tokio::join!(
        tokio::time::timeout(quiet, a.close_code()),
        tokio::time::timeout(quiet, b.close_code()),
    );
    assert!(
        a_read.is_err() && b_read.is_err(),
        "closed: {a_read:?} {b_read:?}"
    );
    let offer = forward("r", "a", "b", "{}");
    a.send(&ClientMessage::Offer(offer.clone())).await;
    assert_eq!(b.next().await, ServerMessage::Offer(offer));
}

#[tokio::test]
async fn clients_are_told_apart_behind_nginx() {
    if skip::without_programs("clients behind nginx", &["nginx"]) {
        return;
    }
    let (front, _server) = front(1).await;
    let mut first = front.connect([127, 0, 0, 2]).await.expect("connected");
    assert_eq!(front.connect([127, 0, 0, 2]).await.err(), Some(429));
    let mut second = front
        .connect([127, 0, 0, 3])
        .await
        .expect("another address");
    first.assert_quiet().await;
    second.assert_quiet().await;
}
