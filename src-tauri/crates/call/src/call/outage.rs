//! The server is out of reach. That never ends a call whose media flows.

use std::time::Instant;

use super::Call;
use crate::output::Output;
use crate::state::{CallState, FailureCause, ReconnectCause, ServerProblem};
use crate::timing::RECONNECT_TIMEOUT;

impl Call {
    pub(super) fn signaling_lost(&mut self, now: Instant, lost_by: ServerProblem) {
        self.server.lost();
        self.listing_lost();
        self.named_calls_lost(now);
        match &mut self.state {
            CallState::Joining { problem, .. } => {
                if *problem != Some(lost_by) {
                    *problem = Some(lost_by);
                    let state = self.state.clone();
                    self.push(Output::StateChanged(state));
                }
            }
            CallState::WaitingForPeer { .. } | CallState::PeerLeft { .. } => {
                self.wait_for_server(now);
            }
            CallState::Idle
            | CallState::Calling { .. }
            | CallState::Unanswered { .. }
            | CallState::Negotiating { .. }
            | CallState::Connected { .. }
            | CallState::Reconnecting { .. }
            | CallState::Full { .. }
            | CallState::Failed { .. }
            | CallState::Left { .. } => {}
        }
    }

    pub(super) fn wait_for_server(&mut self, now: Instant) {
        self.set_state(CallState::Reconnecting {
            peer: None,
            since: now,
            deadline: now + RECONNECT_TIMEOUT,
            connected_since: None,
            cause: ReconnectCause::Server,
        });
    }

    pub(super) fn signaling_failed(&mut self, now: Instant, problem: ServerProblem) {
        self.server.lost();
        self.listing_lost();
        self.named_calls_lost(now);
        let ends_call = match &self.state {
            CallState::Joining { .. }
            | CallState::WaitingForPeer { .. }
            | CallState::PeerLeft { .. }
            | CallState::Reconnecting { peer: None, .. } => true,
            // The same session goes on elsewhere: media must not flow in two places.
            CallState::Negotiating { .. }
            | CallState::Connected { .. }
            | CallState::Reconnecting { peer: Some(_), .. } => problem == ServerProblem::REPLACED,
            CallState::Idle
            | CallState::Calling { .. }
            | CallState::Unanswered { .. }
            | CallState::Full { .. }
            | CallState::Failed { .. }
            | CallState::Left { .. } => false,
        };
        if ends_call {
            self.fail(now, FailureCause::Server(problem));
        }
    }
}
