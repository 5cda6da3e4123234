//! What an endpoint tells its owner.

use std::time::Instant;

use duet_call::{CallState, DirectoryStatus, IncomingCall, RingEnd, TextEvent};
use duet_media::device_watch::DeviceList;
use duet_media::screen::ScreenTarget;
use duet_protocol::{AudioState, VideoState};

use crate::figures::ConnectionFigures;

/// Something the owner should know; the call itself needs no answer.
#[derive(Debug, Clone)]
pub enum EndpointEvent {
    /// The call is in another state.
    State(CallState),
    /// Being online is in another state, or the others in the lobby have changed.
    Directory(DirectoryStatus),
    /// Somebody calls. Nothing is opened or sent for it.
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
    /// Our display shows this code from now on.
    CastCode {
        /// As people read it, `XXXX-XXXX`.
        code: String,
        /// When another one takes its place.
        expires_at: Instant,
    },
    /// A screen of ours is shown, or no longer.
    Share(ShareEvent),
    /// What the other sends, as they say; a hint for the screen.
    RemoteMedia {
        /// The microphone.
        audio: AudioState,
        /// The camera.
        video: VideoState,
    },
    /// From now on the other's camera comes beside their screen, as a second and small picture, or
    /// no longer.
    RemoteTile(bool),
    /// How the connection does: as soon as its path is known, when the path changes, and about
    /// every two seconds while media flows.
    Connection(ConnectionFigures),
    /// The server cannot be reached, or is again.
    Signaling(SignalingStatus),
    /// A device failed, came back or was replaced. The call goes on with what works.
    Device(DeviceNotice),
    /// The microphone's level now, about ten times a second while it is open.
    MicrophoneLevel {
        /// Root mean square over the last blocks, in dB of full scale.
        level_dbfs: f32,
    },
    /// The devices that are connected now: once at the start and with every change.
    Devices(DeviceList),
    /// The test tone is over.
    SpeakerTestEnded,
}

/// What became of a screen that was to be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ShareEvent {
    /// It is open; the other sees it as soon as there is a connection.
    Started(ScreenTarget),
    /// It is shown no longer.
    Ended {
        /// Why, if it was not asked for: stable, for the UI.
        code: Option<&'static str>,
    },
}

/// The connection to the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignalingStatus {
    /// Open.
    Open,
    /// Lost; it is tried again by itself.
    Lost,
    /// It cannot be opened; `code` is stable, for the UI.
    Failed {
        /// What is wrong.
        code: &'static str,
        /// The certificate to trust, when that is what is missing.
        fingerprint: Option<String>,
    },
}

/// Which device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeviceKind {
    /// Camera.
    Camera,
    /// Microphone.
    Microphone,
    /// Speaker.
    Speaker,
    /// The speaker that rings.
    Ringer,
}

/// What happened to a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceNotice {
    /// Which.
    pub kind: DeviceKind,
    /// What.
    pub change: DeviceChange,
}

/// What happened to a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeviceChange {
    /// It could not be opened or it failed; `code` is stable, for the UI.
    Failed {
        /// What is wrong.
        code: &'static str,
    },
    /// It works again, or works for the first time.
    Works,
}
