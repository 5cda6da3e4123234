//! Redis: who owns what, who lives, and what nodes say to each other. Only I/O; what it means is the
//! node's.
//!
//! One connection carries commands, in the order in which the node gives them, and beats beside them;
//! another one listens. Both are made anew when they fail; what was published meanwhile is lost, and sent
//! again by the node. Every key has a time to live, and names people wrote are hashed, so that Redis holds
//! none of them. What others say is theirs only if it is sealed with the key of the cluster ([`seal`]).

mod commands;
mod listening;
mod probe;
mod seal;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use parking_lot::{Mutex, RwLock};
use redis::{AsyncConnectionConfig, Client, ConnectionAddr, aio::MultiplexedConnection};
use thiserror::Error;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::hub::Hub;
use crate::node::{ClusterTiming, NodeId};
pub use probe::{ProbeError, RedisReport};
pub use seal::ClusterKeys;
use seal::Keyring;

/// Before a connection that failed is tried again.
const RECONNECT_PAUSE: Duration = Duration::from_millis(200);

/// How to reach Redis, and the times of the cluster.
#[derive(Clone)]
pub struct RedisConfig {
    /// `redis://[USER:PASSWORD@]HOST[:PORT][/DB]`, `rediss://` for TLS, or `unix://PATH`.
    pub url: String,
    /// What the names of all keys and channels start with. Servers with the same one are one.
    pub prefix: String,
    /// By which the servers know each other.
    pub keys: ClusterKeys,
    /// The times.
    pub timing: ClusterTiming,
}

/// Why Redis cannot be used.
#[derive(Debug, Error)]
pub enum RedisError {
    /// The address is none.
    #[error("not an address of a Redis: {0}")]
    Url(String),
}

impl RedisConfig {
    /// The default prefix and times.
    #[must_use]
    pub fn new(url: &str, keys: ClusterKeys) -> Self {
        Self {
            url: url.to_owned(),
            prefix: "duet".to_owned(),
            keys,
            timing: ClusterTiming::default(),
        }
    }

    /// Checks the address, without connecting.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn client(&self) -> Result<Client, RedisError> {
        Client::open(self.url.as_str()).map_err(|error| RedisError::Url(error.to_string()))
    }

    /// Its host, if it is reached over the network.
    pub(crate) fn host(&self) -> Option<String> {
        match self.client().ok()?.get_connection_info().addr() {
            ConnectionAddr::Tcp(host, _) | ConnectionAddr::TcpTls { host, .. } => {
                Some(host.clone())
            }
            // A socket of this machine; the library may get more kinds.
            _ => None,
        }
    }
}

/// The address may hold a password.
impl std::fmt::Debug for RedisConfig {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = formatter.debug_struct("RedisConfig");
        shown.field("prefix", &self.prefix).finish_non_exhaustive()
    }
}

/// The bus of one server.
#[derive(Debug)]
pub(crate) struct Bus {
    hub: Arc<Hub>,
    client: Client,
    names: Names,
    /// On which this process is spoken to.
    own_channel: String,
    keys: RwLock<Keyring>,
    timing: ClusterTiming,
    /// Beats say when they were sent as the time since this.
    base: Instant,
    /// No beat succeeded since the last trouble.
    is_lost: AtomicBool,
    /// When was last told of datagrams that nobody of this cluster sealed.
    warned_at: Mutex<Option<Instant>>,
    /// A server of a newer version was heard, and that was told.
    is_newer_told: AtomicBool,
}

/// The names of keys and channels.
#[derive(Debug, Clone)]
struct Names {
    prefix: String,
}

impl Names {
    /// Lives as long as a node beats.
    fn node(&self, id: NodeId) -> String {
        format!("{}:node:{id}", self.prefix)
    }

    /// What every server of the cluster writes alike, for those who look whether theirs is the same key.
    fn seal(&self) -> String {
        format!("{}:seal", self.prefix)
    }

    /// Lives a little longer.
    fn late(&self, id: NodeId) -> String {
        format!("{}:late:{id}", self.prefix)
    }

    /// What a process listens to.
    fn channel(&self, process: u64) -> String {
        format!("{}:to:{process:016x}", self.prefix)
    }
}

impl Bus {
    pub(crate) fn new(hub: Arc<Hub>, config: &RedisConfig) -> Result<Arc<Self>, RedisError> {
        let names = Names {
            prefix: config.prefix.clone(),
        };
        let own_channel = names.channel(hub.process());
        let keys = Keyring::new(config.keys.clone(), &own_channel);
        Ok(Arc::new(Self {
            hub,
            client: config.client()?,
            names,
            own_channel,
            keys: RwLock::new(keys),
            timing: config.timing,
            base: Instant::now(),
            is_lost: AtomicBool::new(true),
            warned_at: Mutex::default(),
            is_newer_told: AtomicBool::new(false),
        }))
    }

    /// What is said from now on is sealed with the first of these, and what either sealed is believed.
    pub(crate) fn set_keys(&self, keys: ClusterKeys) {
        let keys = Keyring::new(keys, &self.own_channel);
        *self.keys.write() = keys;
    }

    /// Runs until `stop`; says at the end that this node is gone, so that others take over at once,
    /// the members of its rooms first.
    pub(crate) async fn run(self: Arc<Self>, stop: CancellationToken) {
        tokio::select! {
            () = stop.cancelled() => {}
            () = self.keep_asking() => {}
            () = self.keep_listening() => {}
        }
        let (me, _) = self.hub.beat();
        let farewell = async {
            let mut connection = self.connect().await?;
            let mut command = redis::cmd("DEL");
            command.arg(self.names.node(me));
            command.query_async::<()>(&mut connection).await
        };
        // Without it they notice by time.
        let _ = tokio::time::timeout(self.timing.patience, farewell).await;
    }

    async fn connect(&self) -> redis::RedisResult<MultiplexedConnection> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(self.timing.patience))
            .set_response_timeout(Some(self.timing.patience));
        let client = &self.client;
        client
            .get_multiplexed_async_connection_with_config(&config)
            .await
    }

    async fn keep_asking(&self) {
        let mut is_warned = false;
        loop {
            let error = match self.connect().await {
                Ok(connection) => {
                    self.hub.reconnected();
                    tokio::select! {
                        error = self.keep_beating(connection.clone()) => error,
                        error = self.pass_commands(connection) => error,
                    }
                }
                Err(error) => error,
            };
            // Once for each time of trouble.
            if !self.is_lost.swap(true, Ordering::Relaxed) || !is_warned {
                is_warned = true;
                warn!(kind = ?error.kind(), "Redis is out of reach");
            }
            tokio::time::sleep(RECONNECT_PAUSE).await;
        }
    }
}
