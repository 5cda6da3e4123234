//! One PeerConnection, as far as negotiation goes.

use crate::description::Identity;
use crate::timing::MAX_LOCAL_CANDIDATES;
use duet_protocol::limits::MAX_CANDIDATES_PER_NEGOTIATION;

/// A PeerConnection that lives.
#[derive(Debug)]
pub(crate) struct Link {
    /// Its name, shared by both sides. The side that makes the first offer invents it.
    pub(crate) session: String,
    pub(crate) negotiation: Negotiation,
    /// An exchange was completed; before that, nobody has answered anything of this session.
    pub(crate) is_established: bool,
    /// An offer is due as soon as the negotiation is stable and the other can be reached.
    pub(crate) negotiation_needed: bool,
    /// The same with new ICE credentials, because the network changed.
    pub(crate) restart_needed: bool,
    /// What the last applied remote description was.
    pub(crate) remote: Option<Identity>,
    /// Text of the last remote offer applied, to know its copies.
    pub(crate) last_offer: Option<String>,
    /// Our answer to it, to be sent again when it may be lost.
    pub(crate) last_answer: Option<String>,
    /// Text of the last remote answer applied, to know its copies.
    pub(crate) applied_answer: Option<String>,
    pub(crate) local: LocalCandidates,
    pub(crate) seen: SeenCandidates,
    pub(crate) is_connected: bool,
}

/// Where the exchange of descriptions is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Negotiation {
    /// No exchange is going on.
    Stable,
    /// Our offer is being made.
    MakingOffer,
    /// Our offer waits for its answer. It may not have been sent yet.
    HaveLocalOffer(String),
    /// Their offer is being answered; `pending` answers are to come, the last one counts.
    Answering {
        /// Answers asked for.
        pending: u32,
    },
}

impl Link {
    pub(crate) fn new(session: String) -> Self {
        Self {
            session,
            negotiation: Negotiation::Stable,
            is_established: false,
            negotiation_needed: false,
            restart_needed: false,
            remote: None,
            last_offer: None,
            last_answer: None,
            applied_answer: None,
            local: LocalCandidates::default(),
            seen: SeenCandidates::default(),
            is_connected: false,
        }
    }

    /// An offer of ours is on its way, in whatever form.
    pub(crate) fn is_offering(&self) -> bool {
        match self.negotiation {
            Negotiation::MakingOffer | Negotiation::HaveLocalOffer(_) => true,
            Negotiation::Stable | Negotiation::Answering { .. } => false,
        }
    }
}

/// Our candidates of the current generation. They leave only after the description they belong to.
#[derive(Debug, Default)]
pub(crate) struct LocalCandidates {
    gathered: Vec<Option<String>>,
    sent: usize,
    /// The description of this generation was sent.
    pub(crate) is_described: bool,
}

impl LocalCandidates {
    /// A description with new ICE credentials is being made.
    pub(crate) fn next_generation(&mut self) {
        *self = Self::default();
    }

    /// What is over the bound is dropped.
    pub(crate) fn gather(&mut self, candidate: Option<String>) {
        if self.gathered.len() < MAX_LOCAL_CANDIDATES && !self.gathered.contains(&candidate) {
            self.gathered.push(candidate);
        }
    }

    /// All must be sent once more.
    pub(crate) fn forget_sent(&mut self) {
        self.sent = 0;
    }

    /// What is to be sent now.
    pub(crate) fn take_unsent(&mut self) -> Vec<Option<String>> {
        if !self.is_described {
            return Vec::new();
        }
        let unsent = self.gathered.get(self.sent..).unwrap_or_default().to_vec();
        self.sent = self.gathered.len();
        unsent
    }
}

/// Remote candidates already added in this generation: no copy is added twice, and no more than
/// the protocol allows.
#[derive(Debug, Default)]
pub(crate) struct SeenCandidates {
    seen: Vec<Option<String>>,
}

impl SeenCandidates {
    /// Whether it is new and within the limit; from now on it is known.
    pub(crate) fn admit(&mut self, candidate: &Option<String>) -> bool {
        let is_new = self.seen.len() < MAX_CANDIDATES_PER_NEGOTIATION as usize
            && !self.seen.contains(candidate);
        if is_new {
            self.seen.push(candidate.clone());
        }
        is_new
    }

    pub(crate) fn clear(&mut self) {
        self.seen.clear();
    }
}
