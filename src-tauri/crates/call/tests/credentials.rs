//! Credentials of relays live ten minutes, calls live longer.

use std::time::Duration;

use duet_call::Output;
use duet_call::timing::CREDENTIAL_AGE;
use duet_protocol::{ClientMessage, IceServer, ServerMessage};

use crate::solo::{ME, ROOM, Solo};

fn relay(credential: &str) -> Vec<IceServer> {
    vec![IceServer {
        urls: vec!["turn:192.0.2.1:3478".to_owned()],
        username: Some("1:ann".to_owned()),
        credential: Some(credential.to_owned()),
    }]
}

fn joined_again(credential: &str) -> ServerMessage {
    ServerMessage::Joined {
        room_id: ROOM.to_owned(),
        uid: ME.to_owned(),
        user_num: 2,
        ice_servers: relay(credential),
        resume_token: Some("t".to_owned()),
        resumed: true,
        role: None,
    }
}

fn asks_for_servers(outputs: &[Output]) -> bool {
    outputs.contains(&Output::Signal(ClientMessage::IceServers))
}

#[test]
fn they_are_renewed_in_time_and_the_connection_that_lives_gets_them() {
    let mut solo = Solo::connected(true);
    let session = solo.session();
    let told = solo.message(joined_again("first"));
    let first = Output::SetIceServers {
        session: session.clone(),
        ice_servers: relay("first"),
    };
    assert!(told.contains(&first), "{told:?}");

    assert!(!asks_for_servers(
        &solo.wait(CREDENTIAL_AGE - Duration::from_secs(1))
    ));
    assert!(asks_for_servers(&solo.wait(Duration::from_secs(1))));
    let told = solo.message(ServerMessage::IceServers {
        ice_servers: relay("second"),
    });
    let second = Output::SetIceServers {
        session,
        ice_servers: relay("second"),
    };
    assert_eq!(told, [second]);

    assert!(!asks_for_servers(
        &solo.wait(CREDENTIAL_AGE - Duration::from_secs(1))
    ));
    assert!(asks_for_servers(&solo.wait(Duration::from_secs(1))));
}

#[test]
fn an_unanswered_question_is_asked_again() {
    let mut solo = Solo::connected(true);
    solo.message(joined_again("first"));
    assert!(asks_for_servers(&solo.wait(CREDENTIAL_AGE)));
    assert!(asks_for_servers(&solo.wait(CREDENTIAL_AGE)));
}

#[test]
fn a_server_without_relays_is_not_asked() {
    let mut solo = Solo::connected(true);
    assert!(!asks_for_servers(&solo.wait(CREDENTIAL_AGE * 2)));
}
