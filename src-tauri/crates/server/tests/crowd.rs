//! Everybody logs in at the same moment, as after a server was started again, and there are more than the server takes:
//! whom it lets in it serves, and the others are refused.
#![cfg(target_os = "linux")]

use std::env;
use std::io::Write;
use std::net::Ipv4Addr;
use std::process::{Command, Stdio};
use std::time::Duration;

use duet_protocol::limits::LOBBY_PLACES;
use duet_protocol::{ClientMessage, LoginAnswer, ServerMessage};
use duet_testkit::process::Process;
use futures_util::StreamExt;

use crate::client::Client;
use crate::lobby::login_to;
use crate::target::{Door, Target};

/// Connections that the server takes altogether.
const PLACES: usize = 500;
/// Processes of this test that the crowd comes from: a process may have no more than 1,024 files.
const PARTS: usize = 4;
/// People of each.
const PEOPLE: usize = 500;
/// Says to this test, in a process of its own, which part of the crowd it is.
const PART: &str = "DUET_TEST_CROWD_PART";
/// And where the server is.
const DOOR: &str = "DUET_TEST_CROWD_DOOR";
/// What a part says when it waits for the start, and when all its people are in or refused.
const READY: &str = "ready";
const SERVED: &str = "served ";
/// Generous: nothing here is a measurement.
const PATIENCE: Duration = Duration::from_secs(120);

/// Comes once; false if refused. Whoever is let in gets the answer to a login and then to a keepalive, and stays
/// until this process ends.
async fn is_served(door: Door, person: usize) -> bool {
    let [street, house] = [person / 200, person % 200 + 1];
    let [street, house] = [street, house].map(|n| u8::try_from(n).expect("below 256"));
    let from = Ipv4Addr::new(127, 1, street, house);
    let Some(mut client) = door.client_from(from).await else {
        return false;
    };
    // Each lobby has a place for everybody who wants to go there.
    let lobby = format!("lobby-{}", person / LOBBY_PLACES);
    let (name, uid) = (format!("Person {person}"), format!("p{person}"));
    client.send(&login_to(&name, &uid, Some(&lobby))).await;
    let answer = client.next().await;
    let is_in = matches!(answer, ServerMessage::Login(LoginAnswer::Accepted { .. }));
    assert!(is_in, "{answer:?}");
    client.send(&ClientMessage::Keepalive).await;
    loop {
        match client.next().await {
            ServerMessage::Keepalive => break,
            ServerMessage::Presence(_) => {}
            other => panic!("not expected: {other:?}"),
        }
    }
    tokio::spawn(
        async move { while client.socket.next().await.is_some_and(|read| read.is_ok()) {} },
    );
    true
}

/// The parent says something, or that it is over.
async fn told() {
    let mut line = String::new();
    let reading = tokio::task::spawn_blocking(move || std::io::stdin().read_line(&mut line));
    reading.await.expect("it reads").expect("a line");
}

/// One part of the crowd, all at once and without a second try.
async fn part_of_the_crowd(part: usize) {
    let door = Door::at(&env::var(DOOR).expect("a door"));
    println!("{READY}");
    told().await;
    let people = part * PEOPLE..(part + 1) * PEOPLE;
    let coming: Vec<_> = people
        .map(|person| tokio::spawn(is_served(door.clone(), person)))
        .collect();
    let mut served = 0;
    for one in coming {
        served += usize::from(one.await.expect("who is let in is served"));
    }
    println!("{SERVED}{served}");
    told().await;
}

fn start_part(door: &Door, part: usize) -> Process {
    let mut command = Command::new(env::current_exe().expect("it runs"));
    command
        .args(["--exact", "--nocapture"])
        .arg("crowd::of_two_thousand_who_log_in_at_once_those_let_in_are_served")
        .stdin(Stdio::piped())
        .env(DOOR, door.url())
        .env(PART, part.to_string());
    Process::spawn("a part of the crowd", &mut command).expect("it starts")
}

/// Somebody, as soon as there is a place.
async fn somebody(target: &Target) -> Client {
    let coming = async {
        loop {
            if let Some(client) = target.try_client().await {
                return client;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let come = tokio::time::timeout(PATIENCE, coming).await;
    come.expect("the places are free again")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_thousand_who_log_in_at_once_those_let_in_are_served() {
    if let Ok(part) = env::var(PART) {
        return part_of_the_crowd(part.parse().expect("a number")).await;
    }
    let mut target = Target::start_with_places(PLACES);
    target.two_meet("before").await;
    let before_kib = target.own_kib();
    let mut parts: Vec<Process> = (0..PARTS)
        .map(|part| start_part(&target.door, part))
        .collect();
    let mut starts = Vec::new();
    for part in &mut parts {
        let ready = part.wait_for_line(PATIENCE, |line| line.ends_with(READY));
        ready.expect("it is ready");
        starts.push(part.take_stdin().expect("piped"));
    }
    for start in &mut starts {
        start.write_all(b"now\n").expect("it listens");
    }
    let mut served = 0;
    for part in &parts {
        let line = part.wait_for_line(PATIENCE, |line| line.starts_with(SERVED));
        let line = line.expect("everybody is in or refused");
        let count = line.trim_start_matches(SERVED).parse::<usize>();
        served += count.expect("a number");
    }
    println!(
        "{} logins at once: {served} served, the others refused; own memory {before_kib} KiB before, {} KiB with them",
        PARTS * PEOPLE,
        target.own_kib()
    );
    // Not each of the places, as a handshake may be too late on a busy machine.
    assert!(
        (PLACES / 2..=PLACES).contains(&served),
        "{served} of {PLACES}"
    );
    drop(starts);
    for part in &mut parts {
        let status = part.wait(PATIENCE).expect("it ends");
        assert!(status.success(), "{status}");
    }
    let (mut a, mut b) = (somebody(&target).await, somebody(&target).await);
    a.join("afterwards", "a").await;
    assert_eq!(b.join("afterwards", "b").await.user_num, 2);
    target.assert_unharmed("a crowd at once", before_kib).await;
}
