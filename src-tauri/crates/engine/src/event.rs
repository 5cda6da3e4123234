//! What an endpoint tells its owner.

use duet_call::CallState;
use duet_media::device_watch::DeviceList;
use duet_protocol::{AudioState, VideoState};

use crate::figures::ConnectionFigures;

/// Something the owner should know; the call itself needs no answer.
#[derive(Debug, Clone)]
pub enum EndpointEvent {
    /// The call is in another state.
    State(CallState),
    /// What the other sends, as they say; a hint for the screen.
    RemoteMedia {
        /// The microphone.
        audio: AudioState,
        /// The camera.
        video: VideoState,
    },
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
