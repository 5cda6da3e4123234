//! Why there is no connection, told apart as far as a person can do something about it.

use std::io::ErrorKind;

use duet_protocol::{CloseReason, ErrorCode};
use thiserror::Error;

use crate::fingerprint::Fingerprint;

/// Why there is no connection.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SignalingError {
    /// Not a `ws://` or `wss://` URL with a host.
    #[error("not a ws:// or wss:// address")]
    InvalidUrl,
    /// The name of the server is not known.
    #[error("the name of the server is not known")]
    NameNotFound,
    /// Nothing listens there.
    #[error("the server refuses connections")]
    Refused,
    /// There is no way to the server's network.
    #[error("there is no way to the server")]
    Unreachable,
    /// No answer within the time for connecting.
    #[error("the server did not answer in time")]
    TimedOut,
    /// Nobody we trust vouches for the certificate.
    #[error("the certificate of the server is not trusted")]
    UntrustedCertificate {
        /// To be compared and trusted by a person.
        sha256_fingerprint: String,
        /// What is wrong with it.
        problem: CertificateProblem,
    },
    /// TLS failed otherwise; no TLS is spoken there, perhaps.
    #[error("no secure connection could be made")]
    Tls,
    /// An HTTP answer that is no upgrade.
    #[error("the server answered with HTTP status {0}")]
    HttpStatus(u16),
    /// What answers there does not speak WebSocket.
    #[error("this is no signaling server")]
    NotAServer,
    /// Closed by the server.
    #[error("closed by the server with code {code}")]
    Closed {
        /// The code; 1005 if it sent none.
        code: u16,
    },
    /// Nothing was received for too long.
    #[error("nothing came from the server for too long")]
    Silent,
    /// The connection broke.
    #[error("the connection broke: {0}")]
    Broken(ErrorKind),
    /// The server does not let us back in yet.
    #[error("the server does not let us back in yet")]
    NotYet(ErrorCode),
}

/// What is wrong with a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CertificateProblem {
    /// Signed by itself or by an unknown authority.
    UnknownIssuer,
    /// Its time is over.
    Expired,
    /// Its time has not begun: perhaps this computer's clock is wrong.
    NotValidYet,
    /// Made out to another name.
    WrongName,
    /// Anything else.
    Other,
}

impl SignalingError {
    /// A stable key for the UI.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::InvalidUrl => "invalid-url",
            Self::NameNotFound => "dns",
            Self::Refused => "refused",
            Self::Unreachable => "unreachable",
            Self::TimedOut => "timed-out",
            Self::UntrustedCertificate { .. } => "untrusted-certificate",
            Self::Tls => "tls",
            Self::HttpStatus(_) => "http-status",
            Self::NotAServer => "not-a-server",
            Self::Closed { .. } => match self.close_reason() {
                Some(CloseReason::Replaced) => "replaced",
                Some(CloseReason::Draining) => "draining",
                Some(
                    CloseReason::Normal
                    | CloseReason::BinaryFrame
                    | CloseReason::NotUtf8
                    | CloseReason::TooLarge
                    | CloseReason::TooManyFaults
                    | CloseReason::RateExceeded
                    | CloseReason::SlowReader,
                )
                | None => "closed",
            },
            Self::Silent => "silent",
            Self::Broken(_) => "broken",
            Self::NotYet(_) => "not-yet",
        }
    }

    /// The fingerprint to trust, when that is what is missing.
    #[must_use]
    pub fn fingerprint(&self) -> Option<&str> {
        match self {
            Self::UntrustedCertificate {
                sha256_fingerprint, ..
            } => Some(sha256_fingerprint),
            Self::InvalidUrl
            | Self::NameNotFound
            | Self::Refused
            | Self::Unreachable
            | Self::TimedOut
            | Self::Tls
            | Self::HttpStatus(_)
            | Self::NotAServer
            | Self::Closed { .. }
            | Self::Silent
            | Self::Broken(_)
            | Self::NotYet(_) => None,
        }
    }

    /// Whether trying again by itself may help.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::InvalidUrl | Self::UntrustedCertificate { .. } | Self::NotAServer => false,
            // A name may be unknown and TLS refused behind a captive portal, for a while.
            Self::NameNotFound
            | Self::Tls
            | Self::Refused
            | Self::Unreachable
            | Self::TimedOut
            | Self::Silent
            | Self::Broken(_)
            | Self::NotYet(_) => true,
            Self::HttpStatus(status) => *status >= 500 || matches!(status, 408 | 425 | 429),
            // 1000 and codes of proxies: whoever closed did not say that we did wrong.
            Self::Closed { .. } => self
                .close_reason()
                .is_none_or(|reason| reason == CloseReason::Normal || reason.may_reconnect()),
        }
    }

    /// What the close code means, if this is one of the protocol.
    #[must_use]
    pub fn close_reason(&self) -> Option<CloseReason> {
        match self {
            Self::Closed { code } => CloseReason::from_code(*code),
            Self::InvalidUrl
            | Self::NameNotFound
            | Self::Refused
            | Self::Unreachable
            | Self::TimedOut
            | Self::UntrustedCertificate { .. }
            | Self::Tls
            | Self::HttpStatus(_)
            | Self::NotAServer
            | Self::Silent
            | Self::Broken(_)
            | Self::NotYet(_) => None,
        }
    }

    pub(crate) fn untrusted(fingerprint: &Fingerprint, problem: CertificateProblem) -> Self {
        Self::UntrustedCertificate {
            sha256_fingerprint: fingerprint.to_string(),
            problem,
        }
    }

    pub(crate) fn from_connect(error: &std::io::Error) -> Self {
        match error.kind() {
            ErrorKind::ConnectionRefused => Self::Refused,
            ErrorKind::TimedOut => Self::TimedOut,
            ErrorKind::HostUnreachable
            | ErrorKind::NetworkUnreachable
            | ErrorKind::NetworkDown
            | ErrorKind::AddrNotAvailable => Self::Unreachable,
            kind => Self::Broken(kind),
        }
    }
}
