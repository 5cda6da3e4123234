//! The library's runtime with the filter in each of its UDP sockets.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use webrtc::runtime::{
    AsyncInterval, AsyncTcpListener, AsyncTcpStream, AsyncUdpSocket, JoinHandle, Runtime,
};

use super::SourceFilter;
use super::socket::FilteredSocket;
use crate::driver_rounds::{self, DriverRounds};
use crate::relay_tunnel::Tunnels;

/// Multicast DNS has a socket of its own and nothing to do with media.
const MDNS_PORT: u16 = 5_353;

/// Everything of the inner runtime, with filtered sockets.
#[derive(Debug)]
pub(crate) struct FilteredRuntime {
    inner: Arc<dyn Runtime>,
    filter: Arc<SourceFilter>,
    rounds: Arc<DriverRounds>,
    tunnels: Arc<Tunnels>,
}

impl FilteredRuntime {
    pub(crate) fn new(
        inner: Arc<dyn Runtime>,
        filter: Arc<SourceFilter>,
        rounds: Arc<DriverRounds>,
        tunnels: Arc<Tunnels>,
    ) -> Self {
        Self {
            inner,
            filter,
            rounds,
            tunnels,
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
        let address = socket.local_addr()?;
        let inner = self.inner.wrap_udp_socket(socket)?;
        if address.port() == MDNS_PORT {
            return Ok(inner);
        }
        let (filter, tunnels) = (self.filter.clone(), self.tunnels.clone());
        Ok(Arc::new(FilteredSocket::new(
            inner, filter, tunnels, address,
        )))
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
        match Tunnels::resolve(host) {
            Some(addresses) => Box::pin(std::future::ready(Ok(addresses))),
            None => self.inner.resolve_host(host),
        }
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
