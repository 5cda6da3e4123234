//! Candidates: ours leave only after their description, theirs wait for it.

use std::collections::VecDeque;

use duet_protocol::{ClientMessage, Forward};

use super::Call;
use crate::description::RemoteCandidate;
use crate::output::Output;
use crate::timing::MAX_EARLY_CANDIDATES;

/// Candidates that came before the description they belong to. Bounded; the first ones are kept,
/// because host candidates come first.
#[derive(Debug, Default)]
pub(super) struct EarlyCandidates {
    waiting: VecDeque<Early>,
}

#[derive(Debug)]
struct Early {
    session: Option<String>,
    candidate: RemoteCandidate,
}

impl EarlyCandidates {
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    pub(super) fn clear(&mut self) {
        self.waiting.clear();
    }

    fn add(&mut self, session: Option<String>, candidate: RemoteCandidate) {
        if self.waiting.len() < MAX_EARLY_CANDIDATES {
            self.waiting.push_back(Early { session, candidate });
        } else {
            tracing::debug!("too many early candidates, one dropped");
        }
    }

    /// Takes what belongs to the description just applied. What names another session may still
    /// find its own; all else is over.
    fn take(&mut self, session: &str, ufrag: &str) -> Vec<RemoteCandidate> {
        let mut taken = Vec::new();
        let waiting = std::mem::take(&mut self.waiting);
        for early in waiting {
            let names_other = early.session.as_deref().is_some_and(|name| name != session);
            if names_other {
                self.waiting.push_back(early);
            } else if is_of(&early.candidate, ufrag) {
                taken.push(early.candidate);
            }
        }
        taken
    }
}

fn is_of(candidate: &RemoteCandidate, ufrag: &str) -> bool {
    candidate.ufrag.as_deref().is_none_or(|own| own == ufrag)
}

impl Call {
    /// One of ours was found.
    pub(super) fn local_candidate(&mut self, candidate: Option<String>) {
        if let Some(link) = &mut self.link {
            link.local.gather(candidate);
        }
        self.send_local_candidates();
    }

    /// Sends what may leave now. The end of the list goes only to peers that speak sessions: plain
    /// pages hand `msg` to the browser as it is, and some stumble over the end.
    pub(super) fn send_local_candidates(&mut self) {
        if !self.can_signal() {
            return;
        }
        let unsent = match &mut self.link {
            Some(link) => link.local.take_unsent(),
            None => return,
        };
        let speaks_sessions = self
            .remote
            .as_ref()
            .is_some_and(|remote| remote.speaks_sessions);
        for candidate in unsent {
            let msg = match candidate {
                Some(json) => json,
                None if speaks_sessions => "null".to_owned(),
                None => continue,
            };
            if let Some(forward) = self.forward(msg) {
                self.signal(ClientMessage::Candidate(forward));
            }
        }
    }

    /// One of theirs came.
    pub(super) fn candidate(&mut self, forward: Forward) {
        if !self.is_remote(&forward.uid) || !self.is_our_room(&forward.room_id) {
            return;
        }
        let Some(candidate) = RemoteCandidate::parse(&forward.msg) else {
            tracing::debug!("a candidate that is none");
            return;
        };
        let is_over = |name: &Option<String>, retired: &crate::retired::Retired| {
            name.as_deref().is_some_and(|name| retired.contains(name))
        };
        if is_over(&forward.session, &self.retired_sessions)
            || is_over(&candidate.ufrag, &self.retired_ufrags)
        {
            return;
        }
        let is_ours = self.link.as_ref().is_some_and(|link| {
            let names_us = forward
                .session
                .as_deref()
                .is_none_or(|name| name == link.session);
            let is_described = link
                .remote
                .as_ref()
                .is_some_and(|identity| is_of(&candidate, &identity.ufrag));
            names_us && is_described
        });
        if is_ours {
            self.add_candidate(candidate);
        } else {
            self.early.add(forward.session, candidate);
        }
    }

    /// A remote description was applied: what waited for it follows.
    pub(super) fn add_early_candidates(&mut self) {
        let taken = match &self.link {
            Some(link) => match &link.remote {
                Some(identity) => self.early.take(&link.session, &identity.ufrag),
                None => return,
            },
            None => return,
        };
        for candidate in taken {
            self.add_candidate(candidate);
        }
    }

    fn add_candidate(&mut self, candidate: RemoteCandidate) {
        let Some(link) = &mut self.link else {
            return;
        };
        if link.seen.admit(&candidate.json) {
            let session = link.session.clone();
            self.push(Output::AddCandidate {
                session,
                candidate: candidate.json,
            });
        }
    }
}
