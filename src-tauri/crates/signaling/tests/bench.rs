//! A client under test, and waiting for what it reports.

use std::time::Duration;

use duet_protocol::{ClientMessage, ServerMessage};
use duet_server::{Server, ServerConfig};
use duet_signaling::{SignalingClient, SignalingConfig, SignalingEvent, SignalingHandle};
use tokio::sync::mpsc;

/// No step of these tests takes this long on any machine.
const GENEROUS: Duration = Duration::from_secs(30);

pub(crate) const ROOM: &str = "two-chairs";

pub(crate) struct Client {
    pub(crate) handle: SignalingHandle,
    pub(crate) events: mpsc::Receiver<SignalingEvent>,
}

impl Client {
    pub(crate) fn start(url: &str) -> Self {
        Self::with(SignalingConfig {
            url: url.to_owned(),
            ..SignalingConfig::default()
        })
    }

    pub(crate) fn with(config: SignalingConfig) -> Self {
        let (handle, events) = SignalingClient::spawn(config);
        Self { handle, events }
    }

    pub(crate) fn join(&self, uid: &str) {
        self.handle.send(join(uid));
    }

    /// The next event.
    pub(crate) async fn next(&mut self) -> SignalingEvent {
        let next = tokio::time::timeout(GENEROUS, self.events.recv()).await;
        next.expect("an event in time").expect("the client runs")
    }

    /// The first event that is wanted; those before are dropped.
    pub(crate) async fn until<T>(&mut self, wanted: impl Fn(&SignalingEvent) -> Option<T>) -> T {
        let search = async {
            loop {
                let event = self.next().await;
                if let Some(found) = wanted(&event) {
                    return found;
                }
            }
        };
        let found = tokio::time::timeout(GENEROUS, search).await;
        found.expect("the wanted event in time")
    }

    pub(crate) async fn message<T>(&mut self, wanted: impl Fn(&ServerMessage) -> Option<T>) -> T {
        self.until(|event| match event {
            SignalingEvent::Message(message) => wanted(message),
            SignalingEvent::Connecting
            | SignalingEvent::Opened
            | SignalingEvent::Lost { .. }
            | SignalingEvent::Failed(_) => None,
        })
        .await
    }

    pub(crate) async fn opened(&mut self) {
        self.until(|event| matches!(event, SignalingEvent::Opened).then_some(()))
            .await;
    }

    /// The `resumed` of the next `joined`.
    pub(crate) async fn joined(&mut self) -> bool {
        self.message(|message| match message {
            ServerMessage::Joined { resumed, .. } => Some(*resumed),
            _ => None,
        })
        .await
    }

    /// The next problem, passing or not.
    pub(crate) async fn problem(&mut self) -> duet_signaling::SignalingError {
        self.until(|event| match event {
            SignalingEvent::Lost { error, .. } | SignalingEvent::Failed(error) => {
                Some(error.clone())
            }
            SignalingEvent::Connecting | SignalingEvent::Opened | SignalingEvent::Message(_) => {
                None
            }
        })
        .await
    }

    /// The next failure that the client does not get over by itself.
    pub(crate) async fn failure(&mut self) -> duet_signaling::SignalingError {
        self.until(|event| match event {
            SignalingEvent::Failed(error) => Some(error.clone()),
            SignalingEvent::Lost { .. }
            | SignalingEvent::Connecting
            | SignalingEvent::Opened
            | SignalingEvent::Message(_) => None,
        })
        .await
    }
}

pub(crate) fn join(uid: &str) -> ClientMessage {
    ClientMessage::Join {
        room_id: ROOM.to_owned(),
        uid: uid.to_owned(),
        name: None,
        resume: false,
        resume_token: None,
        token: None,
    }
}

pub(crate) async fn server() -> Server {
    Server::bind(ServerConfig::loopback())
        .await
        .expect("a free port")
}

/// A server where another one was: the port may be busy for a moment.
pub(crate) async fn server_at(address: std::net::SocketAddr) -> Server {
    for _ in 0..100 {
        if let Ok(server) = Server::bind(ServerConfig::new(vec![address])).await {
            return server;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the port does not get free");
}
