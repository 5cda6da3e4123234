//! Web pages of other hosts get no WebSocket.

use duet_server::{Server, ServerConfig};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;

use crate::client::{server, server_with};

/// The HTTP status of an upgrade with these headers; 101 when it succeeds.
async fn status(server: &Server, headers: &[(&'static str, &str)]) -> u16 {
    let mut request = server.url().into_client_request().expect("a URL");
    for (name, value) in headers {
        let value = HeaderValue::from_str(value).expect("a header value");
        if *name == "Host" {
            request.headers_mut().insert(*name, value);
        } else {
            request.headers_mut().append(*name, value);
        }
    }
    match connect_async(request).await {
        Ok(_) => 101,
        Err(Error::Http(response)) => response.status().as_u16(),
        Err(error) => panic!("{error}"),
    }
}

#[tokio::test]
async fn fifty_foreign_origins_open_nothing() {
    let server = server().await;
    let hosts = [
        "evil.example",
        "127.0.0.1.evil.example",
        "127.0.0.2",
        "localhost",
        "localhost.evil.example",
        "[::1]",
        "0.0.0.0",
        "10.0.0.1",
        "duet.local",
        "xn--127-0-0-1-9d0b.example",
    ];
    let mut refused = 0;
    for host in hosts {
        for origin in [
            format!("http://{host}"),
            format!("https://{host}"),
            format!("http://{host}:7440"),
            format!("http://127.0.0.1@{host}"),
            format!("http://{host}/127.0.0.1"),
        ] {
            assert_eq!(
                status(&server, &[("Origin", &origin)]).await,
                403,
                "{origin}"
            );
            refused += 1;
        }
    }
    for origin in [
        "null",
        "",
        "file://",
        "*",
        "127.0.0.1",
        "ftp://127.0.0.1",
        "http://127.0.0.1/",
    ] {
        assert_eq!(
            status(&server, &[("Origin", origin)]).await,
            403,
            "{origin}"
        );
        refused += 1;
    }
    let twice = [
        ("Origin", "http://127.0.0.1"),
        ("Origin", "http://evil.example"),
    ];
    assert_eq!(status(&server, &twice).await, 403);
    assert!(refused >= 50);
    assert_eq!(server.stats().connections, 0);
}

#[tokio::test]
async fn a_name_bound_to_the_loopback_by_somebody_else_opens_nothing() {
    let server = server().await;
    let rebound = [
        ("Host", "evil.example:7440"),
        ("Origin", "http://evil.example:7440"),
    ];
    assert_eq!(status(&server, &rebound).await, 403);
}

#[tokio::test]
async fn applications_and_pages_of_the_same_host_are_admitted() {
    let server = server().await;
    assert_eq!(status(&server, &[]).await, 101);
    assert_eq!(
        status(&server, &[("Origin", "http://127.0.0.1:8000")]).await,
        101
    );
}

#[tokio::test]
async fn the_list_of_the_settings_is_admitted() {
    let allowed_origins = vec!["https://calls.example.org".to_owned(), "null".to_owned()];
    let server = server_with(ServerConfig {
        allowed_origins,
        ..ServerConfig::loopback()
    })
    .await;
    for origin in ["https://calls.example.org", "null"] {
        assert_eq!(
            status(&server, &[("Origin", origin)]).await,
            101,
            "{origin}"
        );
    }
    assert_eq!(
        status(&server, &[("Origin", "http://calls.example.org")]).await,
        403
    );
}
