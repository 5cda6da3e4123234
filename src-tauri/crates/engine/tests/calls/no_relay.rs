//! Only relays are allowed and nobody names one: the person is told so, not left to wait.

use duet_engine::call::{CallState, FailureCause};
use duet_engine::{IcePolicy, PathConfig};

use crate::common::{Person, server};

#[tokio::test(flavor = "multi_thread")]
async fn the_call_fails_with_its_name() {
    let server = server().await;
    let (mut hidden, other) = (Person::new(&server), Person::new(&server));
    let path = PathConfig {
        ice_servers: Vec::new(),
        ice_policy: IcePolicy::Relay,
    };
    hidden.endpoint.set_path(path).await.expect("runs");
    hidden.joins().await;
    other.joins().await;
    let no_relay = |state: &CallState| {
        matches!(
            state,
            CallState::Failed {
                cause: FailureCause::NoRelay,
                ..
            }
        )
    };
    hidden.until_state("failure", no_relay).await;
}
