//! The sockets around the relay: a task for each listener and each allocation, one lock.
//!
//! A task reads what waits, up to a batch, and hands each datagram to [`Relay`] under the lock, which
//! is held for some look-ups and never for a system call on the way of media. Buffers belong to the
//! threads, not to the tasks, so an idle allocation costs a socket and some hundred bytes. What a
//! full socket does not take is dropped, as every router would.

mod batch;

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};
use tokio::net::UdpSocket;
use tokio::task::AbortHandle;
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use batch::{Scratch, read_batch, rest, send};

use super::Now;
use super::config::TurnConfig;
use super::credentials::Secrets;
use super::peers::PeerFilter;
use super::ports::{self, Ports};
use super::relay::{Flow, HEADROOM, OpenRequest, Reaction, Relay, RelayConfig, RelayId};
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
    addresses: Vec<SocketAddr>,
    external_ips: Vec<IpAddr>,
    ports: Ports,
    stopped: CancellationToken,
}

#[derive(Debug)]
struct State {
    relay: Relay,
    sockets: HashMap<RelayId, RelaySocket>,
}

#[derive(Debug)]
struct RelaySocket {
    socket: Arc<UdpSocket>,
    reader: AbortHandle,
}

impl TurnServer {
    /// Listens on every address of the settings and serves at once.
    ///
    /// # Errors
    /// The first address that cannot be listened on.
    pub(crate) fn bind(
        config: &TurnConfig,
        secrets: Secrets,
    ) -> Result<Self, (SocketAddr, io::Error)> {
        let mut listeners = Vec::new();
        let mut addresses = Vec::new();
        for address in &config.listen {
            let failed = |error| (*address, error);
            let socket = ports::listen(*address).map_err(failed)?;
            addresses.push(socket.local_addr().map_err(failed)?);
            listeners.push(socket);
        }
        let external_ips = config.external_ips.clone();
        let ports = Ports::new(
            addresses.clone(),
            external_ips.clone(),
            config.relay_ports.clone(),
        );
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
            state: Mutex::new(State {
                relay: Relay::new(Now::from_clocks().instant, relay),
                sockets: HashMap::new(),
            }),
            listeners,
            addresses,
            external_ips,
            ports,
            stopped: CancellationToken::new(),
        });
        if config.peers.allow_same_host {
            warn!("relays reach everything on this machine: for measurements only");
        }
        for index in 0..shared.listeners.len() {
            shared.spawn(Arc::clone(&shared).serve_clients(index));
        }
        shared.spawn(Arc::clone(&shared).keep_time());
        info!("relaying");
        Ok(Self { shared })
    }

    /// Where it listens, with the real ports.
    pub(crate) fn addresses(&self) -> &[SocketAddr] {
        &self.shared.addresses
    }

    pub(crate) fn stats(&self) -> TurnStats {
        self.shared.state.lock().relay.stats()
    }

    /// Running allocations stay.
    pub(crate) fn set_secrets(&self, secrets: Secrets) {
        self.shared.state.lock().relay.set_secrets(secrets);
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

    async fn keep_time(self: Arc<Self>) {
        let mut ticks = tokio::time::interval(TICK);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        for count in 1_u32.. {
            ticks.tick().await;
            let own = (count % ADDRESSES_EVERY == 0)
                .then(|| ports::own_addresses(&self.addresses, &self.external_ips));
            let mut state = self.state.lock();
            if let Some(own) = own {
                state.relay.set_own_addresses(own);
            }
            state.relay.handle_timeout(Now::from_clocks().instant);
            state.close_ended();
        }
    }

    async fn serve_clients(self: Arc<Self>, index: usize) {
        let Some(listener) = self.listeners.get(index) else {
            return;
        };
        loop {
            // An error here is one of the runtime's; the next read tells.
            let _ = listener.readable().await;
            let batch = read_batch(listener, |now, client, length, scratch| {
                let listener = u16::try_from(index).unwrap_or(u16::MAX);
                let flow = Flow { listener, client };
                self.client_datagram(now, flow, length, scratch);
            });
            rest(batch).await;
        }
    }

    async fn serve_peers(self: Arc<Self>, relay: RelayId, socket: Arc<UdpSocket>) {
        loop {
            let _ = socket.readable().await;
            let batch = read_batch(&socket, |now, from, length, scratch| {
                let payload = HEADROOM..HEADROOM + length;
                let mut state = self.state.lock();
                let passed = state.relay.peer_datagram(
                    now.instant,
                    relay,
                    from,
                    &mut scratch.buffer,
                    payload,
                );
                drop(state);
                if let Some((flow, datagram)) = passed {
                    self.send_to_client(flow, &scratch.buffer[datagram]);
                }
            });
            rest(batch).await;
        }
    }

    fn client_datagram(
        self: &Arc<Self>,
        now: Now,
        flow: Flow,
        length: usize,
        scratch: &mut Scratch,
    ) {
        let Scratch { buffer, reply } = scratch;
        let datagram = HEADROOM..HEADROOM + length;
        let mut state = self.state.lock();
        let reaction = state
            .relay
            .client_datagram(now, flow, buffer, datagram, reply);
        match reaction {
            Reaction::Nothing => {}
            Reaction::Reply => {
                state.close_ended();
                drop(state);
                self.send_to_client(flow, reply);
            }
            Reaction::ToPeer {
                relay,
                peer,
                payload,
            } => {
                let socket = state.socket(relay);
                drop(state);
                if let Some(socket) = socket {
                    send(&socket, peer, &buffer[payload]);
                }
            }
            Reaction::ToClient { flow, datagram } => {
                drop(state);
                self.send_to_client(flow, &buffer[datagram]);
            }
            Reaction::Open(request) => {
                self.open(state, now, *request, reply);
                self.send_to_client(flow, reply);
            }
        }
    }

    /// Makes the socket of a new relay. Under the lock, as this is rare and takes microseconds.
    fn open(
        self: &Arc<Self>,
        mut state: MutexGuard<'_, State>,
        now: Now,
        request: OpenRequest,
        reply: &mut Vec<u8>,
    ) {
        // It may have made way for this one.
        state.close_ended();
        let opened = match self.ports.open(&request) {
            Ok(opened) => Some(opened),
            Err(error) => {
                debug!(%error, "no socket for a relay");
                None
            }
        };
        let (socket, relayed) = opened.unzip();
        let id = state.relay.opened(now, request, relayed, reply);
        if let (Some(id), Some(socket)) = (id, socket) {
            let socket = Arc::new(socket);
            let reader = self.spawn(Arc::clone(self).serve_peers(id, Arc::clone(&socket)));
            state.sockets.insert(id, RelaySocket { socket, reader });
        }
    }

    fn send_to_client(&self, flow: Flow, datagram: &[u8]) {
        if let Some(listener) = self.listeners.get(usize::from(flow.listener)) {
            send(listener, flow.client, datagram);
        }
    }
}

impl State {
    fn socket(&self, relay: RelayId) -> Option<Arc<UdpSocket>> {
        let open = self.sockets.get(&relay)?;
        Some(Arc::clone(&open.socket))
    }

    fn close_ended(&mut self) {
        while let Some(id) = self.relay.poll_closed() {
            if let Some(open) = self.sockets.remove(&id) {
                open.reader.abort();
            }
        }
    }
}
