//! TLS of the listeners: one certificate, exchanged while connections live.
//!
//! The files are looked at every few seconds and compared by content: events of the file system differ
//! between systems and miss what container volumes and certbot do with links. New files that do not fit
//! each other, as in the moment between the writing of the two, leave the old certificate in force.

mod certificate;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use parking_lot::Mutex;
use rustls::crypto::ring;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use thiserror::Error;
use tokio_rustls::TlsAcceptor;
use tracing::{error, info, warn};

pub use certificate::Certificate;

/// From when on an operator is told that a certificate ends.
const EXPIRY_WARNING: Duration = Duration::from_secs(14 * 24 * 3600);
/// How often.
const WARNING_INTERVAL: Duration = Duration::from_secs(24 * 3600);

/// Where certificate and key are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// PEM: the server's certificate, then those of its issuers.
    pub certificate: PathBuf,
    /// PEM: its private key.
    pub key: PathBuf,
}

/// Why there is no certificate.
#[derive(Debug, Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("cannot read {path}: {source}")]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file holds something else.
    #[error("{path} holds no {what} in PEM: {reason}")]
    NotPem {
        /// Which.
        path: PathBuf,
        /// What should be in it.
        what: &'static str,
        /// Why not.
        reason: String,
    },
    /// The two do not belong together, or rustls cannot use them.
    #[error("the certificate in {certificate} cannot be used with the key in {key}: {reason}")]
    Unusable {
        /// Where the certificate is.
        certificate: PathBuf,
        /// Where the key is.
        key: PathBuf,
        /// Why.
        reason: String,
    },
}

/// What the listeners speak TLS with.
#[derive(Debug)]
pub(crate) struct Tls {
    files: TlsFiles,
    config: Arc<rustls::ServerConfig>,
    in_force: Arc<InForce>,
}

/// The certificate that the next handshake shows.
#[derive(Debug)]
struct InForce(Mutex<Certificate>);

impl ResolvesServerCert for InForce {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(self.0.lock().certified()))
    }
}

impl Tls {
    /// # Errors
    /// Why the files cannot be used.
    pub(crate) fn load(files: TlsFiles) -> Result<Self, TlsError> {
        let certificate = Certificate::read(&files)?;
        warn_of_expiry(&certificate);
        let in_force = Arc::new(InForce(Mutex::new(certificate)));
        let unusable = |error: rustls::Error| TlsError::Unusable {
            certificate: files.certificate.clone(),
            key: files.key.clone(),
            reason: error.to_string(),
        };
        let mut config =
            rustls::ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
                .with_safe_default_protocol_versions()
                .map_err(unusable)?
                .with_no_client_auth()
                .with_cert_resolver(Arc::clone(&in_force) as Arc<dyn ResolvesServerCert>);
        // WebSockets of RFC 6455; a browser that could choose would take HTTP/2.
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self {
            files,
            config: Arc::new(config),
            in_force,
        })
    }

    /// For one handshake.
    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(Arc::clone(&self.config))
    }

    /// For handshakes of the relay's clients: with the same certificate, and whatever protocol they
    /// name (RFC 7443 is seldom spoken).
    pub(crate) fn relay_acceptor(&self) -> TlsAcceptor {
        let mut config = rustls::ServerConfig::clone(&self.config);
        config.alpn_protocols.clear();
        TlsAcceptor::from(Arc::new(config))
    }

    /// When the certificate in force ends.
    pub(crate) fn expires_at(&self) -> SystemTime {
        self.in_force.0.lock().expires_at()
    }

    /// Looks at the files again and again, and warns of a certificate that ends.
    pub(crate) async fn follow(&self, interval: Duration) {
        let mut warned_at = Instant::now();
        let mut last_fault = None;
        loop {
            tokio::time::sleep(interval).await;
            let files = self.files.clone();
            let read = tokio::task::spawn_blocking(move || Certificate::read(&files)).await;
            match read {
                Ok(Ok(certificate)) => {
                    last_fault = None;
                    if self.exchange(certificate) {
                        warned_at = Instant::now();
                    }
                }
                Ok(Err(fault)) => {
                    // Once for each fault, not every ten seconds.
                    let fault = fault.to_string();
                    if last_fault.as_ref() != Some(&fault) {
                        warn!(%fault, "the new certificate cannot be used; the old one stays");
                        last_fault = Some(fault);
                    }
                }
                Err(_stopped) => return,
            }
            if warned_at.elapsed() >= WARNING_INTERVAL {
                warned_at = Instant::now();
                warn_of_expiry(&self.in_force.0.lock());
            }
        }
    }

    /// True if it is another one.
    fn exchange(&self, certificate: Certificate) -> bool {
        let mut in_force = self.in_force.0.lock();
        if certificate.is_same(&in_force) {
            return false;
        }
        info!("a new certificate is in force");
        warn_of_expiry(&certificate);
        *in_force = certificate;
        true
    }
}

fn warn_of_expiry(certificate: &Certificate) {
    match certificate.expires_at().duration_since(SystemTime::now()) {
        Ok(left) if left > EXPIRY_WARNING => {}
        Ok(left) => {
            let days = left.as_secs() / (24 * 3600);
            warn!(days, "the certificate ends soon; renew it");
        }
        Err(_) => error!("the certificate has ended; clients refuse it until it is renewed"),
    }
}
