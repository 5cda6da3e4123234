//! A certificate with its issuers and its key, read from files.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use x509_parser::extensions::GeneralName;
use x509_parser::parse_x509_certificate;

use super::{TlsError, TlsFiles};

/// What a server shows, and when it ends.
#[derive(Debug)]
pub struct Certificate {
    certified: Arc<CertifiedKey>,
    starts_at: SystemTime,
    expires_at: SystemTime,
    names: Vec<String>,
}

impl Certificate {
    /// Reads and checks: the key belongs to the certificate. Blocks.
    ///
    /// # Errors
    /// Why the files cannot be used.
    pub fn read(files: &TlsFiles) -> Result<Self, TlsError> {
        let chain = chain(&files.certificate)?;
        let key = key(&files.key)?;
        let unusable = |reason: String| TlsError::Unusable {
            certificate: files.certificate.clone(),
            key: files.key.clone(),
            reason,
        };
        let not_x509 = || unusable("it is not an X.509 certificate".to_owned());
        let own = chain.first().ok_or_else(not_x509)?.clone();
        let (_, parsed) = parse_x509_certificate(&own).map_err(|_| not_x509())?;
        let validity = parsed.validity();
        let certified =
            CertifiedKey::from_der(chain, key, &ring::default_provider()).map_err(|error| {
                match error {
                    rustls::Error::InconsistentKeys(_) => {
                        unusable("they do not belong together".to_owned())
                    }
                    other => unusable(other.to_string()),
                }
            })?;
        Ok(Self {
            certified: Arc::new(certified),
            starts_at: system_time(validity.not_before.timestamp()),
            expires_at: system_time(validity.not_after.timestamp()),
            names: names(&parsed),
        })
    }

    /// The first moment at which it is good.
    #[must_use]
    pub fn starts_at(&self) -> SystemTime {
        self.starts_at
    }

    /// The last.
    #[must_use]
    pub fn expires_at(&self) -> SystemTime {
        self.expires_at
    }

    /// The hosts it is for: names, of which the first label may be `*`, and addresses.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The server's own certificate first, then its issuers; DER.
    #[must_use]
    pub fn chain(&self) -> &[CertificateDer<'static>] {
        &self.certified.cert
    }

    pub(super) fn certified(&self) -> &Arc<CertifiedKey> {
        &self.certified
    }

    /// A renewed certificate may keep its key, but never its bytes; a key alone does not change.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.certified.cert == other.certified.cert
    }
}

fn chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let text = read(path)?;
    let not_pem = |reason: String| TlsError::NotPem {
        path: path.to_owned(),
        what: "certificate",
        reason,
    };
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    match chain {
        Ok(chain) if chain.is_empty() => Err(not_pem("there is none".to_owned())),
        Ok(chain) => Ok(chain),
        Err(error) => Err(not_pem(error.to_string())),
    }
}

fn key(path: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    PrivateKeyDer::from_pem_slice(&read(path)?).map_err(|error| TlsError::NotPem {
        path: path.to_owned(),
        what: "private key",
        reason: error.to_string(),
    })
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    std::fs::read(path).map_err(|source| TlsError::Unreadable {
        path: path.to_owned(),
        source,
    })
}

fn system_time(unix_s: i64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(u64::try_from(unix_s).unwrap_or(0))
}

fn names(certificate: &x509_parser::certificate::X509Certificate<'_>) -> Vec<String> {
    let Ok(Some(extension)) = certificate.subject_alternative_name() else {
        return Vec::new();
    };
    let names = extension.value.general_names.iter();
    names
        .filter_map(|name| match name {
            GeneralName::DNSName(name) => Some((*name).to_owned()),
            GeneralName::IPAddress(bytes) => address(bytes),
            _ => None,
        })
        .collect()
}

fn address(bytes: &[u8]) -> Option<String> {
    let v4 = <[u8; 4]>::try_from(bytes).map(|bytes| std::net::Ipv4Addr::from(bytes).to_string());
    let v6 = <[u8; 16]>::try_from(bytes).map(|bytes| std::net::Ipv6Addr::from(bytes).to_string());
    v4.or(v6).ok()
}
