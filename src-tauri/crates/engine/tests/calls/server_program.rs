//! The server is a program: it is asked to end, or killed, and started again at the same place. Everybody
//! comes back by themselves, to their room and to the lobby, and is shown nothing worse than "reconnecting".
//! How long the last of them took is printed, for people.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::process::Command;
use std::time::{Duration, Instant};

use duet_engine::call::{DirectoryStatus, TextEvent, TextTarget};
use duet_engine::{EndpointEvent, SignalingStatus};
use duet_protocol::User;
use duet_testkit::http;
use duet_testkit::port::free_port;
use duet_testkit::process::{Process, Signal, eventually};
use duet_testkit::target_dir;

use crate::common::{PATIENCE, Person};

/// The first two are in a call, the third waits in another room, the fourth is in none.
const PEOPLE: [&str; 4] = ["Ana", "Ben", "Cleo", "Dan"];
const IN_ROOMS: usize = 3;

/// A running `duet-server`.
struct Program {
    process: Process,
    listens: SocketAddr,
    figures: SocketAddr,
}

impl Program {
    fn start(listens: SocketAddr, figures: SocketAddr) -> Self {
        let program = target_dir::binary("duet-server").expect("it is built");
        let mut command = Command::new(program);
        command.args(["--listen", &listens.to_string(), "--no-turn"]);
        command.args(["--metrics-listen", &figures.to_string()]);
        let process = Process::spawn("duet-server", &mut command).expect("it starts");
        let is_ready = |line: &str| line.starts_with("figures on ");
        process
            .wait_for_line(PATIENCE, is_ready)
            .expect("it serves");
        Self {
            process,
            listens,
            figures,
        }
    }

    /// Ends by this signal, and is started again.
    fn again_after(mut self, signal: Signal) -> Self {
        self.process.signal(signal);
        let status = self.process.wait(PATIENCE).expect("it ends");
        assert_eq!(status.success(), signal == Signal::Terminate, "{status}");
        Self::start(self.listens, self.figures)
    }

    fn url(&self) -> String {
        format!("ws://{}/ws", self.listens)
    }

    /// Whether this many are logged in, and in rooms.
    fn has(&self, logins: usize, members: usize) -> bool {
        let limit = Duration::from_secs(10);
        let answer = http::request(self.figures, "GET", "/metrics", None, limit);
        let Ok((200, text)) = answer else {
            return false;
        };
        let text = String::from_utf8_lossy(&text);
        let says = |line: String| text.lines().any(|said| said == line);
        says(format!("duet_logins {logins}")) && says(format!("duet_members {members}"))
    }

    /// Blocks; the endpoints run on other threads.
    fn until_all_are_back(&self) {
        let all = || self.has(PEOPLE.len(), IN_ROOMS);
        let waited = eventually("all are there", PATIENCE, all);
        waited.expect("the server knows all");
    }
}

/// Somebody, and what they are shown.
struct Viewer {
    person: Person,
    name: &'static str,
    /// How often the server was lost.
    breaks: usize,
    has_server: bool,
    /// Whom they see in the lobby.
    sees: BTreeSet<String>,
    /// All states of their call, by its word.
    states: Vec<&'static str>,
}

impl Viewer {
    async fn online(url: &str, name: &'static str) -> Self {
        let mut person = Person::at(url, |_| {});
        person.logs_in(url, name).await;
        let users = person.knows("itself to be online", |_| true).await;
        Self {
            person,
            name,
            breaks: 0,
            has_server: true,
            sees: names(users),
            states: Vec::new(),
        }
    }

    async fn joins(&mut self, room: &str, until: &'static str) {
        self.person.endpoint.join(room).await.expect("runs");
        self.until(until, |viewer| viewer.states.last() == Some(&until))
            .await;
    }

    async fn until(&mut self, what: &str, is_so: impl Fn(&Self) -> bool) {
        let looking = async {
            while !is_so(self) {
                let event = self.person.events.recv().await;
                self.look(event.expect("the endpoint runs"));
            }
        };
        let looked = tokio::time::timeout(PATIENCE, looking).await;
        let (name, sees, states) = (self.name, &self.sees, &self.states);
        assert!(
            looked.is_ok(),
            "{name}: no {what}; {states:?}, sees {sees:?}"
        );
    }

    /// Connected after so many breaks, with all the others in sight.
    async fn until_back(&mut self, breaks: usize) {
        let mut others = BTreeSet::from(PEOPLE.map(str::to_owned));
        others.remove(self.name);
        self.until("way back", |viewer| {
            viewer.breaks >= breaks && viewer.has_server && viewer.sees == others
        })
        .await;
    }

    /// # Panics
    /// If it is an error.
    fn look(&mut self, event: EndpointEvent) {
        let name = self.name;
        match event {
            EndpointEvent::Signaling(SignalingStatus::Open) => self.has_server = true,
            EndpointEvent::Signaling(SignalingStatus::Lost) => {
                self.breaks += 1;
                self.has_server = false;
            }
            EndpointEvent::Signaling(failed) => panic!("{name}: {failed:?}"),
            EndpointEvent::Directory(DirectoryStatus::Online { users }) => {
                self.sees = names(users);
            }
            EndpointEvent::Directory(DirectoryStatus::Connecting) => self.sees.clear(),
            EndpointEvent::Directory(other) => panic!("{name}: {other:?}"),
            EndpointEvent::State(state) => self.states.push(state.word()),
            _ => {}
        }
    }
}

fn names(users: Vec<User>) -> BTreeSet<String> {
    users.into_iter().map(|user| user.name).collect()
}

/// All of them, where the test wants them.
async fn gather(url: &str) -> [Viewer; 4] {
    let [mut ana, mut ben, mut cleo, dan] = [
        Viewer::online(url, PEOPLE[0]).await,
        Viewer::online(url, PEOPLE[1]).await,
        Viewer::online(url, PEOPLE[2]).await,
        Viewer::online(url, PEOPLE[3]).await,
    ];
    ana.joins("a call", "waiting-for-peer").await;
    ben.joins("a call", "connected").await;
    ana.until("call", |ana| ana.states.ends_with(&["connected"]))
        .await;
    cleo.joins("alone", "waiting-for-peer").await;
    let mut viewers = [ana, ben, cleo, dan];
    for viewer in &mut viewers {
        viewer.until_back(0).await;
    }
    viewers
}

async fn comes_back_after(signal: Signal) {
    let [listens, figures] =
        [0; 2].map(|_| SocketAddr::from(([127, 0, 0, 1], free_port().expect("a port"))));
    let program = Program::start(listens, figures);
    let mut viewers = gather(&program.url()).await;
    program.until_all_are_back();
    for viewer in &mut viewers {
        viewer.states.clear();
    }
    let start = Instant::now();
    let ended = tokio::task::spawn_blocking(move || program.again_after(signal));
    let program = ended.await.expect("no panic");
    for viewer in &mut viewers {
        viewer.until_back(1).await;
    }
    program.until_all_are_back();
    println!("{signal:?}: the last is back after {:.1?}", start.elapsed());
    let [ana, ben, cleo, dan] = &mut viewers;
    cleo.until("room", |cleo| cleo.states.ends_with(&["waiting-for-peer"]))
        .await;
    assert_eq!(cleo.states, ["reconnecting", "waiting-for-peer"]);
    for viewer in [&*ana, &*ben, &*dan] {
        // A call goes on without a server, and who is in none reads nothing of it.
        assert!(
            viewer.states.is_empty(),
            "{}: {:?}",
            viewer.name,
            viewer.states
        );
    }
    are_together(ana, ben).await;
    dan.joins("alone", "connected").await;
    cleo.person.is_connected().await;
}

/// The two are in one room of the new server, and their call never ended.
async fn are_together(ana: &mut Viewer, ben: &mut Viewer) {
    for viewer in [&*ana, &*ben] {
        viewer.person.sees_more().await;
    }
    let sent = ana
        .person
        .endpoint
        .send_text(TextTarget::Peer, "1", "still there?");
    sent.await.expect("runs");
    let is_text = |event: &EndpointEvent| match event {
        EndpointEvent::Text(TextEvent::Received(text)) => text.content == "still there?",
        _ => false,
    };
    ben.person.until("text", is_text).await;
    let is_delivered =
        |event: &EndpointEvent| matches!(event, EndpointEvent::Text(TextEvent::Delivered { .. }));
    ana.person.until("delivery", is_delivered).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_is_back_after_it_was_asked_to_end() {
    comes_back_after(Signal::Terminate).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_is_back_after_it_was_killed() {
    comes_back_after(Signal::Kill).await;
}
