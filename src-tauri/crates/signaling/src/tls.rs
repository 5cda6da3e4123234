//! TLS with two ways to be trusted: an authority of the system, or a fingerprint a person trusts.
//!
//! The provider is named explicitly: a process-wide default belongs to the program, not to a crate.
//! A trusted fingerprint replaces the check of issuer, name and dates, never that of the handshake's
//! signatures.

use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
};

use tokio::sync::OnceCell;

use crate::error::{CertificateProblem, SignalingError};
use crate::fingerprint::Fingerprint;

/// The settings of one TLS connection, and what became of its certificate.
pub(crate) struct TlsSetup {
    pub(crate) config: Arc<ClientConfig>,
    rejected: Rejected,
}

type Rejected = Arc<Mutex<Option<SignalingError>>>;

impl TlsSetup {
    /// `roots` are the authorities of the system; there may be none.
    pub(crate) fn new(
        roots: Arc<RootCertStore>,
        trusted: Vec<Fingerprint>,
    ) -> Result<Self, SignalingError> {
        let provider = Arc::new(ring::default_provider());
        let by_authority = WebPkiServerVerifier::builder_with_provider(roots, provider.clone())
            .build()
            .ok();
        let rejected = Rejected::default();
        let verifier = Verifier {
            by_authority,
            trusted,
            provider: provider.clone(),
            rejected: Arc::clone(&rejected),
        };
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|_| SignalingError::Tls)?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_no_client_auth();
        Ok(Self {
            config: Arc::new(config),
            rejected,
        })
    }

    /// Why the handshake failed.
    pub(crate) fn explain(&self) -> SignalingError {
        self.rejected
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
            .unwrap_or(SignalingError::Tls)
    }
}

/// TLS to other servers that the signaling server names: trusted like itself. `None` if this machine
/// can have no TLS.
pub async fn tls_config(trusted_fingerprints: &[String]) -> Option<Arc<ClientConfig>> {
    static ROOTS: OnceCell<Arc<RootCertStore>> = OnceCell::const_new();
    let roots = ROOTS.get_or_init(system_roots).await;
    let trusted = trusted_fingerprints.iter();
    let trusted = trusted
        .filter_map(|text| Fingerprint::parse(text))
        .collect();
    let setup = TlsSetup::new(Arc::clone(roots), trusted).ok()?;
    Some(setup.config)
}

/// The authorities of the system, read on a thread that may block.
pub(crate) async fn system_roots() -> Arc<RootCertStore> {
    let loaded = tokio::task::spawn_blocking(load_system_roots).await;
    Arc::new(loaded.unwrap_or_else(|_| RootCertStore::empty()))
}

/// The authorities of the system. Blocks; those that cannot be read are left out.
fn load_system_roots() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    if !found.errors.is_empty() {
        tracing::warn!(
            errors = found.errors.len(),
            "some of the system's certificates cannot be read"
        );
    }
    roots.add_parsable_certificates(found.certs);
    roots
}

#[derive(Debug)]
struct Verifier {
    by_authority: Option<Arc<WebPkiServerVerifier>>,
    trusted: Vec<Fingerprint>,
    provider: Arc<CryptoProvider>,
    rejected: Rejected,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let fingerprint = Fingerprint::of(end_entity);
        if self.trusted.contains(&fingerprint) {
            return Ok(ServerCertVerified::assertion());
        }
        let result = match &self.by_authority {
            Some(verifier) => verifier.verify_server_cert(
                end_entity,
                intermediates,
                server_name,
                ocsp_response,
                now,
            ),
            None => Err(Error::InvalidCertificate(CertificateError::UnknownIssuer)),
        };
        result.inspect_err(|error| {
            let rejection = SignalingError::untrusted(&fingerprint, problem_of(error));
            *self.rejected.lock().unwrap_or_else(PoisonError::into_inner) = Some(rejection);
        })
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}

fn problem_of(error: &Error) -> CertificateProblem {
    let Error::InvalidCertificate(problem) = error else {
        return CertificateProblem::Other;
    };
    match problem {
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            CertificateProblem::UnknownIssuer
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            CertificateProblem::Expired
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            CertificateProblem::NotValidYet
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            CertificateProblem::WrongName
        }
        _ => CertificateProblem::Other,
    }
}
