//! Secrets and keys change under a server that runs: SIGHUP.
#![cfg(unix)]

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{ChildStderr, Command, Stdio};
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Duration;

use duet_protocol::{ErrorCode, ServerMessage};
use duet_server::turn::stun::Method;
use duet_server::turn::{MAX_CREDENTIAL_TTL, Secrets};
use duet_server::{AccessKeys, Grant};
use tempfile::TempDir;
use tokio_tungstenite::connect_async;

use crate::access::join;
use crate::client::Client;
use crate::program::{Program, signal};
use crate::turn::dialogue::{Dialogue, credential, peer, unix_now_s};
use crate::turn::network::Phone;

const OLD: &str = "0123456789abcdef0123456789abcdef";
const NEW: &str = "fedcba9876543210fedcba9876543210";

/// A closed server with its files.
struct Closed {
    folder: TempDir,
    program: Program,
    url: String,
    relay: String,
    logs: Receiver<String>,
}

impl Closed {
    fn start() -> Self {
        let folder = TempDir::new().expect("a folder");
        write(folder.path(), OLD, &[OLD]);
        let mut command = Command::new(env!("CARGO_BIN_EXE_duet-server"));
        command
            .arg("--config")
            .arg(folder.path().join("settings.toml"))
            .env("DUET_LOG", "info")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut program = Program(command.spawn().expect("it starts"));
        let mut stdout = BufReader::new(program.0.stdout.take().expect("piped"));
        let mut line = String::new();
        stdout.read_line(&mut line).expect("the first line");
        let logs = lines(program.0.stderr.take().expect("piped"));
        let url = line.trim().trim_start_matches("listening on ").to_owned();
        line.clear();
        stdout.read_line(&mut line).expect("the second line");
        Self {
            folder,
            program,
            url,
            relay: line
                .trim()
                .trim_start_matches("relaying on turn:")
                .to_owned(),
            logs,
        }
    }

    fn change(&self, key: &str, secrets: &[&str]) {
        write(self.folder.path(), key, secrets);
        self.ask();
    }

    fn ask(&self) {
        signal(&self.program, "-HUP");
    }

    /// Waits for a line with these words.
    fn logged(&self, words: &str) {
        loop {
            let line = self.logs.recv_timeout(Duration::from_secs(20));
            if line.expect("it says so").contains(words) {
                return;
            }
        }
    }

    /// Joins with a token of this key.
    async fn join(&self, key: &str, uid: &str) -> (Client, ServerMessage) {
        let grant = Grant {
            exp: u64::MAX,
            room_id: None,
            name: None,
            role: None,
        };
        let token = AccessKeys::parse(key).expect("a key").issue(&grant);
        let mut client = Client {
            socket: connect_async(&self.url).await.expect("it listens").0,
        };
        client.send(&join("r", uid, Some(&token))).await;
        let answer = client.next().await;
        (client, answer)
    }
}

fn write(folder: &Path, key: &str, secrets: &[&str]) {
    let key_file: PathBuf = folder.join("key");
    std::fs::write(&key_file, key).expect("written");
    let settings = format!(
        "listen = [\"127.0.0.1:0\"]\naccess-key = {key_file:?}\nturn-secret = {secrets:?}\n"
    );
    std::fs::write(folder.join("settings.toml"), settings).expect("written");
}

fn lines(stderr: ChildStderr) -> Receiver<String> {
    let (to, from) = sync_channel(100);
    std::thread::spawn(move || {
        for line in BufReader::new(stderr).lines().map_while(Result::ok) {
            // More than a test makes it say.
            let _ = to.try_send(line);
        }
    });
    from
}

/// Whether the relay's credential in `joined` was made with this secret.
fn is_made_with(joined: &ServerMessage, secret: &str) -> bool {
    let ServerMessage::Joined { ice_servers, .. } = joined else {
        panic!("not joined: {joined:?}");
    };
    let relay = ice_servers.iter().find(|server| server.username.is_some());
    let relay = relay.expect("a relay with a credential");
    let username = relay.username.as_deref().expect("one");
    let (expiry_s, uid) = username.split_once(':').expect("EXPIRY:UID");
    let made_at_s = expiry_s.parse::<u64>().expect("a time") - MAX_CREDENTIAL_TTL.as_secs();
    let made = Secrets::new([secret]).credential(uid, made_at_s, MAX_CREDENTIAL_TTL);
    relay.credential == made.map(|credential| credential.password)
}

#[tokio::test]
async fn new_keys_and_secrets_are_in_force_and_those_who_are_in_stay() {
    let server = Closed::start();
    let (mut ann, joined) = server.join(OLD, "a").await;
    assert!(is_made_with(&joined, OLD));

    server.change(NEW, &[NEW, OLD]);
    server.logged("read again");
    let (_ben, joined) = server.join(NEW, "b").await;
    assert!(is_made_with(&joined, NEW));
    let (_, refused) = server.join(OLD, "c").await;
    let ServerMessage::Error { code, .. } = refused else {
        panic!("admitted: {refused:?}");
    };
    assert_eq!(code, ErrorCode::NotAllowed);
    // The one from before sees the newcomer: nothing of the call was touched.
    assert!(matches!(ann.next().await, ServerMessage::NewPeer { .. }));
}

#[tokio::test]
async fn what_cannot_be_leaves_the_old_ones_in_force() {
    let server = Closed::start();
    let settings = server.folder.path().join("settings.toml");
    std::fs::write(settings, "no-such-key = 1\n").expect("written");
    server.ask();
    server.logged("the old secrets and keys stay");
    server.change("short", &[OLD]);
    server.logged("the old secrets and keys stay");
    let (_ann, joined) = server.join(OLD, "a").await;
    assert!(is_made_with(&joined, OLD));
}

#[tokio::test]
async fn what_relays_must_not_reach_is_read_again_and_relays_go_on() {
    let server = Closed::start();
    let credential = credential(OLD, "mira", unix_now_s());
    let relay = server.relay.parse().expect("an address");
    let mut phone = Phone::at(relay, Dialogue::new(credential)).await;
    phone.allocate().await.expect("a relay");
    let ask = vec![peer("8.8.4.4:6379".parse().expect("an address"))];
    let code = phone.ask(Method::CREATE_PERMISSION, &ask).await.code;
    assert_eq!(code, None);

    let settings = server.folder.path().join("settings.toml");
    let mut text = std::fs::read_to_string(&settings).expect("read");
    text.push_str("turn-deny = [\"8.8.4.4\", \"2606:4700::/32\"]\n");
    std::fs::write(&settings, text).expect("written");
    server.ask();
    server.logged("read again");
    let code = phone.ask(Method::CREATE_PERMISSION, &ask).await.code;
    assert_eq!(code, Some(403));
    let other = vec![peer("8.8.4.5:6379".parse().expect("an address"))];
    let code = phone.ask(Method::CREATE_PERMISSION, &other).await.code;
    assert_eq!(code, None, "the same relay");
}
