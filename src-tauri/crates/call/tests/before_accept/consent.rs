//! What one person has said to the call of this moment, read from what they did and not from the machine.

use std::collections::HashSet;

use duet_protocol::ServerMessage;

/// One person's yes, and the other's as far as the server says. It ends with the call: a yes to one call is none
/// to the next.
#[derive(Default)]
pub(super) struct Consent {
    /// This person called.
    called: bool,
    /// This person accepted a call that rang.
    accepted: bool,
    /// Calls that the server says ring there, since this person called.
    rung: HashSet<String>,
    /// The server says that one of these was accepted.
    heard_accept: bool,
    ever: bool,
}

impl Consent {
    /// Calling the one whose call rings here accepts it.
    pub(super) fn calls(&mut self, rings_from_them: bool) {
        self.ends();
        self.called = true;
        self.accepted = rings_from_them;
        self.ever = true;
    }

    pub(super) fn accepts(&mut self) {
        self.ends();
        self.accepted = true;
        self.ever = true;
    }

    pub(super) fn hears(&mut self, message: &ServerMessage) {
        if let ServerMessage::Ringing { call_id, .. } = message
            && self.called
        {
            self.rung.insert(call_id.clone());
        }
        if let ServerMessage::Accept { call_id } = message {
            self.heard_accept |= self.rung.contains(call_id);
        }
    }

    pub(super) fn ends(&mut self) {
        let ever = self.ever;
        *self = Self::default();
        self.ever = ever;
    }

    /// Accepted by this person, or called by them and accepted by the other.
    pub(super) fn is_agreed(&self) -> bool {
        self.accepted || (self.called && self.heard_accept)
    }

    pub(super) fn has_ever_said_yes(&self) -> bool {
        self.ever
    }
}
