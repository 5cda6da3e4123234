//! Addresses hidden from meddling NATs by XOR (RFC 8489 section 14.2).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::{MAGIC_COOKIE, TransactionId};

const FAMILY_V4: u8 = 1;
const FAMILY_V6: u8 = 2;

/// The value of an XOR-…-ADDRESS, and how much of the array it takes.
#[must_use]
pub fn xor_address_value(address: SocketAddr, transaction: &TransactionId) -> ([u8; 20], usize) {
    let mut value = [0; 20];
    let port = address.port() ^ port_mask();
    value[2..4].copy_from_slice(&port.to_be_bytes());
    match address.ip() {
        IpAddr::V4(v4) => {
            value[1] = FAMILY_V4;
            let hidden = u32::from(v4) ^ MAGIC_COOKIE;
            value[4..8].copy_from_slice(&hidden.to_be_bytes());
            (value, 8)
        }
        IpAddr::V6(v6) => {
            value[1] = FAMILY_V6;
            let hidden = u128::from(v6) ^ mask_v6(transaction);
            value[4..20].copy_from_slice(&hidden.to_be_bytes());
            (value, 20)
        }
    }
}

/// Reads such a value.
#[must_use]
pub fn read_xor_address(value: &[u8], transaction: &TransactionId) -> Option<SocketAddr> {
    let (head, address) = value.split_at_checked(4)?;
    let port = u16::from_be_bytes([head[2], head[3]]) ^ port_mask();
    let ip = match head[1] {
        FAMILY_V4 => {
            let hidden = u32::from_be_bytes(address.try_into().ok()?);
            IpAddr::V4(Ipv4Addr::from(hidden ^ MAGIC_COOKIE))
        }
        FAMILY_V6 => {
            let hidden = u128::from_be_bytes(address.try_into().ok()?);
            IpAddr::V6(Ipv6Addr::from(hidden ^ mask_v6(transaction)))
        }
        _ => return None,
    };
    Some(SocketAddr::new(ip, port))
}

fn port_mask() -> u16 {
    let [high, low, _, _] = MAGIC_COOKIE.to_be_bytes();
    u16::from_be_bytes([high, low])
}

fn mask_v6(transaction: &TransactionId) -> u128 {
    let mut mask = [0; 16];
    mask[..4].copy_from_slice(&MAGIC_COOKIE.to_be_bytes());
    mask[4..].copy_from_slice(transaction);
    u128::from_be_bytes(mask)
}
