//! Behind a proxy: clients are told apart by what a trusted one says, and by nothing else. The example
//! for nginx is started as it is, but for its ports and its certificate.

#[cfg(target_os = "linux")]
mod command_line;
#[cfg(target_os = "linux")]
pub(crate) mod nginx;

use duet_server::{Server, ServerConfig, TrustedProxies};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;

use crate::client::{Client, server_with};

async fn server_trusting(networks: &[&str], connections: usize) -> Server {
    let networks = networks
        .iter()
        .map(|network| network.parse().expect("a network"));
    server_with(ServerConfig {
        trusted_proxies: TrustedProxies {
            networks: networks.collect(),
            ..TrustedProxies::default()
        },
        max_connections_per_address: Some(connections),
        ..ServerConfig::loopback()
    })
    .await
}

/// A WebSocket with these headers, or the status that refuses it.
async fn open(server: &Server, headers: &[(&'static str, &str)]) -> Result<Client, u16> {
    let mut request = server.url().into_client_request().expect("a URL");
    for (name, value) in headers {
        let value = HeaderValue::from_str(value).expect("a value");
        request.headers_mut().insert(*name, value);
    }
    match connect_async(request).await {
        Ok((socket, _)) => Ok(Client { socket }),
        Err(Error::Http(response)) => Err(response.status().as_u16()),
        Err(error) => panic!("{error}"),
    }
}

#[tokio::test]
async fn the_limit_counts_the_clients_behind_a_trusted_proxy() {
    let server = server_trusting(&["127.0.0.1/32"], 1).await;
    let from = |address| [("X-Forwarded-For", address)];
    let first = open(&server, &from("192.0.2.1")).await.expect("the first");
    assert_eq!(open(&server, &from("192.0.2.1")).await.err(), Some(429));
    // What a client writes itself stands before what the proxy writes.
    assert_eq!(
        open(&server, &from("192.0.2.9, 192.0.2.1")).await.err(),
        Some(429)
    );
    let _second = open(&server, &from("192.0.2.2")).await.expect("another");
    drop(first);
    let freed = async {
        while open(&server, &from("192.0.2.1")).await.is_err() {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    let freed = tokio::time::timeout(std::time::Duration::from_secs(10), freed).await;
    assert!(freed.is_ok(), "the place never became free");
}

#[tokio::test]
async fn anybody_else_is_not_believed() {
    let server = server_trusting(&["10.0.0.0/8"], 1).await;
    let _first = open(&server, &[("X-Forwarded-For", "192.0.2.1")])
        .await
        .expect("the first");
    let second = open(&server, &[("X-Forwarded-For", "192.0.2.2")]).await;
    assert_eq!(second.err(), Some(429));
}

#[tokio::test]
async fn a_page_of_the_public_name_is_admitted_through_the_proxy() {
    let server = server_trusting(&["127.0.0.1/32"], 50).await;
    let page = |client, origin, host| {
        [
            ("X-Forwarded-For", client),
            ("Origin", origin),
            ("Host", host),
        ]
    };
    let (good, host) = ("https://calls.example.org", "calls.example.org");
    assert!(open(&server, &page("192.0.2.1", good, host)).await.is_ok());
    let evil = page("192.0.2.1", "https://evil.example", host);
    assert_eq!(open(&server, &evil).await.err(), Some(403));
    // A browser on the machine of the server itself: its name may be one that was bound anew.
    assert_eq!(
        open(&server, &page("127.0.0.1", good, host)).await.err(),
        Some(403)
    );
    // And without a proxy that is trusted nothing of this holds.
    let direct = server_trusting(&[], 50).await;
    assert_eq!(
        open(&direct, &page("192.0.2.1", good, host)).await.err(),
        Some(403)
    );
}

#[tokio::test]
async fn connections_that_come_too_fast_are_not_taken() {
    let server = server_with(ServerConfig {
        connections_per_minute: Some(5),
        max_connections_per_address: None,
        ..ServerConfig::loopback()
    })
    .await;
    let mut taken = Vec::new();
    for _ in 0..5 {
        taken.push(Client::connect(&server).await);
    }
    assert!(connect_async(server.url()).await.is_err());
    for client in &mut taken {
        client.assert_quiet().await;
    }
}
