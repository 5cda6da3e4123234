//! Relays for the tests, on this machine.

use std::io::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use duet_peer::{IcePolicy, PeerConfig};
use duet_protocol::IceServer;
use duet_server::turn::{Now, Secrets, TurnConfig, TurnMode};
use duet_server::{Server, ServerConfig, TlsFiles};
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};
use tempfile::NamedTempFile;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

use crate::common::loopback;

pub(crate) const SECRET: &str = "known to the relays of tests";

/// Our own, which may reach this machine: there is no other one in a test.
pub(crate) async fn own_relay() -> Server {
    own_relay_with(None).await
}

/// The same with a certificate of its own.
pub(crate) async fn own_relay_with(certificate: Option<&TestCertificate>) -> Server {
    let config = ServerConfig {
        turn: TurnMode::BuiltIn(relay_config()),
        tls: certificate.map(|certificate| TlsFiles {
            certificate: certificate.certificate.path().to_owned(),
            key: certificate.key.path().to_owned(),
        }),
        ..ServerConfig::loopback()
    };
    Server::bind(config).await.expect("free ports")
}

/// The settings of our own.
pub(crate) fn relay_config() -> TurnConfig {
    TurnConfig::loopback(SECRET)
}

/// With a credential of its own for each person.
pub(crate) fn ice_server(urls: Vec<String>, person: &str) -> IceServer {
    let credential = Secrets::new([SECRET]).credential(
        person,
        Now::from_clocks().unix_s,
        Duration::from_secs(60),
    );
    let credential = credential.expect("there is a secret");
    IceServer {
        urls,
        username: Some(credential.username),
        credential: Some(credential.password),
    }
}

/// Somebody who may use these relays only.
pub(crate) fn relay_only(urls: &[String], person: &str) -> PeerConfig {
    PeerConfig {
        ice_policy: IcePolicy::Relay,
        ice_servers: vec![ice_server(urls.to_vec(), person)],
        ..loopback()
    }
}

pub(crate) fn udp(address: SocketAddr) -> String {
    format!("turn:{address}?transport=udp")
}

pub(crate) fn tcp(address: SocketAddr) -> String {
    format!("turn:{address}?transport=tcp")
}

pub(crate) fn tls(address: SocketAddr) -> String {
    format!("turns:{address}")
}

/// A server that says this to everybody and then closes, or hangs.
pub(crate) async fn stream_server(says: Vec<u8>, closes: bool) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("bound");
    tokio::spawn(async move {
        let mut open = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.write_all(&says).await;
            if !closes {
                open.push(stream);
            }
        }
    });
    address
}

/// Nobody vouches for it; made for this test.
pub(crate) struct TestCertificate {
    pub(crate) certificate: NamedTempFile,
    pub(crate) key: NamedTempFile,
    der: CertificateDer<'static>,
}

impl TestCertificate {
    pub(crate) fn new() -> Self {
        Self::at("127.0.0.1")
    }

    /// For a server at another address.
    pub(crate) fn at(address: &str) -> Self {
        let made = rcgen::generate_simple_self_signed(vec![address.to_owned()]);
        let made = made.expect("a certificate");
        let file = |text: String| {
            let mut file = NamedTempFile::new().expect("a file");
            file.write_all(text.as_bytes()).expect("room");
            file
        };
        Self {
            certificate: file(made.cert.pem()),
            key: file(made.signing_key.serialize_pem()),
            der: made.cert.der().clone(),
        }
    }

    /// Somebody who trusts it and nothing else.
    pub(crate) fn trusting(&self) -> Arc<ClientConfig> {
        let mut roots = RootCertStore::empty();
        roots.add(self.der.clone()).expect("a certificate");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions of TLS")
            .with_root_certificates(roots)
            .with_no_client_auth();
        Arc::new(config)
    }
}
