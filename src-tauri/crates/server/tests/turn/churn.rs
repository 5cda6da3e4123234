//! Relays that come and go by the thousand: every port comes back.

use std::ops::RangeInclusive;

use duet_server::turn::TurnConfig;
use duet_server::turn::stun::{Method, attribute};

use super::dialogue::udp;
use super::network::{Phone, turn_config, turn_server};

/// Four in a row, below those that systems give to anybody.
fn free_ports() -> RangeInclusive<u16> {
    let is_free = |port: u16| std::net::UdpSocket::bind(("127.0.0.1", port)).is_ok();
    let ranges = (20_000..30_000).step_by(4).map(|start| start..=start + 3);
    let mut free = ranges.filter(|ports| ports.clone().all(is_free));
    free.next().expect("some are free")
}

#[tokio::test]
async fn ten_thousand_relays_on_four_ports_leave_all_of_them_free() {
    let ports = free_ports();
    let config = TurnConfig {
        relay_ports: ports.clone(),
        ..turn_config()
    };
    let server = turn_server(config).await;
    let mut phone = Phone::new(&server, "mira").await;
    let challenge = phone.ask_as_stranger(Method::ALLOCATE, &udp()).await;
    assert_eq!(challenge.code, Some(401));
    let end = vec![(attribute::LIFETIME, vec![0; 4])];
    for count in 0..10_000 {
        let answer = phone.ask(Method::ALLOCATE, &udp()).await;
        assert_eq!(answer.code, None, "after {count}");
        let relayed = answer.address(attribute::XOR_RELAYED_ADDRESS);
        assert!(ports.contains(&relayed.port()));
        assert_eq!(phone.ask(Method::REFRESH, &end).await.code, None);
    }
    let stats = server.stats().turn;
    assert_eq!((stats.allocations, stats.allocations_opened), (0, 10_000));
}
