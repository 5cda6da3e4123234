//! With the relay policy and a relay that does not answer there are no candidates at all, in events or descriptions.

use std::time::Duration;

use crate::common::{End, loopback, negotiate, run_for};
use duet_peer::{ConnectionState, IcePolicy, PeerConfig};

#[tokio::test(flavor = "multi_thread")]
async fn no_address_of_ours_is_shown() {
    // A relay that never answers: port 9 is nobody's.
    let unreachable = duet_protocol::IceServer {
        urls: vec!["turn:127.0.0.1:9".into()],
        username: Some("user".into()),
        credential: Some("secret".into()),
    };
    let relay = PeerConfig {
        ice_policy: IcePolicy::Relay,
        ice_servers: vec![unreachable],
        ..loopback()
    };
    let (mut a, mut b) = (End::new(relay).await, End::new(loopback()).await);
    let (offer, _) = negotiate(&a, &b, false).await;
    run_for(&mut a, &mut b, Duration::from_secs(1), |_, _| false).await;
    assert!(!offer.contains("candidate"), "candidates in the offer");
    let again = a.peer.create_offer(true).await.unwrap();
    assert!(
        !again.contains("a=candidate"),
        "candidates in a later offer"
    );
    assert!(
        a.candidates.iter().all(Option::is_none),
        "{:?}",
        a.candidates
    );
    assert!(
        b.candidates.iter().any(Option::is_some),
        "the other side does show its own"
    );
    assert!(!a.states.contains(&ConnectionState::Connected));
}
