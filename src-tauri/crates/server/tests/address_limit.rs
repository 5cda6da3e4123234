//! One address holds so many connections and no more.

use duet_server::ServerConfig;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Error;

use crate::client::{Client, eventually, server, server_with};

#[tokio::test]
async fn the_one_too_many_is_told_so_and_the_others_live() {
    let config = ServerConfig {
        max_connections_per_address: Some(2),
        ..ServerConfig::loopback()
    };
    let server = server_with(config).await;
    let mut a = Client::connect(&server).await;
    let b = Client::connect(&server).await;
    match connect_async(server.url()).await {
        Err(Error::Http(response)) => assert_eq!(response.status().as_u16(), 429),
        other => panic!("not refused: {other:?}"),
    }
    a.assert_quiet().await;
    drop(b);
    // The count comes back with the end of the socket, a moment later.
    eventually("one connection is left", || server.stats().connections == 1).await;
    let again = async {
        while connect_async(server.url()).await.is_err() {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    let admitted = tokio::time::timeout(std::time::Duration::from_secs(10), again).await;
    assert!(admitted.is_ok(), "the place never became free");
}

#[tokio::test]
async fn fifty_by_default() {
    let server = server().await;
    let mut clients = Vec::new();
    for _ in 0..50 {
        clients.push(Client::connect(&server).await);
    }
    assert!(matches!(
        connect_async(server.url()).await,
        Err(Error::Http(_))
    ));
    clients[49].assert_quiet().await;
}
