//! Which web pages may connect (RFC 6455 section 4.2.2, ASVS 4.4.2). Applications send no Origin
//! and are admitted; a browser always sends one.
//!
//! A page of the same host is admitted, whatever its port: the page and the server are run by the
//! same people. That rule trusts the `Host` header, which a page can choose by rebinding a DNS name
//! of its own to 127.0.0.1; so a connection that came in over a loopback address is held to loopback
//! names. A public server behind a proxy on the same machine names its origin in the settings.

use std::net::IpAddr;

use url::{Host, Url};

/// Whether a page of `origin` may open a WebSocket.
///
/// `host_header` is what the browser thinks it talks to, `local_ip` where the connection arrived.
pub(crate) fn is_admitted(
    origin: &str,
    host_header: Option<&str>,
    local_ip: IpAddr,
    allowed: &[String],
) -> bool {
    if allowed.iter().any(|entry| is_same_origin(entry, origin)) {
        return true;
    }
    let (Some(page), Some(server)) = (page_host(origin), host_header.and_then(header_host)) else {
        return false;
    };
    page == server && (!local_ip.to_canonical().is_loopback() || is_loopback_name(&server))
}

/// Compares as browsers write origins: without path, without default port, lower case.
fn is_same_origin(allowed: &str, origin: &str) -> bool {
    match (Url::parse(allowed), Url::parse(origin)) {
        (Ok(allowed), Ok(origin)) => {
            allowed.origin().is_tuple() && allowed.origin() == origin.origin()
        }
        // `null`, which local files and sandboxed frames send.
        _ => allowed == origin,
    }
}

/// Whether a browser could send this as an origin: of a page of the web, or `null`.
#[must_use]
pub fn is_origin(text: &str) -> bool {
    let url = Url::parse(text);
    let is_web = |url: Url| matches!(url.scheme(), "http" | "https") && url.path() == "/";
    text == "null" || url.is_ok_and(is_web)
}

/// The host of an origin as a browser would send it; nothing else is taken for one.
fn page_host(origin: &str) -> Option<Host<String>> {
    let url = Url::parse(origin).ok()?;
    let is_web = matches!(url.scheme(), "http" | "https");
    let serialised = url.origin().ascii_serialization();
    (is_web && serialised == origin).then(|| url.host().map(|host| host.to_owned()))?
}

/// The host in a `Host` header; none if there is more in it than a host and a port.
#[must_use]
pub fn header_host(header: &str) -> Option<Host<String>> {
    let url = Url::parse(&format!("http://{header}/")).ok()?;
    let is_bare = url.path() == "/" && url.username().is_empty() && url.query().is_none();
    is_bare.then(|| url.host().map(|host| host.to_owned()))?
}

fn is_loopback_name(host: &Host<String>) -> bool {
    match host {
        Host::Domain(name) => name == "localhost",
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
    const PUBLIC: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7));

    #[test]
    fn pages_of_the_same_host_are_admitted_whatever_their_port() {
        let host = Some("127.0.0.1:7440");
        assert!(is_admitted("http://127.0.0.1:8000", host, LOOPBACK, &[]));
        assert!(is_admitted(
            "https://calls.example.org",
            Some("calls.example.org"),
            PUBLIC,
            &[]
        ));
        assert!(!is_admitted("http://localhost:8000", host, LOOPBACK, &[]));
    }

    #[test]
    fn a_rebound_name_does_not_open_the_loopback() {
        let (origin, host) = ("http://evil.example:7440", Some("evil.example:7440"));
        assert!(!is_admitted(origin, host, LOOPBACK, &[]));
        let mapped = "::ffff:127.0.0.1".parse().expect("an address");
        assert!(!is_admitted(origin, host, mapped, &[]));
    }

    #[test]
    fn foreign_and_malformed_origins_are_refused() {
        for origin in [
            "http://evil.example",
            "https://calls.example.org.evil.example",
            "https://evil.example/calls.example.org",
            "https://calls.example.org@evil.example",
            "https://calls.example.org/path",
            "file://",
            "null",
            "",
            "*",
            "chrome-extension://abcdef",
            "HTTPS://calls.example.org",
            "https://calls.example.org:0443",
        ] {
            let host = Some("calls.example.org");
            assert!(!is_admitted(origin, host, PUBLIC, &[]), "{origin}");
        }
    }

    #[test]
    fn the_list_admits_exactly_what_it_names() {
        let allowed = ["https://app.example.org".to_owned(), "null".to_owned()];
        let host = Some("calls.example.org");
        assert!(is_admitted(
            "https://app.example.org",
            host,
            PUBLIC,
            &allowed
        ));
        assert!(is_admitted("null", host, PUBLIC, &allowed));
        assert!(!is_admitted(
            "http://app.example.org",
            host,
            PUBLIC,
            &allowed
        ));
        assert!(!is_admitted(
            "https://app.example.org:8443",
            host,
            PUBLIC,
            &allowed
        ));
    }
}
