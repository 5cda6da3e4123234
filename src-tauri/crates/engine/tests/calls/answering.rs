//! Calls that come to nothing: declined, busy, not answered, cancelled, and people who vanish.

use std::time::Duration;

use duet_engine::call::{CallState, RingEnd, UnansweredCause};
use duet_protocol::CallMedia;
use duet_server::{Server, ServerConfig};

use crate::common::{Person, server};

#[tokio::test(flavor = "multi_thread")]
async fn declined_and_then_cancelled() {
    let server = server().await;
    let mut ana = Person::online(&server, "Ana").await;
    let mut ben = Person::online(&server, "Ben").await;
    ana.calls("Ben", CallMedia::Video).await;
    let ring = ben.is_rung().await;
    ben.endpoint.decline_call(ring.call_id).await.expect("runs");
    assert_eq!(ben.ring_ends().await, RingEnd::Declined);
    assert_eq!(ana.is_not_answered().await, UnansweredCause::Declined);

    ana.calls("Ben", CallMedia::Video).await;
    let ring = ben.is_rung().await;
    ana.endpoint.leave().await.expect("runs");
    ana.until_state("idle", |state| matches!(state, CallState::Idle))
        .await;
    assert_eq!(ben.ring_ends().await, RingEnd::Cancelled);
    // Too late, and without any effect.
    ben.endpoint
        .accept_call(ring.call_id, true)
        .await
        .expect("runs");
    ana.finds("Ben").await;
    assert_eq!((ana.taken(), ben.taken()), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn given_up_before_the_server_has_answered_and_somebody_else_called() {
    let server = server().await;
    let mut ana = Person::online(&server, "Ana").await;
    let mut ben = Person::online(&server, "Ben").await;
    let mut cleo = Person::online(&server, "Cleo").await;
    let (to_ben, to_cleo) = (ana.finds("Ben").await, ana.finds("Cleo").await);
    let calls = &ana.endpoint;
    calls.call(to_ben, CallMedia::Video).await.expect("runs");
    calls.leave().await.expect("runs");
    calls.call(to_cleo, CallMedia::Video).await.expect("runs");
    let ring = cleo.is_rung().await;
    cleo.endpoint
        .accept_call(ring.call_id, true)
        .await
        .expect("runs");
    ana.is_connected().await;
    ben.is_rung().await;
    assert_eq!(ben.ring_ends().await, RingEnd::Cancelled);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_in_a_room_is_busy() {
    let server = server().await;
    let mut ana = Person::online(&server, "Ana").await;
    let mut ben = Person::online(&server, "Ben").await;
    let to_ben = ana.finds("Ben").await;
    ben.joins().await;
    ben.until_state("waiting", |state| {
        matches!(state, CallState::WaitingForPeer { .. })
    })
    .await;
    ana.knows("Ben to be busy", |users| users.iter().any(|user| user.busy))
        .await;
    let endpoint = &ana.endpoint;
    endpoint.call(to_ben, CallMedia::Video).await.expect("runs");
    assert_eq!(ana.is_not_answered().await, UnansweredCause::Busy);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_answers() {
    let mut config = ServerConfig::loopback();
    config.timing.ring_timeout = Duration::from_millis(700);
    let server = Server::bind(config).await.expect("a server");
    let mut ana = Person::online(&server, "Ana").await;
    let mut ben = Person::online(&server, "Ben").await;
    ana.calls("Ben", CallMedia::Audio).await;
    ben.is_rung().await;
    assert_eq!(ana.is_not_answered().await, UnansweredCause::NoAnswer);
    assert_eq!(ben.ring_ends().await, RingEnd::Missed);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_vanishes_is_told_as_such() {
    let server = server().await;
    let mut ana = Person::online(&server, "Ana").await;
    let mut ben = Person::online(&server, "Ben").await;
    ana.calls("Ben", CallMedia::Video).await;
    ben.is_rung().await;
    ana.endpoint.close().await.expect("runs");
    assert_eq!(ben.ring_ends().await, RingEnd::Cancelled);

    let mut cleo = Person::online(&server, "Cleo").await;
    cleo.calls("Ben", CallMedia::Video).await;
    ben.is_rung().await;
    ben.endpoint.close().await.expect("runs");
    assert_eq!(cleo.is_not_answered().await, UnansweredCause::Unavailable);
    // Nobody of that name is there to be called again.
    cleo.knows("that Ben is gone", <[_]>::is_empty).await;
    cleo.endpoint.retry().await.expect("runs");
    assert_eq!(cleo.is_not_answered().await, UnansweredCause::Unavailable);
}

#[tokio::test(flavor = "multi_thread")]
async fn end_and_accept() {
    let server = server().await;
    let mut ana = Person::online(&server, "Ana").await;
    let mut ben = Person::online(&server, "Ben").await;
    ana.calls("Ben", CallMedia::Video).await;
    let ring = ben.is_rung().await;
    ben.joins().await;
    ben.until_state("waiting", |state| {
        matches!(state, CallState::WaitingForPeer { .. })
    })
    .await;
    ben.endpoint
        .accept_call(ring.call_id, false)
        .await
        .expect("runs");
    ben.is_connected().await;
    ana.is_connected().await;
    ben.sees_more().await;
}
