//! A panic in the middle of the media: the part that broke is built again, and the call goes on.

use duet_engine::EndpointEvent;
use duet_engine::call::CallState;
use duet_protocol::VideoState;

use crate::common::{Person, in_a_call, server};

/// Nothing that was told so far says that the call was anything but connected.
fn was_always_connected(person: &mut Person) -> bool {
    std::iter::from_fn(|| person.events.try_recv().ok()).all(|event| match event {
        EndpointEvent::State(state) => matches!(state, CallState::Connected { .. }),
        _ => true,
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decoder_thread_that_panics_is_replaced() {
    let server = server().await;
    let mut ana = Person::at(&server.url(), |number| {
        assert_ne!(number, 7, "a panic on purpose");
    });
    let mut ben = Person::new(&server);
    in_a_call(&mut ana, &mut ben).await;
    for _ in 0..4 {
        ana.sees_more().await;
    }
    assert!(was_always_connected(&mut ana));
    assert!(was_always_connected(&mut ben));
}

#[tokio::test(flavor = "multi_thread")]
async fn pictures_that_always_panic_are_given_up_and_the_rest_goes_on() {
    let server = server().await;
    let mut ana = Person::at(&server.url(), |number| {
        assert_eq!(number, u64::MAX, "a panic on purpose");
    });
    let mut ben = Person::new(&server);
    in_a_call(&mut ana, &mut ben).await;
    ana.until("word that there are no pictures", |event| {
        matches!(
            event,
            EndpointEvent::RemoteMedia {
                video: VideoState::Lost,
                ..
            }
        )
    })
    .await;
    ana.measures("heard", |figures| {
        let sound = figures.audio_received.as_ref();
        sound.is_some_and(|sound| sound.level_dbfs.is_some())
    })
    .await;
    ben.sees_more().await;
    assert!(was_always_connected(&mut ana));
}
