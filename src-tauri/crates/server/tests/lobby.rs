//! What tests of the directory say and hear.

use std::time::Duration;

use duet_protocol::{
    CallMedia, ClientMessage, LoginAnswer, LoginRefusal, Person, Presence, ServerMessage, User,
};
use duet_server::{Server, ServerConfig, Timing};

use crate::client::{Client, server_with};

/// What a successful login said.
#[derive(Debug)]
pub(crate) struct LoggedIn {
    pub(crate) users: Vec<User>,
    pub(crate) token: String,
    pub(crate) resumed: bool,
}

/// A server whose lobbies are told nothing, for tests of everything else.
pub(crate) async fn quiet_server() -> Server {
    server_with(quiet_config()).await
}

pub(crate) fn quiet_config() -> ServerConfig {
    ServerConfig {
        timing: Timing {
            presence_interval: Duration::from_secs(3600),
            ..Timing::default()
        },
        ..ServerConfig::loopback()
    }
}

pub(crate) fn login(name: &str, uid: &str) -> ClientMessage {
    login_to(name, uid, None)
}

pub(crate) fn login_to(name: &str, uid: &str, lobby: Option<&str>) -> ClientMessage {
    ClientMessage::Login {
        name: name.into(),
        uid: uid.into(),
        lobby: lobby.map(str::to_owned),
        resume: false,
        resume_token: None,
        token: None,
    }
}

pub(crate) fn login_with_token(name: &str, uid: &str, token: Option<&str>) -> ClientMessage {
    ClientMessage::Login {
        name: name.into(),
        uid: uid.into(),
        lobby: None,
        resume: true,
        resume_token: token.map(str::to_owned),
        token: None,
    }
}

pub(crate) fn call(to: &str) -> ClientMessage {
    ClientMessage::Call {
        to: to.into(),
        media: CallMedia::Video,
    }
}

pub(crate) fn accept(call_id: &str) -> ClientMessage {
    let call_id = call_id.into();
    ClientMessage::Accept { call_id }
}

pub(crate) fn decline(call_id: &str) -> ClientMessage {
    let call_id = call_id.into();
    ClientMessage::Decline { call_id }
}

pub(crate) fn cancel(call_id: &str) -> ClientMessage {
    let call_id = call_id.into();
    ClientMessage::Cancel { call_id }
}

pub(crate) fn accepted(call_id: &str) -> ServerMessage {
    let call_id = call_id.into();
    ServerMessage::Accept { call_id }
}

pub(crate) fn cancelled(call_id: &str) -> ServerMessage {
    let call_id = call_id.into();
    ServerMessage::Cancel { call_id }
}

pub(crate) fn unavailable(call_id: &str) -> ServerMessage {
    let call_id = call_id.into();
    ServerMessage::Unavailable { call_id }
}

pub(crate) fn user(uid: &str, name: &str, busy: bool) -> User {
    User {
        uid: uid.into(),
        name: name.into(),
        busy,
    }
}

pub(crate) fn person(uid: &str, name: &str) -> Person {
    Person {
        uid: uid.into(),
        name: name.into(),
    }
}

impl Client {
    /// Somebody new, logged in to the main lobby as a plain client does.
    pub(crate) async fn logged_in(server: &Server, name: &str, uid: &str) -> Self {
        let mut client = Self::connect(server).await;
        client.send(&login(name, uid)).await;
        client.expect_logged_in().await;
        client
    }

    pub(crate) async fn expect_logged_in(&mut self) -> LoggedIn {
        match self.next().await {
            ServerMessage::Login(LoginAnswer::Accepted {
                users,
                resume_token,
                resumed,
                ..
            }) => LoggedIn {
                users,
                token: resume_token.expect("a token in every answer"),
                resumed,
            },
            other => panic!("not logged in: {other:?}"),
        }
    }

    pub(crate) async fn expect_login_refused(&mut self, expected: LoginRefusal) {
        let refused = ServerMessage::Login(LoginAnswer::Refused(expected));
        assert_eq!(self.next().await, refused);
    }

    /// Logs in with a wish to come back, and perhaps the proof.
    pub(crate) async fn login_resumable(
        &mut self,
        name: &str,
        uid: &str,
        token: Option<&str>,
    ) -> LoggedIn {
        self.send(&login_with_token(name, uid, token)).await;
        self.expect_logged_in().await
    }

    pub(crate) async fn expect_presence(&mut self) -> Presence {
        match self.next().await {
            ServerMessage::Presence(presence) => presence,
            other => panic!("no presence: {other:?}"),
        }
    }

    /// Call and room of a `ringing`.
    pub(crate) async fn expect_ringing(&mut self) -> (String, String) {
        match self.next().await {
            ServerMessage::Ringing { call_id, room_id } => (call_id, room_id),
            other => panic!("does not ring: {other:?}"),
        }
    }

    /// Call and room of a `ring` from this person.
    pub(crate) async fn expect_ring(&mut self, expected: &Person) -> (String, String) {
        match self.next().await {
            ServerMessage::Ring {
                call_id,
                room_id,
                from,
                media,
            } => {
                assert_eq!((&from, media), (expected, CallMedia::Video));
                (call_id, room_id)
            }
            other => panic!("does not ring: {other:?}"),
        }
    }
}

/// Ann ("a") calls Bob ("b"), and it rings: both, the call and its room.
pub(crate) async fn ringing(server: &Server) -> (Client, Client, String, String) {
    let mut ann = Client::logged_in(server, "Ann", "a").await;
    let mut bob = Client::logged_in(server, "Bob", "b").await;
    ann.send(&call("b")).await;
    let (call_id, room_id) = ann.expect_ringing().await;
    let rung = bob.expect_ring(&person("a", "Ann")).await;
    assert_eq!(rung, (call_id.clone(), room_id.clone()));
    (ann, bob, call_id, room_id)
}
