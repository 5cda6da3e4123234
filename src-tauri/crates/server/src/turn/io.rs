//! The sockets around the relay: a task for each listener, each allocation and each stream, one lock.
//!
//! A task reads what waits, up to a batch, and hands all of it to [`Relay`] under the lock, which is
//! held for some look-ups and never for a system call on the way of media. Then everything is sent,
//! what has the same way together. Buffers belong to the threads, not to the tasks, so an idle
//! allocation costs a socket and some hundred bytes. What a full socket does not take is dropped.

mod batch;
mod bound;
mod crowd;
mod deal;
mod denied;
mod frame;
#[cfg(target_os = "linux")]
mod linux;
mod outbox;
mod outgoing;
mod state;
mod stream;

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use parking_lot::Mutex;
use tokio::net::UdpSocket;
use tokio::task::AbortHandle;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use batch::{Batch, read_batch, rest};
use bound::Bound;
use crowd::Streams;
use denied::Denied;
use state::State;
use stream::{Acceptor, StreamListener};

use super::Now;
use super::config::TurnConfig;
use super::credentials::Secrets;
use super::peers::PeerFilter;
use super::ports::{self, Ports};
use super::relay::{Relay, RelayConfig, RelayId};
use super::stats::TurnStats;

/// How often allocations end that nobody refreshed.
const TICK: Duration = Duration::from_secs(1);
/// How often the machine's own addresses are read again, in ticks.
const ADDRESSES_EVERY: u32 = 30;

/// The relay of a server; dropping it ends all its tasks.
#[derive(Debug)]
pub(crate) struct TurnServer {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    listeners: Vec<UdpSocket>,
    stream_listeners: Vec<StreamListener>,
    streams: Streams,
    tls: Option<Acceptor>,
    addresses: Vec<SocketAddr>,
    stream_addresses: Vec<SocketAddr>,
    external_ips: Vec<IpAddr>,
    denied: Denied,
    ports: Ports,
    stopped: CancellationToken,
}

impl TurnServer {
    /// Listens on every address of the settings and serves at once.
    ///
    /// # Errors
    /// The first address that cannot be listened on.
    pub(crate) fn bind(
        config: &TurnConfig,
        secrets: Secrets,
        tls: Option<TlsAcceptor>,
    ) -> Result<Self, (SocketAddr, io::Error)> {
        let Bound {
            listeners,
            addresses,
            streams,
            stream_addresses,
        } = Bound::new(config)?;
        let external_ips = config.external_ips.clone();
        // As flows number them: first the sockets of UDP, then those of TCP.
        let both = [&addresses[..], &stream_addresses].concat();
        let ports = Ports::new(both, external_ips.clone(), config.relay_ports.clone());
        let own = ports::own_addresses(&addresses, &external_ips);
        let relay = RelayConfig {
            realm: config.realm.clone(),
            secrets,
            peers: PeerFilter::new(config.peers, own),
            quotas: config.quotas.clone(),
            has_ipv4: ports.has_family(false),
            has_ipv6: ports.has_family(true),
        };
        let shared = Arc::new(Shared {
            state: Mutex::new(State::new(Relay::new(Now::from_clocks().instant, relay))),
            listeners,
            stream_listeners: streams,
            streams: Streams::new(&config.quotas),
            tls: tls.map(Acceptor),
            addresses,
            stream_addresses,
            external_ips,
            denied: Denied::new(config.denied.clone(), config.denied_hosts.clone()),
            ports,
            stopped: CancellationToken::new(),
        });
        if config.peers.allow_same_host {
            warn!("relays reach everything on this machine: for measurements only");
        }
        shared.spawn(Arc::clone(&shared).serve());
        info!("relaying");
        Ok(Self { shared })
    }

    /// Where it listens over UDP, with the real ports.
    pub(crate) fn addresses(&self) -> &[SocketAddr] {
        &self.shared.addresses
    }

    /// The same over TCP, and over TLS if it has a certificate.
    pub(crate) fn stream_addresses(&self) -> &[SocketAddr] {
        &self.shared.stream_addresses
    }

    pub(crate) fn stats(&self) -> TurnStats {
        self.shared.state.lock().relay.stats()
    }

    /// Running allocations stay.
    pub(crate) fn set_secrets(&self, secrets: Secrets) {
        self.shared.state.lock().relay.set_secrets(secrets);
    }

    /// What nobody may reach, from now on.
    pub(crate) async fn deny(&self, networks: Vec<IpNet>) {
        self.shared.deny(networks).await;
    }
}

impl Drop for TurnServer {
    fn drop(&mut self) {
        self.shared.stopped.cancel();
    }
}

impl Shared {
    /// Runs until the server ends; nobody waits for it.
    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) -> AbortHandle {
        let stopped = self.stopped.clone();
        let running = tokio::spawn(async move {
            let _ = stopped.run_until_cancelled(task).await;
        });
        running.abort_handle()
    }

    /// Begins when it is known whom nobody may reach; who comes before waits in the sockets.
    async fn serve(self: Arc<Self>) {
        self.look_up_denied().await;
        for index in 0..self.listeners.len() {
            self.spawn(Arc::clone(&self).serve_clients(index));
        }
        for index in 0..self.stream_listeners.len() {
            self.spawn(Arc::clone(&self).serve_streams(index));
        }
        self.spawn(Arc::clone(&self).follow_denied());
        self.keep_time().await;
    }

    async fn keep_time(self: Arc<Self>) {
        let mut ticks = tokio::time::interval(TICK);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        for count in 1_u32.. {
            ticks.tick().await;
            let own = (count % ADDRESSES_EVERY == 0)
                .then(|| ports::own_addresses(&self.addresses, &self.external_ips));
            let mut state = self.state.lock();
            if let Some(own) = own {
                state.relay.change_peers(|peers| peers.set_own(own));
            }
            state.relay.handle_timeout(Now::from_clocks().instant);
            state.close_ended();
        }
    }

    async fn serve_clients(self: Arc<Self>, index: usize) {
        let Some(socket) = self.listeners.get(index) else {
            return;
        };
        let listener = u16::try_from(index).unwrap_or(u16::MAX);
        let is_ipv6 = ports::is_ipv6(socket);
        loop {
            // An error here is one of the runtime's; the next read tells.
            let _ = socket.readable().await;
            let deal = |now, batch: &mut Batch| self.from_clients(now, listener, batch);
            rest(read_batch(socket, is_ipv6, deal)).await;
        }
    }

    async fn serve_peers(self: Arc<Self>, relay: RelayId, socket: Arc<UdpSocket>) {
        let is_ipv6 = ports::is_ipv6(&socket);
        loop {
            let _ = socket.readable().await;
            let deal = |now, batch: &mut Batch| self.take_from_peers(now, relay, batch);
            rest(read_batch(&socket, is_ipv6, deal)).await;
        }
    }
}
