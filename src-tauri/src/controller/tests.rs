//! The whole application but for the window: two controllers with test devices and a real server.

use std::path::PathBuf;
use std::time::Duration;

use duet_engine::{DeviceConfig, PathConfig, Taps};
use duet_media::audio::{AudioSinkSpec, AudioSourceSpec};
use duet_media::codec::VideoCodec;
use duet_media::source::{VideoFormat, VideoSourceSpec};
use duet_server::Server;
use tempfile::TempDir;
use tokio::sync::{oneshot, watch};

use super::*;
use crate::commands::Action;
use crate::view::{CallView, DeviceKind, InviteResult, JoinRequest, NoticeData, ServerReach};

const PATIENCE: Duration = Duration::from_secs(30);

/// A window that shows nothing and remembers what it was given.
struct Recorder {
    views: watch::Sender<Option<View>>,
    rings: watch::Sender<Option<RingScreen>>,
    links: watch::Sender<String>,
    closed: watch::Sender<bool>,
    around: watch::Sender<Around>,
    /// How it was around the window after each thing that was asked of it.
    asked: watch::Sender<Vec<Around>>,
}

/// What a window does beside showing the view.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Around {
    left_out: bool,
    marker: bool,
    raised: u32,
}

impl Recorder {
    /// Nobody reads what it remembers.
    fn deaf() -> Self {
        Self {
            views: watch::channel(None).0,
            rings: watch::channel(None).0,
            links: watch::channel(String::new()).0,
            closed: watch::channel(false).0,
            around: watch::channel(Around::default()).0,
            asked: watch::channel(Vec::new()).0,
        }
    }

    fn ask(&self, change: impl FnOnce(&mut Around)) {
        let mut around = *self.around.borrow();
        change(&mut around);
        self.asked.send_modify(|asked| asked.push(around));
        self.around.send_replace(around);
    }
}

impl Window for Recorder {
    fn show(&self, view: &View) {
        self.views.send_replace(Some(view.clone()));
    }

    fn level(&self, _level: &Level) {}

    fn set_full_screen(&self, _on: bool) {}

    fn set_title(&self, _title: &str) {}

    fn set_left_out(&self, on: bool) {
        self.ask(|around| around.left_out = on);
    }

    fn show_marker(&self, _text_percent: u16) {
        self.ask(|around| around.marker = true);
    }

    fn hide_marker(&self) {
        self.ask(|around| around.marker = false);
    }

    fn raise(&self) {
        self.ask(|around| around.raised += 1);
    }

    fn ring(&self, ring: &RingScreen) {
        self.rings.send_replace(Some(ring.clone()));
    }

    fn stop_ringing(&self) {
        self.rings.send_replace(None);
    }

    fn open_link(&self, address: &str) -> bool {
        self.links.send_replace(address.to_owned());
        true
    }

    fn close(&self) {
        self.closed.send_replace(true);
    }
}

/// Somebody at a window.
struct Person {
    commands: mpsc::Sender<UiCommand>,
    window_events: mpsc::Sender<WindowEvent>,
    views: watch::Receiver<Option<View>>,
    rings: watch::Receiver<Option<RingScreen>>,
    links: watch::Receiver<String>,
    closed: watch::Receiver<bool>,
    around: watch::Receiver<Around>,
    asked: watch::Receiver<Vec<Around>>,
    profile: TempDir,
}

impl Person {
    async fn opens(server: &Server) -> Self {
        Self::opens_at(server.url()).await
    }

    async fn opens_at(server_url: String) -> Self {
        let profile = tempfile::tempdir().expect("a folder");
        let (views, seen) = watch::channel(None);
        let (closed, is_closed) = watch::channel(false);
        let (rings, rung) = watch::channel(None);
        let (links, opened) = watch::channel(String::new());
        let (around, happened) = watch::channel(Around::default());
        let (asked, history) = watch::channel(Vec::new());
        let recorder = Recorder {
            views,
            rings,
            links,
            closed,
            around,
            asked,
        };
        let frames = FrameServer::start().await.expect("a frame socket");
        let start = start(profile.path().to_owned(), server_url);
        let (controller, events) = Controller::start(start, recorder, frames)
            .await
            .expect("it starts");
        let (commands, commands_in) = mpsc::channel(8);
        let (window_events, window_events_in) = mpsc::channel(8);
        tokio::spawn(controller.run(commands_in, window_events_in, events));
        Self {
            commands,
            window_events,
            views: seen,
            rings: rung,
            links: opened,
            closed: is_closed,
            around: happened,
            asked: history,
            profile,
        }
    }

    async fn does(&self, action: Action) {
        self.tries(action).await.expect("it is done");
    }

    async fn tries(&self, action: Action) -> crate::commands::Done {
        let (reply, done) = oneshot::channel();
        let sent = self.commands.send(UiCommand::Act(action, reply)).await;
        sent.expect("the controller runs");
        done.await.expect("an answer")
    }

    async fn until_around(&mut self, what: &str, is_it: impl FnMut(&Around) -> bool) {
        let found = tokio::time::timeout(PATIENCE, self.around.wait_for(is_it)).await;
        let found = found.unwrap_or_else(|_elapsed| panic!("not {what}"));
        found.expect("the controller runs");
    }

    async fn types(&self, text: &str) -> InviteResult {
        let (reply, result) = oneshot::channel();
        let command = UiCommand::OpenLobby(text.to_owned(), reply);
        self.commands.send(command).await.expect("it runs");
        result.await.expect("an answer")
    }

    async fn joins(&self, name: &str) {
        self.types("lunch").await;
        self.enters(name).await;
    }

    /// From the lobby.
    async fn enters(&self, name: &str) {
        self.does(Action::Join(JoinRequest {
            name: name.to_owned(),
            microphone_on: true,
            camera_on: true,
        }))
        .await;
    }

    async fn until(&mut self, what: &str, is_it: impl Fn(&View) -> bool) -> View {
        let found = async {
            let found = self
                .views
                .wait_for(|view| view.as_ref().is_some_and(&is_it));
            found.await.expect("the controller runs").clone()
        };
        let found = tokio::time::timeout(PATIENCE, found).await;
        match found {
            Ok(view) => view.expect("a view"),
            Err(_elapsed) => panic!("not {what}: {:#?}", self.views.borrow().as_ref()),
        }
    }
}

fn start(profile: PathBuf, server_url: String) -> Start {
    Start {
        profile,
        stored: Stored::default(),
        set_aside: None,
        endpoint: EndpointConfig {
            name: None,
            server: duet_engine::ServerConfig::default(),
            path: PathConfig::default(),
            devices: DeviceConfig {
                camera: VideoSourceSpec::Test,
                camera_format: VideoFormat {
                    width: 320,
                    height: 180,
                    frames_per_second: 15,
                },
                microphone: AudioSourceSpec::Test(440),
                speaker: AudioSinkSpec::None,
            },
            video_codecs: VideoCodec::supported().to_vec(),
            microphone_on: true,
            camera_on: true,
            taps: Taps::default(),
        },
        server_url: Some(server_url),
        fixed_devices: vec![
            DeviceKind::Camera,
            DeviceKind::Microphone,
            DeviceKind::Speaker,
        ],
        join: None,
        renderer_hint: RendererHint::NoGpu,
    }
}

async fn server() -> Server {
    let config = duet_server::ServerConfig::loopback();
    Server::bind(config).await.expect("a server")
}

async fn two_in_a_call(server: &Server) -> (Person, Person) {
    let (mut ada, mut ben) = (Person::opens(server).await, Person::opens(server).await);
    ada.joins("Ada").await;
    ada.until("alone", |view| {
        matches!(view.call, CallView::WaitingForPeer { .. })
    })
    .await;
    ben.joins("Ben").await;
    for person in [&mut ada, &mut ben] {
        person.until("connected", is_connected).await;
    }
    (ada, ben)
}

fn is_connected(view: &View) -> bool {
    matches!(view.call, CallView::Connected { .. })
}

mod by_name;
mod closed;
mod sharing;

#[tokio::test(flavor = "multi_thread")]
async fn two_meet_and_part() {
    let server = server().await;
    let (mut ada, mut ben) = two_in_a_call(&server).await;
    let view = ada
        .until("told who came", |view| {
            let joined = |data: &NoticeData| matches!(data, NoticeData::PeerJoined { name } if name.as_deref() == Some("Ben"));
            view.notices.iter().any(|notice| joined(&notice.data))
        })
        .await;
    assert!(view.lobby.is_none());

    ben.does(Action::SetCamera(false)).await;
    ada.until("told that the camera is off", |view| {
        matches!(&view.call, CallView::Connected { peer, .. } if peer.video == crate::view::RemoteVideo::Off)
    })
    .await;

    ben.does(Action::Leave).await;
    let left = ben
        .until("left", |view| matches!(view.call, CallView::Left { .. }))
        .await;
    assert!(
        matches!(&left.call, CallView::Left { peer_name, duration_ms: Some(_), .. } if peer_name.as_deref() == Some("Ada"))
    );
    assert_eq!(left.recents.len(), 1);
    ada.until("told", |view| {
        matches!(view.call, CallView::PeerLeft { .. })
    })
    .await;

    // The choice and the name are remembered; the room too.
    let stored = settings::load(ben.profile.path()).expect("settings").stored;
    assert!(!stored.camera_on);
    assert_eq!(stored.settings.display_name, "Ben");
    assert_eq!(stored.recents, left.recents);
}

#[tokio::test(flavor = "multi_thread")]
async fn closing_asks_in_a_call_and_not_elsewhere() {
    let server = server().await;
    let (mut ada, ben) = two_in_a_call(&server).await;
    let close = WindowEvent::CloseRequested;
    ada.window_events
        .send(close.clone())
        .await
        .expect("it runs");
    ada.until("asked", |view| view.close_requested).await;
    ada.does(Action::ConfirmClose(false)).await;
    ada.until("in the call", |view| {
        !view.close_requested && is_connected(view)
    })
    .await;
    ada.does(Action::Leave).await;
    for mut person in [ada, ben] {
        // The other is alone in the room by now: nothing to lose there either.
        person
            .until("no longer in a call", |view| !is_connected(view))
            .await;
        person
            .window_events
            .send(close.clone())
            .await
            .expect("it runs");
        let closed = person.closed.wait_for(|closed| *closed);
        tokio::time::timeout(PATIENCE, closed)
            .await
            .expect("it closes")
            .expect("by itself");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invite_to_another_server_is_confirmed_first() {
    let server = server().await;
    let mut ada = Person::opens(&server).await;
    let elsewhere = "https://elsewhere.example/r/lunch";
    for accept in [false, true] {
        let result = ada.types(elsewhere).await;
        assert!(
            matches!(result, InviteResult::OtherServer { host, .. } if host == "elsewhere.example")
        );
        let view = ada
            .until("asked", |view| view.confirm_server.is_some())
            .await;
        assert!(view.lobby.is_none());
        ada.does(Action::ConfirmServer(accept)).await;
        let view = ada
            .until("answered", |view| view.confirm_server.is_none())
            .await;
        assert_eq!(view.lobby.is_some(), accept);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn home_tells_when_the_server_goes_away() {
    let server = server().await;
    let mut ada = Person::opens(&server).await;
    ada.until("reachable", |view| {
        matches!(view.server.reach, ServerReach::Reachable { .. })
    })
    .await;
    server.shutdown().await;
    ada.does(Action::Retry).await;
    ada.until("unreachable", |view| {
        matches!(view.server.reach, ServerReach::Unreachable { .. })
    })
    .await;
}
