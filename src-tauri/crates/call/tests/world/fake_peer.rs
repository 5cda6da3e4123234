//! A PeerConnection reduced to the rules of negotiation. Breaking one is a panic, as the real one
//! would fail: an offer on top of an own offer, an answer to nothing, a candidate too early.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use duet_call::{DescriptionKind, Operation, PeerInput};

/// What it is asked to do.
#[derive(Debug, Clone)]
pub(crate) enum Op {
    CreateOffer { ice_restart: bool },
    ApplyOffer(String),
    ApplyAnswer(String),
    Rollback,
    AddCandidate(Option<String>),
}

/// One PeerConnection.
#[derive(Debug)]
pub(crate) struct FakePeer {
    fingerprint: String,
    ufrag: String,
    offered_ufrag: Option<String>,
    remote: Option<(String, String)>,
    has_candidate: bool,
    pub(crate) is_connected: bool,
    /// The fingerprint of the other end of the path that works, or worked last.
    path_to: Option<String>,
    disconnected_at: Option<Instant>,
    has_failed: bool,
    pub(crate) candidates_added: usize,
    operations: VecDeque<Op>,
    events: VecDeque<PeerInput>,
}

impl FakePeer {
    pub(crate) fn new(serial: &mut u32) -> Self {
        Self {
            fingerprint: format!("sha-256 {:08x}", next(serial)),
            ufrag: format!("u{}", next(serial)),
            offered_ufrag: None,
            remote: None,
            has_candidate: false,
            is_connected: false,
            path_to: None,
            disconnected_at: None,
            has_failed: false,
            candidates_added: 0,
            operations: VecDeque::new(),
            events: VecDeque::new(),
        }
    }

    pub(crate) fn ask(&mut self, op: Op) {
        self.operations.push_back(op);
    }

    pub(crate) fn has_operations(&self) -> bool {
        !self.operations.is_empty()
    }

    pub(crate) fn has_events(&self) -> bool {
        !self.events.is_empty()
    }

    pub(crate) fn take_event(&mut self) -> Option<PeerInput> {
        self.events.pop_front()
    }

    /// Does the next thing asked for.
    pub(crate) fn operate(&mut self, serial: &mut u32) {
        match self.operations.pop_front() {
            None => {}
            Some(Op::CreateOffer { ice_restart }) => {
                assert!(self.offered_ufrag.is_none(), "an offer on top of an offer");
                let ufrag = match ice_restart {
                    true => format!("u{}", next(serial)),
                    false => self.ufrag.clone(),
                };
                self.offered_ufrag = Some(ufrag.clone());
                self.describe(DescriptionKind::Offer, &ufrag, next(serial));
            }
            Some(Op::ApplyOffer(msg)) => self.apply_offer(&msg, serial),
            Some(Op::ApplyAnswer(msg)) => {
                let ufrag = self.offered_ufrag.take().expect("an answer to nothing");
                if self.set_remote(&msg) {
                    self.ufrag = ufrag;
                } else {
                    self.fail(Operation::ApplyAnswer);
                }
            }
            Some(Op::Rollback) => self.offered_ufrag = None,
            Some(Op::AddCandidate(candidate)) => {
                let (ufrag, _) = self.remote.as_ref().expect("a candidate too early");
                self.candidates_added += 1;
                if candidate.is_some_and(|candidate| candidate.contains(ufrag.as_str())) {
                    self.has_candidate = true;
                }
            }
        }
    }

    fn apply_offer(&mut self, msg: &str, serial: &mut u32) {
        assert!(
            self.offered_ufrag.is_none(),
            "an offer on top of our own one, without rollback"
        );
        let before = self.remote.as_ref().map(|(ufrag, _)| ufrag.clone());
        if !self.set_remote(msg) {
            return self.fail(Operation::ApplyOffer);
        }
        let is_restart = self
            .remote
            .as_ref()
            .is_some_and(|(ufrag, _)| before.is_some_and(|before| before != *ufrag));
        if is_restart {
            self.ufrag = format!("u{}", next(serial));
        }
        let ufrag = self.ufrag.clone();
        self.describe(DescriptionKind::Answer, &ufrag, next(serial));
    }

    /// False for another fingerprint than before: DTLS cannot go on.
    fn set_remote(&mut self, msg: &str) -> bool {
        let ufrag = field(msg, "a=ice-ufrag:");
        let fingerprint = field(msg, "a=fingerprint:");
        if let Some((known_ufrag, known)) = &self.remote {
            if *known != fingerprint {
                return false;
            }
            if *known_ufrag != ufrag {
                self.has_candidate = false;
            }
        }
        self.remote = Some((ufrag, fingerprint));
        true
    }

    fn fail(&mut self, operation: Operation) {
        self.events.push_back(PeerInput::Error { operation });
    }

    /// One candidate is found before the description is ready, one after, as it happens.
    fn describe(&mut self, kind: DescriptionKind, ufrag: &str, version: u32) {
        let word = match kind {
            DescriptionKind::Offer => "offer",
            DescriptionKind::Answer => "answer",
        };
        let fingerprint = &self.fingerprint;
        let msg = format!(
            r#"{{"type":"{word}","sdp":"v=0\r\no=- 1 {version} IN IP4 0\r\na=ice-ufrag:{ufrag}\r\na=fingerprint:{fingerprint}\r\n"}}"#
        );
        let candidate = |number: u32| {
            PeerInput::LocalCandidate(Some(format!(
                r#"{{"candidate":"candidate:{number} 1 udp 1 h 9 typ host ufrag {ufrag}","sdpMid":"0"}}"#
            )))
        };
        self.events.extend([
            candidate(1),
            PeerInput::LocalDescription { kind, msg },
            candidate(2),
            PeerInput::LocalCandidate(None),
        ]);
    }

    /// Descriptions and candidates of both fit each other.
    pub(crate) fn matches(&self, other: &Self) -> bool {
        let knows = |mine: &Self, theirs: &Self| {
            mine.remote.as_ref().is_some_and(|(ufrag, fingerprint)| {
                *ufrag == theirs.ufrag && *fingerprint == theirs.fingerprint
            })
        };
        let are_stable = self.offered_ufrag.is_none() && other.offered_ufrag.is_none();
        let have_failed = self.has_failed || other.has_failed;
        are_stable
            && !have_failed
            && knows(self, other)
            && knows(other, self)
            && (self.has_candidate || other.has_candidate)
    }

    /// The path made earlier still leads to that one.
    pub(crate) fn shares_path(&self, other: &Self) -> bool {
        let leads = |mine: &Self, theirs: &Self| mine.path_to.as_ref() == Some(&theirs.fingerprint);
        leads(self, other) && leads(other, self) && !other.has_failed
    }

    pub(crate) fn heard(&mut self) {
        self.path_to = self
            .remote
            .as_ref()
            .map(|(_, fingerprint)| fingerprint.clone());
        self.disconnected_at = None;
        if !self.is_connected {
            self.is_connected = true;
            self.events.push_back(PeerInput::Connected);
        }
    }

    pub(crate) fn not_heard(&mut self, now: Instant, failure: Duration) {
        if self.is_connected {
            self.is_connected = false;
            self.disconnected_at = Some(now);
            self.events.push_back(PeerInput::Disconnected);
        }
        if self
            .failing_since()
            .is_some_and(|since| now >= since + failure)
        {
            self.has_failed = true;
            self.events.push_back(PeerInput::Failed);
        }
    }

    pub(crate) fn failing_since(&self) -> Option<Instant> {
        self.disconnected_at.filter(|_| !self.has_failed)
    }
}

fn next(serial: &mut u32) -> u32 {
    *serial += 1;
    *serial
}

fn field(msg: &str, name: &str) -> String {
    let start = msg
        .find(name)
        .expect("the descriptions of this world have it")
        + name.len();
    let rest = &msg[start..];
    rest[..rest.find("\\r").expect("lines end")].to_owned()
}
