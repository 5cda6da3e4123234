//! The time of day jumps by a day, to and fro: nobody's connection, place or code takes notice.

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
    use std::path::{Path, PathBuf};
    use std::process::Command;

    use duet_protocol::CastRole;
    use duet_testkit::process::Process;
    use duet_testkit::skip;
    use tokio_tungstenite::connect_async;

    use super::*;
    use crate::client::{Client, forward};

    fn library() -> Option<PathBuf> {
        let folders = std::fs::read_dir("/usr/lib").ok()?.flatten();
        let paths = folders.map(|folder| folder.path().join("faketime/libfaketimeMT.so.1"));
        paths.into_iter().find(|path| path.exists())
    }

    /// From now on the time of day is off by this.
    fn jump(file: &Path, offset: &str) {
        // In one piece, as it is read at every look at the clock.
        let new = file.with_extension("new");
        std::fs::write(&new, format!("{offset}\n")).expect("written");
        std::fs::rename(&new, file).expect("in its place");
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
        let test = "clock::program::jumps";
        if skip::without_programs(test, &["faketime"]) {
            return;
        }
        let library = library().expect("faketime brings its library");
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("offset");
        jump(&file, "+0");
        let mut command = Command::new(env!("CARGO_BIN_EXE_duet-server"));
        command
            .args(["--listen", "127.0.0.1:0", "--no-turn", "--no-metrics"])
            .env("LD_PRELOAD", library)
            .env("FAKETIME_TIMESTAMP_FILE", &file)
            .env("FAKETIME_NO_CACHE", "1")
            .env("DONT_FAKE_MONOTONIC", "1");
        let mut program = Process::spawn("duet-server", &mut command).expect("it starts");
        let patience = Duration::from_secs(20);
        let line = program.wait_for_line(patience, |line| line.starts_with("listening on "));
        let url = line.expect("it listens");
        let url = url.trim_start_matches("listening on ");
        let connect = async || Client {
            socket: connect_async(url).await.expect("it listens").0,
        };
        let (mut a, mut b) = (connect().await, connect().await);
        a.join_resumable("r", "a", None).await;
        let mut token = b.join_resumable("r", "b", None).await.token;
        assert!(matches!(a.next().await, ServerMessage::NewPeer { .. }));
        assert!(matches!(b.next().await, ServerMessage::RespJoin { .. }));
        let mut wall = connect().await;
        wall.send(&cast_open("d", None)).await;
        let shown = wall.expect_code().await;
        let today = day_of(&mut a, &mut b, "0").await;
        for (n, offset) in ["+1d", "-1d"].into_iter().enumerate() {
            jump(&file, offset);
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
            jump(&file, if n % 2 == 0 { "-1d" } else { "+1d" });
            b = connect().await;
            let back = b.join_resumable("r", "b", Some(&token)).await;
            assert!(back.resumed);
            token = back.token;
            assert!(matches!(a.next().await, ServerMessage::PeerBack { .. }));
            assert!(matches!(b.next().await, ServerMessage::RespJoin { .. }));
        }
        // Its code is the same, and good.
        wall.assert_quiet().await;
        let mut presenter = connect().await;
        presenter.send(&cast_join(&shown.code, "p")).await;
        presenter.expect_role(CastRole::Presenter).await;
        wall.expect_role(CastRole::Display).await;
        assert!(program.is_running());
    }
}
