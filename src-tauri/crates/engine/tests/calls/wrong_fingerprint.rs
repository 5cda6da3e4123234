//! Descriptions whose fingerprint was changed on their way: there is no call, and nothing is sent.

use std::sync::atomic::Ordering;

use duet_engine::EndpointEvent;
use duet_engine::call::{CallState, FailureCause};

use crate::common::{PATIENCE, Person, server};
use crate::tampering::tampering_proxy;

/// Follows a person to the end of the attempt; true if there ever was a call.
async fn ends(person: &mut Person) -> (bool, CallState) {
    let mut states = Vec::new();
    let following = async {
        while !matches!(states.last(), Some(CallState::Failed { .. })) {
            if let EndpointEvent::State(state) =
                person.events.recv().await.expect("the endpoint runs")
            {
                states.push(state);
            }
        }
    };
    let ended = tokio::time::timeout(PATIENCE, following).await;
    assert!(ended.is_ok(), "it never fails: {states:#?}");
    let is_call = |state: &CallState| matches!(state, CallState::Connected { .. });
    let connected = states.iter().any(is_call);
    (connected, states.pop().expect("a state"))
}

#[tokio::test(flavor = "multi_thread")]
async fn there_is_no_call_and_not_one_packet() {
    // Whoever joins first makes the offer, so each role is deceived once.
    for deceived_first in [true, false] {
        let server = server().await;
        let tampered = tampering_proxy(server.local_addrs()[0]).await;
        let mut deceived = Person::at(&tampered, |_| {});
        let other = Person::new(&server);
        let (first, second) = if deceived_first {
            (&deceived, &other)
        } else {
            (&other, &deceived)
        };
        first.joins().await;
        second.joins().await;
        let (connected, state) = ends(&mut deceived).await;
        assert!(!connected);
        let CallState::Failed { cause, .. } = state else {
            panic!("{state:?}");
        };
        assert_eq!(cause, FailureCause::WrongCertificate);
        assert_eq!(cause.code(), "wrong-certificate");
        let figures = deceived.endpoint.figures().await.expect("runs");
        assert_eq!(figures.packets_sent, 0, "{figures:?}");
        for person in [&deceived, &other] {
            assert_eq!(person.pictures.load(Ordering::Relaxed), 0);
        }
        other.endpoint.close().await.expect("closes");
        deceived.endpoint.close().await.expect("closes");
    }
}
