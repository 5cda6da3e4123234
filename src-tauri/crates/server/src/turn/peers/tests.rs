//! Every range of the registries in every form, and the neighbours of the ranges.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::ranges::{PRIVATE_V4, PRIVATE_V6, SPECIAL_V4, SPECIAL_V6};
use super::{PeerFilter, PeerPolicy};

const PUBLIC: PeerPolicy = PeerPolicy {
    allow_private: false,
    allow_same_host: false,
};
const PRIVATE_TOO: PeerPolicy = PeerPolicy {
    allow_private: true,
    allow_same_host: false,
};

fn is_admitted(policy: PeerPolicy, ip: IpAddr) -> bool {
    PeerFilter::new(policy, Vec::new()).admits(SocketAddr::new(ip, 5_000))
}

/// First, last and some addresses between.
fn samples_v4((first, length): (Ipv4Addr, u32)) -> Vec<Ipv4Addr> {
    let (first, host_bits) = (u32::from(first), 32 - length);
    let last = first | ((1_u64 << host_bits) - 1) as u32;
    let inside = (0..32).map(|step| first + (last - first) / 32 * step);
    inside.chain([last]).map(Ipv4Addr::from).collect()
}

fn samples_v6((first, length): (Ipv6Addr, u32)) -> Vec<Ipv6Addr> {
    let first = u128::from(first);
    let last = first | (u128::MAX >> length);
    let inside = (0..32).map(|step| first + (last - first) / 32 * step);
    inside.chain([last]).map(Ipv6Addr::from).collect()
}

/// The address as it is, and in every form in which IPv6 carries it.
fn forms(v4: Ipv4Addr) -> Vec<IpAddr> {
    let [a, b, c, d] = v4.octets().map(u16::from);
    let (high, low) = (a << 8 | b, c << 8 | d);
    let forms = [
        v4.to_ipv6_mapped(),
        Ipv6Addr::new(0, 0, 0, 0, 0, 0, high, low), // compatible
        Ipv6Addr::new(0, 0, 0, 0, 0xffff, 0, high, low), // translated
        Ipv6Addr::new(0x2002, high, low, 0, 0, 0, 0, 1), // 6to4
        Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, high, low), // NAT64
        Ipv6Addr::new(0x64, 0xff9b, 1, 0, 0, 0, high, low), // NAT64, local
        Ipv6Addr::new(0x2001, 0, high, low, 0, 0, !high, !low), // Teredo: server and client
        Ipv6Addr::new(0x2001, 0, 0x808, 0x808, 0, 0xffff, !high, !low), // Teredo: client
    ];
    let mut all = vec![IpAddr::V4(v4)];
    all.extend(forms.map(IpAddr::V6));
    all
}

#[test]
fn no_special_address_is_reached_in_any_form() {
    let mut probes = 0;
    for range in SPECIAL_V4.iter().chain(PRIVATE_V4) {
        for ip in samples_v4(*range).into_iter().flat_map(forms) {
            assert!(!is_admitted(PUBLIC, ip), "{ip} of {range:?}");
            probes += 1;
        }
    }
    for range in SPECIAL_V6.iter().chain(PRIVATE_V6) {
        for ip in samples_v6(*range) {
            assert!(!is_admitted(PUBLIC, IpAddr::V6(ip)), "{ip} of {range:?}");
            probes += 1;
        }
    }
    assert!(probes >= 2_000, "only {probes} probes");
}

#[test]
fn the_public_internet_is_reached() {
    for text in [
        "1.1.1.1",
        "8.8.8.8",
        "9.255.255.255",
        "11.0.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "126.255.255.255",
        "128.0.0.0",
        "169.253.255.255",
        "169.255.0.0",
        "172.15.255.255",
        "172.32.0.0",
        "192.0.1.0",
        "192.0.3.0",
        "192.167.255.255",
        "192.169.0.0",
        "198.17.255.255",
        "198.20.0.0",
        "203.0.112.255",
        "203.0.114.0",
        "223.255.255.255",
        "2606:4700:4700::1111",
        "2001:4860:4860::8888",
        "2a00:1450:4001:80b::200e",
        "2001:200::1",
        "2001:db7:ffff::1",
        "2003::1",
        "3ffe::1",
    ] {
        let ip = text.parse().expect("an address");
        assert!(is_admitted(PUBLIC, ip), "{text}");
    }
}

#[test]
fn opening_private_networks_opens_nothing_else() {
    for ip in PRIVATE_V4.iter().flat_map(|range| samples_v4(*range)) {
        let [plain, disguised @ ..] = &forms(ip)[..] else {
            panic!("no forms");
        };
        assert!(is_admitted(PRIVATE_TOO, *plain), "{plain}");
        for form in disguised {
            assert!(!is_admitted(PRIVATE_TOO, *form), "{form}");
        }
    }
    for ip in PRIVATE_V6.iter().flat_map(|range| samples_v6(*range)) {
        assert!(is_admitted(PRIVATE_TOO, IpAddr::V6(ip)), "{ip}");
    }
    for ip in SPECIAL_V4.iter().flat_map(|range| samples_v4(*range)) {
        assert!(!is_admitted(PRIVATE_TOO, IpAddr::V4(ip)), "{ip}");
    }
    for ip in SPECIAL_V6.iter().flat_map(|range| samples_v6(*range)) {
        assert!(!is_admitted(PRIVATE_TOO, IpAddr::V6(ip)), "{ip}");
    }
}

#[test]
fn the_servers_own_addresses_are_refused_public_private_or_disguised() {
    let own = vec![
        "10.0.0.5".parse().expect("an address"),
        "8.8.4.4".parse().expect("an address"),
        "2606:4700::1".parse().expect("an address"),
    ];
    let filter = PeerFilter::new(PRIVATE_TOO, own);
    for text in [
        "10.0.0.5",
        "8.8.4.4",
        "2606:4700::1",
        "64:ff9b::8.8.4.4",
        "64:ff9b::10.0.0.5",
    ] {
        let ip = text.parse().expect("an address");
        assert!(!filter.admits(SocketAddr::new(ip, 6_379)), "{text}");
    }
    let neighbour = "10.0.0.6:5000".parse().expect("an address");
    assert!(filter.admits(neighbour));
}

#[test]
fn denied_networks_are_refused_whatever_else_is_open() {
    let policy = PeerPolicy {
        allow_private: true,
        allow_same_host: true,
    };
    let networks = [
        "8.8.4.0/24",
        "10.1.0.0/16",
        "2606:4700::/32",
        "127.0.0.2/32",
    ];
    let mut filter = PeerFilter::new(policy, Vec::new());
    let admits = |filter: &PeerFilter, text: &str| {
        let ip = text.parse().expect("an address");
        filter.admits(SocketAddr::new(ip, 6_379))
    };
    let inside = [
        "8.8.4.0",
        "8.8.4.255",
        "10.1.255.255",
        "2606:4700:ffff::1",
        "127.0.0.2",
    ];
    for text in inside {
        assert!(admits(&filter, text), "{text}");
    }
    let networks = networks.map(|text| text.parse().expect("a network"));
    filter.set_denied(networks.to_vec());
    for text in inside {
        assert!(!admits(&filter, text), "{text}");
    }
    for text in [
        "8.8.3.255",
        "8.8.5.0",
        "10.2.0.0",
        "2606:4701::1",
        "127.0.0.1",
    ] {
        assert!(admits(&filter, text), "{text}");
    }
}

#[test]
fn port_zero_is_nobody() {
    let filter = PeerFilter::new(PUBLIC, Vec::new());
    assert!(!filter.admits("8.8.8.8:0".parse().expect("an address")));
}

#[test]
fn the_same_host_is_for_tests_and_still_no_multicast() {
    let policy = PeerPolicy {
        allow_private: false,
        allow_same_host: true,
    };
    for text in ["127.0.0.1", "::1"] {
        assert!(
            is_admitted(policy, text.parse().expect("an address")),
            "{text}"
        );
    }
    for text in [
        "0.0.0.0",
        "::",
        "224.0.0.1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "10.0.0.1",
        "169.254.169.254",
    ] {
        assert!(
            !is_admitted(policy, text.parse().expect("an address")),
            "{text}"
        );
    }
}
