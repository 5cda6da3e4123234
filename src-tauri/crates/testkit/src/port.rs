//! Free ports on loopback.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::net::{Ipv4Addr, TcpListener, UdpSocket};
use std::ops::Range;

use anyhow::{Result, bail};

/// Below those that systems give out by themselves (from 32768 on Linux, from 49152 elsewhere): between the look and the use
/// no connection and no listener on port 0 takes one of these.
const PORTS: Range<u16> = 12_000..32_000;
const TRIES: usize = 1_000;

/// A port on which nobody listened a moment ago, over TCP or UDP. Prefer port 0 where a program can print what it
/// got; this is for those that cannot.
///
/// # Errors
/// When none is found.
pub fn free_port() -> Result<u16> {
    for _ in 0..TRIES {
        let port = PORTS.start + random_below(PORTS.end - PORTS.start);
        let place = (Ipv4Addr::LOCALHOST, port);
        if TcpListener::bind(place).is_ok() && UdpSocket::bind(place).is_ok() {
            return Ok(port);
        }
    }
    bail!("no free port among {}..{}", PORTS.start, PORTS.end)
}

/// Other processes look at the same time, so each looks elsewhere.
fn random_below(count: u16) -> u16 {
    let random = RandomState::new().build_hasher().finish();
    u16::try_from(random % u64::from(count)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_free_and_nobody_elses_next() {
        let port = free_port().expect("a port");
        assert!(PORTS.contains(&port));
        let _taken = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).expect("it is free");
        // Taken, it is not given again.
        assert!((0..100).all(|_| free_port().expect("a port") != port));
    }
}
