//! A panic while a message is handled costs one connection, and nothing else.

use std::time::Duration;

use duet_protocol::{ClientMessage, ServerMessage, Text, parse_server};
use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::failpoint::{UNDER_THE_LOCK, WHILE_READING};
use crate::{Server, ServerConfig};

struct Client(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Client {
    async fn connect(server: &Server) -> Self {
        Self(connect_async(server.url()).await.expect("it answers").0)
    }

    async fn send(&mut self, message: &ClientMessage) {
        let sent = self.0.send(Message::text(message.to_json())).await;
        sent.expect("the connection lives");
    }

    /// The next message; none at the end of the connection.
    async fn next(&mut self) -> Option<ServerMessage> {
        loop {
            let next = tokio::time::timeout(Duration::from_secs(10), self.0.next()).await;
            match next.expect("something in time") {
                Some(Ok(Message::Text(text))) => {
                    return Some(parse_server(&text).expect("a message"));
                }
                Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                Some(Ok(_)) => {}
            }
        }
    }

    async fn join(&mut self, room: &str, uid: &str, token: Option<String>) -> ServerMessage {
        self.send(&ClientMessage::Join {
            room_id: room.into(),
            uid: uid.into(),
            name: None,
            resume: true,
            resume_token: token,
            token: None,
        })
        .await;
        self.next().await.expect("an answer")
    }

    /// Somebody whose next message makes the server panic.
    async fn provoke(&mut self, id: &str) {
        self.send(&ClientMessage::Message(Text {
            to: None,
            room_id: Some("r".into()),
            content: "x".into(),
            id: id.into(),
        }))
        .await;
    }
}

fn token_of(joined: &ServerMessage) -> Option<String> {
    match joined {
        ServerMessage::Joined { resume_token, .. } => resume_token.clone(),
        other => panic!("not joined: {other:?}"),
    }
}

#[tokio::test]
async fn a_panic_while_a_message_is_handled_costs_one_connection_alone() {
    let server = Server::bind(ServerConfig {
        // One leaked slot would show.
        max_connections_per_address: Some(4),
        ..ServerConfig::loopback()
    })
    .await
    .expect("a free port");
    let mut a = Client::connect(&server).await;
    token_of(&a.join("r", "a", None).await);
    let mut b = Client::connect(&server).await;
    let mut token = token_of(&b.join("r", "b", None).await);
    assert!(matches!(
        a.next().await,
        Some(ServerMessage::NewPeer { .. })
    ));
    for round in 0..10 {
        for fault in [WHILE_READING, UNDER_THE_LOCK] {
            b.provoke(fault).await;
            // What was on its way to it, and then its end.
            while b.next().await.is_some() {}
            // To the other it is a break like any other.
            assert!(
                matches!(a.next().await, Some(ServerMessage::PeerAway { remote_uid }) if remote_uid == "b"),
                "{round} {fault}"
            );
            b = Client::connect(&server).await;
            let joined = b.join("r", "b", token).await;
            assert!(
                matches!(&joined, ServerMessage::Joined { resumed: true, .. }),
                "{joined:?}"
            );
            token = token_of(&joined);
            assert!(matches!(
                a.next().await,
                Some(ServerMessage::PeerBack { .. })
            ));
        }
    }
    let mut c = Client::connect(&server).await;
    token_of(&c.join("elsewhere", "c", None).await);
    let stats = server.stats();
    assert_eq!((stats.connections, stats.rooms, stats.members), (3, 2, 3));
    // It ends as politely as ever: no task of the dead is waited for.
    let ending = tokio::time::timeout(Duration::from_secs(5), server.shutdown());
    drop((a, b, c));
    ending.await.expect("nothing hangs");
}
