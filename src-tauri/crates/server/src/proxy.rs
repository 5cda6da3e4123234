//! Servers behind a proxy: whose address a connection counts for.
//!
//! Only proxies that the operator names are believed, and of what they pass on only the part that they
//! wrote themselves: each appends the address it was reached from, so the list is read from its end,
//! through the trusted ones, to the first that is not. Which of the two headers the proxy writes is a
//! setting: it passes the other one on as the client sent it.

use std::net::IpAddr;

use hyper::HeaderMap;
use hyper::header::{FORWARDED, HeaderName};
use ipnet::IpNet;

/// Which proxies are believed, and in which header.
#[derive(Debug, Clone, Default)]
pub struct TrustedProxies {
    /// Their networks; with none, nobody is believed.
    pub networks: Vec<IpNet>,
    /// The header that they write.
    pub header: ForwardedHeader,
}

/// How a proxy says where it was reached from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ForwardedHeader {
    /// `X-Forwarded-For`: what most proxies write.
    #[default]
    XForwardedFor,
    /// `Forwarded` (RFC 7239).
    Forwarded,
}

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

impl TrustedProxies {
    /// Whether this is one of them.
    pub(crate) fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.networks
            .iter()
            .any(|network| network.contains(&address))
    }

    /// The client behind `remote`; `remote` itself if that is no trusted proxy.
    pub(crate) fn client(&self, remote: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = remote.to_canonical();
        let name = match self.header {
            ForwardedHeader::XForwardedFor => X_FORWARDED_FOR,
            ForwardedHeader::Forwarded => FORWARDED,
        };
        let values = headers.get_all(name).iter();
        let entries: Vec<&str> = values
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .collect();
        for entry in entries.into_iter().rev() {
            if !self.contains(client) {
                break;
            }
            let node = match self.header {
                ForwardedHeader::XForwardedFor => Some(entry),
                ForwardedHeader::Forwarded => node_of(entry),
            };
            // Hidden or broken: the proxy that wrote it is the last that is known.
            let Some(address) = node.and_then(address_of) else {
                break;
            };
            client = address;
        }
        client
    }
}

/// The `for` of one element of `Forwarded`.
fn node_of(element: &str) -> Option<&str> {
    let mut pairs = element.split(';').filter_map(|pair| pair.split_once('='));
    let (_, node) = pairs.find(|(name, _)| name.trim().eq_ignore_ascii_case("for"))?;
    Some(node.trim().trim_matches('"'))
}

/// `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:80`.
fn address_of(node: &str) -> Option<IpAddr> {
    let node = node.trim();
    let host = match node.strip_prefix('[') {
        Some(rest) => rest.split_once(']').map(|(host, _)| host)?,
        None => match node.split_once(':') {
            Some((host, port)) if !port.contains(':') => host,
            Some(_) | None => node,
        },
    };
    host.parse()
        .ok()
        .map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::header::HeaderValue;

    fn client(header: ForwardedHeader, remote: &str, values: &[(&'static str, &str)]) -> String {
        let networks = ["10.0.0.0/8", "127.0.0.1/32", "2001:db8:1::/48"];
        let networks = networks.map(|network| network.parse().expect("a network"));
        let proxies = TrustedProxies {
            networks: networks.to_vec(),
            header,
        };
        let mut headers = HeaderMap::new();
        for (name, value) in values {
            headers.append(*name, HeaderValue::from_str(value).expect("a value"));
        }
        let remote = remote.parse().expect("an address");
        proxies.client(remote, &headers).to_string()
    }

    fn by_list(remote: &str, list: &str) -> String {
        let values = [("x-forwarded-for", list)];
        client(ForwardedHeader::XForwardedFor, remote, &values)
    }

    #[test]
    fn strangers_are_not_believed() {
        assert_eq!(by_list("198.51.100.9", "192.0.2.1"), "198.51.100.9");
    }

    #[test]
    fn the_last_address_that_is_no_proxy_counts() {
        assert_eq!(by_list("10.0.0.1", "192.0.2.1"), "192.0.2.1");
        assert_eq!(by_list("::ffff:10.0.0.1", "192.0.2.1"), "192.0.2.1");
        // What the client wrote itself stands before it.
        assert_eq!(by_list("10.0.0.1", "203.0.113.5, 192.0.2.1"), "192.0.2.1");
        assert_eq!(
            by_list("10.0.0.1", "203.0.113.5, 192.0.2.1,10.0.0.7"),
            "192.0.2.1"
        );
        assert_eq!(by_list("10.0.0.1", "10.0.0.9, 10.0.0.7"), "10.0.0.9");
        let twice = [
            ("x-forwarded-for", "203.0.113.5"),
            ("x-forwarded-for", "192.0.2.1"),
        ];
        let found = client(ForwardedHeader::XForwardedFor, "10.0.0.1", &twice);
        assert_eq!(found, "192.0.2.1");
    }

    #[test]
    fn what_is_broken_ends_the_list() {
        for list in [
            "",
            "unknown",
            "192.0.2.1, x",
            "192.0.2.1, ",
            "192.0.2.300",
            "[2001:db8::1",
        ] {
            assert_eq!(by_list("10.0.0.1", list), "10.0.0.1", "{list}");
        }
    }

    #[test]
    fn all_spellings_are_read() {
        for (list, expected) in [
            ("192.0.2.1:4711", "192.0.2.1"),
            ("2001:db8::1", "2001:db8::1"),
            ("[2001:db8::1]:4711", "2001:db8::1"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
        ] {
            assert_eq!(by_list("10.0.0.1", list), expected);
        }
    }

    #[test]
    fn the_standard_header_is_read_if_it_is_the_one_and_not_else() {
        let standard = |value| {
            let values = [("forwarded", value), ("x-forwarded-for", "203.0.113.5")];
            client(ForwardedHeader::Forwarded, "10.0.0.1", &values)
        };
        assert_eq!(standard("for=192.0.2.1"), "192.0.2.1");
        assert_eq!(
            standard("proto=https;For=\"[2001:db8::1]:47\";by=x"),
            "2001:db8::1"
        );
        assert_eq!(standard("for=203.0.113.9, for=192.0.2.1"), "192.0.2.1");
        assert_eq!(standard("for=_hidden"), "10.0.0.1");
        assert_eq!(standard("proto=https"), "10.0.0.1");
        let other = [
            ("forwarded", "for=203.0.113.5"),
            ("x-forwarded-for", "192.0.2.1"),
        ];
        let found = client(ForwardedHeader::XForwardedFor, "10.0.0.1", &other);
        assert_eq!(found, "192.0.2.1");
    }
}
