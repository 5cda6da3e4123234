//! A server that does one thing a good one never does.

use futures_util::{SinkExt, StreamExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

pub(crate) type Socket = WebSocketStream<TcpStream>;

pub(crate) struct Listener {
    tcp: TcpListener,
}

impl Listener {
    pub(crate) async fn start() -> Self {
        let tcp = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        Self { tcp }
    }

    pub(crate) fn url(&self) -> String {
        let address = self.tcp.local_addr().expect("it listens");
        format!("ws://{address}/ws")
    }

    pub(crate) async fn accept_tcp(&self) -> TcpStream {
        self.tcp.accept().await.expect("a connection").0
    }

    pub(crate) async fn accept(&self) -> Socket {
        let stream = self.accept_tcp().await;
        tokio_tungstenite::accept_async(stream)
            .await
            .expect("an upgrade")
    }
}

/// The next text frame, as JSON text.
pub(crate) async fn text(socket: &mut Socket) -> String {
    loop {
        match socket.next().await.expect("a frame").expect("a good frame") {
            Message::Text(text) => return text.as_str().to_owned(),
            Message::Close(_) => panic!("closed instead of a text"),
            _ => {}
        }
    }
}

pub(crate) async fn close(mut socket: Socket, code: u16) {
    let frame = CloseFrame {
        code: code.into(),
        reason: "".into(),
    };
    socket
        .send(Message::Close(Some(frame)))
        .await
        .expect("it can be sent");
    while let Some(Ok(_)) = socket.next().await {}
}
