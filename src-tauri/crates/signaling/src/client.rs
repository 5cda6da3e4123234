//! The client's handle: commands in, bounded; nothing here waits but the end.

use std::time::Duration;

use duet_protocol::ClientMessage;
use tokio::sync::{mpsc, oneshot};

use crate::config::SignalingConfig;
use crate::event::SignalingEvent;
use crate::fingerprint::Fingerprint;
use crate::task::{Command, Task};

/// Commands and messages that may wait for the task.
const COMMANDS: usize = 256;
/// Events that may wait for the owner; beyond them nothing more is read from the server.
const EVENTS: usize = 256;
/// What a polite end may take.
pub(crate) const CLOSE_TIMEOUT: Duration = Duration::from_millis(500);

/// Starts clients.
#[derive(Debug)]
pub struct SignalingClient;

impl SignalingClient {
    /// Starts a client on the running tokio runtime; it connects at once and keeps connected until
    /// the handle is dropped.
    pub fn spawn(config: SignalingConfig) -> (SignalingHandle, mpsc::Receiver<SignalingEvent>) {
        let (commands, inbox) = mpsc::channel(COMMANDS);
        let (outbox, events) = mpsc::channel(EVENTS);
        tokio::spawn(Task::new(config, inbox, outbox).run());
        (SignalingHandle { commands }, events)
    }
}

/// Commands one client. Dropping it closes the connection; a place in a room is then kept by the
/// server as after a break (see [`SignalingHandle::leave_and_close`]).
#[derive(Debug)]
pub struct SignalingHandle {
    commands: mpsc::Sender<Command>,
}

impl SignalingHandle {
    /// Sends a message, in order. A `login` and a `join` are remembered and repeated on every new
    /// connection until a `logout` and a `leave`; anything else is dropped while there is no connection.
    pub fn send(&self, message: ClientMessage) {
        self.command(Command::Send(message));
    }

    /// Tries at once instead of after the back-off, or again after `Failed`.
    pub fn try_now(&self) {
        self.command(Command::TryNow);
    }

    /// The computer is in another network: an open connection must answer within a second, or
    /// another one is made; without one, it is tried at once.
    pub fn network_changed(&self) {
        self.command(Command::NetworkChanged);
    }

    /// Trusts a certificate for this server from now on, and tries again. False if the text is no
    /// SHA-256 fingerprint.
    pub fn trust(&self, sha256_fingerprint: &str) -> bool {
        let fingerprint = Fingerprint::parse(sha256_fingerprint);
        if let Some(fingerprint) = fingerprint {
            self.command(Command::Trust(fingerprint));
        }
        fingerprint.is_some()
    }

    /// Sends what waits, leaves the room if in one, logs out, and closes; takes at most half a second.
    pub async fn leave_and_close(self) {
        let (done, closed) = oneshot::channel();
        let closing = async {
            if self
                .commands
                .send(Command::LeaveAndClose(done))
                .await
                .is_ok()
            {
                // An error means that the task has ended: closed as well.
                let _ = closed.await;
            }
        };
        if tokio::time::timeout(CLOSE_TIMEOUT, closing).await.is_err() {
            tracing::debug!("the server did not say goodbye in time");
        }
    }

    fn command(&self, command: Command) {
        if self.commands.try_send(command).is_err() {
            tracing::warn!("the signaling client takes no more commands; one is dropped");
        }
    }
}
