//! The special-purpose address registries of IANA (RFC 6890 and its updates), and the forms in which
//! an IPv6 address carries an IPv4 one.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Why an address is not just anybody's on the internet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// A private network; an operator may open it.
    Private,
    /// Anything else; it stays closed.
    Special,
}

/// First address, length of the prefix.
pub(super) const SPECIAL_V4: &[(Ipv4Addr, u32)] = &[
    (Ipv4Addr::new(0, 0, 0, 0), 8),       // this network
    (Ipv4Addr::new(127, 0, 0, 0), 8),     // loopback
    (Ipv4Addr::new(169, 254, 0, 0), 16),  // link-local, metadata of clouds
    (Ipv4Addr::new(192, 0, 0, 0), 24),    // protocol assignments
    (Ipv4Addr::new(192, 0, 2, 0), 24),    // documentation
    (Ipv4Addr::new(192, 31, 196, 0), 24), // AS112
    (Ipv4Addr::new(192, 52, 193, 0), 24), // AMT
    (Ipv4Addr::new(192, 88, 99, 0), 24),  // 6to4 relays
    (Ipv4Addr::new(192, 175, 48, 0), 24), // AS112
    (Ipv4Addr::new(198, 18, 0, 0), 15),   // benchmarks
    (Ipv4Addr::new(198, 51, 100, 0), 24), // documentation
    (Ipv4Addr::new(203, 0, 113, 0), 24),  // documentation
    (Ipv4Addr::new(224, 0, 0, 0), 4),     // multicast
    (Ipv4Addr::new(240, 0, 0, 0), 4),     // reserved, broadcast
];

pub(super) const PRIVATE_V4: &[(Ipv4Addr, u32)] = &[
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(100, 64, 0, 0), 10), // carriers
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
];

pub(super) const SPECIAL_V6: &[(Ipv6Addr, u32)] = &[
    (Ipv6Addr::UNSPECIFIED, 96), // unspecified, loopback, IPv4-compatible
    (Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, 0, 0), 96), // IPv4-mapped
    (Ipv6Addr::new(0, 0, 0, 0, 0xffff, 0, 0, 0), 96), // IPv4-translated (RFC 2765)
    (Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), 96), // NAT64
    (Ipv6Addr::new(0x64, 0xff9b, 1, 0, 0, 0, 0, 0), 48), // NAT64, local use
    (Ipv6Addr::new(0x100, 0, 0, 0, 0, 0, 0, 0), 64), // discard
    (Ipv6Addr::new(0x100, 0, 0, 1, 0, 0, 0, 0), 64), // dummy
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23), // protocol assignments, Teredo
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32), // documentation
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16), // 6to4
    (Ipv6Addr::new(0x2620, 0x4f, 0x8000, 0, 0, 0, 0, 0), 48), // AS112
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20), // documentation
    (Ipv6Addr::new(0x5f00, 0, 0, 0, 0, 0, 0, 0), 16), // segment routing
    (Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0), 10), // link-local
    (Ipv6Addr::new(0xfec0, 0, 0, 0, 0, 0, 0, 0), 10), // site-local
    (Ipv6Addr::new(0xff00, 0, 0, 0, 0, 0, 0, 0), 8), // multicast
];

pub(super) const PRIVATE_V6: &[(Ipv6Addr, u32)] =
    &[(Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7)];

/// What the registries say. The forms that carry an IPv4 address (mapped, compatible, 6to4, Teredo, NAT64)
/// are special whatever they carry: a peer with an IPv4 address is reached by that address.
pub(super) fn purpose_of(ip: IpAddr) -> Option<Purpose> {
    let (is_special, is_private) = match ip {
        IpAddr::V4(v4) => (
            SPECIAL_V4.iter().any(|range| contains_v4(*range, v4)),
            PRIVATE_V4.iter().any(|range| contains_v4(*range, v4)),
        ),
        IpAddr::V6(v6) => (
            SPECIAL_V6.iter().any(|range| contains_v6(*range, v6)),
            PRIVATE_V6.iter().any(|range| contains_v6(*range, v6)),
        ),
    };
    match (is_special, is_private) {
        (true, _) => Some(Purpose::Special),
        (false, true) => Some(Purpose::Private),
        (false, false) => None,
    }
}

/// Never an address of anybody, not even on the same machine.
pub(super) fn is_malformed(ip: IpAddr) -> bool {
    let is_mapped = matches!(ip, IpAddr::V6(v6) if v6.to_ipv4_mapped().is_some());
    is_mapped || ip.is_unspecified() || ip.is_multicast()
}

fn contains_v4((first, length): (Ipv4Addr, u32), ip: Ipv4Addr) -> bool {
    let differing = u32::from(first) ^ u32::from(ip);
    differing.leading_zeros() >= length
}

fn contains_v6((first, length): (Ipv6Addr, u32), ip: Ipv6Addr) -> bool {
    let differing = u128::from(first) ^ u128::from(ip);
    differing.leading_zeros() >= length
}
