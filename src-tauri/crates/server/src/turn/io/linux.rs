//! Many datagrams with one call: `recvmmsg`, and `UDP_SEGMENT` (generic segmentation offload) on the
//! way out, by which a burst goes through the system's stack once.

use std::io::{self, IoSlice, IoSliceMut};
use std::net::{SocketAddr, SocketAddrV4, SocketAddrV6};
use std::os::fd::AsRawFd as _;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use nix::errno::Errno;
use nix::sys::socket::{
    ControlMessage, MsgFlags, MultiHeaders, SockaddrStorage, recvmmsg, sendmsg,
};
use tokio::net::UdpSocket;

/// Cut so by the system's own limits: segments, and bytes of an IP packet.
pub(super) const MAX_SEGMENTS: usize = 64;
pub(super) const MAX_SEGMENTED_BYTES: usize = 65_000;

/// Some network cards cannot; then nothing is tried again.
static HAS_SEGMENTS: AtomicBool = AtomicBool::new(true);

/// What the system fills in for each datagram; for each family of addresses on its own, because the
/// room for an address is as large afterwards as the last one was, and nix never makes it larger.
pub(super) struct Headers {
    v4: MultiHeaders<SockaddrStorage>,
    v6: MultiHeaders<SockaddrStorage>,
}

impl Headers {
    pub(super) fn new(count: usize) -> Self {
        Self {
            v4: MultiHeaders::preallocate(count, None),
            v6: MultiHeaders::preallocate(count, None),
        }
    }
}

/// One datagram into each window, as many as wait on a socket of this family.
pub(super) fn receive<'w>(
    socket: &UdpSocket,
    is_ipv6: bool,
    headers: &mut Headers,
    windows: impl Iterator<Item = &'w mut [u8]>,
    received: &mut Vec<(SocketAddr, usize)>,
) -> io::Result<()> {
    let mut slices: Vec<[IoSliceMut<'_>; 1]> =
        windows.map(|window| [IoSliceMut::new(window)]).collect();
    let (fd, flags) = (socket.as_raw_fd(), MsgFlags::MSG_DONTWAIT);
    let headers = match is_ipv6 {
        true => &mut headers.v6,
        false => &mut headers.v4,
    };
    let messages = recvmmsg(fd, headers, slices.iter_mut(), flags, None)?;
    for message in messages {
        let from = message.address.as_ref().and_then(address_of);
        // Each has its slot, so nobody is left out of the list.
        received.push((from.unwrap_or(NOBODY), message.bytes));
    }
    Ok(())
}

/// A sender without an address; nothing has a relay there, and no answer goes there.
const NOBODY: SocketAddr = SocketAddr::V4(SocketAddrV4::new(std::net::Ipv4Addr::UNSPECIFIED, 0));

fn address_of(storage: &SockaddrStorage) -> Option<SocketAddr> {
    let v4 = storage.as_sockaddr_in();
    let v6 = storage.as_sockaddr_in6();
    v4.map(|v4| SocketAddr::V4(SocketAddrV4::from(*v4)))
        .or_else(|| v6.map(|v6| SocketAddr::V6(SocketAddrV6::from(*v6))))
}

/// Sends these one behind the other, all of `length` but the last, which may be shorter. False if
/// they must be sent one by one.
pub(super) fn send_segments(
    socket: &UdpSocket,
    to: SocketAddr,
    datagrams: &[IoSlice<'_>],
    length: usize,
) -> bool {
    let Ok(length) = u16::try_from(length) else {
        return false;
    };
    if !HAS_SEGMENTS.load(Relaxed) {
        return false;
    }
    let cut = [ControlMessage::UdpGsoSegments(&length)];
    let to = SockaddrStorage::from(to);
    let flags = MsgFlags::MSG_DONTWAIT;
    match sendmsg(socket.as_raw_fd(), datagrams, &cut, flags, Some(&to)) {
        // The path takes no datagrams of this size in one piece; by itself each is cut.
        Err(Errno::EINVAL | Errno::EMSGSIZE) => false,
        Err(Errno::EIO | Errno::EOPNOTSUPP | Errno::ENOPROTOOPT) => {
            HAS_SEGMENTS.store(false, Relaxed);
            false
        }
        // A full socket drops, as for a single one.
        Ok(_) | Err(_) => true,
    }
}
