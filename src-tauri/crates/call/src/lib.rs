//! The call as a sans-IO state machine.
//!
//! **The contract.** [`Call::handle`] takes one [`Input`]; after it, take every [`Output`] from
//! [`Call::poll_output`] and do it, in order; call `handle` with [`Input::Tick`] when
//! [`Call::poll_timeout`] has come. Outputs that name the same `session` are done one after the
//! other (each operation finished before the next begins); what they yield comes back as an input.
//! There is no clock, no socket and no task in here: `now` is a parameter, and whoever owns the
//! [`Call`] decides on which thread it lives.
//!
//! What it decides: when a call starts, who offers, which messages belong to the PeerConnection
//! that lives, when ICE is restarted or the PeerConnection rebuilt, and when to give up. What it
//! does not: anything about media (the other's `media-state` is only passed on, see
//! [`Output::RemoteMedia`]), devices, or how the server is reached.

mod call;
mod description;
mod directory;
mod input;
mod link;
mod named;
mod output;
mod recovery;
mod remote;
mod retired;
mod state;
mod text;
pub mod timing;

pub use call::Call;
pub use directory::{DirectoryStatus, Listed};
pub use input::{DescriptionKind, Input, Operation, PeerInput};
pub use named::{EndedBy, IncomingCall, NamedCall, RingEnd, UnansweredCause};
pub use output::Output;
pub use state::{
    Action, CallState, FailureCause, LeaveCause, ReconnectCause, RemotePeer, ServerProblem,
};
pub use text::{ReceivedText, TextEvent, TextTarget, Undelivered};
