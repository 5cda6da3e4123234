//! Offers and answers: perfect negotiation, with sessions.
//!
//! **Session.** The side that makes the first offer of a PeerConnection names it; both sides put
//! that name into everything that belongs to the pair. A name that is over never comes back. Peers
//! that send no name are told apart by fingerprint (another PeerConnection) and ufrag (another ICE
//! generation).
//!
//! **Glare.** Two offers for the same session: the polite side takes its own back, the impolite one
//! ignores the other's. Two offers that each begin a session: the polite side gives its own
//! PeerConnection up, the impolite one ignores the other's. An offer that begins a session against
//! an offer for an old one: the new session wins on both sides, because its author has already
//! given the old one up.
//!
//! **Loss.** Messages vanish when a connection to the server breaks. Whoever comes back, or sees the
//! other come back, sends what may be missing again; copies are known by their text. A repeated
//! offer is answered with the same answer; a repeated answer changes nothing.

use std::time::Instant;

use duet_protocol::{ClientMessage, Forward};

use super::Call;
use crate::description::Identity;
use crate::input::DescriptionKind;
use crate::link::{Link, Negotiation};
use crate::output::Output;
use crate::timing::{MAX_REPLACEMENTS, REPLACEMENT_WINDOW};

/// What an offer is to the PeerConnection that lives.
enum OfferKind {
    /// It renegotiates it.
    Renegotiation,
    /// It begins another one.
    NewSession,
    /// It belongs to one that is over.
    Over,
}

impl Call {
    /// Builds a PeerConnection and makes the first offer.
    pub(super) fn open_link(&mut self) {
        self.sessions_made += 1;
        let session = format!("{}-{}", self.session_prefix, self.sessions_made);
        self.create_link(session);
        self.begin_offer(false);
    }

    fn create_link(&mut self, session: String) {
        self.close_link();
        self.push(Output::CreatePeer {
            session: session.clone(),
            polite: self.is_polite(),
            ice_servers: self.ice_servers.clone(),
        });
        self.link = Some(Link::new(session));
    }

    pub(super) fn begin_offer(&mut self, ice_restart: bool) {
        let Some(link) = &mut self.link else {
            return;
        };
        link.negotiation = Negotiation::MakingOffer;
        link.negotiation_needed = false;
        if ice_restart {
            link.restart_needed = false;
            link.local.next_generation();
        }
        let session = link.session.clone();
        self.push(Output::CreateOffer {
            session,
            ice_restart,
        });
    }

    /// A description of ours is ready.
    pub(super) fn local_description(&mut self, kind: DescriptionKind, msg: String) {
        let Some(link) = &mut self.link else {
            return;
        };
        match (kind, &mut link.negotiation) {
            (DescriptionKind::Offer, Negotiation::MakingOffer) => {
                link.negotiation = Negotiation::HaveLocalOffer(msg);
                self.send_description();
            }
            (DescriptionKind::Answer, Negotiation::Answering { pending }) => {
                *pending -= 1;
                if *pending == 0 {
                    link.negotiation = Negotiation::Stable;
                    link.is_established = true;
                    link.last_answer = Some(msg);
                    self.send_description();
                    self.offer_if_needed();
                }
            }
            // An offer that was taken back meanwhile, or an answer nobody waits for.
            (DescriptionKind::Offer | DescriptionKind::Answer, _) => {}
        }
    }

    /// Sends the description the other may lack, and the candidates that belong to it.
    fn send_description(&mut self) {
        if !self.can_signal() {
            return;
        }
        let Some(link) = &mut self.link else {
            return;
        };
        let (kind, msg) = match (&link.negotiation, &link.last_answer) {
            (Negotiation::HaveLocalOffer(msg), _) => (DescriptionKind::Offer, msg.clone()),
            (Negotiation::Stable, Some(msg)) => (DescriptionKind::Answer, msg.clone()),
            (Negotiation::Stable, None) => return self.send_local_candidates(),
            (Negotiation::MakingOffer | Negotiation::Answering { .. }, _) => return,
        };
        link.local.is_described = true;
        if let Some(forward) = self.forward(msg) {
            self.signal(match kind {
                DescriptionKind::Offer => ClientMessage::Offer(forward),
                DescriptionKind::Answer => ClientMessage::Answer(forward),
            });
        }
        self.send_local_candidates();
    }

    /// The other, or we, came back: what was sent before may be lost.
    pub(super) fn send_again(&mut self) {
        let speaks_sessions = self
            .remote
            .as_ref()
            .is_some_and(|remote| remote.speaks_sessions);
        let Some(link) = &mut self.link else {
            return;
        };
        // A plain page whose media flows lacks nothing, and would stumble over copies.
        if link.is_connected && !speaks_sessions && !link.is_offering() {
            return;
        }
        link.local.forget_sent();
        self.send_description();
    }

    pub(super) fn negotiation_needed(&mut self) {
        let Some(link) = &mut self.link else {
            return;
        };
        // The first exchange carries all tracks there are.
        if !link.is_established {
            return;
        }
        link.negotiation_needed = true;
        self.offer_if_needed();
    }

    pub(super) fn offer_if_needed(&mut self) {
        let Some(link) = &self.link else {
            return;
        };
        let ice_restart = link.restart_needed;
        let is_due = link.negotiation_needed || ice_restart;
        if is_due && link.negotiation == Negotiation::Stable && self.can_signal() {
            self.begin_offer(ice_restart);
        }
    }

    /// An offer of the other.
    pub(super) fn offer(&mut self, now: Instant, forward: Forward) {
        if !self.is_remote(&forward.uid) || !self.is_our_room(&forward.room_id) {
            return;
        }
        let Some(identity) = Identity::of_description(DescriptionKind::Offer, &forward.msg) else {
            tracing::debug!("an offer that is none");
            return;
        };
        self.note_sessions(&forward);
        match self.kind_of(&forward, &identity) {
            OfferKind::Over => tracing::debug!("an offer of a session that is over"),
            OfferKind::Renegotiation => self.renegotiate(now, forward.msg, identity),
            OfferKind::NewSession => self.replace(now, forward, identity),
        }
    }

    fn note_sessions(&mut self, forward: &Forward) {
        if let (Some(remote), true) = (&mut self.remote, forward.session.is_some()) {
            remote.speaks_sessions = true;
        }
    }

    fn kind_of(&self, forward: &Forward, identity: &Identity) -> OfferKind {
        match (&forward.session, &self.link) {
            (Some(session), Some(link)) if *session == link.session => OfferKind::Renegotiation,
            (Some(session), _) if self.retired_sessions.contains(session) => OfferKind::Over,
            (Some(_), _) => OfferKind::NewSession,
            (None, _) if self.retired_ufrags.contains(&identity.ufrag) => OfferKind::Over,
            (None, Some(link)) => match &link.remote {
                Some(known) if known.fingerprint == identity.fingerprint => {
                    OfferKind::Renegotiation
                }
                Some(_) | None => OfferKind::NewSession,
            },
            (None, None) => OfferKind::NewSession,
        }
    }

    /// An offer for the session that lives.
    fn renegotiate(&mut self, now: Instant, msg: String, identity: Identity) {
        let is_polite = self.is_polite();
        let Some(link) = &mut self.link else {
            return;
        };
        if link.last_offer.as_ref() == Some(&msg) {
            return self.answer_copy();
        }
        if link.is_offering() {
            if !is_polite {
                // Its candidates are of no use either, unless the generation is the same.
                let is_current = link.remote.as_ref() == Some(&identity);
                if !is_current {
                    self.retired_ufrags.add(&identity.ufrag);
                }
                return;
            }
            let session = link.session.clone();
            link.negotiation_needed = true;
            link.negotiation = Negotiation::Stable;
            self.push(Output::Rollback { session });
        }
        self.apply_offer(now, msg, identity);
    }

    /// The same offer once more: our answer was lost.
    fn answer_copy(&mut self) {
        let is_answered = self.link.as_ref().is_some_and(|link| {
            link.negotiation == Negotiation::Stable && link.last_answer.is_some()
        });
        if is_answered {
            if let Some(link) = &mut self.link {
                link.local.forget_sent();
            }
            self.send_description();
        }
    }

    /// An offer that begins a session.
    fn replace(&mut self, now: Instant, forward: Forward, identity: Identity) {
        let is_beginning = self
            .link
            .as_ref()
            .is_some_and(|link| link.is_offering() && !link.is_established);
        if is_beginning && !self.is_polite() {
            match &forward.session {
                Some(session) => self.retired_sessions.add(session),
                None => self.retired_ufrags.add(&identity.ufrag),
            }
            return;
        }
        if !self.may_replace(now) {
            tracing::warn!("the other begins sessions too often; one ignored");
            return;
        }
        let session = forward.session.unwrap_or_else(|| {
            self.sessions_made += 1;
            format!("{}-{}", self.session_prefix, self.sessions_made)
        });
        self.create_link(session);
        self.interrupt(now);
        self.apply_offer(now, forward.msg, identity);
    }

    /// The other may not make us build without end.
    fn may_replace(&mut self, now: Instant) -> bool {
        while self
            .replacements
            .front()
            .is_some_and(|first| now.saturating_duration_since(*first) >= REPLACEMENT_WINDOW)
        {
            self.replacements.pop_front();
        }
        let may = self.replacements.len() < MAX_REPLACEMENTS;
        if may {
            self.replacements.push_back(now);
        }
        may
    }

    fn apply_offer(&mut self, now: Instant, msg: String, identity: Identity) {
        let Some(link) = &mut self.link else {
            return;
        };
        let pending = match link.negotiation {
            Negotiation::Answering { pending } => pending + 1,
            Negotiation::Stable | Negotiation::MakingOffer | Negotiation::HaveLocalOffer(_) => 1,
        };
        link.negotiation = Negotiation::Answering { pending };
        link.last_offer = Some(msg.clone());
        link.last_answer = None;
        let is_new_generation = link
            .remote
            .as_ref()
            .is_none_or(|known| known.ufrag != identity.ufrag);
        if is_new_generation && link.remote.is_some() {
            link.local.next_generation();
        }
        let session = link.session.clone();
        self.set_remote_identity(identity);
        self.push(Output::ApplyOffer { session, msg });
        self.add_early_candidates();
        self.expect_connection(now);
    }

    /// An answer of the other. Answers to nothing, and copies, change nothing.
    pub(super) fn answer(&mut self, now: Instant, forward: Forward) {
        if !self.is_remote(&forward.uid) || !self.is_our_room(&forward.room_id) {
            return;
        }
        let Some(link) = &self.link else {
            return;
        };
        let names_us = forward
            .session
            .as_deref()
            .is_none_or(|session| session == link.session);
        let waits = matches!(link.negotiation, Negotiation::HaveLocalOffer(_));
        let is_copy = link.applied_answer.as_ref() == Some(&forward.msg);
        if !names_us || !waits || is_copy {
            return;
        }
        let Some(identity) = Identity::of_description(DescriptionKind::Answer, &forward.msg) else {
            tracing::debug!("an answer that is none");
            return;
        };
        if self.retired_ufrags.contains(&identity.ufrag) {
            return;
        }
        let is_other_peer = link
            .remote
            .as_ref()
            .is_some_and(|known| known.fingerprint != identity.fingerprint);
        self.note_sessions(&forward);
        if is_other_peer {
            // Behind the same uid is another PeerConnection: the program was started again.
            return self.rebuild_for_other_peer(now);
        }
        self.apply_answer(forward.msg, identity);
    }

    fn rebuild_for_other_peer(&mut self, now: Instant) {
        if self.may_replace(now) {
            self.interrupt(now);
            self.rebuild(now);
        }
    }

    fn apply_answer(&mut self, msg: String, identity: Identity) {
        let Some(link) = &mut self.link else {
            return;
        };
        link.negotiation = Negotiation::Stable;
        link.is_established = true;
        link.applied_answer = Some(msg.clone());
        link.last_answer = None;
        let session = link.session.clone();
        self.set_remote_identity(identity);
        self.push(Output::ApplyAnswer { session, msg });
        self.add_early_candidates();
        self.offer_if_needed();
    }

    fn set_remote_identity(&mut self, identity: Identity) {
        let Some(link) = &mut self.link else {
            return;
        };
        if let Some(known) = &link.remote
            && known.ufrag != identity.ufrag
        {
            self.retired_ufrags.add(&known.ufrag);
            link.seen.clear();
        }
        link.remote = Some(identity);
    }
}
