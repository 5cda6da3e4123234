//! STUN and TURN servers in the library's form, with their names resolved.
//!
//! The library resolves names inside its driver loop, where a slow resolver stops everything; and
//! it speaks UDP to servers only, so others are left out here instead of by a log line there.

use std::net::SocketAddr;
use std::time::Duration;

use duet_protocol::IceServer;
use rtc::peer_connection::transport::RTCIceServer;

const RESOLVE_TIMEOUT: Duration = Duration::from_millis(1_500);
const MAX_SERVERS: usize = 8;
const MAX_URLS: usize = 8;

/// The servers that can be used, at most [`MAX_SERVERS`] with [`MAX_URLS`] each.
pub(super) async fn usable(servers: &[IceServer]) -> Vec<RTCIceServer> {
    let all = async {
        let mut usable = Vec::new();
        for server in servers.iter().take(MAX_SERVERS) {
            let mut urls = Vec::new();
            for url in server.urls.iter().take(MAX_URLS) {
                urls.extend(resolve(url).await);
            }
            if !urls.is_empty() {
                usable.push(RTCIceServer {
                    urls,
                    username: server.username.clone().unwrap_or_default(),
                    credential: server.credential.clone().unwrap_or_default(),
                });
            }
        }
        usable
    };
    match tokio::time::timeout(RESOLVE_TIMEOUT, all).await {
        Ok(usable) => usable,
        Err(_) => {
            tracing::warn!("STUN and TURN servers could not be resolved in time");
            Vec::new()
        }
    }
}

/// `scheme:host:port` split, the default port filled in (RFC 7064, RFC 7065).
fn parse(url: &str) -> Option<(&str, &str, u16)> {
    let (scheme, rest) = url.split_once(':')?;
    let (authority, query) = rest.split_once('?').unwrap_or((rest, ""));
    let udp = query.is_empty() || query.eq_ignore_ascii_case("transport=udp");
    if !udp || !(scheme == "stun" || scheme == "turn") {
        return None;
    }
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !host.ends_with(':') && !port.ends_with(']') => {
            (host, port.parse().ok()?)
        }
        Some(_) | None => (authority, 3_478),
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    (!host.is_empty()).then_some((scheme, host, port))
}

async fn resolve(url: &str) -> Option<String> {
    let (scheme, host, port) = parse(url)?;
    let mut addresses = tokio::net::lookup_host((host, port)).await.ok()?;
    let first = addresses.next()?;
    let address = addresses
        .find(SocketAddr::is_ipv4)
        .filter(|_| !first.is_ipv4());
    Some(format!("{scheme}:{}", address.unwrap_or(first)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_split() {
        assert_eq!(
            parse("stun:stun.example.org"),
            Some(("stun", "stun.example.org", 3_478))
        );
        let turn = "turn:192.0.2.1:5000?transport=udp";
        assert_eq!(parse(turn), Some(("turn", "192.0.2.1", 5_000)));
        assert_eq!(
            parse("turn:[2001:db8::1]:99"),
            Some(("turn", "2001:db8::1", 99))
        );
        assert_eq!(
            parse("turn:[2001:db8::1]"),
            Some(("turn", "2001:db8::1", 3_478))
        );
        for unusable in [
            "turns:h:1",
            "turn:h:1?transport=tcp",
            "http://h",
            "stun:",
            "stun:h:x",
        ] {
            assert_eq!(parse(unusable), None, "{unusable}");
        }
    }
}
