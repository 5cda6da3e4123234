//! The server stops and another one takes its place: everybody comes back as new.

use duet_protocol::ServerMessage;

use crate::bench::{Client, server, server_at};

#[tokio::test]
async fn both_come_back_and_are_introduced_again() {
    let server = server().await;
    let address = server.local_addrs()[0];
    let mut clients = Vec::new();
    for uid in ["ann", "ben"] {
        let mut client = Client::start(&server.url());
        client.join(uid);
        assert!(!client.joined().await);
        clients.push(client);
    }
    server.shutdown().await;
    let server = server_at(address).await;
    for client in &mut clients {
        client.problem().await;
        client.handle.try_now();
        assert!(!client.joined().await, "the new server knows nobody");
    }
    let introduced = |message: &ServerMessage| match message {
        ServerMessage::NewPeer { remote_uid, .. } | ServerMessage::RespJoin { remote_uid, .. } => {
            Some(remote_uid.clone())
        }
        _ => None,
    };
    assert_eq!(clients[0].message(introduced).await, "ben");
    assert_eq!(clients[1].message(introduced).await, "ann");
    assert_eq!(server.stats().members, 2);
}

#[tokio::test]
async fn a_server_that_was_not_there_yet_is_found_when_it_comes() {
    let address = server().await.local_addrs()[0];
    let mut client = Client::start(&format!("ws://{address}/ws"));
    client.join("ann");
    client.problem().await;
    let _server = server_at(address).await;
    client.handle.try_now();
    assert!(!client.joined().await);
}
