//! A UDP socket of the library: filtered, and with the ends of tunnels in it.
//!
//! Runs on the library's driver task. A receive may return several datagrams in one buffer (GRO,
//! `stride` bytes apart), so the filter closes the gaps that refused ones leave.

use std::io::{self, IoSliceMut};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::task::{Context, Poll};
use std::time::Instant;

use webrtc::runtime::{AsyncUdpSocket, RecvMeta, Transmit};

use super::{SourceFilter, Verdict};
use crate::relay_tunnel::{Incoming, Tunnels, Unanswered, refuses_channel};

#[derive(Debug)]
pub(super) struct FilteredSocket {
    inner: Arc<dyn AsyncUdpSocket>,
    filter: Arc<SourceFilter>,
    tunnels: Arc<Tunnels>,
    address: SocketAddr,
    tunnelled: Arc<Incoming>,
    unanswered: Unanswered,
    /// Tunnels and network take turns, so that neither can starve the other.
    tunnels_next: AtomicBool,
}

impl FilteredSocket {
    pub(super) fn new(
        inner: Arc<dyn AsyncUdpSocket>,
        filter: Arc<SourceFilter>,
        tunnels: Arc<Tunnels>,
        address: SocketAddr,
    ) -> Self {
        Self {
            inner,
            filter,
            tunnels,
            address,
            tunnelled: Arc::default(),
            unanswered: Unanswered::default(),
            tunnels_next: AtomicBool::new(true),
        }
    }
}

impl Drop for FilteredSocket {
    fn drop(&mut self) {
        self.tunnels.socket_closed(self.address);
    }
}

impl AsyncUdpSocket for FilteredSocket {
    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.inner.local_addr()
    }

    fn poll_send(&self, cx: &mut Context<'_>, transmit: &Transmit<'_>) -> Poll<io::Result<usize>> {
        let (destination, datagram) = (transmit.destination, transmit.contents);
        if (self.unanswered).answers(&self.tunnelled, destination, datagram) {
            return Poll::Ready(Ok(datagram.len()));
        }
        let sent = if Tunnels::leads_to(destination) {
            self.tunnels
                .send(self.address, &self.tunnelled, destination, datagram);
            Poll::Ready(Ok(datagram.len()))
        } else {
            self.inner.poll_send(cx, transmit)
        };
        if sent.is_ready() {
            self.unanswered.sent(&self.tunnelled, destination, datagram);
            self.filter.on_send(Instant::now(), destination, datagram);
        }
        sent
    }

    fn poll_recv(
        &self,
        cx: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
        meta: &mut [RecvMeta],
    ) -> Poll<io::Result<usize>> {
        let tunnels_first = self.tunnels_next.fetch_xor(true, Relaxed);
        if tunnels_first && let Poll::Ready(received) = self.poll_tunnels(cx, buffers, meta) {
            return Poll::Ready(Ok(received));
        }
        match self.poll_network(cx, buffers, meta) {
            Poll::Ready(received) => Poll::Ready(received),
            Poll::Pending if tunnels_first => Poll::Pending,
            Poll::Pending => self.poll_tunnels(cx, buffers, meta).map(Ok),
        }
    }

    fn max_gso_segments(&self) -> usize {
        self.inner.max_gso_segments()
    }

    fn max_gro_segments(&self) -> usize {
        self.inner.max_gro_segments()
    }
}

impl FilteredSocket {
    /// Whether the library is to hear this.
    fn is_wanted(&self, now: Instant, from: SocketAddr, datagram: &[u8]) -> bool {
        self.filter.judge(now, from, datagram) == Verdict::Pass && !refuses_channel(datagram)
    }

    /// One datagram out of a tunnel.
    fn poll_tunnels(
        &self,
        cx: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
        meta: &mut [RecvMeta],
    ) -> Poll<usize> {
        let (Some(buffer), Some(info)) = (buffers.first_mut(), meta.first_mut()) else {
            return Poll::Pending;
        };
        while let Poll::Ready((from, datagram)) = self.tunnelled.poll(cx) {
            let datagram = self.unanswered.instead_of(&datagram).unwrap_or(datagram);
            let is_wanted = self.is_wanted(Instant::now(), from, &datagram);
            let Some(room) = buffer.get_mut(..datagram.len()) else {
                continue;
            };
            if is_wanted {
                room.copy_from_slice(&datagram);
                *info = RecvMeta::default();
                info.addr = from;
                info.len = datagram.len();
                info.stride = datagram.len();
                return Poll::Ready(1);
            }
        }
        Poll::Pending
    }

    fn poll_network(
        &self,
        cx: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
        meta: &mut [RecvMeta],
    ) -> Poll<io::Result<usize>> {
        loop {
            let received = match self.inner.poll_recv(cx, buffers, meta) {
                Poll::Ready(Ok(received)) => received,
                other => return other,
            };
            let now = Instant::now();
            let mut kept = 0;
            for index in 0..received {
                let mut info = meta[index];
                info.len = self.keep_wanted(now, &mut buffers[index], &info);
                if info.len == 0 {
                    continue;
                }
                if kept != index {
                    let (before, after) = buffers.split_at_mut(index);
                    before[kept][..info.len].copy_from_slice(&after[0][..info.len]);
                }
                meta[kept] = info;
                kept += 1;
            }
            if kept > 0 || received == 0 {
                return Poll::Ready(Ok(kept));
            }
        }
    }

    /// Moves the datagrams that may pass to the front; gives their length together. Only the last
    /// datagram of a buffer can be shorter than the stride, and it stays last.
    fn keep_wanted(&self, now: Instant, buffer: &mut [u8], info: &RecvMeta) -> usize {
        let stride = if info.stride == 0 {
            info.len
        } else {
            info.stride
        };
        // Nobody out there is behind a tunnel.
        if Tunnels::leads_to(info.addr) {
            return 0;
        }
        let mut kept = 0;
        let mut start = 0;
        while start < info.len {
            let end = (start + stride).min(info.len);
            let datagram = &buffer[start..end];
            let is_wanted = self.is_wanted(now, info.addr, datagram);
            let instead = self.unanswered.instead_of(datagram);
            if let Some(instead) = instead.filter(|_| is_wanted) {
                self.tunnelled.push(info.addr, instead);
            } else if is_wanted {
                buffer.copy_within(start..end, kept);
                kept += end - start;
            }
            start = end;
        }
        kept
    }
}
