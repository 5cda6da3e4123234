//! A running server: its listeners, its shared state, its end.
//!
//! Everything runs in tasks of the tokio runtime in which [`Server::bind`] was called. Dropping the
//! server ends them all; [`Server::shutdown`] does so politely.

mod error;
mod relay;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use parking_lot::{Mutex, RwLock};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::access::AccessKeys;
use crate::bus::{Bus, ClusterKeys};
use crate::config::ServerConfig;
use crate::listener;
use crate::monitor::Monitor;
use crate::node::ClusterStats;
pub use crate::shared::ServerStats;
use crate::shared::{RelaySlot, Shared, Watched};
use crate::supervise::{PAUSE, keep_going};
use crate::tls::Tls;
use crate::turn::{self, IceList};
pub use error::ServerError;

/// What a polite end may take: the close frames and their answers.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(8);

/// A running server.
#[derive(Debug)]
pub struct Server {
    shared: Arc<Shared>,
    listeners: Mutex<Vec<Listening>>,
    turn: RelaySlot,
    ice: Arc<IceList>,
    monitors: Vec<Monitor>,
    /// `None` for a server alone.
    bus: Option<Arc<Bus>>,
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
        let mode = relay::beside_redis(config.turn.clone(), config.redis.as_ref());
        let (turn, ice) = turn::start(&mode, tls.as_ref())?;
        let turn = RelaySlot::new(RwLock::new(turn.map(Arc::new)));
        let ice = Arc::new(ice);
        let addresses = config.listen.clone();
        let monitor = config.monitor.clone();
        let redis = config.redis.clone();
        let shared = Shared::new(config, tls, &ice);
        let bus = redis.map(|redis| Bus::new(Arc::clone(&shared.hub), &redis));
        let bus = bus.transpose()?;
        let watched = Watched {
            shared: Arc::clone(&shared),
            turn: Arc::clone(&turn),
        };
        let server = Self {
            shared: Arc::clone(&shared),
            listeners: Mutex::default(),
            turn,
            ice,
            monitors: Monitor::start(&monitor, &watched).await?,
            bus: bus.clone(),
        };
        if let Some(bus) = bus {
            let stop = shared.draining.clone();
            let run = move || Arc::clone(&bus).run(stop.clone());
            shared.tasks.spawn(keep_going("the bus", PAUSE, run));
        }
        for address in addresses {
            server.listen_also(address).await?;
        }
        tokio::spawn(async move { keep_going("time", PAUSE, || shared.keep_time()).await });
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

    /// Changes the keys of a closed server, or closes an open one. Who is in stays, and comes back to what is
    /// kept; everybody else needs a token of these.
    pub fn set_access_keys(&self, keys: AccessKeys) {
        self.shared.hub.close_with(keys);
    }

    /// Changes the keys of the cluster. Nothing that runs is touched, if the others know the first of these.
    pub fn set_cluster_keys(&self, keys: ClusterKeys) {
        if let Some(bus) = &self.bus {
            bus.set_keys(keys);
        }
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
        let listener = listener::bind(address).map_err(failed)?;
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

    /// Open connections of every kind: WebSockets, handshakes and fetched pages.
    #[must_use]
    pub fn sockets(&self) -> usize {
        self.shared.tasks.len()
    }

    /// The most of those that were open at once since this was last asked.
    #[must_use]
    pub fn take_most_sockets(&self) -> usize {
        let most = &self.shared.most_tasks;
        most.swap(self.sockets(), Ordering::Relaxed)
    }

    /// What it holds at the moment.
    #[must_use]
    pub fn stats(&self) -> ServerStats {
        let watched = Watched {
            shared: Arc::clone(&self.shared),
            turn: Arc::clone(&self.turn),
        };
        watched.stats()
    }

    /// Where figures and health are told, with the real ports.
    #[must_use]
    pub fn monitor_addrs(&self) -> Vec<SocketAddr> {
        self.monitors.iter().map(Monitor::address).collect()
    }

    /// How it does among the servers on its Redis; `None` for a server alone.
    #[must_use]
    pub fn cluster(&self) -> Option<ClusterStats> {
        self.shared.hub.cluster()
    }

    /// Serves until `shutdown` is there, then ends politely.
    pub async fn run_until(self, shutdown: impl Future<Output = ()>) {
        shutdown.await;
        self.shutdown().await;
    }

    /// Ends: tells balancers that it is no longer ready, waits for the drain delay, then takes no new
    /// connections and closes every open one with 4010. Returns when all are closed, or after eight
    /// seconds more.
    pub async fn shutdown(self) {
        self.shared.leave();
        tokio::time::sleep(self.shared.config.timing.drain_delay).await;
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

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.drain();
    }
}
