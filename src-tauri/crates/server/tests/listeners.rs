//! Several addresses, and one more at run time.

use std::net::SocketAddr;

use duet_server::{Server, ServerConfig, ServerError};
use tokio_tungstenite::connect_async;

use crate::client::{Client, server};

#[tokio::test]
async fn all_listeners_lead_to_the_same_rooms() {
    let loopback: SocketAddr = ([127, 0, 0, 1], 0).into();
    let server = Server::bind(ServerConfig::new(vec![loopback, loopback]))
        .await
        .expect("free ports");
    let addresses = server.local_addrs();
    assert_eq!(addresses.len(), 2);
    assert_ne!(addresses[0], addresses[1]);
    let mut a = Client::connect(&server).await;
    a.join("r", "a").await;
    let (socket, _) = connect_async(format!("ws://{}/ws", addresses[1]))
        .await
        .expect("listens");
    let mut b = Client { socket };
    assert_eq!(b.join("r", "b").await.user_num, 2);
}

#[tokio::test]
async fn a_door_opened_later_can_be_closed_again() {
    let server = server().await;
    let door = server
        .listen_also(([127, 0, 0, 2], 0).into())
        .await
        .expect("a free port");
    let url = format!("ws://{door}/ws");
    let (socket, _) = connect_async(&url).await.expect("listens");
    let mut guest = Client { socket };
    guest.join("r", "guest").await;
    assert!(server.stop_listening(door).await);
    assert!(connect_async(&url).await.is_err());
    // Who is in stays in, and the first door stays open.
    guest.assert_quiet().await;
    let mut host = Client::connect(&server).await;
    assert_eq!(host.join("r", "host").await.user_num, 2);
    assert!(!server.stop_listening(door).await);
    // The address is free again at once.
    assert_eq!(server.listen_also(door).await.expect("free"), door);
}

#[tokio::test]
async fn an_address_in_use_is_an_error() {
    let server = server().await;
    let taken = server.local_addrs()[0];
    let second = Server::bind(ServerConfig::new(vec![taken])).await;
    assert!(matches!(second, Err(ServerError::Listen { address, .. }) if address == taken));
}
