//! Loss below SRTP: a runtime whose sockets drop a share of what is sent, from a fixed seed, or
//! everything while the cable is cut.
//!
//! Above SRTP the replay protection would eat repairs; only media is dropped, so that the tests
//! speak of loss repair and not of ICE or DTLS.

use std::future::Future;
use std::io::{self, IoSliceMut};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll};
use std::time::Duration;

use duet_testkit::dice::Dice;
use parking_lot::Mutex;
use webrtc::runtime::{
    AsyncInterval, AsyncTcpListener, AsyncTcpStream, AsyncUdpSocket, JoinHandle, RecvMeta, Runtime,
    TokioRuntime, Transmit,
};

type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// How much is lost, and what was.
#[derive(Debug)]
pub(crate) struct Loss {
    pub percent: AtomicU64,
    pub dropped: AtomicU64,
    pub media_sent: AtomicU64,
    pub cut: AtomicBool,
    dice: Mutex<Dice>,
}

impl Loss {
    pub(crate) fn new(percent: u64, seed: u64) -> Arc<Self> {
        Arc::new(Self {
            percent: percent.into(),
            dropped: AtomicU64::default(),
            media_sent: AtomicU64::default(),
            cut: AtomicBool::default(),
            dice: Mutex::new(Dice::new(seed)),
        })
    }

    fn strikes(&self, datagram: &[u8]) -> bool {
        if self.cut.load(Relaxed) {
            return true;
        }
        if !datagram
            .first()
            .is_some_and(|byte| (128..192).contains(byte))
        {
            return false;
        }
        self.media_sent.fetch_add(1, Relaxed);
        let chance = self.dice.lock().below(100) as u64;
        let struck = chance < self.percent.load(Relaxed);
        if struck {
            self.dropped.fetch_add(1, Relaxed);
        }
        struck
    }
}

#[derive(Debug)]
pub(crate) struct LossyRuntime(pub Arc<Loss>);

#[derive(Debug)]
struct LossySocket {
    inner: Arc<dyn AsyncUdpSocket>,
    loss: Arc<Loss>,
}

impl AsyncUdpSocket for LossySocket {
    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.inner.local_addr()
    }

    fn poll_send(&self, cx: &mut Context<'_>, transmit: &Transmit<'_>) -> Poll<io::Result<usize>> {
        if self.loss.strikes(transmit.contents) {
            return Poll::Ready(Ok(transmit.contents.len()));
        }
        self.inner.poll_send(cx, transmit)
    }

    fn poll_recv(
        &self,
        cx: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
        meta: &mut [RecvMeta],
    ) -> Poll<io::Result<usize>> {
        self.inner.poll_recv(cx, buffers, meta)
    }

    fn max_gro_segments(&self) -> usize {
        self.inner.max_gro_segments()
    }
}

impl Runtime for LossyRuntime {
    fn spawn(&self, future: BoxFuture<'static, ()>) -> Box<dyn JoinHandle> {
        TokioRuntime.spawn(future)
    }

    fn wrap_udp_socket(&self, socket: std::net::UdpSocket) -> io::Result<Arc<dyn AsyncUdpSocket>> {
        Ok(Arc::new(LossySocket {
            inner: TokioRuntime.wrap_udp_socket(socket)?,
            loss: self.0.clone(),
        }))
    }

    fn wrap_tcp_listener(
        &self,
        listener: std::net::TcpListener,
    ) -> io::Result<Arc<dyn AsyncTcpListener>> {
        TokioRuntime.wrap_tcp_listener(listener)
    }

    fn connect_tcp<'a>(
        &'a self,
        address: SocketAddr,
    ) -> BoxFuture<'a, io::Result<Arc<dyn AsyncTcpStream>>> {
        TokioRuntime.connect_tcp(address)
    }

    fn resolve_host<'a>(&'a self, host: &'a str) -> BoxFuture<'a, io::Result<Vec<SocketAddr>>> {
        TokioRuntime.resolve_host(host)
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        TokioRuntime.sleep(duration)
    }

    fn interval(&self, period: Duration) -> Box<dyn AsyncInterval> {
        TokioRuntime.interval(period)
    }

    fn block_on(&self, future: Pin<Box<dyn Future<Output = ()> + '_>>) {
        TokioRuntime.block_on(future);
    }
}
