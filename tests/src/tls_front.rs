//! TLS in front of a server, with a certificate that nobody known vouches for.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context, Result};
use rcgen::{CertificateParams, KeyPair};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::PrivatePkcs8KeyDer;
use sha2::{Digest, Sha256};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio_rustls::TlsAcceptor;

/// Listens with TLS and hands everything on. It ends when dropped.
#[derive(Debug)]
pub struct TlsFront {
    // Dropped with everything that runs in it.
    _runtime: Runtime,
    address: SocketAddr,
    fingerprint: String,
    certificate_pem: String,
}

impl TlsFront {
    /// Opens it in front of `behind`, a `ws://HOST:PORT/ws` URL.
    ///
    /// # Errors
    /// When no port is free.
    pub fn start(behind: &str) -> Result<Self> {
        Self::start_as("127.0.0.1", behind)
    }

    /// The same with a certificate for this name or address.
    ///
    /// # Errors
    /// When no port is free.
    pub fn start_as(name: &str, behind: &str) -> Result<Self> {
        let key = KeyPair::generate()?;
        let certificate = CertificateParams::new(vec![name.to_owned()])?.self_signed(&key)?;
        let fingerprint = Sha256::digest(certificate.der());
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.der().clone()],
                PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
            )?;
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let behind = behind.trim_start_matches("ws://").trim_end_matches("/ws");
        let behind = behind.parse().context("no address behind")?;
        let runtime = Runtime::new()?;
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
        let address = listener.local_addr()?;
        runtime.spawn(accept(listener, acceptor, behind));
        Ok(Self {
            _runtime: runtime,
            address,
            fingerprint: hex(&fingerprint),
            certificate_pem: certificate.pem(),
        })
    }

    /// Its WebSocket address.
    #[must_use]
    pub fn url(&self) -> String {
        format!("wss://{}/ws", self.address)
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its certificate, for those who are to trust it.
    #[must_use]
    pub fn certificate_pem(&self) -> &str {
        &self.certificate_pem
    }

    /// SHA-256 of its certificate: upper-case hexadecimal pairs with colons.
    #[must_use]
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }
}

async fn accept(listener: TcpListener, acceptor: TlsAcceptor, behind: SocketAddr) {
    while let Ok((tcp, _)) = listener.accept().await {
        let acceptor = acceptor.clone();
        tokio::spawn(async move {
            // A client that does not trust us goes away here.
            if let Ok(mut tls) = acceptor.accept(tcp).await
                && let Ok(mut server) = TcpStream::connect(behind).await
            {
                let _ = tokio::io::copy_bidirectional(&mut tls, &mut server).await;
            }
        });
    }
}

fn hex(bytes: &[u8]) -> String {
    let pairs: Vec<_> = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
    pairs.join(":")
}
