//! The filter's decisions. Sans-IO: `now` is a parameter, datagrams are slices.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::addresses::{Addresses, canonical};
use super::dtls::{Records, is_fatal_alert, looks_like_dtls, records, refuses_certificate};
use super::stun::{Crypto, Kind, Stun, TransactionId, looks_like_stun};
use crate::sdp::IceCredentials;

/// Handshake messages in plain text are still let through for so long after we are connected: the
/// other side may have lost our last flight.
pub const HANDSHAKE_GRACE: Duration = Duration::from_secs(4);

const MAX_VALIDATED: usize = 64;
const MAX_RELAYS: usize = 32;
const MAX_REQUESTS: usize = 256;
/// Credentials kept: those in force and those before an ICE restart, whose path still carries
/// media until the new one stands.
const MAX_GENERATIONS: usize = 2;

/// Whether a datagram goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// To the library.
    Pass,
    /// Nowhere.
    Refuse,
}

#[derive(Debug, Clone, Copy)]
enum Handshake {
    Running,
    /// A fatal alert went out or came in; the library says nothing of it.
    Failed,
    DoneHere(Instant),
    DoneOnBothSides,
}

/// The state of the filter.
#[derive(Debug)]
pub struct FilterCore {
    local: Vec<IceCredentials>,
    remote: Vec<IceCredentials>,
    requests: VecDeque<(TransactionId, SocketAddr, Instant)>,
    validated: Addresses,
    relays: Addresses,
    handshake: Handshake,
    certificate_refused: bool,
    round_trip: Option<Duration>,
    checks_answered: u64,
    crypto: Crypto,
}

impl Default for FilterCore {
    fn default() -> Self {
        Self {
            local: Vec::new(),
            remote: Vec::new(),
            requests: VecDeque::new(),
            validated: Addresses::new(MAX_VALIDATED),
            relays: Addresses::new(MAX_RELAYS),
            handshake: Handshake::Running,
            certificate_refused: false,
            round_trip: None,
            checks_answered: 0,
            crypto: Crypto::default(),
        }
    }
}

impl FilterCore {
    /// Our credentials.
    pub fn set_local_credentials(&mut self, credentials: IceCredentials) {
        remember(&mut self.local, credentials);
    }

    /// The other side's credentials.
    pub fn set_remote_credentials(&mut self, credentials: IceCredentials) {
        remember(&mut self.remote, credentials);
    }

    /// DTLS is done on our side.
    pub fn on_connected(&mut self, now: Instant) {
        if let Handshake::Running = self.handshake {
            self.handshake = Handshake::DoneHere(now);
        }
    }

    /// DTLS is done on the other side too.
    pub fn on_peer_finished(&mut self, _now: Instant) {
        self.handshake = Handshake::DoneOnBothSides;
    }

    /// The handshake ended with a fatal alert of either side, a wrong fingerprint for instance.
    pub fn handshake_failed(&self) -> bool {
        matches!(self.handshake, Handshake::Failed)
    }

    /// We refused the other side's certificate.
    pub fn certificate_refused(&self) -> bool {
        self.certificate_refused
    }

    /// A datagram of ours leaves; STUN and DTLS are of interest.
    pub fn on_send(&mut self, now: Instant, destination: SocketAddr, datagram: &[u8]) {
        let refuses = refuses_certificate(datagram);
        if refuses && matches!(self.handshake, Handshake::Running) {
            self.certificate_refused = true;
        }
        self.note_alert(datagram);
        let Some(stun) = Stun::parse(datagram) else {
            return;
        };
        match stun.kind {
            Kind::BindingRequest => {
                if self.requests.len() >= MAX_REQUESTS {
                    self.requests.pop_front();
                }
                let request = (stun.transaction_id(), canonical(destination), now);
                self.requests.push_back(request);
            }
            Kind::AllocateRequest => self.relays.insert(now, destination),
            Kind::BindingSuccess | Kind::DataIndication(..) | Kind::Other => {}
        }
    }

    /// A datagram arrived.
    pub fn judge(&mut self, now: Instant, source: SocketAddr, datagram: &[u8]) -> Verdict {
        if looks_like_stun(datagram) {
            return self.judge_stun(now, source, datagram);
        }
        match datagram.first() {
            // Neither DTLS nor SRTP: the library knows nothing to do with it.
            None | Some(0..=19) => Verdict::Pass,
            Some(64..=79) => pass_if(self.relays.contains(source)),
            Some(_) => self.judge_media(now, source, datagram),
        }
    }

    /// Of the last answered connectivity check.
    pub fn round_trip(&self) -> Option<Duration> {
        self.round_trip
    }

    /// Connectivity checks of ours that the other side answered.
    pub fn checks_answered(&self) -> u64 {
        self.checks_answered
    }

    fn note_alert(&mut self, datagram: &[u8]) {
        let running = matches!(self.handshake, Handshake::Running);
        if running && is_fatal_alert(datagram) {
            self.handshake = Handshake::Failed;
        }
    }

    fn judge_media(&mut self, now: Instant, source: SocketAddr, datagram: &[u8]) -> Verdict {
        if !self.validated.contains(source) {
            return Verdict::Refuse;
        }
        if looks_like_dtls(datagram) {
            self.note_alert(datagram);
            return pass_if(self.allows(now, records(datagram)));
        }
        Verdict::Pass
    }

    fn allows(&self, now: Instant, records: Records) -> bool {
        let handshake_over = match self.handshake {
            Handshake::Running | Handshake::Failed => return records != Records::Malformed,
            Handshake::DoneHere(at) => now.saturating_duration_since(at) > HANDSHAKE_GRACE,
            Handshake::DoneOnBothSides => true,
        };
        match records {
            Records::Protected => true,
            Records::Plain => !handshake_over,
            Records::PlainAlert | Records::Malformed => false,
        }
    }

    fn judge_stun(&mut self, now: Instant, source: SocketAddr, datagram: &[u8]) -> Verdict {
        let Some(mut stun) = Stun::parse(datagram) else {
            return Verdict::Refuse;
        };
        match &stun.kind {
            Kind::BindingRequest => {
                if !self.validated.contains(source) && self.is_request_to_us(&mut stun) {
                    self.validated.insert(now, source);
                }
            }
            Kind::BindingSuccess => self.on_success(now, source, &mut stun),
            Kind::DataIndication(from, data) => {
                let known = self.relays.contains(source);
                if !known || looks_like_relayed_again(data) {
                    return Verdict::Refuse;
                }
                let (from, data) = (*from, data.clone());
                return self.judge(now, from, &data);
            }
            Kind::AllocateRequest | Kind::Other => {}
        }
        Verdict::Pass
    }

    fn is_request_to_us(&self, stun: &mut Stun) -> bool {
        self.local
            .iter()
            .any(|ours| stun.is_for(&ours.user_fragment) && stun.is_signed_by(ours, &self.crypto))
    }

    fn on_success(&mut self, now: Instant, source: SocketAddr, stun: &mut Stun) {
        let (id, from) = (stun.transaction_id(), canonical(source));
        let requests = &self.requests;
        let matching = requests
            .iter()
            .position(|(known, to, _)| *known == id && *to == from);
        let Some(index) = matching else {
            return;
        };
        let theirs = self.remote.iter();
        let signed = theirs
            .clone()
            .any(|theirs| stun.is_signed_by(theirs, &self.crypto));
        if signed && let Some((_, _, sent)) = self.requests.remove(index) {
            self.validated.insert(now, source);
            self.round_trip = Some(now.saturating_duration_since(sent));
            self.checks_answered += 1;
        }
    }
}

fn remember(generations: &mut Vec<IceCredentials>, credentials: IceCredentials) {
    if generations.last() == Some(&credentials) {
        return;
    }
    generations.push(credentials);
    if generations.len() > MAX_GENERATIONS {
        generations.remove(0);
    }
}

fn pass_if(condition: bool) -> Verdict {
    if condition {
        Verdict::Pass
    } else {
        Verdict::Refuse
    }
}

/// A relayed datagram holding another one has no meaning and would recurse.
fn looks_like_relayed_again(data: &[u8]) -> bool {
    let stun = Stun::parse(data);
    stun.is_some_and(|inner| matches!(inner.kind, Kind::DataIndication(..)))
}

#[cfg(test)]
mod tests;
