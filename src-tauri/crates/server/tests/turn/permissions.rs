//! How many peers one person reaches, by all their relays together.

use std::net::SocketAddr;

use duet_server::turn::stun::{Method, attribute};
use duet_server::turn::{PeerFilter, PeerPolicy, RelayConfig};

use super::dialogue::{channel, peer};
use super::rig::{Guest, RELAY_IP, Rig, address, config};

/// Some address on the internet.
fn public(index: usize) -> SocketAddr {
    address(&format!("8.8.{}.{}:1", index / 250, index % 250))
}

fn permit(rig: &mut Rig, guest: &mut Guest, to: SocketAddr) -> Option<u16> {
    let ask = vec![peer(to)];
    rig.ask(guest, Method::CREATE_PERMISSION, &ask).code
}

/// Somebody's relays, each on a port of its own, for an hour.
fn relays(rig: &mut Rig, uid: &str, host: &str, count: u16) -> Vec<Guest> {
    let mut guests = Vec::new();
    for port in 1_000..1_000 + count {
        let mut guest = rig.guest(&format!("{host}:{port}"), uid);
        rig.allocate(&mut guest).expect("a relay");
        let hour = vec![(attribute::LIFETIME, 3_600_u32.to_be_bytes().to_vec())];
        assert_eq!(rig.ask(&mut guest, Method::REFRESH, &hour).code, None);
        guests.push(guest);
    }
    guests
}

#[test]
fn a_user_has_sixteen_permissions_however_many_allocations() {
    let mut rig = Rig::new();
    let mut mira = relays(&mut rig, "mira", "1.2.3.4", 4);
    let mut noah = relays(&mut rig, "noah", "1.2.3.5", 1);
    let mut given = Vec::new();
    for index in 0..10_000 {
        match permit(&mut rig, &mut mira[index % 4], public(index)) {
            None => given.push(index),
            Some(code) => assert_eq!(code, 508),
        }
    }
    assert_eq!(given.len(), 16);
    assert_eq!(rig.relay.stats().refused_quota, 10_000 - 16);
    // What is held is refreshed, by the allocation that has it and by the others, together too.
    for guest in &mut mira {
        for index in &given {
            assert_eq!(permit(&mut rig, guest, public(*index)), None);
        }
        let all = given.iter().map(|index| peer(public(*index))).collect();
        assert_eq!(rig.ask(guest, Method::CREATE_PERMISSION, &all).code, None);
    }
    // All of a request or none of it.
    let two = vec![peer(public(given[0])), peer(public(9_999))];
    let code = rig.ask(&mut mira[0], Method::CREATE_PERMISSION, &two).code;
    assert_eq!(code, Some(508));
    for index in 0..16 {
        assert_eq!(permit(&mut rig, &mut noah[0], public(index)), None);
    }
    assert_eq!(permit(&mut rig, &mut noah[0], public(16)), Some(508));
}

#[test]
fn channels_count_as_well_and_outlast_permissions() {
    let mut rig = Rig::new();
    let mut mira = relays(&mut rig, "mira", "1.2.3.4", 2);
    let mut bind = |rig: &mut Rig, index: usize, number: u16, to| {
        let ask = channel(number, to);
        rig.ask(&mut mira[index], Method::CHANNEL_BIND, &ask).code
    };
    for index in 0..16 {
        let number = 0x4000 + index as u16;
        assert_eq!(bind(&mut rig, index % 2, number, public(index)), None);
    }
    assert_eq!(bind(&mut rig, 0, 0x4100, public(16)), Some(508));
    // Permissions end after five minutes, channels after ten.
    rig.wait(301);
    assert_eq!(bind(&mut rig, 0, 0x4100, public(16)), Some(508));
    let half: Vec<_> = (0..8).map(|index| public(2 * index)).collect();
    for (index, to) in half.iter().enumerate() {
        let number = 0x4000 + 2 * index as u16;
        assert_eq!(bind(&mut rig, 0, number, *to), None, "a refresh");
    }
    rig.wait(300);
    // Eight are left.
    for index in 0..8 {
        let number = 0x4100 + index as u16;
        assert_eq!(bind(&mut rig, 1, number, public(100 + index)), None);
    }
    assert_eq!(bind(&mut rig, 1, 0x4200, public(200)), Some(508));
}

#[test]
fn an_allocation_has_sixteen_channels() {
    let mut rig = Rig::new();
    let mut mira = relays(&mut rig, "mira", "1.2.3.4", 1);
    let mut bound = 0;
    for number in 0x4000..0x4100 {
        let ask = channel(number, address(&format!("8.8.0.0:{number}")));
        match rig.ask(&mut mira[0], Method::CHANNEL_BIND, &ask).code {
            None => bound += 1,
            Some(code) => assert_eq!(code, 508),
        }
    }
    assert_eq!(bound, 16);
}

/// A peer with many addresses, or many ports, takes no channel from the path between two relays.
#[test]
fn channels_between_relays_have_sixteen_places_of_their_own() {
    let mut rig = Rig::new();
    let mut mira = relays(&mut rig, "mira", "1.2.3.4", 1);
    let mut bind = |rig: &mut Rig, number: u16, to| {
        let ask = channel(number, to);
        rig.ask(&mut mira[0], Method::CHANNEL_BIND, &ask).code
    };
    for number in 0x4000..0x4010 {
        let to = address(&format!("8.8.0.0:{number}"));
        assert_eq!(bind(&mut rig, number, to), None);
    }
    assert_eq!(bind(&mut rig, 0x4010, public(1)), Some(508));
    for index in 0..17 {
        let host = format!("6.6.6.{index}:1000");
        let mut other = rig.guest(&host, &format!("other {index}"));
        let relay = rig.allocate(&mut other).expect("a relay");
        let code = bind(&mut rig, 0x4100 + index, relay);
        assert_eq!(code, (index == 16).then_some(508), "{index}");
    }
}

#[test]
fn what_expires_or_is_given_back_makes_room() {
    let mut rig = Rig::new();
    let mut mira = relays(&mut rig, "mira", "1.2.3.4", 2);
    for index in 0..16 {
        assert_eq!(permit(&mut rig, &mut mira[index / 8], public(index)), None);
    }
    assert_eq!(permit(&mut rig, &mut mira[0], public(16)), Some(508));
    let end = vec![(attribute::LIFETIME, vec![0; 4])];
    assert_eq!(rig.ask(&mut mira[1], Method::REFRESH, &end).code, None);
    for index in 16..24 {
        assert_eq!(permit(&mut rig, &mut mira[0], public(index)), None);
    }
    assert_eq!(permit(&mut rig, &mut mira[0], public(24)), Some(508));
    rig.wait(301);
    assert_eq!(permit(&mut rig, &mut mira[0], public(24)), None);
}

/// Two relays each on an office server, a peer with a dozen interfaces, a new network, and a restart of
/// ICE whose old relays were never given back.
#[test]
fn a_call_with_many_candidates_fits() {
    let policy = PeerPolicy {
        allow_private: true,
        allow_same_host: false,
    };
    let peers = PeerFilter::new(policy, vec![RELAY_IP.into()]);
    let mut rig = Rig::with(RelayConfig { peers, ..config() });
    let mut noah = rig.guest("5.6.7.8:1000", "noah");
    let relay_of_noah = rig.allocate(&mut noah).expect("a relay");
    let mut candidates: Vec<SocketAddr> = (0..12)
        .map(|network| address(&format!("172.{}.0.1:5000", 16 + network)))
        .collect();
    candidates.push(address("9.9.9.9:5000"));
    candidates.push(relay_of_noah);
    let mut mira = relays(&mut rig, "mira", "1.2.3.4", 2);
    let gather = |rig: &mut Rig, guests: &mut [Guest], candidates: &[SocketAddr]| {
        for guest in guests {
            for to in candidates {
                assert_eq!(permit(rig, guest, *to), None, "{to}");
            }
        }
    };
    gather(&mut rig, &mut mira, &candidates);
    candidates.push(address("9.9.9.10:5000"));
    candidates.push(address("192.168.7.7:5000"));
    let mut again = relays(&mut rig, "mira", "1.2.3.9", 2);
    gather(&mut rig, &mut again, &candidates);
    // However many interfaces: the relay of the other is let in.
    for network in 28..31 {
        let to = address(&format!("172.{network}.0.1:5000"));
        permit(&mut rig, &mut again[0], to);
    }
    let code = permit(&mut rig, &mut again[0], address("172.31.0.1:5000"));
    assert_eq!(code, Some(508));
    let mut ella = rig.guest("6.6.6.6:1000", "ella");
    let relay_of_ella = rig.allocate(&mut ella).expect("a relay");
    assert_eq!(permit(&mut rig, &mut again[0], relay_of_ella), None);
}
