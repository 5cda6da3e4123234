//! Join, see and hear, mute, a third is refused, leave, come again.

use std::sync::atomic::Ordering;
use std::time::Duration;

use duet_engine::EndpointEvent;
use duet_engine::call::CallState;
use duet_protocol::AudioState;
use duet_server::{Server, ServerConfig};

use crate::common::{PATIENCE, Person, server, two_in_a_call};

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
async fn the_figures_of_a_call_that_is_over_are_those_of_its_end() {
    let server = server().await;
    let (_ana, ben) = two_in_a_call(&server).await;
    ben.sees_more().await;
    let seen = ben.pictures.load(Ordering::Relaxed);
    ben.endpoint.leave().await.expect("runs");
    let figures = ben.endpoint.figures().await.expect("runs");
    let received = figures.video_received.expect("pictures");
    assert!(received.frames >= seen, "{} of {seen}", received.frames);
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
    let again = Server::bind(ServerConfig::new(vec![address]))
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
