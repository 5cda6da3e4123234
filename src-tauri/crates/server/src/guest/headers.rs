//! What a browser may do with the page: nothing but what it needs.

use hyper::HeaderMap;
use hyper::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, HeaderValue, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use url::{Host, Url};

/// Scripts and styles from this server alone, none of them in the document; no markup from strings; no frame around it and
/// none in it; no form that leaves. `connect-src` follows.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
     media-src 'self' blob: mediastream:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
     require-trusted-types-for 'script'; trusted-types 'none'; connect-src 'self'";
/// Camera, microphone and the speaker's sound; nothing else of what a browser could be asked for.
const PERMISSIONS: &str = "camera=(self), microphone=(self), autoplay=(self), fullscreen=(self), \
     display-capture=(), geolocation=(), midi=(), payment=(), usb=(), serial=(), hid=(), \
     accelerometer=(), gyroscope=(), magnetometer=(), publickey-credentials-get=()";
/// One year; what is under a version never changes.
const FOR_EVER: &str = "public, max-age=31536000, immutable";

pub(super) fn for_document(headers: &mut HeaderMap, host: Option<&str>) {
    let policy = format!("{POLICY}{}", connect_sources(host));
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("text/html; charset=utf-8"),
    );
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // A host that was parsed holds nothing that a header cannot.
    let policy =
        HeaderValue::from_str(&policy).unwrap_or(HeaderValue::from_static("default-src 'none'"));
    headers.insert(CONTENT_SECURITY_POLICY, policy);
    headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    insert(headers, "permissions-policy", PERMISSIONS);
    insert(headers, "cross-origin-opener-policy", "same-origin");
    for_all(headers);
}

pub(super) fn for_asset(headers: &mut HeaderMap, kind: &'static str) {
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(FOR_EVER));
    for_all(headers);
}

pub(super) fn for_text(headers: &mut HeaderMap) {
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("text/plain; charset=utf-8"),
    );
    for_all(headers);
}

fn for_all(headers: &mut HeaderMap) {
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    insert(headers, "cross-origin-resource-policy", "same-origin");
}

fn insert(headers: &mut HeaderMap, name: &'static str, value: &'static str) {
    headers.insert(
        HeaderName::from_static(name),
        HeaderValue::from_static(value),
    );
}

/// Older browsers do not take a WebSocket of the same host for `'self'`, so it is named, with TLS in front of it or
/// not. CSP has no form for IPv6 addresses, and a proxy may leave the port out: there `'self'` has to do.
fn connect_sources(host: Option<&str>) -> String {
    let parsed = host.and_then(|host| Url::parse(&format!("http://{host}/")).ok());
    let Some(url) = parsed else {
        return String::new();
    };
    let port = url
        .port()
        .map(|port| format!(":{port}"))
        .unwrap_or_default();
    match url.host() {
        Some(Host::Domain(name)) if is_plain(name) => {
            format!(" ws://{name}{port} wss://{name}{port}")
        }
        Some(Host::Ipv4(address)) => format!(" ws://{address}{port} wss://{address}{port}"),
        Some(Host::Domain(_) | Host::Ipv6(_)) | None => String::new(),
    }
}

/// The characters of CSP's host-source; `;` and `,` are legal in the host of a URL and would begin something new.
fn is_plain(name: &str) -> bool {
    name.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_connects_to_its_own_host_alone() {
        let cases = [
            (
                "calls.example.org",
                " ws://calls.example.org wss://calls.example.org",
            ),
            (
                "Calls.Example.org:8443",
                " ws://calls.example.org:8443 wss://calls.example.org:8443",
            ),
            (
                "192.0.2.7:7440",
                " ws://192.0.2.7:7440 wss://192.0.2.7:7440",
            ),
            ("[::1]:7440", ""),
            ("a;script-src *", ""),
            ("a;b", ""),
            ("a,b", ""),
            ("a_b", ""),
            ("*", ""),
            ("", ""),
        ];
        for (host, sources) in cases {
            assert_eq!(connect_sources(Some(host)), sources, "{host}");
        }
        assert_eq!(connect_sources(None), "");
    }
}
