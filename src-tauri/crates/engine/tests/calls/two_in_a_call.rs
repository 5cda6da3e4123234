//! Two endpoints and a server in one process: join, see and hear, mute, a third is refused, leave,
//! come again. Small pictures keep the codecs cheap; everything else is what a call is made of.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use duet_engine::call::CallState;
use duet_engine::{
    DeviceConfig, Endpoint, EndpointConfig, EndpointEvent, Figures, PathConfig, ServerConfig, Taps,
    VideoTap,
};
use duet_media::audio::{AudioSinkSpec, AudioSourceSpec};
use duet_media::codec::VideoCodec;
use duet_media::source::{VideoFormat, VideoSourceSpec};
use duet_protocol::AudioState;
use duet_server::{Server, ServerConfig as Listening};
use tokio::sync::mpsc;

/// Generous: a loaded machine takes its time, and nothing here measures it.
const PATIENCE: Duration = Duration::from_secs(60);

struct Person {
    endpoint: Endpoint,
    events: mpsc::Receiver<EndpointEvent>,
    pictures: Arc<AtomicU64>,
}

impl Person {
    fn new(server: &Server) -> Self {
        let pictures = Arc::new(AtomicU64::new(0));
        let seen = Arc::clone(&pictures);
        let (endpoint, events) = Endpoint::start(EndpointConfig {
            name: Some("Ana".to_owned()),
            server: ServerConfig {
                url: server.url(),
                trusted_fingerprints: Vec::new(),
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
                remote_video: VideoTap::new(move |_| {
                    seen.fetch_add(1, Ordering::Relaxed);
                }),
                ..Taps::default()
            },
        });
        Self {
            endpoint,
            events,
            pictures,
        }
    }

    async fn joins(&self) {
        self.endpoint.join("between us").await.expect("runs");
    }

    /// Waits for an event that the test is about.
    async fn until(&mut self, what: &str, is_it: impl Fn(&EndpointEvent) -> bool) {
        let waiting = async {
            loop {
                let event = self.events.recv().await.expect("the endpoint runs");
                if is_it(&event) {
                    return;
                }
            }
        };
        if tokio::time::timeout(PATIENCE, waiting).await.is_err() {
            panic!("no {what}");
        }
    }

    async fn until_state(&mut self, what: &str, is_it: impl Fn(&CallState) -> bool) {
        let is_state = |event: &EndpointEvent| match event {
            EndpointEvent::State(state) => is_it(state),
            _ => false,
        };
        self.until(what, is_state).await;
    }

    async fn sees_more(&self) {
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

    /// Waits until the figures say so.
    async fn measures(&self, what: &str, is_enough: impl Fn(&Figures) -> bool) {
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

async fn two_in_a_call(server: &Server) -> (Person, Person) {
    let (mut ana, mut ben) = (Person::new(server), Person::new(server));
    ana.joins().await;
    ana.until_state("waiting", |state| {
        matches!(state, CallState::WaitingForPeer { .. })
    })
    .await;
    ben.joins().await;
    for person in [&mut ana, &mut ben] {
        person
            .until_state("call", |state| matches!(state, CallState::Connected { .. }))
            .await;
    }
    (ana, ben)
}

async fn server() -> Server {
    Server::bind(Listening::loopback()).await.expect("a server")
}

#[tokio::test(flavor = "multi_thread")]
async fn they_see_and_hear_each_other_and_a_third_is_refused() {
    let server = server().await;
    let (ana, ben) = two_in_a_call(&server).await;
    for person in [&ana, &ben] {
        person.sees_more().await;
        person
            .measures("heard", |figures| {
                let sound = figures.audio_received.as_ref();
                let level = sound.and_then(|sound| sound.level_dbfs);
                level.is_some_and(|level| (-23.0..-17.0).contains(&level))
            })
            .await;
        person
            .measures("a latency and a path", |figures| {
                figures.latency_ms.is_some() && figures.path.is_some()
            })
            .await;
        let figures = person.endpoint.figures().await.expect("runs");
        assert!(figures.connected_ms.is_some() && figures.first_frame_ms.is_some());
        let received = figures.video_received.expect("pictures");
        assert_eq!((received.width, received.height), (Some(320), Some(180)));
    }
    let mut third = Person::new(&server);
    third.joins().await;
    third
        .until_state("refusal", |state| matches!(state, CallState::Full { .. }))
        .await;
    ana.sees_more().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn muting_is_told_and_leaving_frees_the_place_for_another_call() {
    let server = server().await;
    let (mut ana, mut ben) = two_in_a_call(&server).await;
    ana.endpoint.set_microphone(false).await.expect("runs");
    ben.until("word of the mute", |event| {
        matches!(
            event,
            EndpointEvent::RemoteMedia {
                audio: AudioState::Muted,
                ..
            }
        )
    })
    .await;
    ben.endpoint.leave().await.expect("runs");
    ben.until_state("end", |state| matches!(state, CallState::Left { .. }))
        .await;
    ana.until_state("word of the end", |state| {
        matches!(state, CallState::PeerLeft { .. })
    })
    .await;
    ben.endpoint.rejoin().await.expect("runs");
    for person in [&mut ana, &mut ben] {
        person
            .until_state("second call", |state| {
                matches!(state, CallState::Connected { .. })
            })
            .await;
    }
    ana.sees_more().await;
    ben.sees_more().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_restart_leaves_the_media_untouched() {
    let server = server().await;
    let address = server.local_addrs()[0];
    let (ana, ben) = two_in_a_call(&server).await;
    server.shutdown().await;
    ana.sees_more().await;
    ben.sees_more().await;
    let again = Server::bind(Listening::new(vec![address]))
        .await
        .expect("the same place");
    let back = async {
        while again.stats().members < 2 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(PATIENCE, back)
        .await
        .expect("both come back");
    ana.sees_more().await;
    ben.sees_more().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn closing_an_endpoint_ends_everything_it_started() {
    let server = server().await;
    let (ana, mut ben) = two_in_a_call(&server).await;
    ana.endpoint.close().await.expect("closes");
    assert!(ana.endpoint.figures().await.is_err(), "it has ended");
    ben.until_state("word of the end", |state| {
        matches!(state, CallState::PeerLeft { .. })
    })
    .await;
}
