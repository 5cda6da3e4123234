//! Nobody gets more than their share, and nobody else notices who tried.

use duet_server::turn::stun::{Method, attribute};
use duet_server::turn::{Quotas, RelayConfig};

use super::dialogue::{channel, channel_data};
use super::rig::{Out, Rig, address, config};

#[test]
fn a_user_has_four_allocations_however_many_credentials() {
    let mut rig = Rig::new();
    let mut relays = Vec::new();
    for port in 0..1_000 {
        // A fresh credential each time, and another address each time.
        rig.wait(u64::from(port % 100 == 99));
        let client = format!("1.2.{}.{}:{}", port / 200, port % 200, 1_000 + port);
        let mut mira = rig.guest(&client, "mira");
        match rig.allocate(&mut mira) {
            Ok(relayed) => relays.push(relayed),
            Err(code) => assert_eq!(code, 486),
        }
    }
    assert_eq!(relays.len(), 4);
    assert_eq!(rig.relay.stats().refused_quota, 996);
    let mut noah = rig.guest("1.2.3.4:1000", "noah");
    rig.allocate(&mut noah).expect("a relay");
}

#[test]
fn an_allocation_that_ends_makes_room() {
    let mut rig = Rig::new();
    let mut guests: Vec<_> = (0..5)
        .map(|port| rig.guest(&format!("1.2.3.4:{}", 1_000 + port), "mira"))
        .collect();
    for guest in &mut guests[..4] {
        rig.allocate(guest).expect("a relay");
    }
    assert_eq!(rig.allocate(&mut guests[4]), Err(486));
    let end = vec![(attribute::LIFETIME, vec![0; 4])];
    assert_eq!(rig.ask(&mut guests[0], Method::REFRESH, &end).code, None);
    rig.allocate(&mut guests[4]).expect("a relay");
}

#[test]
fn an_address_and_the_whole_server_have_bounds() {
    let quotas = Quotas {
        allocations: 5,
        allocations_per_address: 2,
        ..Quotas::default()
    };
    let mut rig = Rig::with(RelayConfig { quotas, ..config() });
    let mut outcomes = Vec::new();
    for index in 0..3 {
        for host in 0..3 {
            let client = format!("1.2.3.{host}:{}", 1_000 + index);
            let mut guest = rig.guest(&client, &format!("u{index}{host}"));
            outcomes.push(rig.allocate(&mut guest).err());
        }
    }
    let full = Some(508);
    let quota = Some(486);
    assert_eq!(
        outcomes,
        [None, None, None, None, None, full, quota, quota, full]
    );
}

#[test]
fn an_allocation_passes_on_no_more_than_its_rate() {
    let quotas = Quotas {
        bytes_per_second: Some(100_000),
        ..Quotas::default()
    };
    let mut rig = Rig::with(RelayConfig { quotas, ..config() });
    let mut mira = rig.guest("1.2.3.4:1000", "mira");
    rig.allocate(&mut mira).expect("a relay");
    let bind = channel(0x4000, address("8.8.8.8:1"));
    assert_eq!(rig.ask(&mut mira, Method::CHANNEL_BIND, &bind).code, None);
    let data = channel_data(0x4000, &[0; 1_000]);
    let pass = |rig: &mut Rig| {
        (0..1_000)
            .filter(|_| rig.put(mira.flow, &data) != Out::Nothing)
            .count()
    };
    assert_eq!(pass(&mut rig), 100);
    rig.wait(1);
    assert_eq!(pass(&mut rig), 100);
    assert_eq!(rig.relay.stats().dropped_over_rate, 1_800);
}
