//! The handle of an endpoint. Cloning is cheap; when the last handle is dropped the endpoint
//! leaves, closes the devices and ends.

use duet_call::TextTarget;
use duet_media::audio::{AudioSinkSpec, AudioSourceSpec};
use duet_media::screen::ScreenTarget;
use duet_media::source::{VideoFormat, VideoSourceSpec};
use duet_protocol::CallMedia;
use thiserror::Error;
use tokio::sync::{mpsc, oneshot};

use crate::config::{DirectoryConfig, EndpointConfig, PathConfig, ServerConfig};
use crate::driver;
use crate::event::EndpointEvent;
use crate::figures::Figures;

/// Commands that may wait; a person cannot fill this.
const COMMANDS: usize = 64;
/// Events that may wait; beyond them the driver waits for the owner.
const EVENTS: usize = 256;

/// The endpoint has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the endpoint has ended")]
pub struct EndpointClosed;

/// What the owner asks for.
#[derive(Debug)]
pub(crate) enum Command {
    /// Open or close the camera and the microphone for a preview.
    Preview(bool),
    /// Enter a room.
    Join { room_id: String },
    /// Stop joining, or leave.
    Leave,
    /// Try again after a failure, or connect to the server now.
    Retry,
    /// Enter the same room again.
    Rejoin,
    /// Go on waiting after the other has left.
    Wait,
    /// Be listed, or no longer.
    Directory(Option<DirectoryConfig>),
    /// Call somebody who is online.
    Call { uid: String, media: CallMedia },
    /// Take a call.
    AcceptCall { call_id: String, with_camera: bool },
    /// Refuse a call.
    DeclineCall { call_id: String },
    /// Send a text.
    Text {
        to: TextTarget,
        id: String,
        content: String,
    },
    /// Play the ring tone, or stop.
    Ringing(Option<AudioSinkSpec>),
    /// Show a screen to the other, or none.
    Share(Option<ScreenTarget>),
    /// Be a display.
    OpenCast,
    /// Show a screen on a display.
    JoinCast { code: String, target: ScreenTarget },
    /// Send sound or not.
    Microphone(bool),
    /// Send pictures or not; off closes the device.
    Camera(bool),
    /// Use another camera.
    SelectCamera(VideoSourceSpec),
    /// Ask another picture of the camera.
    CameraFormat(VideoFormat),
    /// Use another microphone.
    SelectMicrophone(AudioSourceSpec),
    /// Use another speaker.
    SelectSpeaker(AudioSinkSpec),
    /// Play the test tone.
    TestSpeaker,
    /// The name from the next join on.
    Name(Option<String>),
    /// The server from the next join on.
    Server(ServerConfig),
    /// The paths from the next connection on.
    Path(PathConfig),
    /// What the endpoint has measured.
    Figures(oneshot::Sender<Figures>),
    /// Leave and end.
    Close(oneshot::Sender<()>),
}

/// One endpoint of calls.
#[derive(Debug, Clone)]
pub struct Endpoint {
    commands: mpsc::Sender<Command>,
}

impl Endpoint {
    /// Starts an endpoint on the running tokio runtime. No device opens and nothing is sent before
    /// a command asks for it.
    pub fn start(config: EndpointConfig) -> (Self, mpsc::Receiver<EndpointEvent>) {
        let (commands, inbox) = mpsc::channel(COMMANDS);
        let (events, outbox) = mpsc::channel(EVENTS);
        tokio::spawn(driver::run(config, inbox, events));
        (Self { commands }, outbox)
    }

    /// Opens the camera and the microphone to be seen and measured here, or closes them.
    pub async fn preview(&self, on: bool) -> Result<(), EndpointClosed> {
        self.send(Command::Preview(on)).await
    }

    /// Enters a room; the call starts by itself when two are there.
    pub async fn join(&self, room_id: impl Into<String>) -> Result<(), EndpointClosed> {
        self.send(Command::Join {
            room_id: room_id.into(),
        })
        .await
    }

    /// Is listed, and stays listed through breaks and restarts of the server, until `None`. A room on
    /// another server pauses it.
    pub async fn set_directory(
        &self,
        directory: Option<DirectoryConfig>,
    ) -> Result<(), EndpointClosed> {
        self.send(Command::Directory(directory)).await
    }

    /// Calls somebody who is online; ignored while in a room or call. Video turns the camera on,
    /// audio off; no device opens before the other has accepted.
    pub async fn call(
        &self,
        uid: impl Into<String>,
        media: CallMedia,
    ) -> Result<(), EndpointClosed> {
        let uid = uid.into();
        self.send(Command::Call { uid, media }).await
    }

    /// Takes the call that rings, and leaves a room or call for it. The camera goes on if the call
    /// is one with pictures and `with_camera` says so, and off otherwise.
    pub async fn accept_call(
        &self,
        call_id: impl Into<String>,
        with_camera: bool,
    ) -> Result<(), EndpointClosed> {
        let call_id = call_id.into();
        self.send(Command::AcceptCall {
            call_id,
            with_camera,
        })
        .await
    }

    /// Refuses the call that rings.
    pub async fn decline_call(&self, call_id: impl Into<String>) -> Result<(), EndpointClosed> {
        let call_id = call_id.into();
        self.send(Command::DeclineCall { call_id }).await
    }

    /// Sends a text. Exactly one [`EndpointEvent::Text`] with this id tells what came of it.
    pub async fn send_text(
        &self,
        to: TextTarget,
        id: impl Into<String>,
        content: impl Into<String>,
    ) -> Result<(), EndpointClosed> {
        let (id, content) = (id.into(), content.into());
        self.send(Command::Text { to, id, content }).await
    }

    /// Plays the ring tone on this speaker, over and over, or stops.
    pub async fn set_ringing(&self, sink: Option<AudioSinkSpec>) -> Result<(), EndpointClosed> {
        self.send(Command::Ringing(sink)).await
    }

    /// Stops joining or calling, or leaves.
    pub async fn leave(&self) -> Result<(), EndpointClosed> {
        self.send(Command::Leave).await
    }

    /// Tries again now.
    pub async fn retry(&self) -> Result<(), EndpointClosed> {
        self.send(Command::Retry).await
    }

    /// Enters the last room again.
    pub async fn rejoin(&self) -> Result<(), EndpointClosed> {
        self.send(Command::Rejoin).await
    }

    /// Goes on waiting in the room after the other has left.
    pub async fn wait(&self) -> Result<(), EndpointClosed> {
        self.send(Command::Wait).await
    }

    /// Shows a screen or a window to the other in place of the camera, or none any more. In a room only;
    /// it ends with the room.
    pub async fn share(&self, target: Option<ScreenTarget>) -> Result<(), EndpointClosed> {
        self.send(Command::Share(target)).await
    }

    /// Becomes a display: gets codes ([`EndpointEvent::CastCode`]) until somebody has used one, shows what
    /// they show, and then gets codes again. No camera and no microphone opens.
    pub async fn open_cast(&self) -> Result<(), EndpointClosed> {
        self.send(Command::OpenCast).await
    }

    /// Shows a screen or a window on the display that shows this code, and sends nothing else.
    pub async fn join_cast(
        &self,
        code: impl Into<String>,
        target: ScreenTarget,
    ) -> Result<(), EndpointClosed> {
        self.send(Command::JoinCast {
            code: code.into(),
            target,
        })
        .await
    }

    /// Mutes or unmutes.
    pub async fn set_microphone(&self, on: bool) -> Result<(), EndpointClosed> {
        self.send(Command::Microphone(on)).await
    }

    /// Turns the camera on or off.
    pub async fn set_camera(&self, on: bool) -> Result<(), EndpointClosed> {
        self.send(Command::Camera(on)).await
    }

    /// Uses another camera; on or off stays as it is.
    pub async fn select_camera(&self, camera: VideoSourceSpec) -> Result<(), EndpointClosed> {
        self.send(Command::SelectCamera(camera)).await
    }

    /// Asks another size or rate of the camera.
    pub async fn set_camera_format(&self, format: VideoFormat) -> Result<(), EndpointClosed> {
        self.send(Command::CameraFormat(format)).await
    }

    /// Uses another microphone; mute stays as it is.
    pub async fn select_microphone(&self, source: AudioSourceSpec) -> Result<(), EndpointClosed> {
        self.send(Command::SelectMicrophone(source)).await
    }

    /// Uses another speaker.
    pub async fn select_speaker(&self, sink: AudioSinkSpec) -> Result<(), EndpointClosed> {
        self.send(Command::SelectSpeaker(sink)).await
    }

    /// Plays the test tone on the chosen speaker.
    pub async fn test_speaker(&self) -> Result<(), EndpointClosed> {
        self.send(Command::TestSpeaker).await
    }

    /// The name the other person sees, from the next join on.
    pub async fn set_name(&self, name: Option<String>) -> Result<(), EndpointClosed> {
        self.send(Command::Name(name)).await
    }

    /// The server to use from the next join on.
    pub async fn set_server(&self, server: ServerConfig) -> Result<(), EndpointClosed> {
        self.send(Command::Server(server)).await
    }

    /// The paths to use from the next connection on.
    pub async fn set_path(&self, path: PathConfig) -> Result<(), EndpointClosed> {
        self.send(Command::Path(path)).await
    }

    /// What the endpoint has measured so far.
    pub async fn figures(&self) -> Result<Figures, EndpointClosed> {
        let (reply, figures) = oneshot::channel();
        self.send(Command::Figures(reply)).await?;
        figures.await.map_err(|_| EndpointClosed)
    }

    /// Leaves, closes the devices and ends; returns when that is done.
    pub async fn close(&self) -> Result<(), EndpointClosed> {
        let (reply, done) = oneshot::channel();
        self.send(Command::Close(reply)).await?;
        done.await.map_err(|_| EndpointClosed)
    }

    async fn send(&self, command: Command) -> Result<(), EndpointClosed> {
        self.commands
            .send(command)
            .await
            .map_err(|_| EndpointClosed)
    }
}
