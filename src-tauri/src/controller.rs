//! The controller: what the application does, without a window.
//!
//! One task owns everything that the page shows (the [`View`]) and everything that acts: the
//! endpoint, the server, the settings. It takes the page's commands, the endpoint's events and time,
//! and after each of them sends the view to the window if it changed. The window is behind the
//! [`Window`] trait, so tests run the controller without one.

mod actions;
mod admission;
mod calls;
mod chat;
mod devices;
mod first_view;
mod links;
mod named;
mod neutral;
mod notices;
mod people;
mod quality;
mod reach;
mod rooms;
mod screen;
mod server_time;
mod statistics;
#[cfg(test)]
mod tests;

pub(crate) use actions::{path_config, video_format};

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use duet_engine::{Endpoint, EndpointConfig, EndpointEvent};
use duet_media::audio::AudioSinkSpec;
use duet_protocol::{AccessToken, RoomId, User};
use duet_server::ServerError;
use tokio::sync::mpsc;

use crate::commands::UiCommand;
use crate::frames::FrameServer;
use crate::server_host::ServerHost;
use crate::settings::{self, Stored};
use crate::view::{CallMedia, FrameSocket, LanguageChoice, Level, PeerView, RendererHint, View};

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
    /// Shows a marker above all windows while a screen is shown, with text of this size.
    fn show_marker(&self, text_percent: u16);
    /// Takes it away.
    fn hide_marker(&self);
    /// Brings the window up: not minimised, above others, with the focus.
    fn raise(&self);
    /// Shows a window for a call that rings, and tells the system.
    fn ring(&self, ring: &RingScreen);
    /// Takes both away.
    fn stop_ringing(&self);
    /// Opens an address in the system's browser; false when that does not work.
    fn open_link(&self, address: &str) -> bool;
    /// Closes the window for good.
    fn close(&self);
}

/// A call that rings, for the window and the system's notification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RingScreen {
    /// Which, for the answer.
    pub call_id: String,
    /// Who calls.
    pub name: String,
    /// With pictures or without.
    pub media: CallMedia,
    /// The language to say it in.
    pub language: LanguageChoice,
    /// The size of text, 100 to 140: the window grows with it.
    pub text_percent: u16,
}

/// What a person says to a notification of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RingAnswer {
    /// As they ask.
    Accept,
    /// The camera stays off.
    WithoutCamera,
    /// No.
    Decline,
}

/// What the window says besides the page's commands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WindowEvent {
    /// The person wants it closed.
    CloseRequested,
    /// The system ends the application: nobody is there to ask.
    EndRequested,
    /// The window of an incoming call was closed.
    RingWindowClosed,
    /// The notification of a call was opened, which answers nothing.
    NotificationOpened,
    /// The notification of a call was answered.
    NotificationAnswered {
        /// The call it was about.
        call_id: String,
        /// The answer.
        answer: RingAnswer,
    },
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
    /// What the invite brought for a closed server.
    access: Option<AccessToken>,
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
    peer_uid: Option<String>,
    /// The call by name, kept to its end and for Call again.
    named: Option<named::Named>,
    /// The engine has begun it.
    named_runs: bool,
    /// Taken, but another call ends first; with the camera or without.
    answered: Option<(named::Named, bool)>,
    ringing: Option<named::Ringing>,
    /// Who is online, as the server says it.
    people: Vec<User>,
    chats: chat::Chats,
    /// Where calls ring when the command line names the speaker.
    fixed_ring: Option<AudioSinkSpec>,
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
        let is_fixed = start
            .fixed_devices
            .contains(&crate::view::DeviceKind::Speaker);
        let fixed_ring = is_fixed.then(|| start.endpoint.devices.speaker.clone());
        let (endpoint, events) = Endpoint::start(start.endpoint);
        let view = first_view::first_view(&start.stored, &server);
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
            peer_uid: None,
            named: None,
            named_runs: false,
            answered: None,
            ringing: None,
            people: Vec::new(),
            chats: chat::Chats::default(),
            fixed_ring,
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
        controller.update_directory().await;
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
                Some(event) = window_events.recv() => self.window_event(event).await,
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
            UiCommand::IncomingReady(reply) => {
                let _ = reply.send(self.incoming_window());
            }
            UiCommand::SharingReady(reply) => {
                let _ = reply.send(self.sharing_window());
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

    async fn window_event(&mut self, event: WindowEvent) {
        match event {
            WindowEvent::CloseRequested => {
                if self.is_in_call() {
                    self.view.close_requested = true;
                } else {
                    self.closing = true;
                }
            }
            WindowEvent::EndRequested => self.closing = true,
            WindowEvent::RingWindowClosed => self.ring_window_closed().await,
            WindowEvent::NotificationOpened => self.window.raise(),
            WindowEvent::NotificationAnswered { call_id, answer } => {
                self.notification_answered(&call_id, answer).await;
            }
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
        self.window.stop_ringing();
        self.window.hide_marker();
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
