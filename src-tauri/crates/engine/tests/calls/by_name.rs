//! From being online to a call that runs, and to its end.

use std::time::Duration;

use duet_engine::EndpointEvent;
use duet_engine::call::{Action, CallState, EndedBy, RingEnd};
use duet_protocol::{CallMedia, VideoState};

use crate::common::{Person, server};

#[tokio::test(flavor = "multi_thread")]
async fn a_call_by_name_rings_is_accepted_and_has_media_and_nothing_opens_before() {
    let server = server().await;
    let mut ana = Person::online(&server, "Ana").await;
    let mut ben = Person::online(&server, "Ben").await;
    ana.calls("Ben", CallMedia::Video).await;
    ana.hears_it_ring().await;
    let ring = ben.is_rung().await;
    assert_eq!(ring.from.name.as_deref(), Some("Ana"));
    assert_eq!(ring.media, CallMedia::Video);
    // Long enough for a camera to open, if one would.
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!((ana.taken(), ben.taken()), (0, 0), "a camera before accept");
    ben.endpoint
        .accept_call(ring.call_id, true)
        .await
        .expect("runs");
    assert_eq!(ben.ring_ends().await, RingEnd::Answered);
    for person in [&mut ana, &mut ben] {
        person.is_connected().await;
        person.sees_more().await;
    }
    assert!(ana.taken() > 0 && ben.taken() > 0);

    ben.endpoint.leave().await.expect("runs");
    assert_eq!(ben.ends().await, EndedBy::Us);
    let again = ana
        .take("the end", |event| match event {
            EndpointEvent::State(state @ CallState::Left { by, .. }) => Some((*by, state.action())),
            _ => None,
        })
        .await;
    assert_eq!(again, (EndedBy::Peer, Action::CallAgain));
    // Both are free again, and the same call can be made again, now by name.
    ana.finds("Ben").await;
    ana.endpoint.retry().await.expect("runs");
    let ring = ben.is_rung().await;
    ben.endpoint
        .accept_call(ring.call_id, true)
        .await
        .expect("runs");
    for person in [&mut ana, &mut ben] {
        person.is_connected().await;
    }
    ana.sees_more().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn accepted_without_the_camera_it_stays_closed() {
    let server = server().await;
    let mut ana = Person::online(&server, "Ana").await;
    let mut ben = Person::online(&server, "Ben").await;
    ana.calls("Ben", CallMedia::Video).await;
    let ring = ben.is_rung().await;
    ben.endpoint
        .accept_call(ring.call_id, false)
        .await
        .expect("runs");
    ben.is_connected().await;
    ben.sees_more().await;
    ana.until("word of the camera", |event| {
        matches!(
            event,
            EndpointEvent::RemoteMedia {
                video: VideoState::Off,
                ..
            }
        )
    })
    .await;
    assert_eq!(ben.taken(), 0);
    ben.endpoint.set_camera(true).await.expect("runs");
    ana.sees_more().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_audio_call_opens_no_camera_on_either_side() {
    let server = server().await;
    let mut ana = Person::online(&server, "Ana").await;
    let mut ben = Person::online(&server, "Ben").await;
    ana.calls("Ben", CallMedia::Audio).await;
    let ring = ben.is_rung().await;
    assert_eq!(ring.media, CallMedia::Audio);
    ben.endpoint
        .accept_call(ring.call_id, true)
        .await
        .expect("runs");
    for person in [&mut ana, &mut ben] {
        person.is_connected().await;
        person
            .measures("heard", |figures| {
                let sound = figures.audio_received.as_ref();
                let level = sound.and_then(|sound| sound.level_dbfs);
                level.is_some_and(|level| level > -30.0)
            })
            .await;
    }
    assert_eq!((ana.taken(), ben.taken()), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_who_call_each_other_are_in_one_call() {
    let server = server().await;
    let mut ana = Person::online(&server, "Ana").await;
    let mut ben = Person::online(&server, "Ben").await;
    let (to_ben, to_ana) = (ana.finds("Ben").await, ben.finds("Ana").await);
    let (one, other) = tokio::join!(
        ana.endpoint.call(to_ben, CallMedia::Video),
        ben.endpoint.call(to_ana, CallMedia::Video),
    );
    one.and(other).expect("both run");
    // It may ring with one of them who is a moment late: their own call is the answer.
    for person in [&mut ana, &mut ben] {
        person.is_connected().await;
    }
    ana.sees_more().await;
    ben.sees_more().await;
}
