//! Getting media to flow, and to flow again.
//!
//! While media does not flow there is always a next try ([`Recovery`]) or a deadline of the state,
//! so nothing waits for ever. The ladder: restart ICE, then build a new PeerConnection inside the
//! same call, then again, until the state's deadline. The impolite side acts first; the polite one
//! only when nothing came from it, because it alone may have seen the break and because plain pages
//! never act.
//!
//! No restart is begun while the other cannot be reached through the server: it would throw the old
//! path away, which may heal by itself, for an offer that cannot be sent.

use std::time::{Duration, Instant};

use super::Call;
use crate::input::Operation;
use crate::link::Negotiation;
use crate::output::Output;
use crate::recovery::{Recovery, Step};
use crate::remote::Presence;
use crate::state::{CallState, LeaveCause, ReconnectCause};
use crate::timing::{
    REBUILD_DELAY_CLOSED, REBUILD_DELAY_POLITE, REBUILD_PATIENCE_IMPOLITE, REBUILD_PATIENCE_POLITE,
    RECONNECT_TIMEOUT, RELAY_DELAY_IMPOLITE, RELAY_DELAY_POLITE, RESTART_DELAY_IMPOLITE,
    RESTART_DELAY_POLITE, RESTART_PATIENCE,
};

impl Call {
    /// Both are there for the first time.
    pub(super) fn start_negotiation(&mut self, now: Instant) {
        if self.is_polite() {
            self.schedule(Step::Rebuild, now + self.rebuild_patience());
        } else {
            self.rebuild(now);
        }
    }

    /// The other can be reached again: tell, send again, go on with what waited for this.
    pub(super) fn reachable_again(&mut self, now: Instant) {
        if !self.can_signal() {
            return;
        }
        self.tell_media();
        if self.link.is_none() && !self.is_polite() {
            return self.rebuild(now);
        }
        self.send_again();
        if let Some(recovery) = &mut self.recovery {
            recovery.due.get_or_insert(now);
        }
        self.pursue_recovery(now);
        self.offer_if_needed();
    }

    /// Does what is due.
    pub(super) fn pursue_recovery(&mut self, now: Instant) {
        let Some(Recovery {
            step,
            due: Some(due),
        }) = self.recovery
        else {
            return;
        };
        if due > now {
            return;
        }
        if !self.can_signal() {
            self.recovery = Some(Recovery { step, due: None });
            return;
        }
        match step {
            Step::RestartIce => self.restart_ice(now),
            Step::Rebuild => self.rebuild(now),
        }
    }

    /// The person does not want to wait.
    pub(super) fn recover_now(&mut self, now: Instant) {
        if let Some(recovery) = &mut self.recovery {
            recovery.due = Some(now);
        }
    }

    fn restart_ice(&mut self, now: Instant) {
        let is_stable = match &self.link {
            Some(link) => link.negotiation == Negotiation::Stable,
            None => return self.rebuild(now),
        };
        if is_stable {
            self.begin_offer(true);
        }
        self.schedule(Step::Rebuild, now + RESTART_PATIENCE + self.politeness());
    }

    /// A new PeerConnection in the same call.
    pub(super) fn rebuild(&mut self, now: Instant) {
        self.open_link();
        self.schedule(Step::Rebuild, now + self.rebuild_patience());
    }

    /// An exchange began that should bring media: give it time before the next try.
    pub(super) fn expect_connection(&mut self, now: Instant) {
        let is_connected = self.link.as_ref().is_some_and(|link| link.is_connected);
        if !is_connected {
            self.schedule(Step::Rebuild, now + self.rebuild_patience());
        }
    }

    fn schedule(&mut self, step: Step, due: Instant) {
        self.recovery = Some(Recovery {
            step,
            due: Some(due),
        });
    }

    fn rebuild_patience(&self) -> Duration {
        if self.is_polite() {
            REBUILD_PATIENCE_POLITE
        } else {
            REBUILD_PATIENCE_IMPOLITE
        }
    }

    /// How much longer the polite side waits.
    fn politeness(&self) -> Duration {
        if self.is_polite() {
            REBUILD_PATIENCE_POLITE - REBUILD_PATIENCE_IMPOLITE
        } else {
            Duration::ZERO
        }
    }

    pub(super) fn peer_connected(&mut self, now: Instant) {
        if let Some(link) = &mut self.link {
            link.is_connected = true;
        }
        self.recovery = None;
        match &self.state {
            CallState::Negotiating { peer, .. } => {
                let peer = peer.clone();
                self.set_state(CallState::Connected { peer, since: now });
            }
            CallState::Reconnecting {
                peer: Some(peer),
                connected_since,
                ..
            } => {
                let peer = peer.clone();
                let since = connected_since.unwrap_or(now);
                self.set_state(CallState::Connected { peer, since });
                if let Some(session) = self.session().map(str::to_owned) {
                    self.push(Output::RequestKeyFrame { session });
                }
            }
            CallState::Connected { .. }
            | CallState::Idle
            | CallState::Calling { .. }
            | CallState::Unanswered { .. }
            | CallState::Joining { .. }
            | CallState::WaitingForPeer { .. }
            | CallState::Reconnecting { peer: None, .. }
            | CallState::PeerLeft { .. }
            | CallState::Full { .. }
            | CallState::Failed { .. }
            | CallState::Left { .. } => {}
        }
    }

    pub(super) fn peer_disconnected(&mut self, now: Instant, is_relayed: bool) {
        if self.break_media(now) {
            let delay = match (is_relayed, self.is_polite()) {
                (false, false) => RESTART_DELAY_IMPOLITE,
                (false, true) => RESTART_DELAY_POLITE,
                (true, false) => RELAY_DELAY_IMPOLITE,
                (true, true) => RELAY_DELAY_POLITE,
            };
            self.schedule(Step::RestartIce, now + delay);
        }
    }

    pub(super) fn peer_failed(&mut self, now: Instant) {
        let had_media = self.link.as_ref().is_some_and(|link| link.is_established);
        self.break_media(now);
        let delay = match (self.is_polite(), had_media) {
            (true, _) => REBUILD_DELAY_POLITE,
            (false, true) => Duration::ZERO,
            // It failed at birth: building at once would turn in circles.
            (false, false) => REBUILD_DELAY_CLOSED,
        };
        self.rebuild_after(now, delay);
    }

    pub(super) fn peer_closed(&mut self, now: Instant) {
        self.break_media(now);
        let delay = if self.is_polite() {
            REBUILD_DELAY_POLITE
        } else {
            REBUILD_DELAY_CLOSED
        };
        self.rebuild_after(now, delay);
    }

    fn rebuild_after(&mut self, now: Instant, delay: Duration) {
        if self.remote.is_some() {
            self.schedule(Step::Rebuild, now + delay);
        }
    }

    /// Media flows no more. True if the call was connected until now and goes on.
    fn break_media(&mut self, now: Instant) -> bool {
        if let Some(link) = &mut self.link {
            link.is_connected = false;
        }
        let is_gone = self
            .remote
            .as_ref()
            .is_some_and(|remote| remote.presence == Presence::Gone);
        if is_gone {
            self.peer_gone(now, LeaveCause::Lost);
            return false;
        }
        self.interrupt(now)
    }

    /// From connected to reconnecting. True if it was connected.
    pub(super) fn interrupt(&mut self, now: Instant) -> bool {
        let CallState::Connected { peer, since } = &self.state else {
            return false;
        };
        let state = CallState::Reconnecting {
            peer: Some(peer.clone()),
            since: now,
            deadline: now + RECONNECT_TIMEOUT,
            connected_since: Some(*since),
            cause: ReconnectCause::Media,
        };
        self.set_state(state);
        true
    }

    pub(super) fn network_changed(&mut self, now: Instant) {
        match &self.state {
            CallState::Connected { .. } => {
                if let Some(link) = &mut self.link {
                    link.restart_needed = true;
                }
                self.offer_if_needed();
            }
            CallState::Reconnecting { .. } => self.recover_now(now),
            CallState::Idle
            | CallState::Calling { .. }
            | CallState::Unanswered { .. }
            | CallState::Joining { .. }
            | CallState::WaitingForPeer { .. }
            | CallState::Negotiating { .. }
            | CallState::PeerLeft { .. }
            | CallState::Full { .. }
            | CallState::Failed { .. }
            | CallState::Left { .. } => {}
        }
    }

    /// An operation did not work. A call whose media flows is left as it is; otherwise the next try
    /// of the recovery builds anew.
    pub(super) fn peer_error(&mut self, now: Instant, operation: Operation) {
        tracing::debug!(
            ?operation,
            "a PeerConnection could not do what it was asked"
        );
        let Some(link) = &mut self.link else {
            return;
        };
        match operation {
            Operation::Create => self.peer_failed(now),
            Operation::CreateOffer => {
                if link.negotiation == Negotiation::MakingOffer {
                    link.negotiation = Negotiation::Stable;
                }
            }
            Operation::ApplyOffer => {
                if let Negotiation::Answering { pending } = &mut link.negotiation {
                    *pending -= 1;
                    if *pending == 0 {
                        link.negotiation = Negotiation::Stable;
                    }
                }
            }
            Operation::ApplyAnswer => {
                if link.is_connected {
                    let session = link.session.clone();
                    self.push(Output::Rollback { session });
                }
            }
            Operation::Rollback | Operation::AddCandidate => {}
        }
    }
}
