//! Floods of rooms, names and codes: each meets a cap, the memory stays what it was, and what is kept for
//! those who never come back is gone when its time is over.

use std::net::{IpAddr, Ipv6Addr};
use std::time::{Duration, Instant, SystemTime};

use duet_protocol::limits::{CAST_CODE_LIFETIME, RESUME_WINDOW};
use duet_protocol::{ClientMessage, IceServer};
use duet_server::AddressKey;
use duet_server::exchange::{CastConfig, DirectoryConfig, Exchange};
use duet_server::rooms::{ConnectionId, RoomsConfig};

use crate::cast::cast_open;
use crate::client::join_with_token;
use crate::lobby::login_with_token;

/// Connections of the flood, each from a network of its own.
const CROWD: u64 = 20_000;
/// What is kept altogether.
const KEPT: usize = 1_000;

struct Flooded {
    exchange: Exchange,
    now: Instant,
    next: u64,
}

impl Flooded {
    fn new() -> Self {
        let rooms = RoomsConfig {
            resume_window: RESUME_WINDOW,
            ice_servers: Vec::<IceServer>::new(),
            failed_joins_per_minute: 30,
            max_kept_places_per_address: Some(50),
            max_kept_places: KEPT,
        };
        let directory = DirectoryConfig {
            resume_window: RESUME_WINDOW,
            max_kept_logins_per_address: Some(50),
            max_kept_logins: KEPT,
            ..DirectoryConfig::default()
        };
        Self {
            exchange: Exchange::new(rooms, directory, CastConfig::default()),
            now: Instant::now(),
            next: 1,
        }
    }

    /// Somebody comes from a network of their own, says this, and is gone.
    fn come_and_go(&mut self, messages: impl IntoIterator<Item = ClientMessage>) {
        let id = ConnectionId(self.next);
        let network = 0x2001_0db8_u128 << 96 | u128::from(self.next) << 64;
        let address = IpAddr::from(Ipv6Addr::from_bits(network));
        self.next += 1;
        self.exchange.connected(id, AddressKey::from(address));
        for message in messages {
            self.exchange
                .handle(self.now, SystemTime::now(), id, message);
        }
        self.exchange.broken(self.now, id);
        while self.exchange.poll_output().is_some() {}
    }

    fn pass(&mut self, time: Duration) {
        self.now += time;
        while self
            .exchange
            .poll_timeout()
            .is_some_and(|due| due <= self.now)
        {
            self.exchange.handle_timeout(self.now);
        }
        while self.exchange.poll_output().is_some() {}
    }
}

/// In a lobby of their own, or of few: one takes only so many.
fn login_elsewhere(name: &str, uid: &str, own: &str) -> ClientMessage {
    let mut message = login_with_token(name, uid, None);
    if let ClientMessage::Login { lobby, .. } = &mut message {
        *lobby = Some(own.to_owned());
    }
    message
}

#[test]
fn what_is_kept_for_those_who_broke_off_has_a_cap_and_an_end() {
    let mut flooded = Flooded::new();
    for n in 0..CROWD {
        let uid = format!("u{n}");
        flooded.come_and_go([
            join_with_token(&format!("room {n}"), &uid, None),
            login_elsewhere(&format!("Name {n}"), &uid, &format!("lobby {}", n / 100)),
        ]);
    }
    let counts = flooded.exchange.counts();
    assert_eq!(
        (counts.rooms, counts.members, counts.logins),
        (KEPT, KEPT, KEPT)
    );
    assert!(counts.uids <= 2 * KEPT, "{}", counts.uids);
    for n in 0..CROWD {
        flooded.come_and_go([cast_open(&format!("d{n}"), None)]);
    }
    assert!(flooded.exchange.counts().displays <= KEPT);
    flooded.pass(RESUME_WINDOW.max(CAST_CODE_LIFETIME));
    let counts = flooded.exchange.counts();
    assert_eq!(
        (counts.rooms, counts.members, counts.logins, counts.displays),
        (0, 0, 0, 0)
    );
    assert_eq!(counts.uids, 0);
    // And there is room again for everybody.
    flooded.come_and_go([join_with_token("r", "u", None)]);
    assert_eq!(flooded.exchange.counts().members, 1);
}

#[cfg(target_os = "linux")]
mod program {
    use super::*;
    use crate::monitor::figure;
    use crate::target::Target;

    const ROUNDS: usize = 100;
    /// As many as one address may have at once.
    const AT_ONCE: usize = 50;

    #[tokio::test]
    async fn ten_thousand_rooms_and_names_of_one_address_leave_the_memory_as_it_was() {
        let mut target = Target::start_with_caps();
        target.two_meet("before").await;
        let idle_kib = target.own_kib();
        let mut refused = 0;
        for round in 0..ROUNDS {
            let mut crowd = Vec::new();
            for n in 0..AT_ONCE {
                // What is over the cap is told so over HTTP; those of before may not be gone yet.
                let Some(mut client) = target.try_client().await else {
                    refused += 1;
                    continue;
                };
                let uid = format!("u{round}-{n}");
                for message in [
                    join_with_token(&format!("room {round} {n}"), &uid, None),
                    login_with_token(&format!("Name {round} {n}"), &uid, None),
                    cast_open(&uid, None),
                ] {
                    client.send(&message).await;
                    client.next().await;
                }
                crowd.push(client);
            }
            if round == 0 {
                while let Some(client) = target.try_client().await {
                    crowd.push(client);
                    assert!(crowd.len() <= AT_ONCE, "one too many");
                }
                refused += 1;
            }
        }
        let text = target.figures().await;
        let kept = |name: &str| figure(&text, name);
        println!(
            "{} rooms, {} names, {} places, {refused} connections refused",
            kept("duet_rooms"),
            kept("duet_logins"),
            kept("duet_members")
        );
        for name in ["duet_rooms", "duet_logins", "duet_members"] {
            // Those that are kept, and those that are not noticed to be gone.
            assert!(kept(name) <= 2.0 * AT_ONCE as f64, "{name}: {}", kept(name));
        }
        target
            .assert_unharmed("a flood of rooms and names", idle_kib)
            .await;
    }
}
