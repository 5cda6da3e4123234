//! The program is asked to end, or killed, and started again at the same place, and all clients of
//! duet-signaling are back by themselves: in their rooms, in the lobby, introduced to each other. How
//! long the last of them took is printed, for people.

use std::collections::BTreeSet;
use std::process::Command;
use std::time::{Duration, Instant};

use duet_protocol::{ClientMessage, Forward, LoginAnswer, Presence, ServerMessage};
use duet_signaling::{SignalingClient, SignalingConfig, SignalingEvent, SignalingHandle};
use duet_testkit::port::free_port;
use duet_testkit::process::{Process, Signal};
use tokio::sync::mpsc;

use crate::client::{forward, join};
use crate::lobby::login;

/// Generous: nothing here is a measurement.
const PATIENCE: Duration = Duration::from_secs(60);
const PEOPLE: usize = 24;

/// A running `duet-server`.
fn start(address: &str) -> Process {
    let mut command = Command::new(env!("CARGO_BIN_EXE_duet-server"));
    command.args(["--listen", address, "--no-turn", "--no-metrics"]);
    let process = Process::spawn("duet-server", &mut command).expect("it starts");
    let listens = |line: &str| line.starts_with("listening on ");
    process
        .wait_for_line(PATIENCE, listens)
        .expect("it listens");
    process
}

/// One of two in a room, and online.
struct Person {
    uid: String,
    /// The other in the room.
    partner: String,
    room: String,
    handle: SignalingHandle,
    events: mpsc::Receiver<SignalingEvent>,
    /// Why the connection was lost, each time.
    losses: Vec<&'static str>,
    knows: Knowledge,
}

/// What the server has said on this connection.
#[derive(Debug, Default)]
struct Knowledge {
    is_in_room: bool,
    has_partner: bool,
    /// The uids of the others in the lobby.
    lobby: Option<BTreeSet<String>>,
}

impl Person {
    fn new(address: &str, index: usize) -> Self {
        let (handle, events) = SignalingClient::spawn(SignalingConfig {
            url: format!("ws://{address}/ws"),
            ..SignalingConfig::default()
        });
        let uid = uid(index);
        let room = format!("room-{}", index / 2);
        handle.send(login(&format!("Name {index}"), &uid));
        handle.send(join(&room, &uid));
        Self {
            partner: self::uid(index ^ 1),
            uid,
            room,
            handle,
            events,
            losses: Vec::new(),
            knows: Knowledge::default(),
        }
    }

    async fn next(&mut self) -> SignalingEvent {
        let next = tokio::time::timeout(PATIENCE, self.events.recv()).await;
        let Ok(event) = next else {
            panic!("{}: {:?}, {:?}", self.uid, self.losses, self.knows);
        };
        event.expect("the client runs")
    }

    /// In the room with the partner and online with everybody, after this many losses.
    async fn until_there(&mut self, losses: usize) {
        let mut others: BTreeSet<String> = (0..PEOPLE).map(uid).collect();
        others.remove(&self.uid);
        while self.losses.len() < losses || !self.knows.is_all(&others) {
            let event = self.next().await;
            self.note(event);
        }
    }

    /// # Panics
    /// If it is an error that a person would be shown.
    fn note(&mut self, event: SignalingEvent) {
        match event {
            SignalingEvent::Connecting | SignalingEvent::Opened => {}
            SignalingEvent::Lost { error, .. } => {
                self.losses.push(error.code());
                self.knows = Knowledge::default();
            }
            SignalingEvent::Failed(error) => panic!("{}: {error}", self.uid),
            SignalingEvent::Message(message) => self.read(message),
        }
    }

    fn read(&mut self, message: ServerMessage) {
        let knows = &mut self.knows;
        match message {
            ServerMessage::Joined { .. } => knows.is_in_room = true,
            ServerMessage::NewPeer { remote_uid, .. }
            | ServerMessage::RespJoin { remote_uid, .. } => {
                assert_eq!(remote_uid, self.partner);
                knows.has_partner = true;
            }
            ServerMessage::Login(LoginAnswer::Accepted { users, .. }) => {
                knows.lobby = Some(users.into_iter().map(|user| user.uid).collect());
            }
            ServerMessage::Presence(changes) => knows.change(changes),
            other => panic!("{}: {other:?}", self.uid),
        }
    }
}

impl Knowledge {
    fn change(&mut self, changes: Presence) {
        assert_eq!(changes.offline, [], "nobody leaves");
        let lobby = self.lobby.as_mut().expect("presence comes after a login");
        lobby.extend(changes.online.into_iter().map(|user| user.uid));
    }

    fn is_all(&self, others: &BTreeSet<String>) -> bool {
        self.is_in_room && self.has_partner && self.lobby.as_ref() == Some(others)
    }
}

fn uid(index: usize) -> String {
    format!("u{index}")
}

/// Everybody in a room and online; then the outage; then the same again, by a new process.
async fn everybody_is_back_after(signal: Signal) -> Vec<Person> {
    let address = format!("127.0.0.1:{}", free_port().expect("a free port"));
    let mut program = start(&address);
    let mut people: Vec<Person> = (0..PEOPLE)
        .map(|index| Person::new(&address, index))
        .collect();
    for person in &mut people {
        person.until_there(0).await;
    }
    let begin = Instant::now();
    let ended = tokio::task::spawn_blocking(move || {
        program.signal(signal);
        program.wait(PATIENCE)
    });
    let status = ended.await.expect("no panic").expect("it ends");
    assert_eq!(status.success(), signal == Signal::Terminate, "{status}");
    let down = begin.elapsed();
    let _program = start(&address);
    for person in &mut people {
        person.until_there(1).await;
    }
    let all = begin.elapsed();
    println!("{signal:?}: gone after {down:.1?}, the last of {PEOPLE} is back after {all:.1?}");
    for person in &people {
        let offer = forward(&person.room, &person.uid, &person.partner, "{}");
        person.handle.send(ClientMessage::Offer(offer));
    }
    for person in &mut people {
        let offer = forward(&person.room, &person.partner, &person.uid, "{}");
        is_offered(person, offer).await;
    }
    people
}

/// What the partner sends arrives.
async fn is_offered(person: &mut Person, offer: Forward) {
    loop {
        match person.next().await {
            SignalingEvent::Message(ServerMessage::Offer(found)) => {
                return assert_eq!(found, offer);
            }
            other => person.note(other),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_is_back_after_it_was_asked_to_end() {
    for person in everybody_is_back_after(Signal::Terminate).await {
        assert_eq!(person.losses[0], "draining", "they are told to come back");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_is_back_after_it_was_killed() {
    for person in everybody_is_back_after(Signal::Kill).await {
        assert_ne!(person.losses[0], "draining", "there was no time for words");
    }
}
