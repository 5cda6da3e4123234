//! The addresses that no relay may reach, written down apart from the server's own list: the
//! special-purpose registries of IANA (iana-ipv4-special-registry and iana-ipv6-special-registry),
//! the multicast ranges, and what older standards kept; each IPv4 address also in every form in which
//! IPv6 can carry one.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Kept closed whatever the operator says.
pub(crate) const CLOSED_V4: [&str; 24] = [
    "0.0.0.0/8",
    "0.0.0.0/32",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "169.254.169.254/32", // metadata of clouds
    "192.0.0.0/24",
    "192.0.0.0/29",
    "192.0.0.8/32",
    "192.0.0.9/32",
    "192.0.0.10/32",
    "192.0.0.170/31",
    "192.0.2.0/24",
    "192.31.196.0/24",
    "192.52.193.0/24",
    "192.88.99.0/24",
    "192.88.99.2/32",
    "192.175.48.0/24",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "233.252.0.0/24",
    "240.0.0.0/4",
    "255.255.255.255/32",
];

/// Private networks, which `--turn-allow-private` opens.
pub(crate) const PRIVATE_V4: [&str; 4] = [
    "10.0.0.0/8",
    "100.64.0.0/10",
    "172.16.0.0/12",
    "192.168.0.0/16",
];

pub(crate) const CLOSED_V6: [&str; 32] = [
    "::1/128",
    "::/128",
    "::/96",
    "::ffff:0:0/96",
    "::ffff:0:0:0/96",
    "64:ff9b::/96",
    "64:ff9b:1::/48",
    "100::/64",
    "100:0:0:1::/64",
    "2001::/23",
    "2001::/32",
    "2001:1::1/128",
    "2001:1::2/128",
    "2001:1::3/128",
    "2001:2::/48",
    "2001:3::/32",
    "2001:4:112::/48",
    "2001:10::/28",
    "2001:20::/28",
    "2001:30::/28",
    "2001:db8::/32",
    "2002::/16",
    "2620:4f:8000::/48",
    "3fff::/20",
    "5f00::/16",
    "fe80::/10",
    "fec0::/10",
    "ff00::/8",
    "ff01::1/128",
    "ff02::1/128",
    "ff02::fb/128",
    "ff0e::/16",
];

pub(crate) const PRIVATE_V6: [&str; 1] = ["fc00::/7"];

/// Everything that a public relay refuses.
pub(crate) fn closed_and_private() -> Vec<IpAddr> {
    let mut found = closed();
    found.extend(in_all_forms(&PRIVATE_V4));
    found.extend(PRIVATE_V6.into_iter().flat_map(samples_v6));
    found
}

/// What a relay refuses that may reach private networks.
pub(crate) fn closed() -> Vec<IpAddr> {
    let mut found = in_all_forms(&CLOSED_V4);
    found.extend(CLOSED_V6.into_iter().flat_map(samples_v6));
    // A private address in disguise is none.
    let private = PRIVATE_V4.into_iter().flat_map(samples_v4);
    found.extend(private.flat_map(disguises));
    found
}

/// An IPv4 address inside an IPv6 one; no form leads anywhere on its own.
pub(crate) fn disguises(v4: Ipv4Addr) -> Vec<IpAddr> {
    let [a, b, c, d] = v4.octets().map(u16::from);
    let (high, low) = (a << 8 | b, c << 8 | d);
    let forms = [
        Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, high, low), // mapped (RFC 4291)
        Ipv6Addr::new(0, 0, 0, 0, 0, 0, high, low),      // compatible (RFC 4291)
        Ipv6Addr::new(0, 0, 0, 0, 0xffff, 0, high, low), // translated (RFC 2765)
        Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, high, low), // NAT64 (RFC 6052)
        // NAT64 of a network's own (RFC 8215), with each length of prefix (RFC 6052 section 2.2).
        Ipv6Addr::new(0x64, 0xff9b, 1, high, c, d << 8, 0, 0),
        Ipv6Addr::new(0x64, 0xff9b, 1, a, b, c << 8 | d, 0, 0),
        Ipv6Addr::new(0x64, 0xff9b, 1, 0, a, b << 8 | c, d << 8, 0),
        Ipv6Addr::new(0x64, 0xff9b, 1, 0, 0, 0, high, low),
        Ipv6Addr::new(0x2002, high, low, 0, 0, 0, 0, 0), // 6to4 (RFC 3056)
        Ipv6Addr::new(0x2002, high, low, 0, 0, 0, 0, 1),
        // Teredo (RFC 4380): as the server, and as the client, whose address is inverted.
        Ipv6Addr::new(0x2001, 0, high, low, 0, 0xffff, 0xf7f7, 0xf7f7),
        Ipv6Addr::new(0x2001, 0, 0x808, 0x808, 0, 0xffff, !high, !low),
        Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0x5efe, high, low), // ISATAP (RFC 5214)
        Ipv6Addr::new(0xfe80, 0, 0, 0, 0x200, 0x5efe, high, low),
    ];
    forms.map(IpAddr::V6).to_vec()
}

fn in_all_forms(ranges: &[&str]) -> Vec<IpAddr> {
    let plain = ranges.iter().flat_map(|range| samples_v4(range));
    plain
        .flat_map(|v4| [vec![IpAddr::V4(v4)], disguises(v4)].concat())
        .collect()
}

/// The first, the next, one in the middle, and the last.
fn samples_v4(range: &str) -> Vec<Ipv4Addr> {
    let (first, length) = range.split_once('/').expect("a range");
    let first = u32::from(first.parse::<Ipv4Addr>().expect("an address"));
    let length: u32 = length.parse().expect("a length");
    let span = u32::MAX.checked_shr(length).unwrap_or(0);
    let mut found = [0, 1.min(span), span / 2, span].map(|step| Ipv4Addr::from(first + step));
    found.sort();
    let mut found = found.to_vec();
    found.dedup();
    found
}

fn samples_v6(range: &str) -> Vec<IpAddr> {
    let (first, length) = range.split_once('/').expect("a range");
    let first = u128::from(first.parse::<Ipv6Addr>().expect("an address"));
    let length: u32 = length.parse().expect("a length");
    let span = u128::MAX.checked_shr(length).unwrap_or(0);
    let steps = [0, 1.min(span), span / 3, span / 2, span];
    let mut found = steps
        .map(|step| Ipv6Addr::from(first + step))
        .map(IpAddr::V6)
        .to_vec();
    found.sort();
    found.dedup();
    found
}
