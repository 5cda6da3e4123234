//! `wss://`: an unknown certificate is shown, trusted by a person, and only that one.

use std::sync::Arc;

use duet_signaling::{CertificateProblem, Fingerprint, SignalingConfig, SignalingError};
use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::bench::Client;

/// Speaks TLS with a certificate of its own and accepts every WebSocket.
struct TlsServer {
    url: String,
    certificate: CertificateDer<'static>,
}

impl TlsServer {
    async fn start(params: CertificateParams) -> Self {
        let key = KeyPair::generate().expect("a key");
        let certificate = params
            .self_signed(&key)
            .expect("a certificate")
            .der()
            .clone();
        let key = PrivatePkcs8KeyDer::from(key.serialize_der());
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("the versions of TLS")
            .with_no_client_auth()
            .with_single_cert(vec![certificate.clone()], key.into())
            .expect("key and certificate fit");
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("wss://{}/ws", listener.local_addr().expect("it listens"));
        tokio::spawn(async move {
            while let Ok((tcp, _)) = listener.accept().await {
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    let Ok(tls) = acceptor.accept(tcp).await else {
                        return;
                    };
                    if let Ok(mut socket) = tokio_tungstenite::accept_async(tls).await {
                        while let Some(Ok(_)) = futures_util::StreamExt::next(&mut socket).await {}
                    }
                });
            }
        });
        Self { url, certificate }
    }

    fn fingerprint(&self) -> String {
        Fingerprint::of(&self.certificate).to_string()
    }
}

fn params() -> CertificateParams {
    CertificateParams::new(vec!["127.0.0.1".to_owned()]).expect("a name")
}

#[tokio::test]
async fn an_unknown_certificate_is_refused_and_shown() {
    let server = TlsServer::start(params()).await;
    let error = Client::start(&server.url).failure().await;
    assert_eq!(error.fingerprint(), Some(server.fingerprint().as_str()));
    assert!(matches!(
        error,
        SignalingError::UntrustedCertificate {
            problem: CertificateProblem::UnknownIssuer,
            ..
        }
    ));
}

#[tokio::test]
async fn trusted_once_it_is_connected_to() {
    let server = TlsServer::start(params()).await;
    let mut client = Client::start(&server.url);
    let error = client.failure().await;
    let shown = error.fingerprint().expect("a fingerprint").to_owned();
    assert!(client.handle.trust(&shown));
    client.opened().await;

    let mut remembered = Client::with(SignalingConfig {
        url: server.url.clone(),
        trusted_fingerprints: vec![shown],
        ..SignalingConfig::default()
    });
    remembered.opened().await;
}

#[tokio::test]
async fn trust_in_one_certificate_is_not_trust_in_another() {
    let server = TlsServer::start(params()).await;
    let other = TlsServer::start(params()).await;
    let mut client = Client::with(SignalingConfig {
        url: server.url.clone(),
        trusted_fingerprints: vec![other.fingerprint()],
        ..SignalingConfig::default()
    });
    let error = client.failure().await;
    assert_eq!(error.fingerprint(), Some(server.fingerprint().as_str()));
    assert!(!client.handle.trust("nonsense"));
}

#[tokio::test]
async fn a_trusted_certificate_may_be_out_of_date() {
    let mut params = params();
    params.not_before = date_time_ymd(2001, 1, 1);
    params.not_after = date_time_ymd(2002, 1, 1);
    let server = TlsServer::start(params).await;
    let mut client = Client::start(&server.url);
    let error = client.failure().await;
    assert!(client.handle.trust(error.fingerprint().expect("shown")));
    client.opened().await;
}

#[tokio::test]
async fn no_tls_there() {
    let server = crate::bench::server().await;
    let url = server.url().replace("ws://", "wss://");
    assert_eq!(Client::start(&url).problem().await, SignalingError::Tls);
}
