//! What operators and load balancers ask over plain HTTP: `/metrics`, `/healthz`, `/readyz`.
//!
//! On a listener of its own, which by default only this machine reaches: the figures are nobody else's
//! business. It outlives the doors for clients, so that a balancer can watch the server drain.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use duet_protocol::limits::MAX_HEADER_BYTES;
use http_body_util::Full;
use hyper::header::{CONNECTION, CONTENT_TYPE, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tracing::{debug, warn};

use crate::server::ServerError;
use crate::shared::Watched;

/// The type of OpenMetrics, as its specification has it.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
/// For one request and its answer.
const TIMEOUT: Duration = Duration::from_secs(5);
/// At once; more wait.
const MAX_REQUESTS: usize = 16;
/// After accepting failed, mostly for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Where figures and health are told.
#[derive(Debug, Clone, Default)]
pub struct MonitorConfig {
    /// Plain HTTP, for everybody who reaches it; port 0 takes a free one.
    pub listen: Vec<SocketAddr>,
    /// Whether a server that cannot have these addresses must not start.
    pub is_required: bool,
}

/// One listener; dropping it ends it.
#[derive(Debug)]
pub(crate) struct Monitor {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl Monitor {
    /// Listens and answers at once.
    ///
    /// # Errors
    /// The first address that cannot be listened on, if they are required.
    pub(crate) async fn start(
        config: &MonitorConfig,
        watched: &Watched,
    ) -> Result<Vec<Self>, ServerError> {
        let mut monitors = Vec::new();
        for &address in &config.listen {
            match Self::bind(address, watched).await {
                Ok(monitor) => monitors.push(monitor),
                Err(source) if config.is_required => {
                    return Err(ServerError::Monitor { address, source });
                }
                Err(error) => {
                    let port = address.port();
                    warn!(port, %error, "no figures and no health: the port cannot be had");
                }
            }
        }
        Ok(monitors)
    }

    async fn bind(address: SocketAddr, watched: &Watched) -> std::io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let watched = Arc::new(watched.clone());
        Ok(Self {
            address,
            task: tokio::spawn(run(listener, watched)),
        })
    }

    /// With the real port.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Monitor {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn run(listener: TcpListener, watched: Arc<Watched>) {
    let places = Arc::new(Semaphore::new(MAX_REQUESTS));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else {
            return;
        };
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        let watched = Arc::clone(&watched);
        tokio::spawn(async move {
            let _place = place;
            let served = tokio::time::timeout(TIMEOUT, serve(stream, &watched)).await;
            if !matches!(served, Ok(Ok(()))) {
                debug!("a request for figures failed");
            }
        });
    }
}

async fn serve(stream: TcpStream, watched: &Watched) -> hyper::Result<()> {
    let service =
        hyper::service::service_fn(async |request| Ok::<_, Infallible>(answer(&request, watched)));
    hyper::server::conn::http1::Builder::new()
        .max_header_size(MAX_HEADER_BYTES)
        .max_buf_size(MAX_HEADER_BYTES)
        .header_read_timeout(None)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service)
        .await
}

fn answer<B>(request: &Request<B>, watched: &Watched) -> Response<Full<Bytes>> {
    let path = request.uri().path();
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return text(StatusCode::METHOD_NOT_ALLOWED, "GET only\n");
    }
    match path {
        "/metrics" => {
            let mut response = text(StatusCode::OK, watched.metrics());
            let kind = HeaderValue::from_static(OPEN_METRICS);
            response.headers_mut().insert(CONTENT_TYPE, kind);
            response
        }
        _ => health(path, watched.is_ready(), watched.shared.is_cut_off())
            .unwrap_or_else(|| text(StatusCode::NOT_FOUND, "nothing here\n")),
    }
}

/// `/healthz`: the process answers. `/readyz`: and takes new clients. Without its Redis a server does
/// both: its own people are served, and sending them all away would help nobody.
pub(crate) fn health(
    path: &str,
    is_ready: bool,
    is_cut_off: bool,
) -> Option<Response<Full<Bytes>>> {
    match path {
        "/healthz" if is_cut_off => Some(text(StatusCode::OK, "ok, but Redis is out of reach\n")),
        "/healthz" => Some(text(StatusCode::OK, "ok\n")),
        "/readyz" if is_ready && is_cut_off => {
            Some(text(StatusCode::OK, "ready, but Redis is out of reach\n"))
        }
        "/readyz" if is_ready => Some(text(StatusCode::OK, "ready\n")),
        "/readyz" => Some(text(StatusCode::SERVICE_UNAVAILABLE, "draining\n")),
        _ => None,
    }
}

/// A short answer, and the end of the connection.
pub(crate) fn text(status: StatusCode, body: impl Into<Bytes>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = status;
    let close = HeaderValue::from_static("close");
    response.headers_mut().insert(CONNECTION, close);
    response
}
