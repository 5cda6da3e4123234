//! Coming back into the kept place.

use duet_protocol::ServerMessage;
use duet_server::Server;
use duet_signaling::SignalingConfig;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::bench::{Client, server};

/// Between client and server, and can be cut.
struct Wire {
    url: String,
    cut: watch::Sender<u32>,
}

impl Wire {
    async fn to(server: &Server) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("ws://{}/ws", listener.local_addr().expect("it listens"));
        let target = server.local_addrs()[0];
        let (cut, cuts) = watch::channel(0);
        tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                let mut cuts = cuts.clone();
                cuts.mark_unchanged();
                tokio::spawn(async move {
                    let mut far = TcpStream::connect(target).await.expect("the server");
                    tokio::select! {
                        _ = copy_bidirectional(&mut near, &mut far) => {}
                        _ = cuts.changed() => {}
                    }
                });
            }
        });
        Self { url, cut }
    }

    fn cut(&self) {
        self.cut.send_modify(|count| *count += 1);
    }
}

#[tokio::test]
async fn a_broken_connection_comes_back_into_its_place() {
    let server = server().await;
    let wire = Wire::to(&server).await;
    let mut other = Client::start(&server.url());
    other.join("ben");
    assert!(!other.joined().await);
    let mut client = Client::with(SignalingConfig {
        url: wire.url.clone(),
        ..SignalingConfig::default()
    });
    client.join("ann");
    assert!(!client.joined().await);
    for _ in 0..3 {
        wire.cut();
        assert!(client.joined().await, "its place was kept");
        other
            .message(|message| {
                matches!(message, ServerMessage::PeerBack { remote_uid } if remote_uid == "ann")
                    .then_some(())
            })
            .await;
    }
    assert_eq!(server.stats().members, 2);
}

#[tokio::test]
async fn messages_keep_their_order() {
    let server = server().await;
    let mut other = Client::start(&server.url());
    other.join("ben");
    other.joined().await;
    let mut client = Client::start(&server.url());
    client.join("ann");
    client.joined().await;
    for number in 0..60 {
        client.handle.send(duet_protocol::ClientMessage::Candidate(
            duet_protocol::Forward {
                room_id: crate::bench::ROOM.to_owned(),
                uid: "ann".to_owned(),
                remote_uid: "ben".to_owned(),
                msg: number.to_string(),
                session: None,
            },
        ));
    }
    for number in 0..60 {
        let msg = other
            .message(|message| match message {
                ServerMessage::Candidate(forward) => Some(forward.msg.clone()),
                _ => None,
            })
            .await;
        assert_eq!(msg, number.to_string());
    }
}
