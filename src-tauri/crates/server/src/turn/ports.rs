//! Sockets: those we listen on, and one for each relay.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::ops::RangeInclusive;

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::{TcpListener, UdpSocket};

use super::relay::OpenRequest;

/// A burst of many clients must fit; the system may give less.
const LISTENER_BUFFER_BYTES: usize = 4 * 1024 * 1024;
/// A key frame or two.
const RELAY_BUFFER_BYTES: usize = 512 * 1024;
/// Connections that wait to be accepted.
const BACKLOG: i32 = 256;
/// Ports tried before there is none.
const TRIES: u32 = 256;

/// A socket that takes one family only: with both in one, IPv4 clients would have mapped addresses.
pub(super) fn listen(address: SocketAddr) -> io::Result<UdpSocket> {
    bind(address, LISTENER_BUFFER_BYTES)
}

/// Of which family one of these sockets is.
pub(super) fn is_ipv6(socket: &UdpSocket) -> bool {
    socket.local_addr().is_ok_and(|local| local.is_ipv6())
}

/// A listener for streams, of one family too.
pub(super) fn listen_for_streams(address: SocketAddr) -> io::Result<TcpListener> {
    let domain = Domain::for_address(address);
    let socket = Socket::new(domain, Type::STREAM, Some(Protocol::TCP))?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    // Else a server that starts again finds its port taken by connections of the last one. On Windows
    // the option means something else.
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}

fn bind(address: SocketAddr, buffer_bytes: usize) -> io::Result<UdpSocket> {
    let domain = Domain::for_address(address);
    let socket = Socket::new(domain, Type::DGRAM, Some(Protocol::UDP))?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    // Less than we ask for is no error.
    let _ = socket.set_recv_buffer_size(buffer_bytes);
    let _ = socket.set_send_buffer_size(buffer_bytes);
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    UdpSocket::from_std(socket.into())
}

/// Where relays get their addresses.
#[derive(Debug)]
pub(super) struct Ports {
    listeners: Vec<SocketAddr>,
    external_ips: Vec<IpAddr>,
    range: RangeInclusive<u16>,
}

impl Ports {
    pub(super) fn new(
        listeners: Vec<SocketAddr>,
        external_ips: Vec<IpAddr>,
        range: RangeInclusive<u16>,
    ) -> Self {
        Self {
            listeners,
            external_ips,
            range,
        }
    }

    /// Whether relays of a family can be made.
    pub(super) fn has_family(&self, is_ipv6: bool) -> bool {
        let listening = self.listeners.iter().map(SocketAddr::ip);
        listening
            .chain(self.external_ips.iter().copied())
            .any(|ip| ip.is_ipv6() == is_ipv6)
    }

    /// A socket for a relay, and its address as peers see it.
    pub(super) fn open(&self, request: &OpenRequest) -> io::Result<(UdpSocket, SocketAddr)> {
        let is_ipv6 = request.is_ipv6();
        let external = self
            .external_ips
            .iter()
            .find(|external| external.is_ipv6() == is_ipv6);
        let local = match external {
            // Behind a NAT whatever comes in is for us, and no two relays may have the same port.
            Some(_) => unspecified(is_ipv6),
            None => self.facing(request)?,
        };
        let socket = self.bind_free_port(local, request.wants_even_port())?;
        let port = socket.local_addr()?.port();
        let seen = external.copied().unwrap_or(local);
        Ok((socket, SocketAddr::new(seen, port)))
    }

    /// Our address on the client's side: the one it reached, or if we listen on all, the one from
    /// which the system would answer it.
    fn facing(&self, request: &OpenRequest) -> io::Result<IpAddr> {
        let flow = request.flow();
        let reached = self.listeners.get(usize::from(flow.listener));
        let same_family = |listener: &&SocketAddr| listener.is_ipv6() == request.is_ipv6();
        let definite = reached
            .into_iter()
            .chain(&self.listeners)
            .filter(same_family)
            .find(|listener| !listener.ip().is_unspecified());
        let reached_any = reached
            .filter(same_family)
            .is_some_and(|listener| listener.ip().is_unspecified());
        match definite {
            Some(listener) if !reached_any => Ok(listener.ip()),
            Some(_) | None => source_towards(flow.client, request.is_ipv6()),
        }
    }

    /// From a random place on, so that nobody can tell the next port (RFC 8656 section 7.2).
    fn bind_free_port(&self, ip: IpAddr, even: bool) -> io::Result<UdpSocket> {
        let (low, high) = (u32::from(*self.range.start()), u32::from(*self.range.end()));
        let count = high - low + 1;
        let start = getrandom::u32()? % count;
        let mut last = io::Error::from(io::ErrorKind::AddrInUse);
        let mut tries = 0;
        for step in 0..count {
            let port = low + (start + step) % count;
            if even && port % 2 == 1 {
                continue;
            }
            let port = u16::try_from(port).unwrap_or(0);
            match bind(SocketAddr::new(ip, port), RELAY_BUFFER_BYTES) {
                Ok(socket) => return Ok(socket),
                // Other errors (no descriptors left) do not go away with another port.
                Err(error) if error.kind() != io::ErrorKind::AddrInUse => return Err(error),
                Err(error) => last = error,
            }
            tries += 1;
            if tries == TRIES {
                break;
            }
        }
        Err(last)
    }
}

/// The address from which the system would send there. Nothing is sent.
fn source_towards(client: SocketAddr, is_ipv6: bool) -> io::Result<IpAddr> {
    let target = match (client.is_ipv6() == is_ipv6, is_ipv6) {
        (true, _) => client,
        // A client of the other family: where the internet is (RFC 5737, RFC 3849).
        (false, false) => SocketAddr::from(([192, 0, 2, 1], 9)),
        (false, true) => SocketAddr::from(([0x2001, 0xdb8, 0, 0, 0, 0, 0, 1], 9)),
    };
    let socket = std::net::UdpSocket::bind((unspecified(is_ipv6), 0))?;
    socket.connect(target)?;
    Ok(socket.local_addr()?.ip())
}

fn unspecified(is_ipv6: bool) -> IpAddr {
    match is_ipv6 {
        true => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
        false => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
    }
}

/// All addresses of this machine, from inside and outside.
pub(super) fn own_addresses(listeners: &[SocketAddr], external_ips: &[IpAddr]) -> Vec<IpAddr> {
    let interfaces = if_addrs::get_if_addrs().unwrap_or_else(|error| {
        tracing::warn!(%error, "cannot list the addresses of this machine");
        Vec::new()
    });
    let mut own: Vec<IpAddr> = interfaces
        .iter()
        .map(if_addrs::Interface::ip)
        .chain(listeners.iter().map(SocketAddr::ip))
        .chain(external_ips.iter().copied())
        .collect();
    own.sort();
    own.dedup();
    own
}
