//! A client for tests: sends what it is told, and fails the test when nothing comes for ten seconds.

use std::time::Duration;

use duet_protocol::{ClientMessage, ErrorCode, Forward, ServerMessage, parse_server};
use duet_server::{Server, ServerConfig};
use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// Generous: nothing here is a measurement.
const PATIENCE: Duration = Duration::from_secs(10);

/// A server on a free port of the loopback.
pub(crate) async fn server() -> Server {
    server_with(ServerConfig::loopback()).await
}

/// The same with settings.
pub(crate) async fn server_with(config: ServerConfig) -> Server {
    Server::bind(config).await.expect("a free port")
}

pub(crate) struct Client<S = MaybeTlsStream<TcpStream>> {
    pub(crate) socket: WebSocketStream<S>,
}

/// What a `joined` said.
#[derive(Debug)]
pub(crate) struct Joined {
    pub(crate) user_num: u8,
    pub(crate) token: String,
    pub(crate) resumed: bool,
}

impl Client {
    pub(crate) async fn connect(server: &Server) -> Self {
        let (socket, _) = connect_async(server.url())
            .await
            .expect("the server answers");
        Self { socket }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    pub(crate) async fn send(&mut self, message: &ClientMessage) {
        self.send_text(&message.to_json()).await;
    }

    pub(crate) async fn send_text(&mut self, text: &str) {
        let sent = self.socket.send(Message::text(text)).await;
        sent.expect("the connection lives");
    }

    /// Sends what a correct client cannot; errors show when reading.
    pub(crate) async fn send_frame(&mut self, payload: &[u8], kind: Data, is_final: bool) {
        let frame = Frame::message(payload.to_vec(), OpCode::Data(kind), is_final);
        let _ = self.socket.send(Message::Frame(frame)).await;
    }

    /// The next message, skipping pings.
    pub(crate) async fn next(&mut self) -> ServerMessage {
        let text = self.next_text().await;
        parse_server(&text).unwrap_or_else(|fault| panic!("{fault}: {text}"))
    }

    pub(crate) async fn next_text(&mut self) -> String {
        loop {
            let message = tokio::time::timeout(PATIENCE, self.socket.next()).await;
            match message.expect("a message in time") {
                Some(Ok(Message::Text(text))) => return text.to_string(),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                other => panic!("not a text: {other:?}"),
            }
        }
    }

    /// The code the server closes with; texts before it are skipped.
    pub(crate) async fn close_code(&mut self) -> Option<u16> {
        loop {
            let message = tokio::time::timeout(PATIENCE, self.socket.next()).await;
            match message.expect("an end in time") {
                Some(Ok(Message::Close(frame))) => return frame.map(|frame| frame.code.into()),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return None,
            }
        }
    }

    /// Nothing but this keepalive's answer is on its way.
    pub(crate) async fn assert_quiet(&mut self) {
        self.send(&ClientMessage::Keepalive).await;
        assert_eq!(self.next().await, ServerMessage::Keepalive);
    }

    pub(crate) async fn expect_error(&mut self, expected: ErrorCode, expected_ref: &str) {
        match self.next().await {
            ServerMessage::Error {
                code, reference, ..
            } => {
                assert_eq!((code, reference.as_deref()), (expected, Some(expected_ref)));
            }
            other => panic!("not an error: {other:?}"),
        }
    }

    pub(crate) async fn expect_joined(&mut self) -> Joined {
        match self.next().await {
            ServerMessage::Joined {
                user_num,
                resume_token,
                resumed,
                ..
            } => Joined {
                user_num,
                token: resume_token.expect("a token in every joined"),
                resumed,
            },
            other => panic!("not joined: {other:?}"),
        }
    }

    /// Joins as a plain client does.
    pub(crate) async fn join(&mut self, room: &str, uid: &str) -> Joined {
        self.send(&join(room, uid)).await;
        self.expect_joined().await
    }

    /// Joins with a wish to come back, and perhaps the proof.
    pub(crate) async fn join_resumable(
        &mut self,
        room: &str,
        uid: &str,
        token: Option<&str>,
    ) -> Joined {
        self.send(&join_with_token(room, uid, token)).await;
        self.expect_joined().await
    }
}

pub(crate) fn join(room: &str, uid: &str) -> ClientMessage {
    ClientMessage::Join {
        room_id: room.into(),
        uid: uid.into(),
        name: None,
        resume: false,
        resume_token: None,
        token: None,
    }
}

pub(crate) fn join_with_token(room: &str, uid: &str, token: Option<&str>) -> ClientMessage {
    ClientMessage::Join {
        room_id: room.into(),
        uid: uid.into(),
        name: None,
        resume: true,
        resume_token: token.map(str::to_owned),
        token: None,
    }
}

pub(crate) fn leave(room: &str, uid: &str) -> ClientMessage {
    ClientMessage::Leave {
        room_id: room.into(),
        uid: uid.into(),
    }
}

pub(crate) fn forward(room: &str, from: &str, to: &str, msg: &str) -> Forward {
    Forward {
        room_id: room.into(),
        uid: from.into(),
        remote_uid: to.into(),
        msg: msg.into(),
        session: None,
    }
}

/// Two people in the room "r", introductions read: the first is "a", the second "b".
pub(crate) async fn couple(server: &Server) -> (Client, Client) {
    introduced(Client::connect(server).await, Client::connect(server).await).await
}

/// The same two, of connections that are there.
pub(crate) async fn introduced(mut a: Client, mut b: Client) -> (Client, Client) {
    a.join("r", "a").await;
    b.join("r", "b").await;
    assert!(matches!(b.next().await, ServerMessage::RespJoin { .. }));
    assert!(matches!(a.next().await, ServerMessage::NewPeer { .. }));
    (a, b)
}

/// Waits until the server's books say so.
pub(crate) async fn eventually(what: &str, is_so: impl Fn() -> bool) {
    let polling = async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let waited = tokio::time::timeout(PATIENCE, polling).await;
    assert!(waited.is_ok(), "never came true: {what}");
}
