//! Where clients are told to find the relay, and what can be said of each place from here.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::ops::RangeInclusive;
use std::time::Duration;

use duet_server::turn::TurnConfig;

use super::addresses::{own_addresses, reachable, resolve};

/// What comes from this machine to itself needs no longer.
const PATIENCE: Duration = Duration::from_secs(1);
/// One of them may be lost.
const PROBES: usize = 3;

/// Whose address it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// The relay listens there.
    Bound,
    /// This machine has it too.
    Own,
    /// A NAT's, or somebody else's.
    Beyond,
}

/// One way to the relay.
#[derive(Debug, Clone, Copy)]
pub(super) struct Door {
    pub(super) address: SocketAddr,
    pub(super) place: Place,
}

/// All doors, the nearest first: where it listens, then where clients are sent.
pub(super) async fn all(
    turn: &TurnConfig,
    listening: &[SocketAddr],
    host: Option<&str>,
) -> Vec<Door> {
    let mut doors: Vec<Door> = Vec::new();
    let mut add = |address: SocketAddr, place| {
        if !doors.iter().any(|door| door.address == address) {
            doors.push(Door { address, place });
        }
    };
    for listener in listening {
        add(reachable(*listener), Place::Bound);
    }
    let own = own_addresses();
    let place = |ip| match own.contains(&ip) {
        true => Place::Own,
        false => Place::Beyond,
    };
    for ip in outside(turn, listening, host).await {
        let behind = listening
            .iter()
            .filter(|listener| listener.is_ipv4() == ip.is_ipv4());
        for listener in behind {
            add(SocketAddr::new(ip, listener.port()), place(ip));
        }
    }
    doors
}

/// The addresses that clients get: as `joined` tells them.
async fn outside(turn: &TurnConfig, listening: &[SocketAddr], host: Option<&str>) -> Vec<IpAddr> {
    if !turn.external_ips.is_empty() {
        return turn.external_ips.clone();
    }
    if let Some(host) = host {
        // That it leads nowhere is said where addresses are looked at.
        return resolve(host).await.unwrap_or_default();
    }
    let unspecified = listening
        .iter()
        .filter(|listener| listener.ip().is_unspecified());
    unspecified.filter_map(facing_outside).collect()
}

/// Our address towards the internet (RFC 5737, RFC 3849). Nothing is sent.
fn facing_outside(listener: &SocketAddr) -> Option<IpAddr> {
    let target: SocketAddr = match listener {
        SocketAddr::V4(_) => ([192, 0, 2, 1], 9).into(),
        SocketAddr::V6(_) => ([0x2001, 0xdb8, 0, 0, 0, 0, 0, 1], 9).into(),
    };
    let socket = UdpSocket::bind((listener.ip(), 0)).ok()?;
    socket.connect(target).ok()?;
    Some(socket.local_addr().ok()?.ip())
}

/// Whether what is sent to a port of relays at an outside address comes here: the port, and whether it
/// did. `None` if no port of the range is free.
pub(super) fn try_relay_port(ports: &RangeInclusive<u16>, outside: IpAddr) -> Option<(u16, bool)> {
    // As relays do behind a NAT.
    let bound: IpAddr = match outside {
        IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let bind = |port| UdpSocket::bind((bound, port)).ok();
    let receiver = ports.clone().rev().take(256).find_map(bind)?;
    let port = receiver.local_addr().ok()?.port();
    let sender = UdpSocket::bind((bound, 0)).ok()?;
    receiver.set_read_timeout(Some(PATIENCE)).ok()?;
    let mut text = [0u8; 16];
    getrandom::fill(&mut text).ok()?;
    for _ in 0..PROBES {
        let _ = sender.send_to(&text, (outside, port));
        let mut heard = [0u8; 64];
        if let Ok(length) = receiver.recv(&mut heard)
            && heard[..length] == text
        {
            return Some((port, true));
        }
    }
    Some((port, false))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn seen(external: &[&str], listening: &[&str], host: Option<&str>) -> Vec<String> {
        let parse = |texts: &[&str]| -> Vec<SocketAddr> {
            let parsed = texts.iter().map(|text| text.parse().expect("an address"));
            parsed.collect()
        };
        let external_ips = external.iter().map(|ip| ip.parse().expect("an address"));
        let turn = TurnConfig {
            external_ips: external_ips.collect(),
            ..TurnConfig::new(Vec::new())
        };
        let doors = all(&turn, &parse(listening), host).await;
        let doors = doors.iter();
        doors
            .map(|door| format!("{} {:?}", door.address, door.place))
            .collect()
    }

    #[tokio::test]
    async fn clients_are_sent_to_the_external_address_else_the_host_else_our_own() {
        let one = &["10.255.0.1:3478"][..];
        assert_eq!(
            seen(&["198.51.100.7"], one, Some("127.0.0.9")).await,
            ["10.255.0.1:3478 Bound", "198.51.100.7:3478 Beyond"]
        );
        assert_eq!(
            seen(&[], one, Some("127.0.0.9")).await,
            ["10.255.0.1:3478 Bound", "127.0.0.9:3478 Beyond"]
        );
        assert_eq!(seen(&[], one, None).await, ["10.255.0.1:3478 Bound"]);
        assert_eq!(
            seen(&["10.255.0.1"], one, None).await,
            ["10.255.0.1:3478 Bound"]
        );
        // Of the other family: nobody is sent there.
        assert_eq!(
            seen(&["2001:db8::1"], one, None).await,
            ["10.255.0.1:3478 Bound"]
        );
        let all = seen(&[], &["0.0.0.0:3478"], None).await;
        assert_eq!(all[0], "127.0.0.1:3478 Bound");
        assert!(all[1..].iter().all(|door| door.ends_with("Own")), "{all:?}");
    }

    #[test]
    fn a_relay_port_that_leads_here_is_told_from_one_that_does_not() {
        let ports = 40_000..=49_999;
        let here = IpAddr::from(Ipv4Addr::LOCALHOST);
        assert!(matches!(try_relay_port(&ports, here), Some((_, true))));
        // Nothing can be sent there, and nothing leaves.
        let nowhere = IpAddr::from(Ipv4Addr::BROADCAST);
        assert!(matches!(try_relay_port(&ports, nowhere), Some((_, false))));
        #[expect(clippy::reversed_empty_ranges, reason = "no port at all")]
        let none = 2..=1;
        assert_eq!(try_relay_port(&none, here), None);
    }
}
