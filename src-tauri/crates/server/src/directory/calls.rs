//! Calls between being called and being in the room.
//!
//! A call rings, and is accepted or over; when both are in its room, or the time to come is over, it is
//! the room's, and is forgotten here. Nobody takes part in two.

use std::collections::{BTreeSet, HashMap};
use std::time::Instant;

use duet_protocol::Person;

/// All calls that ring or were just accepted.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    /// By call id.
    calls: HashMap<String, Call>,
    /// The call of everybody who takes part in one.
    by_uid: HashMap<String, String>,
    deadlines: BTreeSet<(Instant, String)>,
}

/// One call.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    /// The canonical id of its room, which is also its spelling.
    pub(crate) room_id: String,
    pub(crate) caller: Person,
    /// The uid.
    pub(crate) callee: String,
    pub(crate) stage: Stage,
    /// When this stage is over.
    pub(crate) deadline: Instant,
}

/// How far a call has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Nobody has answered; the room is shut.
    Ringing,
    /// The room is open for the two.
    Accepted {
        /// The caller has been in it.
        caller_entered: bool,
        /// The callee has been in it.
        callee_entered: bool,
    },
}

impl Calls {
    pub(crate) fn len(&self) -> usize {
        self.calls.len()
    }

    pub(crate) fn get(&self, call_id: &str) -> Option<&Call> {
        self.calls.get(call_id)
    }

    /// The call in which somebody takes part.
    pub(crate) fn of(&self, uid: &str) -> Option<(&str, &Call)> {
        let call_id = self.by_uid.get(uid)?;
        self.calls.get(call_id).map(|call| (call_id.as_str(), call))
    }

    /// Enters a call between two who take part in none.
    pub(crate) fn insert(&mut self, call_id: &str, call: Call) {
        for uid in [&call.caller.uid, &call.callee] {
            let other_call = self.by_uid.insert(uid.clone(), call_id.to_owned());
            assert!(other_call.is_none(), "nobody takes part in two calls");
        }
        self.deadlines.insert((call.deadline, call_id.to_owned()));
        self.calls.insert(call_id.to_owned(), call);
    }

    /// From ringing to accepted.
    pub(crate) fn accept(&mut self, call_id: &str, deadline: Instant) {
        let Some(call) = self.calls.get_mut(call_id) else {
            return;
        };
        self.deadlines.remove(&(call.deadline, call_id.to_owned()));
        self.deadlines.insert((deadline, call_id.to_owned()));
        call.deadline = deadline;
        call.stage = Stage::Accepted {
            caller_entered: false,
            callee_entered: false,
        };
    }

    /// Somebody is in the room; returns how far the call is now.
    pub(crate) fn note_entry(&mut self, call_id: &str, uid: &str) -> Option<Stage> {
        let call = self.calls.get_mut(call_id)?;
        match &mut call.stage {
            Stage::Ringing => {}
            Stage::Accepted {
                caller_entered,
                callee_entered,
            } => {
                *caller_entered |= call.caller.uid == uid;
                *callee_entered |= call.callee == uid;
            }
        }
        Some(call.stage)
    }

    /// Forgets a call.
    pub(crate) fn remove(&mut self, call_id: &str) -> Option<Call> {
        let call = self.calls.remove(call_id)?;
        self.by_uid.remove(&call.caller.uid);
        self.by_uid.remove(&call.callee);
        self.deadlines.remove(&(call.deadline, call_id.to_owned()));
        Some(call)
    }

    /// A call whose stage has lasted too long.
    pub(crate) fn poll_overdue(&self, now: Instant) -> Option<String> {
        let (deadline, call_id) = self.deadlines.first()?;
        (*deadline <= now).then(|| call_id.clone())
    }

    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        self.deadlines.first().map(|(at, _)| *at)
    }
}

impl Call {
    /// The uids of caller and callee.
    pub(crate) fn uids(&self) -> [String; 2] {
        [self.caller.uid.clone(), self.callee.clone()]
    }
}
