//! A running server: its listeners, its shared state, its end.
//!
//! Everything runs in tasks of the tokio runtime in which [`Server::bind`] was called. Dropping the
//! server ends them all; [`Server::shutdown`] does so politely.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use thiserror::Error;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{info, warn};

use crate::config::ServerConfig;
use crate::door::Sockets;
use crate::exchange::{CastConfig, DirectoryConfig};
use crate::hub::Hub;
use crate::listener;
use crate::rooms::RoomsConfig;
use crate::tls::{Tls, TlsError};
use crate::turn::{self, IceList, Secrets, TurnConfigError, TurnServer, TurnStats};

/// What a polite end may take: the close frames and their answers.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(8);

/// A running server.
#[derive(Debug)]
pub struct Server {
    shared: Arc<Shared>,
    listeners: Mutex<Vec<Listening>>,
    turn: Option<TurnServer>,
    ice: Arc<IceList>,
}

/// Why a server could not listen.
#[derive(Debug, Error)]
pub enum ServerError {
    /// The address is in use, not ours, or not allowed.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// The same for the relay.
    #[error("cannot relay on {address}: {source}")]
    Relay {
        /// Where.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// There is no good certificate.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The relay's settings cannot be.
    #[error(transparent)]
    TurnConfig(#[from] TurnConfigError),
    /// The server is shutting down.
    #[error("the server is shutting down")]
    Draining,
}

/// What a server holds at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ServerStats {
    /// Open WebSockets.
    pub connections: usize,
    /// Rooms with a place taken or kept.
    pub rooms: usize,
    /// Places taken or kept.
    pub members: usize,
    /// People logged in to the directory, kept ones included.
    pub logins: usize,
    /// Calls that ring or were just accepted.
    pub calls: usize,
    /// Displays that show a code.
    pub displays: usize,
    /// The relay; all zero while it is off.
    pub turn: TurnStats,
}

/// What the tasks share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) config: Arc<ServerConfig>,
    pub(crate) hub: Arc<Hub>,
    pub(crate) tasks: TaskTracker,
    /// Cancelled once, when the server ends.
    pub(crate) draining: CancellationToken,
    pub(crate) sockets: Mutex<Sockets>,
    pub(crate) tls: Option<Tls>,
}

#[derive(Debug)]
struct Listening {
    address: SocketAddr,
    closed: CancellationToken,
    task: tokio::task::JoinHandle<()>,
}

impl Server {
    /// Listens on every address of the settings and serves at once.
    ///
    /// # Errors
    /// The first address that cannot be listened on; nothing listens then.
    pub async fn bind(config: ServerConfig) -> Result<Self, ServerError> {
        let tls = config.tls.clone().map(Tls::load).transpose()?;
        let (turn, ice) = turn::start(&config.turn)?;
        let hub = Hub::new(
            rooms_config(&config),
            directory_config(&config),
            cast_config(&config),
            config.access.clone(),
            Arc::clone(&ice),
        );
        let addresses = config.listen.clone();
        let sockets = Sockets::new(config.connections_per_minute);
        let shared = Arc::new(Shared {
            config: Arc::new(config),
            hub,
            tasks: TaskTracker::new(),
            draining: CancellationToken::new(),
            sockets: Mutex::new(sockets),
            tls,
        });
        let server = Self {
            shared: Arc::clone(&shared),
            listeners: Mutex::default(),
            turn,
            ice,
        };
        for address in addresses {
            server.listen_also(address).await?;
        }
        tokio::spawn(async move {
            tokio::select! {
                () = shared.hub.keep_time() => {}
                () = shared.renew_certificate() => {}
                () = shared.draining.cancelled() => {}
            }
        });
        Ok(server)
    }

    /// Where it listens, with the real ports.
    #[must_use]
    pub fn local_addrs(&self) -> Vec<SocketAddr> {
        let listeners = self.listeners.lock();
        listeners
            .iter()
            .map(|listening| listening.address)
            .collect()
    }

    /// The WebSocket address of the first listener, for clients on this machine.
    ///
    /// # Panics
    /// If the server listens nowhere.
    #[must_use]
    pub fn url(&self) -> String {
        let urls = self.urls();
        urls.into_iter()
            .next()
            .expect("the server listens somewhere")
    }

    /// The WebSocket address of every listener.
    #[must_use]
    pub fn urls(&self) -> Vec<String> {
        let scheme = match self.shared.tls {
            Some(_) => "wss",
            None => "ws",
        };
        let addresses = self.local_addrs().into_iter();
        addresses
            .map(|address| format!("{scheme}://{address}/ws"))
            .collect()
    }

    /// Where the relay listens, with the real ports; empty while it is off.
    #[must_use]
    pub fn turn_addrs(&self) -> Vec<SocketAddr> {
        let turn = self.turn.as_ref().map(TurnServer::addresses);
        turn.unwrap_or_default().to_vec()
    }

    /// Changes the relay's secrets, the newest first: `[new, old]` at first, and `[new]` when the
    /// credentials made with the old one have expired. Running relays go on.
    ///
    /// # Errors
    /// If there is none, an empty one or more than two.
    pub fn set_turn_secrets(&self, secrets: &[String]) -> Result<(), TurnConfigError> {
        let is_some = !secrets.is_empty() && secrets.iter().all(|secret| !secret.is_empty());
        if !is_some || secrets.len() > Secrets::MAX {
            return Err(TurnConfigError::Secrets);
        }
        let secrets = Secrets::new(secrets.iter().map(String::as_str));
        // The relay first: it must know a secret before anybody has a credential made with it.
        if let Some(turn) = &self.turn {
            turn.set_secrets(secrets.clone());
        }
        self.ice.set_secrets(secrets);
        Ok(())
    }

    /// Listens on one more address; returns it with its real port.
    ///
    /// # Errors
    /// If that cannot be, or the server is shutting down.
    pub async fn listen_also(&self, address: SocketAddr) -> Result<SocketAddr, ServerError> {
        if self.shared.draining.is_cancelled() {
            return Err(ServerError::Draining);
        }
        let failed = |source| ServerError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let local = listener.local_addr().map_err(failed)?;
        let closed = self.shared.draining.child_token();
        let accepting = listener::run(listener, Arc::clone(&self.shared), closed.clone());
        let listening = Listening {
            address: local,
            closed,
            task: tokio::spawn(accepting),
        };
        self.listeners.lock().push(listening);
        info!("listening");
        Ok(local)
    }

    /// Stops listening on an address that [`Server::local_addrs`] names, and frees it before it
    /// returns. Who came in that way stays. False if the server does not listen there.
    pub async fn stop_listening(&self, address: SocketAddr) -> bool {
        let listening = {
            let mut listeners = self.listeners.lock();
            let index = listeners
                .iter()
                .position(|listening| listening.address == address);
            index.map(|index| listeners.remove(index))
        };
        match listening {
            Some(listening) => {
                listening.closed.cancel();
                // An error is a panic of the accept loop: it listens no more either.
                let _ = listening.task.await;
                true
            }
            None => false,
        }
    }

    /// What it holds at the moment.
    #[must_use]
    pub fn stats(&self) -> ServerStats {
        let (connections, counts) = self.shared.hub.counts();
        ServerStats {
            connections,
            rooms: counts.rooms,
            members: counts.members,
            logins: counts.logins,
            calls: counts.calls,
            displays: counts.displays,
            turn: self
                .turn
                .as_ref()
                .map(TurnServer::stats)
                .unwrap_or_default(),
        }
    }

    /// Serves until `shutdown` is there, then ends politely.
    pub async fn run_until(self, shutdown: impl Future<Output = ()>) {
        shutdown.await;
        self.shutdown().await;
    }

    /// Ends: no new connections, and every open one is closed with 4010. Returns when all are
    /// closed, or after eight seconds.
    pub async fn shutdown(self) {
        info!(connections = self.stats().connections, "draining");
        self.shared.drain();
        let listeners = std::mem::take(&mut *self.listeners.lock());
        for listening in listeners {
            let _ = listening.task.await;
        }
        self.shared.tasks.close();
        let finished = tokio::time::timeout(SHUTDOWN_TIMEOUT, self.shared.tasks.wait());
        if finished.await.is_err() {
            warn!(tasks = self.shared.tasks.len(), "connections were cut off");
        }
    }
}

fn rooms_config(config: &ServerConfig) -> RoomsConfig {
    RoomsConfig {
        resume_window: config.timing.resume_window,
        ice_servers: config.ice_servers.clone(),
        failed_joins_per_minute: config.failed_joins_per_minute,
        max_kept_places_per_address: config.max_connections_per_address,
    }
}

fn directory_config(config: &ServerConfig) -> DirectoryConfig {
    DirectoryConfig {
        resume_window: config.timing.resume_window,
        ring_timeout: config.timing.ring_timeout,
        call_entry_timeout: config.timing.call_entry_timeout,
        presence_interval: config.timing.presence_interval,
        calls_per_minute: config.calls_per_minute,
        max_kept_logins_per_address: config.max_connections_per_address,
    }
}

fn cast_config(config: &ServerConfig) -> CastConfig {
    CastConfig {
        code_lifetime: config.timing.cast_code_lifetime,
        guesses_per_minute: config.cast_guesses_per_minute,
        guesses_per_minute_overall: config.cast_guesses_per_minute_overall,
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.drain();
    }
}

impl Shared {
    fn drain(&self) {
        self.hub.fall_silent();
        self.draining.cancel();
    }

    /// Follows the files of the certificate for as long as the server runs.
    async fn renew_certificate(&self) {
        match &self.tls {
            Some(tls) => tls.follow(self.config.timing.certificate_check).await,
            None => std::future::pending().await,
        }
    }
}
