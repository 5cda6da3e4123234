//! The certificate: whether clients will accept it, and for how long.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use duet_server::{Certificate, ServerConfig};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::ring;
use rustls::pki_types::{ServerName, UnixTime};
use rustls::{CertificateError, RootCertStore};

use super::Finding;

const SUBJECT: &str = "certificate";
const SOON: Duration = Duration::from_secs(14 * 24 * 3600);

pub(super) fn look(config: &ServerConfig, host: Option<&str>, findings: &mut Vec<Finding>) {
    let Some(files) = &config.tls else {
        let is_proxied = !config.trusted_proxies.networks.is_empty();
        let is_local = config
            .listen
            .iter()
            .all(|address| address.ip().is_loopback());
        if !is_proxied && !is_local {
            findings.push(Finding::warning(
                SUBJECT,
                "there is none: connections are not encrypted",
                "give --tls-cert and --tls-key, or put a proxy with TLS in front (docs/deploy/nginx.conf)",
            ));
        }
        return;
    };
    match Certificate::read(files) {
        Ok(certificate) => {
            findings.push(Finding::ok(SUBJECT, "it belongs to its key"));
            findings.push(time(&certificate));
            findings.push(chain(&certificate, host));
        }
        Err(error) => findings.push(Finding::problem(
            SUBJECT,
            error.to_string(),
            "give the files that belong together, in PEM, readable for this user",
        )),
    }
}

fn time(certificate: &Certificate) -> Finding {
    let now = SystemTime::now();
    if now < certificate.starts_at() {
        let next = "check the clock, or wait";
        return Finding::problem(SUBJECT, "its time has not begun", next);
    }
    match certificate.expires_at().duration_since(now) {
        Err(_) => Finding::problem(
            SUBJECT,
            "its time is over",
            "renew it; no restart is needed",
        ),
        Ok(left) => {
            let days = left.as_secs() / (24 * 3600);
            let what = format!("it is good for {days} more days");
            match left < SOON {
                true => Finding::warning(SUBJECT, what, "renew it; no restart is needed"),
                false => Finding::ok(SUBJECT, what),
            }
        }
    }
}

/// As a client would judge it, by the authorities that this machine knows.
fn chain(certificate: &Certificate, host: Option<&str>) -> Finding {
    let Some(host) = host else {
        let names = certificate.names().join(", ");
        return Finding::warning(
            SUBJECT,
            format!("it is for {names}; nobody said how people reach this server"),
            "set --public-host to see whether clients accept it",
        );
    };
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let provider = Arc::new(ring::default_provider());
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build();
    let (Ok(verifier), Ok(name)) = (verifier, ServerName::try_from(bare(host).to_owned())) else {
        return Finding::warning(
            SUBJECT,
            "it cannot be judged: no authorities here, or --public-host is no name",
            "install ca-certificates, and set --public-host to a name or an address",
        );
    };
    let Some((own, issuers)) = certificate.chain().split_first() else {
        return Finding::problem(SUBJECT, "the file is empty", "give the certificate in PEM");
    };
    let judged = verifier.verify_server_cert(own, issuers, &name, &[], UnixTime::now());
    match judged {
        Ok(_) => Finding::ok(SUBJECT, format!("clients accept it for {host}")),
        Err(rustls::Error::InvalidCertificate(fault)) => refused(certificate, host, &fault),
        Err(error) => Finding::problem(SUBJECT, error.to_string(), "get another certificate"),
    }
}

fn refused(certificate: &Certificate, host: &str, fault: &CertificateError) -> Finding {
    match fault {
        CertificateError::UnknownIssuer => Finding::warning(
            SUBJECT,
            "nobody that clients know vouches for it, or an issuer is missing in the file",
            "put the whole chain into --tls-cert (certbot: fullchain.pem); with a certificate of your own people must trust it by hand",
        ),
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            let names = certificate.names().join(", ");
            Finding::problem(
                SUBJECT,
                format!("it is for {names} and not for {host}"),
                "get one for the name in --public-host",
            )
        }
        // webpki keeps its own words for this one.
        CertificateError::Other(other) if other.to_string().contains("CaUsedAsEndEntity") => {
            Finding::problem(
                SUBJECT,
                "clients refuse it: it is an authority's (CA:TRUE), and no server's",
                "make one that is not (openssl req … -addext basicConstraints=critical,CA:FALSE), or let certbot get one",
            )
        }
        other => Finding::problem(
            SUBJECT,
            format!("clients refuse it: {other}"),
            "get another",
        ),
    }
}

/// Without a port.
fn bare(host: &str) -> &str {
    match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, _)) => address,
        None if host.matches(':').count() == 1 => host.split(':').next().unwrap_or(host),
        None => host,
    }
}
