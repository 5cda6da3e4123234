//! Whom a limit "per address" counts as one: an IPv4 address, or an IPv6 network of 64 bits, since
//! every household can use 2⁶⁴ IPv6 addresses at will. Also the counts themselves.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde::{Deserialize, Serialize};

/// One customer of a network operator, as far as an address can tell.
///
/// Half as large as an address: there are several for each connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "IpAddr", into = "IpAddr")]
pub struct AddressKey(Key);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Key {
    V4(Ipv4Addr),
    /// The upper half of an IPv6 address.
    Network([u8; 8]),
}

impl From<IpAddr> for AddressKey {
    fn from(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(v4) => Self(Key::V4(v4)),
            IpAddr::V6(v6) => {
                let [a, b, c, d, e, f, g, h, ..] = v6.octets();
                Self(Key::Network([a, b, c, d, e, f, g, h]))
            }
        }
    }
}

impl From<Ipv4Addr> for AddressKey {
    fn from(address: Ipv4Addr) -> Self {
        Self(Key::V4(address))
    }
}

impl From<AddressKey> for IpAddr {
    /// The first address of a network.
    fn from(key: AddressKey) -> Self {
        match key.0 {
            Key::V4(address) => Self::V4(address),
            Key::Network(network) => {
                let bits = u128::from(u64::from_be_bytes(network)) << 64;
                Self::V6(Ipv6Addr::from_bits(bits))
            }
        }
    }
}

/// How many things each address holds; keeps no entry for those that hold none.
#[derive(Debug, Default)]
pub(crate) struct AddressCounts(HashMap<AddressKey, usize>);

impl AddressCounts {
    /// What this address holds.
    pub(crate) fn of(&self, address: AddressKey) -> usize {
        self.0.get(&address).copied().unwrap_or(0)
    }

    /// One more; returns how many it holds now.
    pub(crate) fn add(&mut self, address: AddressKey) -> usize {
        let count = self.0.entry(address).or_insert(0);
        *count += 1;
        *count
    }

    /// One less.
    pub(crate) fn remove(&mut self, address: AddressKey) {
        if let Some(count) = self.0.get_mut(&address) {
            *count -= 1;
            if *count == 0 {
                self.0.remove(&address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ipv6_network_and_a_mapped_address_are_one() {
        let key = |text: &str| AddressKey::from(text.parse::<IpAddr>().expect("an address"));
        assert_eq!(key("2001:db8::1"), key("2001:db8::ffff:1"));
        assert_ne!(key("2001:db8::1"), key("2001:db8:0:1::1"));
        assert_eq!(key("::ffff:192.0.2.1"), key("192.0.2.1"));
    }

    #[test]
    fn other_servers_are_told_an_address_of_it() {
        for (address, told) in [
            ("192.0.2.1", r#""192.0.2.1""#),
            ("2001:db8:0:1::1", r#""2001:db8:0:1::""#),
            ("::1", r#""::""#),
        ] {
            let key = AddressKey::from(address.parse::<IpAddr>().expect("an address"));
            let json = serde_json::to_string(&key).expect("plain data");
            assert_eq!(json, told);
            assert_eq!(serde_json::from_str::<AddressKey>(&json).ok(), Some(key));
        }
    }

    #[test]
    fn counts_leave_nothing_behind() {
        let mut counts = AddressCounts::default();
        let home = AddressKey::from(Ipv4Addr::new(192, 0, 2, 1));
        assert_eq!((counts.add(home), counts.add(home)), (1, 2));
        counts.remove(home);
        counts.remove(home);
        assert_eq!((counts.of(home), counts.0.len()), (0, 0));
    }
}
