//! What an endpoint is started with.

use std::fmt;
use std::sync::Arc;

use duet_media::audio::{AudioSinkSpec, AudioSourceSpec};
use duet_media::codec::VideoCodec;
use duet_media::frame::{AudioBlock, VideoFrame};
use duet_media::source::{VideoFormat, VideoSourceSpec};
use duet_peer::IcePolicy;
use duet_protocol::{AccessToken, IceServer};

/// Takes pictures or sound as they pass, on a media thread; it must not block.
pub struct Tap<T: ?Sized>(Arc<T>);

/// Takes pictures.
pub type VideoTap = Tap<dyn Fn(VideoFrame) + Send + Sync>;
/// Takes sound.
pub type AudioTap = Tap<dyn Fn(&AudioBlock) + Send + Sync>;

impl VideoTap {
    /// A tap that calls the function.
    pub fn new(take: impl Fn(VideoFrame) + Send + Sync + 'static) -> Self {
        Self(Arc::new(take))
    }

    pub(crate) fn take(&self, frame: VideoFrame) {
        (self.0)(frame);
    }
}

impl AudioTap {
    /// A tap that calls the function.
    pub fn new(take: impl Fn(&AudioBlock) + Send + Sync + 'static) -> Self {
        Self(Arc::new(take))
    }

    pub(crate) fn take(&self, block: &AudioBlock) {
        (self.0)(block);
    }
}

impl<T: ?Sized> Clone for Tap<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T: ?Sized> fmt::Debug for Tap<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Tap")
    }
}

/// Where the pictures and the sound go besides the network and the speaker.
#[derive(Debug, Clone)]
pub struct Taps {
    /// Our own camera, while it is open.
    pub local_video: VideoTap,
    /// The other's pictures, decoded.
    pub remote_video: VideoTap,
    /// The other's camera beside their screen, decoded.
    pub remote_tile: VideoTap,
    /// The other's sound, as it is played.
    pub remote_audio: AudioTap,
}

impl Default for Taps {
    fn default() -> Self {
        Self {
            local_video: VideoTap::new(|_| {}),
            remote_video: VideoTap::new(|_| {}),
            remote_tile: VideoTap::new(|_| {}),
            remote_audio: AudioTap::new(|_| {}),
        }
    }
}

/// The server and how it is reached.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ServerConfig {
    /// `ws://HOST:PORT/ws` or `wss://…`.
    pub url: String,
    /// SHA-256 fingerprints of certificates that the person trusted for this server.
    pub trusted_fingerprints: Vec<String>,
    /// What admits to it, if it is closed; an invite brings it.
    pub access: Option<AccessToken>,
}

/// Under which name one is listed, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirectoryConfig {
    /// The server; it need not be the one of the next room.
    pub server: ServerConfig,
    /// The name, unique in the lobby.
    pub name: String,
    /// The lobby; the server's default if none.
    pub lobby: Option<String>,
}

/// How the two endpoints may reach each other.
#[derive(Debug, Clone, Default)]
pub struct PathConfig {
    /// Servers besides those that the signaling server names.
    pub ice_servers: Vec<IceServer>,
    /// All paths, or relays only.
    pub ice_policy: IcePolicy,
}

/// The devices in use; each can be changed while the endpoint runs.
#[derive(Debug, Clone)]
pub struct DeviceConfig {
    /// The camera.
    pub camera: VideoSourceSpec,
    /// The picture asked of it; the nearest that it offers is used.
    pub camera_format: VideoFormat,
    /// The microphone.
    pub microphone: AudioSourceSpec,
    /// The speaker.
    pub speaker: AudioSinkSpec,
}

/// What an endpoint is started with.
#[derive(Debug, Clone)]
pub struct EndpointConfig {
    /// The name the other person sees.
    pub name: Option<String>,
    /// The server.
    pub server: ServerConfig,
    /// The paths.
    pub path: PathConfig,
    /// The devices.
    pub devices: DeviceConfig,
    /// Video codecs, the preferred one first.
    pub video_codecs: Vec<VideoCodec>,
    /// Whether the microphone is on at the start.
    pub microphone_on: bool,
    /// Whether the camera is on at the start.
    pub camera_on: bool,
    /// Where pictures and sound go besides.
    pub taps: Taps,
}
