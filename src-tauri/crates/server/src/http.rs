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
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use url::Host;

use crate::address::AddressKey;
use crate::config::ServerConfig;
use crate::deadline::Deadline;
use crate::door::Slot;
use crate::monitor::{self, text};
use crate::origin;
use crate::shared::Shared;
use crate::stream::Stream;

/// What a request is judged by, besides itself.
pub(crate) struct Entry {
    shared: Arc<Shared>,
    deadline: Arc<Deadline>,
    /// Who connected: the client or a proxy.
    remote_ip: IpAddr,
    /// The address of ours the connection came to.
    local_ip: IpAddr,
    /// Counted already, or the connection is a trusted proxy's.
    slot: Mutex<Option<Slot>>,
    is_proxied: bool,
}

/// A request whose client is known and counted.
struct Visit<'a> {
    config: &'a ServerConfig,
    slot: Slot,
    /// Where loopback is told from the network: the end of ours, or, behind a proxy, the client's.
    near_ip: IpAddr,
}

impl Entry {
    /// `slot` is none for a trusted proxy's connection, and for no other.
    pub(crate) fn new(
        shared: Arc<Shared>,
        deadline: Arc<Deadline>,
        remote_ip: IpAddr,
        local_ip: IpAddr,
        slot: Option<Slot>,
    ) -> Self {
        Self {
            shared,
            deadline,
            remote_ip,
            local_ip,
            is_proxied: slot.is_none(),
            slot: Mutex::new(slot),
        }
    }

    /// None if there are too many from the same address.
    fn visit(&self, headers: &HeaderMap) -> Option<Visit<'_>> {
        let (slot, near_ip) = match self.slot.lock().take() {
            Some(slot) => (slot, self.local_ip),
            None => {
                let proxies = &self.shared.config.trusted_proxies;
                let client = proxies.client(self.remote_ip, headers);
                (Slot::take(&self.shared, AddressKey::from(client))?, client)
            }
        };
        (!slot.is_over_limit).then_some(Visit {
            config: &self.shared.config,
            slot,
            near_ip,
        })
    }

    /// Another request may follow on the same connection, which stays counted; behind a proxy each request
    /// is counted by itself.
    fn expect_more(&self, slot: Slot) {
        self.deadline
            .extend_to(self.shared.config.timing.page_timeout);
        if !self.is_proxied {
            *self.slot.lock() = Some(slot);
        }
    }
}

/// The stream after the upgrade, and what the client sent behind its request.
pub(crate) struct Upgraded {
    pub(crate) stream: Stream,
    pub(crate) read_ahead: Bytes,
    /// The host that the client asked for.
    pub(crate) host: Option<Host<String>>,
}

/// An upgrade that was promised to the client.
struct Promised {
    upgrade: OnUpgrade,
    slot: Slot,
    host: Option<Host<String>>,
}

/// Serves the one request; `None` if it was answered and not upgraded.
///
/// # Errors
/// What hyper says about a broken request. The caller sets the deadline.
pub(crate) async fn serve(stream: Stream, entry: Entry) -> hyper::Result<Option<(Upgraded, Slot)>> {
    let pending: Arc<Mutex<Option<Promised>>> = Arc::default();
    let promised = Arc::clone(&pending);
    let service = hyper::service::service_fn(move |request| {
        let response = answer(request, &entry, &promised);
        async move { Ok::<_, std::convert::Infallible>(response) }
    });
    hyper::server::conn::http1::Builder::new()
        .max_header_size(MAX_HEADER_BYTES)
        .max_buf_size(MAX_HEADER_BYTES)
        .header_read_timeout(None)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades()
        .await?;
    let Some(Promised {
        upgrade,
        slot,
        host,
    }) = pending.lock().take()
    else {
        return Ok(None);
    };
    let parts = upgrade.await?.downcast::<TokioIo<Stream>>();
    Ok(parts.ok().map(|parts| {
        let upgraded = Upgraded {
            stream: parts.io.into_inner(),
            read_ahead: parts.read_buf,
            host,
        };
        (upgraded, slot)
    }))
}

fn answer<B>(
    mut request: Request<B>,
    entry: &Entry,
    promised: &Mutex<Option<Promised>>,
) -> Response<Full<Bytes>> {
    let response = judge(&mut request, entry, promised);
    let status = response.status();
    if status.is_client_error() {
        entry.shared.metrics.note_http_refusal(status.as_u16());
    }
    response
}

fn judge<B>(
    request: &mut Request<B>,
    entry: &Entry,
    promised: &Mutex<Option<Promised>>,
) -> Response<Full<Bytes>> {
    let Some(visit) = entry.visit(request.headers()) else {
        return text(StatusCode::TOO_MANY_REQUESTS, "too many connections\n");
    };
    match (request.uri().path(), request.method()) {
        ("/ws", &Method::GET) => match check_upgrade(request, &visit) {
            Ok(accept) => {
                let host = asked_host(request.headers());
                let upgrade = hyper::upgrade::on(request);
                let slot = visit.slot;
                *promised.lock() = Some(Promised {
                    upgrade,
                    slot,
                    host,
                });
                switching_protocols(accept)
            }
            Err(refusal) => *refusal,
        },
        ("/ws" | "/healthz" | "/readyz", method) if !is_reading(method) => {
            text(StatusCode::METHOD_NOT_ALLOWED, "GET only\n")
        }
        ("/ws", _) => text(StatusCode::METHOD_NOT_ALLOWED, "GET only\n"),
        (path, _) => monitor::health(path, entry.shared.is_ready(), entry.shared.is_cut_off())
            .or_else(|| guest_page(request, entry, visit))
            .unwrap_or_else(|| text(StatusCode::NOT_FOUND, "nothing here\n")),
    }
}

fn guest_page<B>(
    request: &Request<B>,
    entry: &Entry,
    visit: Visit<'_>,
) -> Option<Response<Full<Bytes>>> {
    let address = visit.slot.address();
    let page = &entry.shared.guest_page;
    let answer = page.answer(request, visit.config, address, visit.near_ip)?;
    entry.expect_more(visit.slot);
    Some(answer)
}

/// The accept key, or the response that refuses.
fn check_upgrade<B>(
    request: &Request<B>,
    visit: &Visit<'_>,
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
    if !is_origin_admitted(headers, visit) {
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

fn is_origin_admitted(headers: &HeaderMap, visit: &Visit<'_>) -> bool {
    let mut origins = headers.get_all(ORIGIN).iter();
    let (first, second) = (origins.next(), origins.next());
    match (first, second) {
        (None, None) => true,
        (Some(origin), None) => {
            let host = headers.get(HOST).and_then(|host| host.to_str().ok());
            let allowed = &visit.config.allowed_origins;
            origin
                .to_str()
                .is_ok_and(|origin| origin::is_admitted(origin, host, visit.near_ip, allowed))
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

fn is_reading(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
}
