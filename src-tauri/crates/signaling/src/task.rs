//! The task that owns the connection: offline (waiting, or failed), connecting, open, and around
//! again. It runs wherever the runtime puts it; nothing in it blocks.

use std::sync::Arc;
use std::time::{Duration, Instant};

use duet_protocol::{ClientMessage, CloseReason, ServerMessage, parse_server};
use rustls::RootCertStore;
use tokio::sync::{OnceCell, mpsc, oneshot};

use crate::backoff::Backoff;
use crate::client::CLOSE_TIMEOUT;
use crate::config::SignalingConfig;
use crate::connect::{Socket, connect};
use crate::connection::{Connection, Incoming};
use crate::error::SignalingError;
use crate::event::SignalingEvent;
use crate::fingerprint::Fingerprint;
use crate::keepalive::{Due, Keepalive};
use crate::membership::{Membership, Verdict};

/// What an answer may take after the network changed: longer than any usable path to a server.
const PROBE_PATIENCE: Duration = Duration::from_secs(1);

/// What the handle asks for.
#[derive(Debug)]
pub(crate) enum Command {
    Send(ClientMessage),
    TryNow,
    NetworkChanged,
    Trust(Fingerprint),
    LeaveAndClose(oneshot::Sender<()>),
}

/// The client's task.
pub(crate) struct Task {
    config: SignalingConfig,
    trusted: Vec<Fingerprint>,
    roots: Arc<OnceCell<Arc<RootCertStore>>>,
    commands: mpsc::Receiver<Command>,
    events: mpsc::Sender<SignalingEvent>,
    membership: Membership,
    backoff: Backoff,
}

/// Nobody wants the client any more; whoever waits for the end is told by dropping this.
struct End {
    _done: Option<oneshot::Sender<()>>,
}

/// What ends a time without a connection.
enum Wish {
    /// Try now.
    Try,
    /// A `login` or a `join` was handed over.
    Join,
}

impl Task {
    pub(crate) fn new(
        config: SignalingConfig,
        commands: mpsc::Receiver<Command>,
        events: mpsc::Sender<SignalingEvent>,
    ) -> Self {
        let trusted = config
            .trusted_fingerprints
            .iter()
            .filter_map(|text| Fingerprint::parse(text))
            .collect();
        let membership = Membership::with_access(config.access.clone());
        Self {
            config,
            trusted,
            roots: Arc::default(),
            commands,
            events,
            membership,
            backoff: Backoff::default(),
        }
    }

    pub(crate) async fn run(mut self) {
        // Whoever waits for the end is told when `End` is dropped, after everything else.
        let Err(_end) = self.keep_connected().await;
    }

    /// Ends only by [`End`].
    async fn keep_connected(&mut self) -> Result<std::convert::Infallible, End> {
        loop {
            self.tell(SignalingEvent::Connecting).await;
            let error = match self.connect().await? {
                Ok(socket) => {
                    let opened_at = Instant::now();
                    let error = self.serve(socket).await?;
                    self.backoff.connection_ended(opened_at.elapsed());
                    self.membership.broken();
                    error
                }
                Err(error) => error,
            };
            tracing::info!(code = error.code(), "no connection to the server");
            if error.is_transient() {
                let retry_in = self.delay_after(&error);
                self.tell(SignalingEvent::Lost { retry_in, error }).await;
                self.wait(retry_in).await?;
            } else {
                self.tell(SignalingEvent::Failed(error)).await;
                self.wish().await?;
            }
        }
    }

    async fn connect(&mut self) -> Result<Result<Socket, SignalingError>, End> {
        let url = self.config.url.clone();
        let trusted = self.trusted.clone();
        let roots = Arc::clone(&self.roots);
        let connecting = connect(&url, &trusted, &roots, self.config.connect_timeout);
        tokio::pin!(connecting);
        loop {
            tokio::select! {
                result = &mut connecting => return Ok(result),
                // A join is remembered, and a try is going on already.
                wish = self.wish() => { wish?; }
            }
        }
    }

    fn delay_after(&mut self, error: &SignalingError) -> Duration {
        // Without randomness everybody would come back at once, but come back.
        let random = getrandom::u64().unwrap_or_default();
        match error.close_reason() {
            Some(CloseReason::Draining) => self.backoff.draining_delay(random),
            Some(
                CloseReason::Normal
                | CloseReason::BinaryFrame
                | CloseReason::NotUtf8
                | CloseReason::TooLarge
                | CloseReason::TooManyFaults
                | CloseReason::RateExceeded
                | CloseReason::Replaced
                | CloseReason::SlowReader,
            )
            | None => self.backoff.next_delay(random),
        }
    }

    /// Waits for the back-off, or for somebody who does not want to.
    async fn wait(&mut self, delay: Duration) -> Result<(), End> {
        let over = tokio::time::sleep(delay);
        tokio::pin!(over);
        loop {
            tokio::select! {
                () = &mut over => return Ok(()),
                wish = self.wish() => match wish? {
                    Wish::Try => return Ok(()),
                    Wish::Join => {}
                },
            }
        }
    }

    /// Takes commands while there is no connection, until one wants something.
    async fn wish(&mut self) -> Result<Wish, End> {
        loop {
            match self.commands.recv().await {
                None => return Err(End { _done: None }),
                Some(Command::LeaveAndClose(done)) => return Err(End { _done: Some(done) }),
                Some(Command::TryNow | Command::NetworkChanged) => return Ok(Wish::Try),
                Some(Command::Trust(fingerprint)) => {
                    self.trusted.push(fingerprint);
                    return Ok(Wish::Try);
                }
                Some(Command::Send(message)) => match self.membership.outgoing(message) {
                    ClientMessage::Join { .. }
                    | ClientMessage::Login { .. }
                    | ClientMessage::CastOpen { .. }
                    | ClientMessage::CastJoin { .. } => return Ok(Wish::Join),
                    ClientMessage::Leave { .. }
                    | ClientMessage::Offer(_)
                    | ClientMessage::Answer(_)
                    | ClientMessage::Candidate(_)
                    | ClientMessage::MediaState { .. }
                    | ClientMessage::Logout
                    | ClientMessage::Call { .. }
                    | ClientMessage::Accept { .. }
                    | ClientMessage::Decline { .. }
                    | ClientMessage::Cancel { .. }
                    | ClientMessage::Message(_)
                    | ClientMessage::IceServers
                    | ClientMessage::Keepalive => {}
                },
            }
        }
    }

    /// Serves an open connection until it ends; says why.
    async fn serve(&mut self, socket: Socket) -> Result<SignalingError, End> {
        let mut connection = Connection::new(socket);
        self.tell(SignalingEvent::Opened).await;
        for message in self.membership.opened() {
            if let Err(error) = connection.send(message.to_json()) {
                return Ok(error);
            }
        }
        let config = &self.config;
        let mut keepalive = Keepalive::new(
            Instant::now(),
            config.keepalive_interval,
            config.silence_timeout,
        );
        loop {
            let due_at = keepalive.poll_timeout().into();
            let step = tokio::select! {
                incoming = connection.next() => {
                    keepalive.received(Instant::now());
                    match incoming {
                        Ok(Incoming::Text(text)) => self.received(&text).await,
                        Ok(Incoming::Sign) => Ok(()),
                        Err(error) => Err(error),
                    }
                }
                command = self.commands.recv() => match command {
                    Some(Command::NetworkChanged) => {
                        keepalive.probe(Instant::now(), PROBE_PATIENCE);
                        Ok(())
                    }
                    command => self.command(&mut connection, command).await?,
                },
                () = tokio::time::sleep_until(due_at) => match keepalive.due(Instant::now()) {
                    Due::Nothing => Ok(()),
                    Due::Send => connection.send(ClientMessage::Keepalive.to_json()),
                    Due::Lost => Err(SignalingError::Silent),
                },
            };
            if let Err(error) = step {
                return Ok(error);
            }
        }
    }

    async fn command(
        &mut self,
        connection: &mut Connection,
        command: Option<Command>,
    ) -> Result<Result<(), SignalingError>, End> {
        match command {
            Some(Command::Send(message)) => {
                let message = self.membership.outgoing(message);
                Ok(connection.send(message.to_json()))
            }
            Some(Command::TryNow | Command::NetworkChanged) => Ok(Ok(())),
            Some(Command::Trust(fingerprint)) => {
                self.trusted.push(fingerprint);
                Ok(Ok(()))
            }
            Some(Command::LeaveAndClose(done)) => {
                for message in self.membership.leave() {
                    if let Err(error) = connection.send(message.to_json()) {
                        tracing::debug!(code = error.code(), "no leave could be sent");
                    }
                }
                finish(connection).await;
                Err(End { _done: Some(done) })
            }
            None => {
                finish(connection).await;
                Err(End { _done: None })
            }
        }
    }

    async fn received(&mut self, text: &str) -> Result<(), SignalingError> {
        let message = match parse_server(text) {
            Ok(ServerMessage::Keepalive) => return Ok(()),
            Ok(message) => message,
            Err(fault) => {
                tracing::debug!(%fault, "a message that is not understood");
                return Ok(());
            }
        };
        match self.membership.incoming(&message) {
            Verdict::PassOn => {
                self.tell(SignalingEvent::Message(message)).await;
                Ok(())
            }
            Verdict::Ignore => Ok(()),
            Verdict::TryLater(code) => Err(SignalingError::NotYet(code)),
        }
    }

    /// Waits while the owner has not taken the events before: the server is not read meanwhile.
    async fn tell(&mut self, event: SignalingEvent) {
        // An owner that listens no more may still be about to leave: the commands say when it ends.
        if self.events.send(event).await.is_err() {
            tracing::debug!("nobody listens to the signaling client");
        }
    }
}

/// Closes politely, within a limit.
async fn finish(connection: &mut Connection) {
    if tokio::time::timeout(CLOSE_TIMEOUT, connection.finish())
        .await
        .is_err()
    {
        tracing::debug!("the connection was cut off");
    }
}
