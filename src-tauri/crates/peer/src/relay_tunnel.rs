//! TURN over TCP and TLS, for networks that let no UDP out; and what speaks for servers that never
//! answer, or not in a way of use ([`unanswered`]).
//!
//! The library speaks TURN over UDP only. So a relay behind a stream is shown to it as one over UDP,
//! under a name that only our runtime can resolve and at an address that nobody has; our sockets take
//! what goes there, and a task of ours carries it in a stream to the real server ([`stream`],
//! [`frame`]). Queues are bounded and drop the oldest ([`queue`]); [`order`] decides which streams are opened.
//!
//! **One stream, one allocation.** A stream that breaks takes its relay with it (RFC 8656, section 5),
//! and the library asks for another only when ICE is restarted, which begins everything anew. So a
//! broken stream is not opened again; the break is noticed as every silence is. Which of a machine's
//! addresses a stream belongs to makes no difference: the first that asks has it, no other has a relay.

mod answer;
mod frame;
mod order;
mod queue;
mod stream;
mod unanswered;

use std::collections::HashMap;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::stats::RelayTransport;
use answer::no_relay;
pub(crate) use answer::refuses_channel;
use frame::Message;
use order::{Order, Turn};
pub(crate) use queue::Incoming;
use queue::Outgoing;
use stream::Dig;
pub(crate) use unanswered::Unanswered;

/// Reserved, and routed nowhere (RFC 1112, section 4); discarded by everybody (RFC 6666).
const FAKE_V4: [u8; 2] = [240, 255];
const FAKE_V6: u16 = 0x100;
const FAKE_PORT: u16 = 3_478;
const HOST_PREFIX: &str = "relay-";
const HOST_SUFFIX: &str = ".invalid";
/// What tunnels have for their last words.
const CLOSE_LIMIT: Duration = Duration::from_millis(1_500);

/// A relay behind a stream.
#[derive(Debug, Clone)]
pub(crate) struct Route {
    pub(crate) transport: RelayTransport,
    /// Where it is; not empty.
    pub(crate) addresses: Vec<SocketAddr>,
    /// Over TLS: as whom it must identify itself.
    pub(crate) name: Option<ServerName<'static>>,
}

/// The tunnels of one peer.
#[derive(Debug)]
pub(crate) struct Tunnels {
    tls: Option<Arc<ClientConfig>>,
    state: Mutex<State>,
    changes: watch::Sender<()>,
    tasks: Mutex<JoinSet<()>>,
}

#[derive(Debug, Default)]
struct State {
    order: Order,
    next_id: u16,
    routes: HashMap<u16, Arc<Route>>,
    tunnels: HashMap<u16, Tunnel>,
    /// The addresses of relays found, and how they are reached.
    relays: HashMap<SocketAddr, RelayTransport>,
}

#[derive(Debug)]
struct Tunnel {
    /// The library's socket.
    owner: SocketAddr,
    outgoing: Arc<Outgoing>,
    is_over: bool,
}

impl Tunnels {
    pub(crate) fn new(tls: Option<Arc<ClientConfig>>) -> Arc<Self> {
        Arc::new(Self {
            tls,
            state: Mutex::default(),
            changes: watch::Sender::new(()),
            tasks: Mutex::default(),
        })
    }

    /// Whether `turns:` relays can be reached.
    pub(crate) fn has_tls(&self) -> bool {
        self.tls.is_some()
    }

    /// What there is from the next gathering on, by preference; gives the hosts by which the library
    /// knows them.
    pub(crate) fn set_routes(
        &self,
        relay_only: bool,
        has_udp: bool,
        routes: Vec<Route>,
    ) -> Vec<String> {
        let mut state = self.state.lock();
        let mut ids = Vec::new();
        state.routes.clear();
        for route in routes {
            let id = state.next_id;
            // Far more than one call can use.
            state.next_id = id.wrapping_add(1);
            state.routes.insert(id, Arc::new(route));
            ids.push(id);
        }
        let hosts = ids.iter().map(|id| host(*id)).collect();
        state.order.set(relay_only, has_udp, ids);
        hosts
    }

    /// The addresses behind one of those hosts.
    pub(crate) fn resolve(host_and_port: &str) -> Option<Vec<SocketAddr>> {
        let (host, _) = host_and_port.rsplit_once(':')?;
        let id = host.strip_prefix(HOST_PREFIX)?.strip_suffix(HOST_SUFFIX)?;
        let [high, low] = id.parse::<u16>().ok()?.to_be_bytes();
        let v4 = Ipv4Addr::new(FAKE_V4[0], FAKE_V4[1], high, low);
        let tail = u16::from_be_bytes([high, low]);
        let v6 = Ipv6Addr::new(FAKE_V6, 0, 0, 0, 0, 0, 0, tail);
        Some(vec![
            SocketAddr::from((v4, FAKE_PORT)),
            SocketAddr::from((v6, FAKE_PORT)),
        ])
    }

    /// Whether datagrams to this address go through a tunnel.
    pub(crate) fn leads_to(destination: SocketAddr) -> bool {
        id_of(destination).is_some()
    }

    /// Takes a datagram of the library; what the tunnel has to say comes to `incoming`.
    pub(crate) fn send(
        self: &Arc<Self>,
        socket: SocketAddr,
        incoming: &Arc<Incoming>,
        destination: SocketAddr,
        datagram: &[u8],
    ) {
        let (Some(id), Some(message)) = (id_of(destination), Message::of(datagram)) else {
            return;
        };
        let mut state = self.state.lock();
        if !state.tunnels.contains_key(&id) {
            let (Message::Allocate(_), Some(route)) = (message, state.routes.get(&id).cloned())
            else {
                return;
            };
            let dig = Dig {
                id,
                from: destination,
                route,
                outgoing: Arc::default(),
                incoming: Arc::clone(incoming),
            };
            self.begin(&mut state, socket, dig);
        }
        let Some(tunnel) = state.tunnels.get(&id) else {
            return;
        };
        if tunnel.owner == socket && !tunnel.is_over {
            tunnel.outgoing.push(message, datagram);
        } else if let Some(answer) = no_relay(datagram) {
            drop(state);
            incoming.push(destination, answer);
        }
    }

    fn begin(self: &Arc<Self>, state: &mut State, owner: SocketAddr, dig: Dig) {
        if state.tunnels.is_empty() {
            state.order.begin(Instant::now());
        }
        let tunnel = Tunnel {
            owner,
            outgoing: Arc::clone(&dig.outgoing),
            is_over: false,
        };
        state.tunnels.insert(dig.id, tunnel);
        let mut tasks = self.tasks.lock();
        while tasks.try_join_next().is_some() {}
        tasks.spawn(stream::run(Arc::clone(self), dig));
    }

    /// The library closed this socket: what waits is sent, and then its streams end.
    pub(crate) fn socket_closed(&self, socket: SocketAddr) {
        let mut state = self.state.lock();
        state.tunnels.retain(|_, tunnel| {
            let is_over = tunnel.owner == socket;
            if is_over {
                tunnel.outgoing.close();
            }
            !is_over
        });
        drop(state);
        self.changes.send_replace(());
    }

    /// The library has a relay, known by this address; `url` is where it asked for it.
    pub(crate) fn found(&self, relay: Option<SocketAddr>, url: &str) {
        let mut state = self.state.lock();
        let mut routes = state.routes.iter();
        let route = routes.find(|(id, _)| url.contains(&host(**id)));
        let transport = route.map_or(RelayTransport::Udp, |(_, route)| route.transport);
        if let Some(relay) = relay {
            state.relays.insert(relay, transport);
        }
        state.order.found();
        drop(state);
        self.changes.send_replace(());
    }

    /// How the relay with this address is reached.
    pub(crate) fn transport_of(&self, relay: SocketAddr) -> RelayTransport {
        let known = self.state.lock().relays.get(&relay).copied();
        known.unwrap_or(RelayTransport::Udp)
    }

    /// Whether the two are connected.
    pub(crate) fn connected(&self, is_connected: bool) {
        self.state.lock().order.connected(is_connected);
        self.changes.send_replace(());
    }

    /// Waits until the tunnels of closed sockets have ended, and ends the others.
    pub(crate) async fn close(&self) {
        let mut tasks = std::mem::take(&mut *self.tasks.lock());
        let all = async { while tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(CLOSE_LIMIT, all).await.is_err() {
            tasks.shutdown().await;
        }
    }

    fn turn(&self, id: u16) -> Turn {
        self.state.lock().order.turn(Instant::now(), id)
    }

    /// This tunnel leads nowhere, or no longer.
    fn over(&self, id: u16, outgoing: &Arc<Outgoing>) {
        let mut state = self.state.lock();
        let tunnel = state.tunnels.get_mut(&id);
        if let Some(tunnel) = tunnel.filter(|tunnel| Arc::ptr_eq(&tunnel.outgoing, outgoing)) {
            tunnel.is_over = true;
            state.order.over(id);
        }
        drop(state);
        self.changes.send_replace(());
    }
}

fn host(id: u16) -> String {
    format!("{HOST_PREFIX}{id}{HOST_SUFFIX}")
}

fn id_of(address: SocketAddr) -> Option<u16> {
    if address.port() != FAKE_PORT {
        return None;
    }
    match address {
        SocketAddr::V4(address) => match address.ip().octets() {
            [a, b, high, low] if [a, b] == FAKE_V4 => Some(u16::from_be_bytes([high, low])),
            _ => None,
        },
        SocketAddr::V6(address) => match address.ip().segments() {
            [FAKE_V6, 0, 0, 0, 0, 0, 0, id] => Some(id),
            _ => None,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_to_addresses_that_are_known_again() {
        for id in [0, 1, 255, 256, u16::MAX] {
            let addresses = Tunnels::resolve(&format!("{}:3478", host(id))).unwrap();
            assert_eq!(addresses.len(), 2);
            assert!(addresses.iter().all(|address| id_of(*address) == Some(id)));
        }
        for other in [
            "relay-x.invalid:1",
            "relay-1.example.org:3478",
            "127.0.0.1:3478",
        ] {
            assert_eq!(Tunnels::resolve(other), None);
        }
        assert!(!Tunnels::leads_to("192.0.2.1:3478".parse().unwrap()));
    }
}
