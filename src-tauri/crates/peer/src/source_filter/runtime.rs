//! The library's runtime with the filter in each of its UDP sockets.
//!
//! Runs on the library's driver task. A receive may return several datagrams in one buffer (GRO,
//! `stride` bytes apart), so the filter closes the gaps that refused ones leave.

use std::future::Future;
use std::io::{self, IoSliceMut};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use webrtc::runtime::{
    AsyncInterval, AsyncTcpListener, AsyncTcpStream, AsyncUdpSocket, JoinHandle, RecvMeta, Runtime,
    Transmit,
};

use super::{SourceFilter, Verdict};
use crate::driver_rounds::{self, DriverRounds};

/// Multicast DNS has a socket of its own and nothing to do with media.
const MDNS_PORT: u16 = 5_353;

/// Everything of the inner runtime, with filtered sockets.
#[derive(Debug)]
pub(crate) struct FilteredRuntime {
    inner: Arc<dyn Runtime>,
    filter: Arc<SourceFilter>,
    rounds: Arc<DriverRounds>,
}

impl FilteredRuntime {
    pub(crate) fn new(
        inner: Arc<dyn Runtime>,
        filter: Arc<SourceFilter>,
        rounds: Arc<DriverRounds>,
    ) -> Self {
        Self {
            inner,
            filter,
            rounds,
        }
    }
}

type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

impl Runtime for FilteredRuntime {
    fn spawn(&self, future: BoxFuture<'static, ()>) -> Box<dyn JoinHandle> {
        self.inner
            .spawn(Box::pin(driver_rounds::of_library(future)))
    }

    fn wrap_udp_socket(&self, socket: std::net::UdpSocket) -> io::Result<Arc<dyn AsyncUdpSocket>> {
        let port = socket.local_addr()?.port();
        let inner = self.inner.wrap_udp_socket(socket)?;
        if port == MDNS_PORT {
            return Ok(inner);
        }
        Ok(Arc::new(FilteredSocket {
            inner,
            filter: self.filter.clone(),
        }))
    }

    fn wrap_tcp_listener(
        &self,
        listener: std::net::TcpListener,
    ) -> io::Result<Arc<dyn AsyncTcpListener>> {
        self.inner.wrap_tcp_listener(listener)
    }

    fn connect_tcp<'a>(
        &'a self,
        address: SocketAddr,
    ) -> BoxFuture<'a, io::Result<Arc<dyn AsyncTcpStream>>> {
        self.inner.connect_tcp(address)
    }

    fn resolve_host<'a>(&'a self, host: &'a str) -> BoxFuture<'a, io::Result<Vec<SocketAddr>>> {
        self.inner.resolve_host(host)
    }

    fn now(&self) -> Instant {
        self.inner.now()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        match self.rounds.instead_of_sleep() {
            Some(round) => Box::pin(round),
            None => self.inner.sleep(duration),
        }
    }

    fn interval(&self, period: Duration) -> Box<dyn AsyncInterval> {
        self.inner.interval(period)
    }

    fn block_on(&self, future: Pin<Box<dyn Future<Output = ()> + '_>>) {
        self.inner.block_on(future);
    }
}

#[derive(Debug)]
struct FilteredSocket {
    inner: Arc<dyn AsyncUdpSocket>,
    filter: Arc<SourceFilter>,
}

impl AsyncUdpSocket for FilteredSocket {
    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.inner.local_addr()
    }

    fn poll_send(&self, cx: &mut Context<'_>, transmit: &Transmit<'_>) -> Poll<io::Result<usize>> {
        let sent = self.inner.poll_send(cx, transmit);
        if sent.is_ready() {
            let now = Instant::now();
            self.filter
                .on_send(now, transmit.destination, transmit.contents);
        }
        sent
    }

    fn poll_recv(
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

    fn max_gso_segments(&self) -> usize {
        self.inner.max_gso_segments()
    }

    fn max_gro_segments(&self) -> usize {
        self.inner.max_gro_segments()
    }
}

impl FilteredSocket {
    /// Moves the datagrams that may pass to the front; gives their length together. Only the last
    /// datagram of a buffer can be shorter than the stride, and it stays last.
    fn keep_wanted(&self, now: Instant, buffer: &mut [u8], info: &RecvMeta) -> usize {
        let stride = if info.stride == 0 {
            info.len
        } else {
            info.stride
        };
        let mut kept = 0;
        let mut start = 0;
        while start < info.len {
            let end = (start + stride).min(info.len);
            if self.filter.judge(now, info.addr, &buffer[start..end]) == Verdict::Pass {
                buffer.copy_within(start..end, kept);
                kept += end - start;
            }
            start = end;
        }
        kept
    }
}
