//! What a call asks for.

use std::time::Instant;

use duet_protocol::{AudioState, ClientMessage, IceServer, VideoState};

use crate::directory::DirectoryStatus;
use crate::named::{IncomingCall, RingEnd};
use crate::state::CallState;
use crate::text::TextEvent;

/// Something to do, in the order given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// Hand this to the signaling client.
    Signal(ClientMessage),
    /// Let the signaling client try now instead of after its back-off.
    RetrySignaling,
    /// Build a PeerConnection with our tracks; its first description follows as a further output.
    CreatePeer {
        /// Its name from now on.
        session: String,
        /// Our side in perfect negotiation.
        polite: bool,
        /// STUN and TURN servers of the signaling server.
        ice_servers: Vec<IceServer>,
    },
    /// Use these STUN and TURN servers, besides our own, from its next ICE restart on.
    SetIceServers {
        /// Which PeerConnection.
        session: String,
        /// Those of the signaling server, with new credentials.
        ice_servers: Vec<IceServer>,
    },
    /// Create an offer and set it; yields `LocalDescription`.
    CreateOffer {
        /// Which PeerConnection.
        session: String,
        /// With new ICE credentials.
        ice_restart: bool,
    },
    /// Set the other's offer, create an answer and set it; yields `LocalDescription`.
    ApplyOffer {
        /// Which PeerConnection.
        session: String,
        /// The JSON of the offer.
        msg: String,
    },
    /// Set the other's answer.
    ApplyAnswer {
        /// Which PeerConnection.
        session: String,
        /// The JSON of the answer.
        msg: String,
    },
    /// Take our own offer back (no harm if there is none).
    Rollback {
        /// Which PeerConnection.
        session: String,
    },
    /// Add a candidate of the other; the description it belongs to was applied before.
    AddCandidate {
        /// Which PeerConnection.
        session: String,
        /// Its JSON; `None` ends the list.
        candidate: Option<String>,
    },
    /// Close a PeerConnection and forget it. What it reports from now on is ignored.
    ClosePeer {
        /// Which.
        session: String,
    },
    /// Media flows again: ask the other for a key frame, and send one.
    RequestKeyFrame {
        /// Which PeerConnection.
        session: String,
    },
    /// The call is in another state.
    StateChanged(CallState),
    /// Our display shows this code from now on.
    CastCode {
        /// As people read it.
        code: String,
        /// When another one takes its place.
        expires_at: Instant,
    },
    /// Being online is in another state, or the others have changed.
    Directory(DirectoryStatus),
    /// Somebody calls.
    Ring(IncomingCall),
    /// It rings no more; one for each `Ring`.
    RingEnded {
        /// What rang.
        call: IncomingCall,
        /// Why.
        cause: RingEnd,
    },
    /// A text came, or one of ours was or was not delivered.
    Text(TextEvent),
    /// What the other says they send. For the screen only: nothing here may be changed by it.
    RemoteMedia {
        /// Their microphone.
        audio: AudioState,
        /// Their camera.
        video: VideoState,
    },
}
