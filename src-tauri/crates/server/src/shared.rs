//! What the tasks of one server share.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use duet_protocol::CloseReason;
use parking_lot::{Mutex, RwLock};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::ServerConfig;
use crate::door::Sockets;
use crate::exchange::{CastConfig, DirectoryConfig, Exchange};
use crate::guest::GuestPage;
use crate::hub::Hub;
use crate::metrics::Metrics;
use crate::node::Node;
use crate::rooms::RoomsConfig;
use crate::tls::Tls;
use crate::turn::{IceList, TurnServer, TurnStats};

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

/// See the module.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) config: Arc<ServerConfig>,
    pub(crate) hub: Arc<Hub>,
    pub(crate) tasks: TaskTracker,
    /// Cancelled once, when the server ends.
    pub(crate) draining: CancellationToken,
    pub(crate) sockets: Mutex<Sockets>,
    pub(crate) tls: Option<Tls>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) guest_page: GuestPage,
    /// The most tasks at once since somebody looked.
    pub(crate) most_tasks: AtomicUsize,
    /// The server was asked to end, and balancers are to send nobody here any more.
    is_leaving: AtomicBool,
}

impl Shared {
    pub(crate) fn new(config: ServerConfig, tls: Option<Tls>, ice: &Arc<IceList>) -> Arc<Self> {
        let metrics = Arc::new(Metrics::new());
        let mut exchange = Exchange::new(
            rooms_config(&config),
            directory_config(&config),
            cast_config(&config),
        );
        if let Some(keys) = config.access.clone() {
            exchange.close_with(keys);
        }
        let cluster = config.redis.as_ref().map(|redis| redis.timing);
        let node = Node::new(exchange, cluster);
        let hub = Hub::new(node, Arc::clone(ice), Arc::clone(&metrics));
        Arc::new(Self {
            hub,
            tasks: TaskTracker::new(),
            draining: CancellationToken::new(),
            sockets: Mutex::new(Sockets::new(config.connections_per_minute)),
            tls,
            metrics,
            guest_page: GuestPage::new(),
            most_tasks: AtomicUsize::new(0),
            is_leaving: AtomicBool::new(false),
            config: Arc::new(config),
        })
    }

    /// No new clients, as far as balancers listen.
    pub(crate) fn leave(&self) {
        self.is_leaving.store(true, Ordering::Relaxed);
    }

    /// Whether new clients are welcome.
    pub(crate) fn is_ready(&self) -> bool {
        !self.is_leaving.load(Ordering::Relaxed)
    }

    /// Whether it should be one with other servers, and is not.
    pub(crate) fn is_cut_off(&self) -> bool {
        let cluster = self.hub.cluster();
        cluster.is_some_and(|cluster| !cluster.is_connected)
    }

    /// Everybody goes.
    pub(crate) fn drain(&self) {
        self.leave();
        self.hub.fall_silent();
        // First this: who registers between the two looks here.
        self.draining.cancel();
        self.hub.close_all(CloseReason::Draining);
    }

    /// Does what time brings, for as long as the server runs.
    pub(crate) async fn keep_time(&self) {
        tokio::select! {
            () = self.hub.keep_time() => {}
            () = self.renew_certificate() => {}
            () = self.draining.cancelled() => {}
        }
    }

    /// Follows the files of the certificate.
    async fn renew_certificate(&self) {
        match &self.tls {
            Some(tls) => tls.follow(self.config.timing.certificate_check).await,
            None => std::future::pending().await,
        }
    }
}

/// The relay in this server, which can come and go.
pub(crate) type RelaySlot = Arc<RwLock<Option<Arc<TurnServer>>>>;

/// What is to be seen of a server from outside.
#[derive(Debug, Clone)]
pub(crate) struct Watched {
    pub(crate) shared: Arc<Shared>,
    pub(crate) turn: RelaySlot,
}

impl Watched {
    /// What it holds at the moment.
    pub(crate) fn stats(&self) -> ServerStats {
        let (connections, counts) = self.shared.hub.counts();
        let turn = self.turn.read().as_ref().map(|turn| turn.stats());
        ServerStats {
            connections,
            rooms: counts.rooms,
            members: counts.members,
            logins: counts.logins,
            calls: counts.calls,
            displays: counts.displays,
            turn: turn.unwrap_or_default(),
        }
    }

    /// Everything in OpenMetrics.
    pub(crate) fn metrics(&self) -> String {
        let expires_at = self.shared.tls.as_ref().map(Tls::expires_at);
        let cluster = self.shared.hub.cluster();
        let metrics = &self.shared.metrics;
        metrics.render(&self.stats(), cluster.as_ref(), expires_at)
    }

    /// Whether new clients are welcome.
    pub(crate) fn is_ready(&self) -> bool {
        self.shared.is_ready()
    }
}

fn rooms_config(config: &ServerConfig) -> RoomsConfig {
    RoomsConfig {
        resume_window: config.timing.resume_window,
        ice_servers: config.ice_servers.clone(),
        failed_joins_per_minute: config.failed_joins_per_minute,
        max_kept_places_per_address: config.max_connections_per_address,
        max_kept_places: config.max_connections,
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
        max_kept_logins: config.max_connections,
    }
}

fn cast_config(config: &ServerConfig) -> CastConfig {
    CastConfig {
        code_lifetime: config.timing.cast_code_lifetime,
        guesses_per_minute: config.cast_guesses_per_minute,
        guesses_per_minute_overall: config.cast_guesses_per_minute_overall,
    }
}
