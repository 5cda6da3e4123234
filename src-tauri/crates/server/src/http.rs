//! The HTTP side of a connection: one request, answered or upgraded.
//!
//! No body is read, and only the guest page's answers leave the connection open for more: whoever wants
//! something else opens another one. (hyper's own switch for that would add `close` to the answer that
//! upgrades, which clients refuse.) Everything up to the upgrade shares one deadline, so that a client that
//! sends its headers byte by byte is cut; asking for pages moves it once.

use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use duet_protocol::limits::MAX_HEADER_BYTES;
use http_body_util::Full;
use hyper::header::{
    CONNECTION, HOST, HeaderName, HeaderValue, ORIGIN, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY,
    SEC_WEBSOCKET_VERSION, UPGRADE,
};
use hyper::upgrade::OnUpgrade;
use hyper::{HeaderMap, Method, Request, Response, StatusCode, Version};
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use url::Host;

use crate::address::AddressKey;
use crate::config::ServerConfig;
use crate::deadline::Deadline;
use crate::guest::{GuestPage, Visit};
use crate::origin;

/// What a request is judged by, besides itself.
#[derive(Debug, Clone)]
pub(crate) struct Door {
    pub(crate) config: Arc<ServerConfig>,
    pub(crate) guest_page: Arc<GuestPage>,
    pub(crate) deadline: Arc<Deadline>,
    pub(crate) address: AddressKey,
    /// The address of ours the connection came to.
    pub(crate) local_ip: IpAddr,
    /// This address holds too many connections already.
    pub(crate) is_over_limit: bool,
}

/// The stream after the upgrade, and what the client sent behind its request.
pub(crate) struct Upgraded {
    pub(crate) stream: TcpStream,
    pub(crate) read_ahead: Bytes,
    /// The host that the client asked for.
    pub(crate) host: Option<Host<String>>,
}

/// An upgrade that was promised to the client.
struct Promised {
    upgrade: OnUpgrade,
    host: Option<Host<String>>,
}

/// Serves the one request; `None` if it was answered and not upgraded.
///
/// # Errors
/// What hyper says about a broken request. The caller sets the deadline.
pub(crate) async fn serve(stream: TcpStream, door: Door) -> hyper::Result<Option<Upgraded>> {
    let pending: Arc<Mutex<Option<Promised>>> = Arc::default();
    let slot = Arc::clone(&pending);
    let service = hyper::service::service_fn(move |request| {
        let response = answer(request, &door, &slot);
        async move { Ok::<_, std::convert::Infallible>(response) }
    });
    hyper::server::conn::http1::Builder::new()
        .max_header_size(MAX_HEADER_BYTES)
        .max_buf_size(MAX_HEADER_BYTES)
        .header_read_timeout(None)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades()
        .await?;
    let Some(Promised { upgrade, host }) = pending.lock().take() else {
        return Ok(None);
    };
    let parts = upgrade.await?.downcast::<TokioIo<TcpStream>>();
    Ok(parts.ok().map(|parts| Upgraded {
        stream: parts.io.into_inner(),
        read_ahead: parts.read_buf,
        host,
    }))
}

fn answer<B>(
    mut request: Request<B>,
    door: &Door,
    slot: &Mutex<Option<Promised>>,
) -> Response<Full<Bytes>> {
    if door.is_over_limit {
        return text(StatusCode::TOO_MANY_REQUESTS, "too many connections\n");
    }
    match (request.uri().path(), request.method()) {
        ("/healthz", &Method::GET | &Method::HEAD) => text(StatusCode::OK, "ok\n"),
        ("/ws", &Method::GET) => match check_upgrade(&request, door) {
            Ok(accept) => {
                let host = asked_host(request.headers());
                let upgrade = hyper::upgrade::on(&mut request);
                *slot.lock() = Some(Promised { upgrade, host });
                switching_protocols(accept)
            }
            Err(refusal) => *refusal,
        },
        ("/ws" | "/healthz", _) => text(StatusCode::METHOD_NOT_ALLOWED, "GET only\n"),
        (_, _) => guest_page(&request, door)
            .unwrap_or_else(|| text(StatusCode::NOT_FOUND, "nothing here\n")),
    }
}

fn guest_page<B>(request: &Request<B>, door: &Door) -> Option<Response<Full<Bytes>>> {
    let visit = Visit {
        address: door.address,
        local_ip: door.local_ip,
    };
    let answer = door.guest_page.answer(request, &door.config, visit)?;
    door.deadline.extend_to(door.config.timing.page_timeout);
    Some(answer)
}

/// The accept key, or the response that refuses.
fn check_upgrade<B>(
    request: &Request<B>,
    door: &Door,
) -> Result<HeaderValue, Box<Response<Full<Bytes>>>> {
    let headers = request.headers();
    let wants_websocket = request.version() == Version::HTTP_11
        && has_token(headers, CONNECTION, "upgrade")
        && has_token(headers, UPGRADE, "websocket")
        && headers
            .get(SEC_WEBSOCKET_VERSION)
            .is_some_and(|version| version == "13");
    if !wants_websocket {
        let mut refusal = text(StatusCode::UPGRADE_REQUIRED, "a WebSocket is spoken here\n");
        let version = HeaderValue::from_static("13");
        refusal.headers_mut().insert(SEC_WEBSOCKET_VERSION, version);
        return Err(Box::new(refusal));
    }
    if !is_origin_admitted(headers, door) {
        let refusal = text(StatusCode::FORBIDDEN, "this origin is not admitted\n");
        return Err(Box::new(refusal));
    }
    let key = headers.get(SEC_WEBSOCKET_KEY).map(HeaderValue::as_bytes);
    key.filter(|key| key.len() == 24)
        .and_then(|key| HeaderValue::from_str(&derive_accept_key(key)).ok())
        .ok_or_else(|| {
            Box::new(text(
                StatusCode::BAD_REQUEST,
                "Sec-WebSocket-Key is wrong\n",
            ))
        })
}

fn is_origin_admitted(headers: &HeaderMap, door: &Door) -> bool {
    let mut origins = headers.get_all(ORIGIN).iter();
    let (first, second) = (origins.next(), origins.next());
    match (first, second) {
        (None, None) => true,
        (Some(origin), None) => {
            let host = headers.get(HOST).and_then(|host| host.to_str().ok());
            let allowed = &door.config.allowed_origins;
            origin
                .to_str()
                .is_ok_and(|origin| origin::is_admitted(origin, host, door.local_ip, allowed))
        }
        (_, Some(_)) => false,
    }
}

fn asked_host(headers: &HeaderMap) -> Option<Host<String>> {
    let host = headers.get(HOST)?.to_str().ok()?;
    origin::header_host(host)
}

fn has_token(headers: &HeaderMap, name: HeaderName, token: &str) -> bool {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|part| part.trim().eq_ignore_ascii_case(token))
}

fn switching_protocols(accept: HeaderValue) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(SEC_WEBSOCKET_ACCEPT, accept);
    response
}

fn text(status: StatusCode, body: &'static str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from_static(body.as_bytes())));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
    response
}
