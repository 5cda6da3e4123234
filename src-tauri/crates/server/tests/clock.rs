//! The time of day jumps by a day, to and fro: nobody's connection, place, code or relay takes notice.

use std::time::{Duration, Instant, SystemTime};

use duet_protocol::limits::CAST_CODE_LIFETIME;
use duet_protocol::{ClientMessage, ServerMessage};
use duet_server::AddressKey;
use duet_server::exchange::{CastConfig, DirectoryConfig, Exchange};
use duet_server::rooms::{ConnectionId, Output, RoomsConfig};

use crate::cast::{cast_join, cast_open};
use crate::client::join_with_token;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Codes that a display was given, since the last look.
fn codes(exchange: &mut Exchange) -> Vec<String> {
    let outputs = std::iter::from_fn(|| exchange.poll_output());
    let codes = outputs.filter_map(|output| match output {
        Output::Send {
            message: ServerMessage::CastCode { code, .. },
            ..
        } => Some(code),
        Output::Send { .. } | Output::Close { .. } => None,
    });
    codes.collect()
}

/// What decides sees the time of day only where a text says when it was sent. So a code lives exactly as long as it
/// should, whatever that time does.
#[test]
fn a_code_lives_as_long_as_it_should_whatever_the_time_of_day() {
    let wall = SystemTime::now();
    for jump in [wall, wall + DAY, wall - DAY] {
        let rooms = RoomsConfig {
            resume_window: Duration::from_secs(120),
            ice_servers: Vec::new(),
            failed_joins_per_minute: 30,
            max_kept_places_per_address: None,
            max_kept_places: usize::MAX,
        };
        let directory = DirectoryConfig::default();
        let mut exchange = Exchange::new(rooms, directory, CastConfig::default());
        let (display, presenter) = (ConnectionId(1), ConnectionId(2));
        let now = Instant::now();
        for id in [display, presenter] {
            let address = AddressKey::from(std::net::Ipv4Addr::LOCALHOST);
            exchange.connected(id, address);
        }
        exchange.handle(now, wall, display, cast_open("d", None));
        let first = codes(&mut exchange);
        let other = join_with_token("r", "a", None);
        exchange.handle(now, jump, presenter, other);
        let late = now + CAST_CODE_LIFETIME - Duration::from_secs(1);
        exchange.handle_timeout(late);
        assert_eq!(
            codes(&mut exchange),
            Vec::<String>::new(),
            "it is good still"
        );
        let late = now + CAST_CODE_LIFETIME;
        exchange.handle_timeout(late);
        let second = codes(&mut exchange);
        assert!(second.len() == 1 && second != first, "{first:?} {second:?}");
        let leave = ClientMessage::Leave {
            room_id: "r".into(),
            uid: "a".into(),
        };
        exchange.handle(late, wall, presenter, leave);
        exchange.handle(late, jump, presenter, cast_join(&second[0], "a"));
        assert_eq!(exchange.counts().displays, 0, "it was used");
        assert_eq!(exchange.counts().members, 2);
    }
}

/// The program, with a time of day that a file says.
#[cfg(target_os = "linux")]
mod program {
    use std::net::SocketAddr;
    use std::path::PathBuf;
    use std::process::Command;

    use duet_protocol::CastRole;
    use duet_server::turn::Credential;
    use duet_server::turn::stun::Method;
    use duet_testkit::process::Process;
    use duet_testkit::skip;
    use tokio_tungstenite::connect_async;

    use super::*;
    use crate::client::{Client, forward};
    use crate::turn::dialogue::Dialogue;
    use crate::turn::joined::credential_of;
    use crate::turn::network::Phone;

    /// The program, and the file that says its time of day.
    struct Rig {
        program: Process,
        url: String,
        folder: tempfile::TempDir,
    }

    impl Rig {
        /// `None`, written down as skipped, where there is no `faketime`.
        fn start(test: &str, flags: &[&str]) -> Option<Self> {
            if skip::without_programs(test, &["faketime"]) {
                return None;
            }
            let library = library().expect("faketime brings its library");
            let folder = tempfile::tempdir().expect("a folder");
            jump(&folder, "+0");
            let mut command = Command::new(env!("CARGO_BIN_EXE_duet-server"));
            command
                .args(["--listen", "127.0.0.1:0", "--no-metrics"])
                .args(flags)
                .env("LD_PRELOAD", library)
                .env("FAKETIME_TIMESTAMP_FILE", offset_file(&folder))
                .env("FAKETIME_NO_CACHE", "1")
                .env("DONT_FAKE_MONOTONIC", "1");
            let program = Process::spawn("duet-server", &mut command).expect("it starts");
            let patience = Duration::from_secs(20);
            let line = program.wait_for_line(patience, |line| line.starts_with("listening on "));
            let url = line.expect("it listens");
            let url = url.trim_start_matches("listening on ").to_owned();
            Some(Self {
                program,
                url,
                folder,
            })
        }

        async fn connect(&self) -> Client {
            Client {
                socket: connect_async(&self.url).await.expect("it listens").0,
            }
        }

        fn jump(&self, offset: &str) {
            jump(&self.folder, offset);
        }
    }

    fn offset_file(folder: &tempfile::TempDir) -> PathBuf {
        folder.path().join("offset")
    }

    fn library() -> Option<PathBuf> {
        let folders = std::fs::read_dir("/usr/lib").ok()?.flatten();
        let paths = folders.map(|folder| folder.path().join("faketime/libfaketimeMT.so.1"));
        paths.into_iter().find(|path| path.exists())
    }

    /// From now on the time of day is off by this.
    fn jump(folder: &tempfile::TempDir, offset: &str) {
        // In one piece, as it is read at every look at the clock.
        let new = folder.path().join("new");
        std::fs::write(&new, format!("{offset}\n")).expect("written");
        std::fs::rename(&new, offset_file(folder)).expect("in its place");
    }

    /// The day that the program believes in, by a text between two people.
    async fn day_of(a: &mut Client, b: &mut Client, id: &str) -> String {
        a.send(&ClientMessage::Message(duet_protocol::Text {
            to: Some("b".into()),
            room_id: None,
            content: "x".into(),
            id: id.into(),
        }))
        .await;
        assert!(matches!(a.next().await, ServerMessage::Delivered { .. }));
        match b.next().await {
            ServerMessage::Message { time, .. } => time[.."2000-01-01".len()].to_owned(),
            other => panic!("not a text: {other:?}"),
        }
    }

    #[tokio::test]
    async fn when_the_clock_jumps_by_a_day_nobody_is_dropped() {
        let Some(mut rig) = Rig::start("clock::program::jumps", &["--no-turn"]) else {
            return;
        };
        let (mut a, mut b) = (rig.connect().await, rig.connect().await);
        a.join_resumable("r", "a", None).await;
        let mut token = b.join_resumable("r", "b", None).await.token;
        assert!(matches!(a.next().await, ServerMessage::NewPeer { .. }));
        assert!(matches!(b.next().await, ServerMessage::RespJoin { .. }));
        let mut wall = rig.connect().await;
        wall.send(&cast_open("d", None)).await;
        let shown = wall.expect_code().await;
        let today = day_of(&mut a, &mut b, "0").await;
        for (n, offset) in ["+1d", "-1d"].into_iter().enumerate() {
            rig.jump(offset);
            // Enough to be found silent, if this time were believed.
            tokio::time::sleep(Duration::from_secs(2)).await;
            let day = day_of(&mut a, &mut b, &format!("{}", n + 1)).await;
            let is_jumped = if n == 0 { day > today } else { day < today };
            assert!(is_jumped, "the time of day did not jump: {today}, {day}");
            let offer = forward("r", "a", "b", "{}");
            a.send(&ClientMessage::Offer(offer.clone())).await;
            assert_eq!(b.next().await, ServerMessage::Offer(offer));
            // A place that is kept is kept.
            drop(b);
            assert!(matches!(a.next().await, ServerMessage::PeerAway { .. }));
            rig.jump(if n % 2 == 0 { "-1d" } else { "+1d" });
            b = rig.connect().await;
            let back = b.join_resumable("r", "b", Some(&token)).await;
            assert!(back.resumed);
            token = back.token;
            assert!(matches!(a.next().await, ServerMessage::PeerBack { .. }));
            assert!(matches!(b.next().await, ServerMessage::RespJoin { .. }));
        }
        // Its code is the same, and good.
        wall.assert_quiet().await;
        let mut presenter = rig.connect().await;
        presenter.send(&cast_join(&shown.code, "p")).await;
        presenter.expect_role(CastRole::Presenter).await;
        wall.expect_role(CastRole::Display).await;
        assert!(rig.program.is_running());
    }

    /// Where the relay is, and a credential by the time of day that the program believes in.
    async fn relay_of(client: &mut Client) -> (SocketAddr, Credential) {
        client.send(&ClientMessage::IceServers).await;
        let ServerMessage::IceServers { ice_servers } = client.next().await else {
            panic!("no servers");
        };
        let relay = ice_servers[0].urls[0].trim_start_matches("stun:");
        let relay = relay.parse().expect("an address");
        (relay, credential_of(&ice_servers[1]))
    }

    #[tokio::test]
    async fn when_the_clock_jumps_by_a_day_relays_go_on_and_new_ones_open() {
        let Some(mut rig) = Rig::start("clock::program::relays", &[]) else {
            return;
        };
        let mut client = rig.connect().await;
        client.join("r", "a").await;
        let (relay, mut newest) = relay_of(&mut client).await;
        let mut phone = Phone::at(relay, Dialogue::new(newest.clone())).await;
        phone.allocate().await.expect("a relay");
        for offset in ["+1d", "-1d"] {
            rig.jump(offset);
            // By the new time it has expired, or is of a day that has not come.
            let mut late = Phone::at(relay, Dialogue::new(newest)).await;
            let refused = late.allocate().await;
            assert_eq!(refused, Err(401), "the time of day did not jump");
            let refreshed = phone.ask(Method::REFRESH, &Vec::new()).await;
            assert_eq!(refreshed.code, None, "{offset}");
            phone.permit(([8, 8, 8, 8], 5_000).into()).await;
            newest = relay_of(&mut client).await.1;
            let mut fresh = Phone::at(relay, Dialogue::new(newest.clone())).await;
            fresh.allocate().await.expect("a relay");
        }
        assert!(rig.program.is_running());
    }
}
