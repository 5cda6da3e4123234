//! One page's connection to the frame socket.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use serde::Deserialize;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::http::StatusCode;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message};

use super::stream::IN_FLIGHT;
use super::{FrameServer, PixelFormat};

/// Where the application's own page comes from: Linux and macOS, then Windows.
const ORIGINS: [&str; 2] = ["tauri://localhost", "http://tauri.localhost"];
const HANDSHAKE: Duration = Duration::from_secs(2);
/// The page sends credits and sizes: nothing longer.
const MAX_MESSAGE: usize = 256;

/// What the page says after its token.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
enum PageMessage {
    /// A picture of this stream was drawn.
    Credit(u8),
    /// The renderer takes pixels so: 0 RGBA, 1 I420.
    Format(u8),
    /// A stream is shown at this size, in device pixels.
    Size { stream: u8, width: u32, height: u32 },
}

/// Takes connections until the runtime ends.
pub(super) async fn accept(listener: TcpListener, server: Arc<FrameServer>) {
    loop {
        match listener.accept().await {
            Ok((socket, peer)) => {
                tokio::spawn(serve_logged(socket, peer, Arc::clone(&server)));
            }
            Err(error) => {
                tracing::warn!(%error, "the frame socket could not accept");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

async fn serve_logged(socket: TcpStream, peer: SocketAddr, server: Arc<FrameServer>) {
    if let Err(error) = serve(socket, &server).await {
        tracing::debug!(%error, %peer, "a frame connection ended");
    }
}

async fn serve(socket: TcpStream, server: &FrameServer) -> Result<(), Error> {
    socket.set_nodelay(true)?;
    let Some(mut page) = open(socket, server).await? else {
        return Ok(());
    };
    let (frames, mut waiting) = mpsc::channel(IN_FLIGHT * 3);
    server.local.attach(frames.clone());
    server.remote.attach(frames.clone());
    server.remote_tile.attach(frames);
    loop {
        tokio::select! {
            message = page.next() => match message {
                Some(Ok(Message::Text(text))) => obey(&text, server),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(Message::Binary(_) | Message::Frame(_) | Message::Close(_))) | None => return Ok(()),
                Some(Err(error)) => return Err(error),
            },
            frame = waiting.recv() => match frame {
                Some(frame) => page.send(Message::binary(frame)).await?,
                // A newer page took over.
                None => return page.close(None).await,
            },
        }
    }
}

/// The handshake and the token, both within two seconds; `None` when the token is not ours.
async fn open(
    socket: TcpStream,
    server: &FrameServer,
) -> Result<Option<WebSocketStream<TcpStream>>, Error> {
    let opening = async {
        let config = WebSocketConfig::default()
            .max_message_size(Some(MAX_MESSAGE))
            .max_frame_size(Some(MAX_MESSAGE))
            .read_buffer_size(1024);
        let mut page =
            tokio_tungstenite::accept_hdr_async_with_config(socket, check_origin, Some(config))
                .await?;
        let token = match page.next().await {
            Some(Ok(Message::Text(token))) => token,
            Some(Ok(_)) | None => return Ok(None),
            Some(Err(error)) => return Err(error),
        };
        let known = server.tokens.redeem(&token, Instant::now());
        Ok(known.then_some(page))
    };
    match tokio::time::timeout(HANDSHAKE, opening).await {
        Ok(result) => result,
        Err(_elapsed) => Ok(None),
    }
}

#[allow(clippy::result_large_err)] // The type is tungstenite's.
fn check_origin(request: &Request, response: Response) -> Result<Response, ErrorResponse> {
    let origin = request
        .headers()
        .get("origin")
        .map(|value| value.as_bytes());
    if ORIGINS.iter().any(|known| origin == Some(known.as_bytes())) {
        return Ok(response);
    }
    let mut refusal = ErrorResponse::new(None);
    *refusal.status_mut() = StatusCode::FORBIDDEN;
    Err(refusal)
}

fn obey(text: &str, server: &FrameServer) {
    match serde_json::from_str(text) {
        Ok(PageMessage::Credit(stream)) => {
            if let Some(stream) = server.stream_by_number(stream) {
                stream.credit();
            }
        }
        Ok(PageMessage::Format(0)) => server.set_format(PixelFormat::Rgba),
        Ok(PageMessage::Format(1)) => server.set_format(PixelFormat::I420),
        Ok(PageMessage::Format(_)) => tracing::debug!("the page wants unknown pixels"),
        Ok(PageMessage::Size {
            stream,
            width,
            height,
        }) => {
            if let Some(stream) = server.stream_by_number(stream) {
                stream.set_shown(width, height);
            }
        }
        Err(error) => tracing::debug!(%error, "the page said something unknown"),
    }
}

#[cfg(test)]
mod tests {
    use duet_media::frame::VideoFrame;
    use tokio_tungstenite::MaybeTlsStream;
    use tokio_tungstenite::connect_async;
    use tokio_tungstenite::tungstenite::client::IntoClientRequest;
    use tokio_tungstenite::tungstenite::http::HeaderValue;

    use super::super::StreamId;
    use super::*;

    type Page = WebSocketStream<MaybeTlsStream<TcpStream>>;

    /// A page of this origin knocks: its socket, or the status with which it is refused.
    async fn knock(server: &FrameServer, origin: Option<&str>) -> Result<Page, StatusCode> {
        let mut request = server.url().into_client_request().expect("a request");
        if let Some(origin) = origin {
            let value = HeaderValue::from_str(origin).expect("a header");
            request.headers_mut().insert("origin", value);
        }
        match connect_async(request).await {
            Ok((page, response)) => {
                assert_eq!(response.status(), StatusCode::SWITCHING_PROTOCOLS);
                Ok(page)
            }
            Err(Error::Http(response)) => Err(response.status()),
            Err(error) => panic!("{origin:?}: {error}"),
        }
    }

    #[tokio::test]
    async fn only_the_applications_own_page_is_let_in() {
        let server = FrameServer::start().await.expect("a socket");
        let own = server.url().replace("ws:", "http:");
        for origin in [
            None,
            Some(""),
            Some("null"),
            Some("*"),
            Some("https://evil.example"),
            Some("http://localhost"),
            Some(own.as_str()),
            Some("tauri://localhost.evil.example"),
            Some("tauri://localhost/"),
            Some("TAURI://LOCALHOST"),
            Some("http://tauri.localhost:80"),
            Some("https://tauri.localhost"),
            Some("http://evil.example, tauri://localhost"),
        ] {
            let answer = knock(&server, origin).await.map(drop);
            assert_eq!(answer, Err(StatusCode::FORBIDDEN), "{origin:?}");
        }
        for origin in ORIGINS {
            assert!(knock(&server, Some(origin)).await.is_ok(), "{origin}");
        }
    }

    #[tokio::test]
    async fn pictures_go_to_a_page_with_a_token_of_ours() {
        let server = FrameServer::start().await.expect("a socket");
        let token = server.issue_token().expect("random bytes");
        for (token, is_ours) in [("0123", false), (&token, true), (&token, false)] {
            let page = knock(&server, Some(ORIGINS[0])).await;
            let mut page = page.expect("the right origin");
            let size = r#"{"size":{"stream":0,"width":16,"height":16}}"#;
            for text in [token, size] {
                // One that is turned away may be gone already.
                let _ = page.send(Message::text(text)).await;
            }
            server.publish(
                StreamId::Local,
                VideoFrame {
                    width: 16,
                    height: 16,
                    data: Arc::from(vec![16; VideoFrame::i420_len(16, 16)]),
                    capture_ts_us: 0,
                },
            );
            let answer = page.next().await;
            let has_picture = matches!(answer, Some(Ok(Message::Binary(_))));
            assert_eq!(has_picture, is_ours, "{answer:?}");
        }
    }
}
