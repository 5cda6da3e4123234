//! Endpoints with test devices, and what the tests wait for. Small pictures keep the codecs cheap;
//! everything else is what a call is made of.
#![allow(dead_code, unreachable_pub)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use duet_engine::call::{CallState, DirectoryStatus};
use duet_engine::{
    DeviceConfig, Endpoint, EndpointConfig, EndpointEvent, Figures, PathConfig, ServerConfig, Taps,
    VideoTap,
};
use duet_media::audio::{AudioSinkSpec, AudioSourceSpec};
use duet_media::codec::VideoCodec;
use duet_media::frame::VideoFrame;
use duet_media::source::{VideoFormat, VideoSourceSpec};
use duet_server::{Server, ServerConfig as Listening};
use parking_lot::Mutex;
use tokio::sync::mpsc;

/// Generous: a loaded machine takes its time, and nothing here measures it.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// One endpoint, its events, and how many pictures of the other it has shown.
pub struct Person {
    pub endpoint: Endpoint,
    pub events: mpsc::Receiver<EndpointEvent>,
    pub pictures: Arc<AtomicU64>,
    /// Pictures that the own camera has taken.
    pub taken: Arc<AtomicU64>,
    /// The newest picture of the other's camera beside their screen.
    pub tile: Arc<Mutex<Option<VideoFrame>>>,
    /// Being listed, as the endpoint told last.
    pub directory: DirectoryStatus,
}

impl Person {
    pub fn new(server: &Server) -> Self {
        Self::at(&server.url(), |_| {})
    }

    /// With the server at this address, and a say in every picture that is shown.
    pub fn at(url: &str, look: impl Fn(u64) + Send + Sync + 'static) -> Self {
        Self::watching(url, move |number, _| look(number))
    }

    /// The same, and each picture itself.
    pub fn watching(url: &str, look: impl Fn(u64, &VideoFrame) + Send + Sync + 'static) -> Self {
        let pictures = Arc::new(AtomicU64::new(0));
        let seen = Arc::clone(&pictures);
        let taken = Arc::new(AtomicU64::new(0));
        let camera = Arc::clone(&taken);
        let tile = Arc::new(Mutex::new(None));
        let newest_tile = Arc::clone(&tile);
        let (endpoint, events) = Endpoint::start(EndpointConfig {
            name: Some("Ana".to_owned()),
            server: ServerConfig {
                url: url.to_owned(),
                trusted_fingerprints: Vec::new(),
                access: None,
            },
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
            taps: Taps {
                local_video: VideoTap::new(move |_| {
                    camera.fetch_add(1, Ordering::Relaxed);
                }),
                remote_video: VideoTap::new(move |frame| {
                    look(seen.fetch_add(1, Ordering::Relaxed), &frame);
                }),
                remote_tile: VideoTap::new(move |frame| *newest_tile.lock() = Some(frame)),
                ..Taps::default()
            },
        });
        Self {
            endpoint,
            events,
            pictures,
            taken,
            tile,
            directory: DirectoryStatus::Off,
        }
    }

    pub async fn joins(&self) {
        self.endpoint.join("between us").await.expect("runs");
    }

    /// Waits for an event that the test is about.
    pub async fn until(&mut self, what: &str, is_it: impl Fn(&EndpointEvent) -> bool) {
        self.take(what, |event| is_it(event).then_some(())).await;
    }

    /// The same, and what is wanted of it.
    pub async fn take<T>(&mut self, what: &str, pick: impl Fn(&EndpointEvent) -> Option<T>) -> T {
        let waiting = async {
            loop {
                let event = self.events.recv().await.expect("the endpoint runs");
                if let EndpointEvent::Directory(status) = &event {
                    self.directory = status.clone();
                }
                if let Some(picked) = pick(&event) {
                    return picked;
                }
            }
        };
        match tokio::time::timeout(PATIENCE, waiting).await {
            Ok(picked) => picked,
            Err(_) => panic!("no {what}"),
        }
    }

    pub async fn until_state(&mut self, what: &str, is_it: impl Fn(&CallState) -> bool) {
        let is_state = |event: &EndpointEvent| match event {
            EndpointEvent::State(state) => is_it(state),
            _ => false,
        };
        self.until(what, is_state).await;
    }

    pub async fn sees_more(&self) {
        let wanted = self.pictures.load(Ordering::Relaxed) + 5;
        let seeing = async {
            while self.pictures.load(Ordering::Relaxed) < wanted {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(PATIENCE, seeing)
            .await
            .expect("pictures come");
    }

    /// Waits until what this side sends goes by a relay of its own.
    pub async fn goes_by_relay(&self) {
        self.measures("a relayed path", |figures| {
            let path = figures.path.as_ref();
            path.is_some_and(|path| path.local.as_deref() == Some("relay"))
        })
        .await;
    }

    /// Waits until the figures say so.
    pub async fn measures(&self, what: &str, is_enough: impl Fn(&Figures) -> bool) {
        let measuring = async {
            while !is_enough(&self.endpoint.figures().await.expect("runs")) {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        if tokio::time::timeout(PATIENCE, measuring).await.is_err() {
            let figures = self.endpoint.figures().await.expect("runs");
            panic!("never {what}: {figures:?}");
        }
    }
}

pub async fn two_in_a_call(server: &Server) -> (Person, Person) {
    let (mut ana, mut ben) = (Person::new(server), Person::new(server));
    in_a_call(&mut ana, &mut ben).await;
    (ana, ben)
}

/// Lets the one join and wait, and then the other.
pub async fn in_a_call(ana: &mut Person, ben: &mut Person) {
    ana.joins().await;
    ana.until_state("waiting", |state| {
        matches!(state, CallState::WaitingForPeer { .. })
    })
    .await;
    ben.joins().await;
    for person in [ana, ben] {
        person
            .until_state("call", |state| matches!(state, CallState::Connected { .. }))
            .await;
    }
}

pub async fn server() -> Server {
    Server::bind(Listening::loopback()).await.expect("a server")
}
