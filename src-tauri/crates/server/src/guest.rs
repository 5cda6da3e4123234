//! The page for guests: a browser joins a room without Duet.
//!
//! `/r/ROOM` is the same document for every room, `/` lets one type a room, and `/guest/VERSION/…` are what the
//! document loads. The document is never stored; what it loads never changes under its name, for the version is a
//! hash of all of it. Nothing that a client sends comes back in a body: the page reads its own address, and the one
//! header that depends on a request (the CSP's `connect-src`) holds a host that was parsed and written anew.
//!
//! The page's files are those of `ui/`, put into the program, so that neither a build step nor a folder beside the
//! program is needed. Paths under the version are as in that folder, so that the modules find each other.

mod assets;
mod headers;

use std::net::IpAddr;
use std::sync::LazyLock;
use std::time::Instant;

use bytes::Bytes;
use duet_protocol::RoomId;
use http_body_util::Full;
use hyper::header::HeaderValue;
use hyper::header::{ALLOW, CACHE_CONTROL, HOST, RETRY_AFTER};
use hyper::{HeaderMap, Method, Request, Response, StatusCode};
use parking_lot::Mutex;
use percent_encoding::percent_decode_str;

use crate::address::AddressKey;
use crate::budget::AddressBudget;
use crate::config::ServerConfig;
use crate::origin;
use assets::{Assets, Page};

/// Answers for documents and assets to one address in a minute. A visit takes thirty of them once; a household or an
/// office may be one address.
const ANSWERS_PER_MINUTE: u32 = 1200;

static ASSETS: LazyLock<Assets> = LazyLock::new(Assets::load);

/// What the guest page remembers: how much each address has asked for lately.
#[derive(Debug)]
pub(crate) struct GuestPage {
    budget: Mutex<AddressBudget>,
}

impl GuestPage {
    pub(crate) fn new() -> Self {
        Self {
            budget: Mutex::new(AddressBudget::new(ANSWERS_PER_MINUTE)),
        }
    }

    /// The answer, if the path is one of the guest page's. `near_ip` is where loopback is told from the
    /// network, as for WebSockets.
    pub(crate) fn answer<B>(
        &self,
        request: &Request<B>,
        config: &ServerConfig,
        address: AddressKey,
        near_ip: IpAddr,
    ) -> Option<Response<Full<Bytes>>> {
        let path = request.uri().path();
        let is_ours = path == "/" || path.starts_with("/r/") || path.starts_with("/guest/");
        if !config.guest_page || !is_ours {
            return None;
        }
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            let mut refusal = plain(StatusCode::METHOD_NOT_ALLOWED, "GET only\n");
            let allowed = HeaderValue::from_static("GET, HEAD");
            refusal.headers_mut().insert(ALLOW, allowed);
            return Some(refusal);
        }
        if !self.is_within_budget(address) {
            let mut refusal = plain(StatusCode::TOO_MANY_REQUESTS, "too many requests\n");
            let wait = HeaderValue::from_static("60");
            refusal.headers_mut().insert(RETRY_AFTER, wait);
            return Some(refusal);
        }
        Some(match path.strip_prefix("/guest/") {
            Some(name) => asset(name),
            None => document(path, request.headers(), config, near_ip),
        })
    }

    fn is_within_budget(&self, address: AddressKey) -> bool {
        let now = Instant::now();
        let mut budget = self.budget.lock();
        budget.forget_old(now);
        let has_left = budget.has_left(now, address);
        if has_left {
            budget.note(now, address);
        }
        has_left
    }
}

fn asset(name: &str) -> Response<Full<Bytes>> {
    match ASSETS.find(name) {
        Some(found) => {
            let mut response = Response::new(Full::new(found.body.clone()));
            headers::for_asset(response.headers_mut(), found.kind);
            response
        }
        None => plain(StatusCode::NOT_FOUND, "nothing here\n"),
    }
}

fn document(
    path: &str,
    asked: &HeaderMap,
    config: &ServerConfig,
    near_ip: IpAddr,
) -> Response<Full<Bytes>> {
    let host = asked.get(HOST).and_then(|host| host.to_str().ok());
    let (status, page) = match page_of(path) {
        Some(_) if !is_admitted(host, config, near_ip) => {
            (StatusCode::FORBIDDEN, Page::NotAdmitted)
        }
        Some(page) => (StatusCode::OK, page),
        None => (StatusCode::NOT_FOUND, Page::NoRoom),
    };
    let mut response = Response::new(Full::new(ASSETS.document(page)));
    *response.status_mut() = status;
    headers::for_document(response.headers_mut(), host);
    response
}

/// Which page a path means; none if no room can have that name.
fn page_of(path: &str) -> Option<Page> {
    if path == "/" {
        return Some(Page::Home);
    }
    let segment = path.strip_prefix("/r/")?;
    if segment.contains('/') {
        return None;
    }
    let room = percent_decode_str(segment).decode_utf8().ok()?;
    RoomId::parse(&room).ok().map(|_| Page::Room)
}

/// Whether the page's own WebSocket will be admitted. If not, it is better to say so than to send a page that finds the
/// server silent.
fn is_admitted(host: Option<&str>, config: &ServerConfig, near_ip: IpAddr) -> bool {
    let Some(name) = host else {
        return false;
    };
    ["http", "https"].iter().any(|scheme| {
        let origin = format!("{scheme}://{name}").to_ascii_lowercase();
        origin::is_admitted(&origin, host, near_ip, &config.allowed_origins)
    })
}

fn plain(status: StatusCode, body: &'static str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from_static(body.as_bytes())));
    *response.status_mut() = status;
    headers::for_text(response.headers_mut());
    let no_store = HeaderValue::from_static("no-store");
    response.headers_mut().insert(CACHE_CONTROL, no_store);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lead_to_rooms_by_the_rules_of_the_protocol() {
        for path in [
            "/r/amber-fox",
            "/r/%E6%88%BF",
            "/r/a%2Fb",
            "/r/%20x%20",
            "/r/<b>",
        ] {
            assert_eq!(page_of(path), Some(Page::Room), "{path}");
        }
        let long = format!("/r/{}", "x".repeat(65));
        for path in [
            "/r/",
            "/r/a/b",
            "/r/%00",
            "/r/%FF",
            "/r/%20",
            "/r/%E2%80%AEx",
            &long,
        ] {
            assert_eq!(page_of(path), None, "{path}");
        }
        assert_eq!(page_of("/"), Some(Page::Home));
    }
}
