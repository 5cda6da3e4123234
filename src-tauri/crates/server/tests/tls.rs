//! TLS of the server itself: spoken, renewed under running connections, and cut where it is too slow.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use duet_server::{Server, ServerConfig, ServerError, Timing, TlsError, TlsFiles};
use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::client::{Client, server_with};

/// A certificate in files, as an operator has it.
pub(crate) struct Identity {
    folder: TempDir,
    pub(crate) certificate: CertificateDer<'static>,
}

impl Identity {
    pub(crate) fn new() -> Self {
        Self::with(params())
    }

    pub(crate) fn with(params: CertificateParams) -> Self {
        let folder = TempDir::new().expect("a folder");
        let (certificate, pem, key) = make(params);
        std::fs::write(folder.path().join("cert.pem"), pem).expect("written");
        std::fs::write(folder.path().join("key.pem"), key).expect("written");
        Self {
            folder,
            certificate,
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn files(&self) -> TlsFiles {
        TlsFiles {
            certificate: self.path("cert.pem"),
            key: self.path("key.pem"),
        }
    }
}

pub(crate) fn params() -> CertificateParams {
    let names = vec!["127.0.0.1".to_owned(), "localhost".to_owned()];
    CertificateParams::new(names).expect("names")
}

fn make(params: CertificateParams) -> (CertificateDer<'static>, String, String) {
    let key = KeyPair::generate().expect("a key");
    let certificate = params.self_signed(&key).expect("a certificate");
    let der = certificate.der().clone();
    (der, certificate.pem(), key.serialize_pem())
}

async fn tls_server(identity: &Identity) -> Server {
    let timing = Timing {
        certificate_check: Duration::from_millis(50),
        ..Timing::default()
    };
    server_with(ServerConfig {
        tls: Some(identity.files()),
        timing,
        ..ServerConfig::loopback()
    })
    .await
}

/// Trusts this certificate and no other.
async fn handshake(
    server: &Server,
    trusted: &CertificateDer<'static>,
) -> std::io::Result<TlsStream<TcpStream>> {
    let tcp = TcpStream::connect(server.local_addrs()[0]).await?;
    trusting(trusted, tcp).await
}

/// Speaks TLS with whoever has this certificate.
pub(crate) async fn trusting(
    trusted: &CertificateDer<'static>,
    tcp: TcpStream,
) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.clone()).expect("a certificate");
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("the versions of TLS")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("127.0.0.1").expect("a name");
    TlsConnector::from(Arc::new(config))
        .connect(name, tcp)
        .await
}

async fn connect(
    server: &Server,
    trusted: &CertificateDer<'static>,
) -> Client<TlsStream<TcpStream>> {
    let stream = handshake(server, trusted).await.expect("TLS");
    let (socket, _) = tokio_tungstenite::client_async(server.url(), stream)
        .await
        .expect("a WebSocket");
    Client { socket }
}

#[tokio::test]
async fn a_call_is_introduced_over_tls() {
    let identity = Identity::new();
    let server = tls_server(&identity).await;
    assert!(server.url().starts_with("wss://"), "{}", server.url());
    let mut a = connect(&server, &identity.certificate).await;
    a.join("r", "a").await;
    let mut b = connect(&server, &identity.certificate).await;
    assert_eq!(b.join("r", "b").await.user_num, 2);
    let ends = async { tokio::join!(a.close_code(), b.close_code()) };
    let ((), codes) = tokio::join!(server.shutdown(), ends);
    assert_eq!(codes, (Some(4010), Some(4010)));
}

#[tokio::test]
async fn a_renewed_certificate_is_shown_and_breaks_no_connection() {
    let first = Identity::new();
    let server = tls_server(&first).await;
    let mut early = connect(&server, &first.certificate).await;
    early.join("r", "early").await;
    // Half of a renewal, then nonsense: the old one stays.
    let (second, pem, key) = make(params());
    for broken in [pem.as_str(), "nonsense", ""] {
        std::fs::write(first.path("cert.pem"), broken).expect("written");
        tokio::time::sleep(Duration::from_millis(200)).await;
        handshake(&server, &first.certificate)
            .await
            .expect("the old one");
    }
    std::fs::write(first.path("key.pem"), key).expect("written");
    std::fs::write(first.path("cert.pem"), pem).expect("written");
    let renewed = async {
        while handshake(&server, &second).await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let patience = Duration::from_secs(10);
    tokio::time::timeout(patience, renewed)
        .await
        .expect("renewed");
    assert!(handshake(&server, &first.certificate).await.is_err());
    early.assert_quiet().await;
    let mut late = connect(&server, &second).await;
    assert_eq!(late.join("r", "late").await.user_num, 2);
}

#[tokio::test]
async fn a_certificate_that_cannot_be_is_no_server() {
    let good = Identity::new();
    let other = Identity::new();
    let start = async |files: TlsFiles| {
        Server::bind(ServerConfig {
            tls: Some(files),
            ..ServerConfig::loopback()
        })
        .await
    };
    let mixed = TlsFiles {
        certificate: good.path("cert.pem"),
        key: other.path("key.pem"),
    };
    let swapped = TlsFiles {
        certificate: good.path("key.pem"),
        key: good.path("cert.pem"),
    };
    let missing = TlsFiles {
        certificate: good.path("nothing.pem"),
        key: good.path("key.pem"),
    };
    let is = |error: Result<Server, ServerError>, expected: fn(&TlsError) -> bool| {
        assert!(
            matches!(&error, Err(ServerError::Tls(error)) if expected(error)),
            "{error:?}"
        );
    };
    is(start(mixed).await, |error| {
        matches!(error, TlsError::Unusable { .. })
    });
    is(start(swapped).await, |error| {
        matches!(error, TlsError::NotPem { .. })
    });
    is(start(missing).await, |error| {
        matches!(error, TlsError::Unreadable { .. })
    });
}

#[tokio::test]
async fn the_time_of_a_handshake_counts_that_of_tls() {
    let identity = Identity::new();
    let timing = Timing {
        handshake_timeout: Duration::from_millis(500),
        ..Timing::default()
    };
    let server = server_with(ServerConfig {
        tls: Some(identity.files()),
        timing,
        ..ServerConfig::loopback()
    })
    .await;
    let mut silent = TcpStream::connect(server.local_addrs()[0])
        .await
        .expect("connected");
    let mut slow = TcpStream::connect(server.local_addrs()[0])
        .await
        .expect("connected");
    // The head of a record of 512 bytes, which come one at a time.
    slow.write_all(&[22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3])
        .await
        .expect("sent");
    let dripping = async {
        while slow.write_all(&[0]).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let patience = Duration::from_secs(10);
    tokio::time::timeout(patience, dripping)
        .await
        .expect("the drip is cut");
    let mut nothing = [0u8; 1];
    let end = tokio::time::timeout(patience, silent.read(&mut nothing)).await;
    assert!(matches!(end, Ok(Ok(0) | Err(_))), "{end:?}");
    // Whoever did TLS at once has the rest of the time, and no more.
    let mut idle = handshake(&server, &identity.certificate)
        .await
        .expect("TLS");
    let end = tokio::time::timeout(patience, idle.read(&mut nothing)).await;
    assert!(matches!(end, Ok(Ok(0) | Err(_))), "{end:?}");
}

#[cfg(unix)]
mod program {
    use super::*;
    use std::io::{BufRead, BufReader};
    use std::process::{Command, Stdio};

    fn start(identity: &Identity) -> (crate::program::Program, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_duet-server"));
        command
            .args(["--listen", "127.0.0.1:0", "--no-turn", "--tls-cert"])
            .arg(identity.path("cert.pem"))
            .arg("--tls-key")
            .arg(identity.path("key.pem"))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut program = crate::program::Program(command.spawn().expect("it starts"));
        let mut line = String::new();
        let stdout = program.0.stdout.take().expect("piped");
        BufReader::new(stdout).read_line(&mut line).expect("a line");
        (program, line)
    }

    #[test]
    fn the_program_says_wss_and_warns_of_a_certificate_that_ends() {
        let old = {
            let mut params = params();
            params.not_before = date_time_ymd(2001, 1, 1);
            params.not_after = date_time_ymd(2002, 1, 1);
            Identity::with(params)
        };
        for (identity, has_ended) in [(Identity::new(), false), (old, true)] {
            let (mut program, line) = start(&identity);
            assert!(line.starts_with("listening on wss://127.0.0.1:"), "{line}");
            crate::program::signal(&program, "-TERM");
            let mut said = String::new();
            let stderr = program.0.stderr.take().expect("piped");
            for line in BufReader::new(stderr).lines() {
                said.push_str(&line.expect("text"));
            }
            assert_eq!(said.contains("has ended"), has_ended, "{said}");
        }
    }

    #[test]
    fn a_certificate_without_its_key_is_said() {
        let output = Command::new(env!("CARGO_BIN_EXE_duet-server"))
            .args(["--tls-cert", "cert.pem"])
            .output()
            .expect("it runs");
        assert!(!output.status.success());
        assert!(String::from_utf8_lossy(&output.stderr).contains("--tls-key"));
    }
}
