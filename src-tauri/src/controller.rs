//! The controller: what the application does, without a window.
//!
//! One task owns everything that the page shows (the [`View`]) and everything that acts: the
//! endpoint, the server, the settings. It takes the page's commands, the endpoint's events and time,
//! and after each of them sends the view to the window if it changed. The window is behind the
//! [`Window`] trait, so tests run the controller without one.

mod actions;
mod calls;
mod devices;
mod notices;
mod quality;
mod reach;
mod rooms;
mod screen;
mod statistics;
#[cfg(test)]
mod tests;

pub(crate) use actions::{path_config, video_format};

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use duet_engine::{Endpoint, EndpointConfig, EndpointEvent};
use duet_protocol::RoomId;
use duet_server::ServerError;
use tokio::sync::mpsc;

use crate::commands::UiCommand;
use crate::frames::FrameServer;
use crate::server_host::ServerHost;
use crate::settings::{self, Stored};
use crate::view::{
    CallView, DeviceKindView, DevicesView, FrameSocket, Level, LocalMediaView, NetworkView,
    PeerView, RendererHint, ServerReach, ServerView, View,
};

const TICK: Duration = Duration::from_secs(1);

/// What the controller needs of a window.
pub trait Window: Send + 'static {
    /// Shows the view.
    fn show(&self, view: &View);
    /// Shows the microphone's level.
    fn level(&self, level: &Level);
    /// Fills the screen or not.
    fn set_full_screen(&self, on: bool);
    /// Sets the window's title.
    fn set_title(&self, title: &str);
    /// Leaves the window out of pictures of the screen, where the system can.
    fn set_left_out(&self, on: bool);
    /// Closes the window for good.
    fn close(&self);
}

/// What the window says besides the page's commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WindowEvent {
    /// The person wants it closed.
    CloseRequested,
    /// The system ends the application: nobody is there to ask.
    EndRequested,
}

/// What the controller starts with.
#[derive(Debug)]
pub struct Start {
    /// Where the settings are.
    pub profile: PathBuf,
    /// What was remembered.
    pub stored: Stored,
    /// Where a broken settings file was put.
    pub set_aside: Option<PathBuf>,
    /// The endpoint's configuration; the server in it is replaced.
    pub endpoint: EndpointConfig,
    /// The server from the command line, in place of the settings'.
    pub server_url: Option<String>,
    /// Devices named on the command line: they stay until the person chooses others.
    pub fixed_devices: Vec<crate::view::DeviceKind>,
    /// Join this room at once.
    pub join: Option<String>,
    /// Whether this machine has a graphics processor.
    pub renderer_hint: RendererHint,
}

/// The room of the lobby or of the call, and the server it is on.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    room_id: RoomId,
    /// When it is not the configured one.
    other_server: Option<OtherServer>,
}

#[derive(Debug, Clone)]
pub(crate) struct OtherServer {
    url: String,
    host: String,
}

/// See the module.
#[derive(Debug)]
pub struct Controller<W: Window> {
    window: W,
    view: View,
    shown: Option<View>,
    profile: PathBuf,
    stored: Stored,
    server: ServerHost,
    endpoint: Endpoint,
    frames: Arc<FrameServer>,
    renderer_hint: RendererHint,
    /// The room of the lobby.
    lobby: Option<Place>,
    /// A room on another server that waits for the person's word.
    unconfirmed: Option<Place>,
    /// The room of the call, kept to its end for Rejoin.
    place: Option<Place>,
    peer: PeerView,
    /// When the call connected first, in Unix milliseconds.
    connected_since_ms: Option<i64>,
    /// How the connection of the call does.
    quality: quality::QualityMeter,
    statistics_open: bool,
    previous_bytes: Option<statistics::Counted>,
    next_notice: u32,
    devices: devices::DeviceLists,
    preview_for_settings: bool,
    /// The certificate that stood in the way of the last connection.
    failed_certificate: Option<String>,
    signaling_was_lost: bool,
    reach: reach::ReachWatch,
    closing: bool,
}

impl<W: Window> Controller<W> {
    /// Finds or starts the server and starts the endpoint. No device opens.
    ///
    /// # Errors
    /// When neither a server answers nor one can be started.
    pub async fn start(
        start: Start,
        window: W,
        frames: Arc<FrameServer>,
    ) -> Result<(Self, mpsc::Receiver<EndpointEvent>), ServerError> {
        let configured = start
            .server_url
            .unwrap_or_else(|| start.stored.settings.server_url.clone());
        let server = ServerHost::find(&configured).await?;
        let (endpoint, events) = Endpoint::start(start.endpoint);
        let view = first_view(&start.stored, &server);
        let mut controller = Self {
            window,
            view,
            shown: None,
            profile: start.profile,
            stored: start.stored,
            server,
            endpoint,
            frames,
            renderer_hint: start.renderer_hint,
            lobby: None,
            unconfirmed: None,
            place: None,
            peer: calls::unknown_peer(None),
            connected_since_ms: None,
            quality: quality::QualityMeter::default(),
            statistics_open: false,
            previous_bytes: None,
            next_notice: 1,
            devices: devices::DeviceLists::with_fixed(start.fixed_devices),
            preview_for_settings: false,
            failed_certificate: None,
            signaling_was_lost: false,
            reach: reach::ReachWatch::default(),
            closing: false,
        };
        if let Some(kept) = start.set_aside {
            controller.note_settings_reset(&kept);
        }
        controller.check_server();
        if let Some(text) = start.join {
            controller.join_at_once(&text).await;
        }
        Ok((controller, events))
    }

    /// The endpoint, for whoever measures it besides.
    pub fn endpoint(&self) -> Endpoint {
        self.endpoint.clone()
    }

    /// Runs until the window is closed.
    pub async fn run(
        mut self,
        mut commands: mpsc::Receiver<UiCommand>,
        mut window_events: mpsc::Receiver<WindowEvent>,
        mut events: mpsc::Receiver<EndpointEvent>,
    ) {
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        while !self.closing {
            tokio::select! {
                Some(command) = commands.recv() => self.ui_command(command).await,
                Some(event) = window_events.recv() => self.window_event(event),
                Some(event) = events.recv() => self.endpoint_event(event).await,
                Some(found) = self.reach.found() => self.reach_found(found),
                _ = tick.tick() => self.tick().await,
                else => break,
            }
            self.show_if_changed();
        }
        self.end().await;
    }

    async fn ui_command(&mut self, command: UiCommand) {
        match command {
            UiCommand::UiReady(reply) => {
                // A page that is gone again asks again; so for every answer below.
                let _ = reply.send(self.view.clone());
                self.shown = Some(self.view.clone());
            }
            UiCommand::PreviewInvite(text, reply) => {
                let _ = reply.send(self.read_entry(&text).result());
            }
            UiCommand::OpenLobby(text, reply) => {
                let result = self.open_lobby(&text).await;
                let _ = reply.send(result);
            }
            UiCommand::Screens(reply) => {
                // It takes a while, and the call must not wait.
                tokio::task::spawn_blocking(move || reply.send(screen::screens()));
            }
            UiCommand::FrameSocket(reply) => {
                let _ = reply.send(self.frame_socket());
            }
            UiCommand::Act(action, reply) => {
                let done = self.act(action).await;
                if let Err(error) = &done {
                    tracing::debug!(code = ?error.code, "a command was refused");
                }
                let _ = reply.send(done);
            }
        }
    }

    fn window_event(&mut self, event: WindowEvent) {
        match event {
            WindowEvent::CloseRequested => {
                if self.is_in_call() {
                    self.view.close_requested = true;
                } else {
                    self.closing = true;
                }
            }
            WindowEvent::EndRequested => self.closing = true,
        }
    }

    fn frame_socket(&self) -> Result<FrameSocket, crate::view::CommandError> {
        let token = self.frames.issue_token().map_err(actions::internal)?;
        Ok(FrameSocket {
            url: self.frames.url(),
            token,
            hint: self.renderer_hint,
        })
    }

    async fn tick(&mut self) {
        self.tell_of_faults();
        self.watch_reach();
        if self.statistics_open {
            self.measure().await;
        }
    }

    fn show_if_changed(&mut self) {
        if self.shown.as_ref() != Some(&self.view) {
            self.window.show(&self.view);
            self.shown = Some(self.view.clone());
        }
    }

    /// Writes what is remembered; a full disk costs the settings, not the call.
    fn save(&self) {
        if let Err(error) = settings::save(&self.profile, &self.stored) {
            tracing::warn!(%error, "the settings could not be written");
        }
    }

    async fn end(self) {
        if self.endpoint.close().await.is_err() {
            tracing::debug!("the endpoint had ended");
        }
        self.window.close();
        match self.server {
            ServerHost::Embedded(embedded) => embedded.shutdown().await,
            ServerHost::Elsewhere { .. } => {}
        }
    }
}

/// Unix milliseconds now.
fn now_ms() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_millis() as i64)
}

/// `HOST` or `HOST:PORT` of a server's URL, for people.
fn host_of(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split('/').next().unwrap_or(rest).to_owned()
}

fn first_view(stored: &Stored, server: &ServerHost) -> View {
    let (embedded, network) = match server {
        ServerHost::Elsewhere { .. } => (false, NetworkView::NotEmbedded),
        ServerHost::Embedded(_) => (true, NetworkView::Closed),
    };
    View {
        call: CallView::Idle,
        lobby: None,
        microphone: LocalMediaView {
            on: stored.microphone_on,
            problem: None,
        },
        camera: LocalMediaView {
            on: stored.camera_on,
            problem: None,
        },
        devices: DevicesView {
            cameras: DeviceKindView::default(),
            microphones: DeviceKindView::default(),
            speakers: DeviceKindView::default(),
        },
        server: ServerView {
            url: server.url().to_owned(),
            host: host_of(server.url()),
            embedded,
            reach: ServerReach::Checking,
            network,
        },
        confirm_server: None,
        notices: Vec::new(),
        recents: stored.recents.clone(),
        settings: stored.settings.clone(),
        statistics: None,
        speaker_test_running: false,
        share: None,
        cast: None,
        full_screen: false,
        close_requested: false,
    }
}
