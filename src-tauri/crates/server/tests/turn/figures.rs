//! What the relay counts, as operators see it: what is ordinary is no refusal, and drops have figures.

use duet_server::ServerConfig;
use duet_server::turn::TurnMode;
use duet_server::turn::stun::Method;

use super::dialogue::{Dialogue, channel_data, peer, send};
use super::network::{Phone, turn_config};
use super::rig::{Out, Rig, address};
use crate::monitor::{figure, get, watched};

#[test]
fn what_every_client_goes_through_is_no_refusal() {
    let mut rig = Rig::new();
    let mut mira = rig.guest("1.2.3.4:1000", "mira");
    rig.allocate(&mut mira).expect("a relay");
    let hour = 3_600_u32.to_be_bytes().to_vec();
    let hour = vec![(duet_server::turn::stun::attribute::LIFETIME, hour)];
    assert_eq!(rig.ask(&mut mira, Method::REFRESH, &hour).code, None);
    rig.wait(3_599);
    assert_eq!(rig.ask(&mut mira, Method::REFRESH, &hour).code, None);
    rig.wait(2);
    assert_eq!(rig.ask(&mut mira, Method::REFRESH, &hour).code, Some(438));
    let stats = rig.relay.stats();
    assert_eq!((stats.challenges, stats.refused_credentials), (2, 0));
    // A wrong password is one, answered or not.
    let mut noah = rig.guest("5.6.7.8:1000", "noah");
    rig.greet(&mut noah);
    noah.dialogue.credential.password = "wrong".into();
    let request = noah
        .dialogue
        .request(Method::ALLOCATE, &super::dialogue::udp());
    let answered = (0..100).filter(|_| rig.put(noah.flow, &request) != Out::Nothing);
    assert_eq!(answered.count(), 9);
    let stats = rig.relay.stats();
    assert_eq!((stats.challenges, stats.refused_credentials), (3, 100));
}

#[tokio::test]
async fn drops_and_refusals_have_figures_with_words() {
    let server = watched(ServerConfig {
        turn: TurnMode::BuiltIn(turn_config()),
        ..ServerConfig::loopback()
    })
    .await;
    let mut phone = Phone::new(&server, "mira").await;
    phone.allocate().await.expect("a relay");
    for _ in 0..3 {
        phone.put(&channel_data(0x4000, b"no such channel")).await;
    }
    phone.send(address("127.0.0.1:9"), b"not permitted").await;
    let special = vec![peer(address("192.0.2.1:9"))];
    let code = phone.ask(Method::CREATE_PERMISSION, &special).await.code;
    assert_eq!(code, Some(403));
    let data = phone
        .dialogue
        .indication(Method::SEND, &send(address("192.0.2.1:9"), b"x"));
    phone.put(&data).await;
    let mut stranger = Phone::at(server.turn_addrs()[0], Dialogue::of("noah")).await;
    stranger.dialogue.credential.password = "wrong".into();
    assert_eq!(stranger.allocate().await, Err(401));

    let text = get(server.monitor_addrs()[0], "/metrics").await;
    for (name, value) in [
        ("duet_relays", 1.0),
        ("duet_relays_opened_total", 1.0),
        ("duet_relay_challenges_total", 2.0),
        ("duet_relay_refusals_total{of=\"peer\"}", 2.0),
        ("duet_relay_refusals_total{of=\"credential\"}", 1.0),
        ("duet_relay_refusals_total{of=\"quota\"}", 0.0),
        ("duet_relay_drops_total{reason=\"permission\"}", 4.0),
        ("duet_relay_drops_total{reason=\"rate\"}", 0.0),
        ("duet_relay_drops_total{reason=\"stranger\"}", 0.0),
        ("duet_relayed_packets_total{from=\"clients\"}", 0.0),
        ("duet_relayed_bytes_total{from=\"peers\"}", 0.0),
    ] {
        assert_eq!(figure(&text, name), value, "{name}");
    }
    for name in [
        "relays",
        "relay_drops",
        "relay_refusals",
        "relay_challenges",
    ] {
        let help = format!("# HELP duet_{name} ");
        assert!(text.contains(&help), "no words for {name}:\n{text}");
    }
}
