//! Which datagrams may reach DTLS and SRTP.
//!
//! The library hands any datagram that looks like DTLS or SRTP to those layers, from whatever
//! address, once a candidate pair is selected; a ClientHello or an alert from a stranger could end
//! the call. This filter sits in the socket ([`socket`]) and lets through
//!
//! - STUN, always: the ICE agent authenticates it itself;
//! - everything else only from an address that passed an authenticated connectivity check: a
//!   binding request with our user name and a MESSAGE-INTEGRITY made with our password, or the
//!   success response to a request we sent there, made with theirs (RFC 8445, section 7);
//! - TURN's ChannelData only from a server we asked for an allocation;
//! - DTLS records of epoch 0 no longer once the connection stands (they carry no authentication,
//!   and an alert among them is acted upon): alerts at once, handshake messages after the other
//!   side has shown that its handshake is over too, or [`HANDSHAKE_GRACE`] later.
//!
//! An attacker on the path can use the peer's own address; against that there is the last rule
//! and SRTP's own authentication. Rejected: waiting for a *nominated* pair, since media may come
//! on any valid pair (RFC 8445, section 12.1).

mod addresses;
mod core;
mod dtls;
mod runtime;
mod socket;
mod stun;

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

pub use self::core::{FilterCore, HANDSHAKE_GRACE, Verdict};
pub(crate) use self::runtime::FilteredRuntime;
use crate::sdp::IceCredentials;

/// The filter of one peer, shared by its sockets.
#[derive(Debug, Default)]
pub struct SourceFilter {
    core: Mutex<FilterCore>,
    media_seen: AtomicBool,
    refused: AtomicU64,
}

impl SourceFilter {
    /// Our credentials, before the other side can use them.
    pub fn set_local_credentials(&self, credentials: IceCredentials) {
        self.core.lock().set_local_credentials(credentials);
    }

    /// The other side's credentials.
    pub fn set_remote_credentials(&self, credentials: IceCredentials) {
        self.core.lock().set_remote_credentials(credentials);
    }

    /// DTLS is done on our side.
    pub fn on_connected(&self, now: Instant) {
        self.core.lock().on_connected(now);
    }

    /// An authenticated media packet came: DTLS is done on the other side too.
    pub fn on_media(&self, now: Instant) {
        if !self.media_seen.swap(true, Relaxed) {
            self.core.lock().on_peer_finished(now);
        }
    }

    /// A datagram leaves.
    pub fn on_send(&self, now: Instant, destination: SocketAddr, datagram: &[u8]) {
        if stun::looks_like_stun(datagram) || dtls::looks_like_dtls(datagram) {
            self.core.lock().on_send(now, destination, datagram);
        }
    }

    /// A datagram arrived.
    pub fn judge(&self, now: Instant, source: SocketAddr, datagram: &[u8]) -> Verdict {
        let verdict = self.core.lock().judge(now, source, datagram);
        if verdict == Verdict::Refuse {
            self.refused.fetch_add(1, Relaxed);
        }
        verdict
    }

    /// The handshake ended with a fatal alert.
    pub fn handshake_failed(&self) -> bool {
        self.core.lock().handshake_failed()
    }

    /// We refused the other side's certificate, because it is not the one its description names.
    pub fn certificate_refused(&self) -> bool {
        self.core.lock().certificate_refused()
    }

    /// Of the last answered connectivity check.
    pub fn round_trip(&self) -> Option<Duration> {
        self.core.lock().round_trip()
    }

    /// Connectivity checks of ours that the other side answered so far.
    pub fn checks_answered(&self) -> u64 {
        self.core.lock().checks_answered()
    }

    /// Datagrams refused so far.
    pub fn refused(&self) -> u64 {
        self.refused.load(Relaxed)
    }
}
