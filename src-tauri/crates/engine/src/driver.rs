//! The driver: the one task that owns the call machine.
//!
//! It carries commands, signaling, reports of the peer connections and time to the machine, and
//! does what the machine asks for. It never waits for a peer connection or a device: those have
//! tasks and threads of their own and report back through a bounded channel.

mod commands;
mod faults;
mod outputs;
mod screen;
mod server;
mod timeline;

use std::collections::HashMap;
use std::time::Instant;

use duet_call::{Call, Input, PeerInput, ServerProblem};
use duet_media::device_watch::DeviceWatcher;
use duet_protocol::{AudioState, generate_uid};
use duet_signaling::{SignalingEvent, SignalingHandle};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;

use crate::config::{DirectoryConfig, EndpointConfig, ServerConfig};
use crate::endpoint::Command;
use crate::event::{EndpointEvent, SignalingStatus};
use crate::figures::{ConnectionFigures, Figures};
use crate::local_media::{LocalMedia, MediaNotice};
use crate::media_session::MediaPart;
use crate::network_watch::NetworkWatch;
use crate::peer_task::PeerHandle;
use timeline::Timeline;

/// Reports of peer connections and devices that may wait.
const REPORTS: usize = 256;

/// What a peer connection's task tells the driver.
#[derive(Debug)]
pub(crate) struct PeerReport {
    pub(crate) session: String,
    pub(crate) news: PeerNews,
}

/// What a report is about.
#[derive(Debug)]
pub(crate) enum PeerNews {
    /// Something for the call machine.
    Call(PeerInput),
    /// How the connection does.
    Connection(ConnectionFigures),
    /// The other's camera comes beside their screen, or no longer.
    RemoteTile(bool),
    /// A part of the media broke again and again.
    GivenUp(MediaPart),
}

/// Runs an endpoint until it is closed or its last handle is gone.
pub(crate) async fn run(
    config: EndpointConfig,
    mut commands: mpsc::Receiver<Command>,
    events: mpsc::Sender<EndpointEvent>,
) {
    let (reports, mut peer_reports) = mpsc::channel(REPORTS);
    let (notices, mut media_notices) = mpsc::channel(REPORTS);
    let mut driver = Driver::new(config, events, reports, notices);
    let (_network_watch, mut network_changes) = NetworkWatch::spawn();
    driver.announce_media();
    let closing = loop {
        let deadline = driver.call.poll_timeout();
        tokio::select! {
            command = commands.recv() => match command {
                Some(Command::Close(reply)) => break Some(reply),
                Some(command) => driver.command(command),
                None => break None,
            },
            event = next_signaling(&mut driver.signaling) => driver.signaling(event),
            Some(report) = peer_reports.recv() => driver.peer(report),
            Some(notice) = media_notices.recv() => driver.media_notice(notice),
            Some(()) = network_changes.recv() => driver.network_changed(),
            () = sleep_until(deadline) => driver.input(Input::Tick),
            Some(_) = driver.closing.join_next() => {}
        }
        driver.deliver().await;
    };
    driver.close(closing).await;
}

/// The connection to the server while there is one.
#[derive(Debug)]
struct Signaling {
    handle: SignalingHandle,
    events: mpsc::Receiver<SignalingEvent>,
    server: ServerConfig,
}

#[derive(Debug)]
struct Driver {
    config: EndpointConfig,
    call: Call,
    signaling: Option<Signaling>,
    /// Of the last connection: tokens are for the server that gave them.
    last_url: Option<String>,
    directory: Option<DirectoryConfig>,
    peers: HashMap<String, PeerHandle>,
    /// Connections that close by themselves, awaited at the end.
    closing: JoinSet<()>,
    media: LocalMedia,
    /// What the other says about their microphone.
    remote_audio: AudioState,
    /// The connection by which the other's camera comes beside their screen.
    tile_session: Option<String>,
    /// What the connections were told last about our camera beside our screen.
    sends_tile: bool,
    /// The connection whose media was given up in part.
    faulty_session: Option<String>,
    timeline: Timeline,
    reports: mpsc::Sender<PeerReport>,
    events: mpsc::Sender<EndpointEvent>,
    /// Events of this turn, delivered at its end.
    pending: Vec<EndpointEvent>,
    /// Whether the owner wants the devices open without a call.
    preview: bool,
    /// Of the last connection, kept when it is closed.
    last_figures: watch::Receiver<Figures>,
    _watcher: Option<DeviceWatcher>,
}

impl Driver {
    fn new(
        config: EndpointConfig,
        events: mpsc::Sender<EndpointEvent>,
        reports: mpsc::Sender<PeerReport>,
        notices: mpsc::Sender<MediaNotice>,
    ) -> Self {
        let watcher = commands::watch_devices(notices.clone());
        Self {
            call: Call::new(generate_uid(), Instant::now()),
            signaling: None,
            last_url: None,
            directory: None,
            peers: HashMap::new(),
            closing: JoinSet::new(),
            media: LocalMedia::new(&config, notices),
            remote_audio: AudioState::On,
            tile_session: None,
            sends_tile: false,
            faulty_session: None,
            timeline: Timeline::default(),
            config,
            reports,
            events,
            pending: Vec::new(),
            preview: false,
            last_figures: watch::channel(Figures::default()).1,
            _watcher: watcher,
        }
    }

    /// Gives the machine an input and does everything it asks for.
    fn input(&mut self, input: Input) {
        self.call.handle(Instant::now(), input);
        while let Some(output) = self.call.poll_output() {
            self.output(output);
        }
    }

    fn peer(&mut self, report: PeerReport) {
        let PeerReport { session, news } = report;
        match news {
            PeerNews::Call(event) => {
                if event == PeerInput::Connected {
                    self.timeline.connected(Instant::now());
                    self.forgive_faults(&session);
                }
                self.input(Input::Peer { session, event });
            }
            PeerNews::RemoteTile(comes) => self.remote_tile(session, comes),
            PeerNews::GivenUp(part) => self.given_up(session, part),
            PeerNews::Connection(figures) => {
                // A report may have been on its way when the connection was replaced.
                if self.call.session() == Some(session.as_str()) {
                    self.tell(EndpointEvent::Connection(figures));
                }
            }
        }
    }

    fn signaling(&mut self, event: Option<SignalingEvent>) {
        match event {
            Some(SignalingEvent::Connecting) => {}
            Some(SignalingEvent::Opened) => {
                self.tell(EndpointEvent::Signaling(SignalingStatus::Open));
                self.input(Input::SignalingOpened);
            }
            Some(SignalingEvent::Lost { retry_in, error }) => {
                self.tell(EndpointEvent::Signaling(SignalingStatus::Lost));
                let problem = ServerProblem(error.code());
                self.input(Input::SignalingLost { retry_in, problem });
            }
            Some(SignalingEvent::Failed(error)) => {
                self.tell(EndpointEvent::Signaling(SignalingStatus::Failed {
                    code: error.code(),
                    fingerprint: error.fingerprint().map(str::to_owned),
                }));
                let problem = ServerProblem(error.code());
                self.input(Input::SignalingFailed { problem });
            }
            Some(SignalingEvent::Message(message)) => {
                self.timeline.message(&message, Instant::now());
                self.input(Input::Message(message));
            }
            None => self.signaling = None,
        }
    }

    /// The paths there were may be gone, to the other and to the server.
    fn network_changed(&mut self) {
        tracing::info!("the network has changed");
        if let Some(signaling) = &self.signaling {
            signaling.handle.network_changed();
        }
        self.input(Input::NetworkChanged);
    }

    fn tell(&mut self, event: EndpointEvent) {
        self.pending.push(event);
    }

    /// Hands the events of this turn over; an owner that is gone wants none.
    async fn deliver(&mut self) {
        for event in self.pending.drain(..) {
            if self.events.send(event).await.is_err() {
                return;
            }
        }
    }

    /// Leaves, closes what is open, and answers who asked for it.
    async fn close(mut self, reply: Option<oneshot::Sender<()>>) {
        self.input(Input::Leave);
        if let Some(signaling) = self.signaling.take() {
            signaling.handle.leave_and_close().await;
        }
        for (_, peer) in self.peers.drain() {
            self.closing.spawn(peer.close());
        }
        while self.closing.join_next().await.is_some() {}
        drop(self.media);
        if let Some(reply) = reply {
            // Who asked may be gone; the endpoint has ended all the same.
            let _ = reply.send(());
        }
    }
}

async fn next_signaling(signaling: &mut Option<Signaling>) -> Option<SignalingEvent> {
    match signaling {
        Some(signaling) => signaling.events.recv().await,
        None => std::future::pending().await,
    }
}

async fn sleep_until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline.into()).await,
        None => std::future::pending().await,
    }
}
