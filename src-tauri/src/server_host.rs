//! Which server the application uses, and the one it starts inside itself.
//!
//! Without a configured server it takes the one at `127.0.0.1:7440` if that answers (a second Duet
//! on the same machine finds the first one's this way), and otherwise starts the same server inside
//! itself, on loopback alone. Other computers reach it only after the person opens it to the
//! network, and it ends with the application.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::time::Duration;

use duet_server::turn::{PeerPolicy, TurnConfig};
use duet_server::{Server, ServerConfig, ServerError};
use tokio::net::TcpStream;

const PROBE: Duration = Duration::from_millis(500);

/// The server in use.
#[derive(Debug)]
pub enum ServerHost {
    /// Somebody else's, or another Duet's on this machine.
    Elsewhere {
        /// `ws://HOST:PORT/ws` or `wss://…`.
        url: String,
    },
    /// Ours.
    Embedded(Box<EmbeddedServer>),
}

/// The server inside the application.
#[derive(Debug)]
pub struct EmbeddedServer {
    server: Server,
    url: String,
    /// Where others on the network reach it, while it is open to them.
    open: Option<SocketAddr>,
}

impl ServerHost {
    /// Finds or starts the server. `configured` is empty when the person set none.
    ///
    /// # Errors
    /// When the embedded server cannot listen on any loopback port.
    pub async fn find(configured: &str) -> Result<Self, ServerError> {
        if !configured.is_empty() {
            return Ok(Self::Elsewhere {
                url: configured.to_owned(),
            });
        }
        let usual = SocketAddr::from((Ipv4Addr::LOCALHOST, ServerConfig::DEFAULT_PORT));
        Self::at(usual).await
    }

    /// The server of another Duet at the usual address, or else one of our own.
    async fn at(usual: SocketAddr) -> Result<Self, ServerError> {
        let url = format!("ws://{usual}/ws");
        if speaks_websocket(&url).await {
            return Ok(Self::Elsewhere { url });
        }
        // The usual port may be taken by something that does not answer.
        let server = match Server::bind(ServerConfig::new(vec![usual])).await {
            Ok(server) => server,
            Err(error) => {
                // The error's own words name the address.
                tracing::info!(
                    kind = kind_of(&error),
                    "the usual port is taken, another one is used"
                );
                Server::bind(ServerConfig::loopback()).await?
            }
        };
        let url = server.url();
        Ok(Self::Embedded(Box::new(EmbeddedServer {
            server,
            url,
            open: None,
        })))
    }

    /// The host and port to try whether it answers.
    pub fn probe_address(&self) -> Option<String> {
        let url = url::Url::parse(self.url()).ok()?;
        let port = url.port_or_known_default()?;
        Some(format!("{}:{port}", url.host_str()?))
    }

    /// Where it is.
    pub fn url(&self) -> &str {
        match self {
            Self::Elsewhere { url } => url,
            Self::Embedded(embedded) => &embedded.url,
        }
    }
}

impl EmbeddedServer {
    /// Lets people on this network in; returns where they find it.
    ///
    /// # Errors
    /// When this machine has no network or the port cannot be opened.
    pub async fn open_to_network(&mut self) -> Result<SocketAddr, OpenError> {
        if let Some(address) = self.open {
            return Ok(address);
        }
        let own = network_address().ok_or(OpenError::NoNetwork)?;
        let wanted = SocketAddr::new(own, ServerConfig::DEFAULT_PORT);
        let address = match self.server.listen_also(wanted).await {
            Ok(address) => address,
            Err(_) => self.server.listen_also(SocketAddr::new(own, 0)).await?,
        };
        self.open = Some(address);
        self.open_relay(own);
        Ok(address)
    }

    /// Shuts the door again; who is in stays.
    pub async fn close_to_network(&mut self) {
        if let Some(address) = self.open.take() {
            self.server.stop_listening(address).await;
            self.server.close_relay();
        }
    }

    /// For networks that keep their computers apart. Both people are in this network, so private
    /// addresses are what they have; those of this machine stay closed as always.
    fn open_relay(&self, own: IpAddr) {
        let config = TurnConfig {
            peers: PeerPolicy {
                allow_private: true,
                allow_same_host: false,
            },
            is_required: false,
            ..TurnConfig::new(vec![SocketAddr::new(own, 0)])
        };
        if let Err(error) = self.server.open_relay(&config) {
            tracing::warn!(kind = kind_of(&error), "the network gets no relay");
        }
    }

    /// Where others find it, while it is open to them.
    pub fn network_address(&self) -> Option<SocketAddr> {
        self.open
    }

    /// Ends it politely.
    pub async fn shutdown(self) {
        self.server.shutdown().await;
    }
}

/// Why the server could not be opened to the network.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// No address but loopback.
    #[error("this computer is in no network")]
    NoNetwork,
    /// The system refused the port.
    #[error(transparent)]
    Listen(#[from] ServerError),
}

impl OpenError {
    /// What is wrong, for the log: without the address.
    pub fn kind(&self) -> String {
        match self {
            Self::NoNetwork => self.to_string(),
            Self::Listen(error) => kind_of(error),
        }
    }
}

/// What is wrong with a server, for the log: its own words name the address.
pub(crate) fn kind_of(error: &ServerError) -> String {
    match error {
        ServerError::Listen { source, .. }
        | ServerError::Relay { source, .. }
        | ServerError::Monitor { source, .. } => source.kind().to_string(),
        ServerError::Redis(_) => "redis".to_owned(),
        ServerError::Tls(_) => "certificate".to_owned(),
        ServerError::TurnConfig(_) => "relay settings".to_owned(),
        ServerError::Draining => "shutting down".to_owned(),
    }
}

/// Whether a signaling server is there: any program may listen at a port. Nothing is joined.
async fn speaks_websocket(url: &str) -> bool {
    matches!(
        tokio::time::timeout(PROBE, tokio_tungstenite::connect_async(url)).await,
        Ok(Ok(_))
    )
}

/// Whether something answers at `HOST:PORT` within half a second; nothing is sent.
pub async fn probe(address: &str) -> bool {
    matches!(
        tokio::time::timeout(PROBE, TcpStream::connect(address)).await,
        Ok(Ok(_))
    )
}

/// The address by which this machine's network knows it: the source address that the system would
/// use towards the outside. Nothing is sent; the socket is connected to an address reserved for
/// documentation (RFC 5737).
fn network_address() -> Option<IpAddr> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    socket.connect((Ipv4Addr::new(192, 0, 2, 1), 9)).ok()?;
    let address = socket.local_addr().ok()?.ip();
    (!address.is_loopback() && !address.is_unspecified()).then_some(address)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpListener;

    async fn free_address() -> SocketAddr {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let address = listener.and_then(|listener| listener.local_addr());
        address.expect("a free port")
    }

    #[tokio::test]
    async fn the_first_brings_the_server_and_the_second_finds_it() {
        let usual = free_address().await;
        let first = ServerHost::at(usual).await.expect("a server");
        assert!(matches!(first, ServerHost::Embedded(_)), "{first:?}");
        let second = ServerHost::at(usual).await.expect("a server");
        assert!(matches!(second, ServerHost::Elsewhere { .. }), "{second:?}");
        assert_eq!(second.url(), first.url());
    }

    #[tokio::test]
    async fn another_program_at_the_usual_port_is_no_server() {
        let other = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let other = other.expect("a free port");
        let usual = other.local_addr().expect("it listens");
        let host = ServerHost::at(usual).await.expect("a server");
        assert!(matches!(host, ServerHost::Embedded(_)), "{host:?}");
        assert!(speaks_websocket(host.url()).await);
        assert!(!host.url().contains(&usual.to_string()));
    }

    #[tokio::test]
    async fn the_network_gets_in_after_a_word_and_not_before_or_after() {
        let host = ServerHost::at(free_address().await).await;
        let ServerHost::Embedded(mut server) = host.expect("a server") else {
            panic!("nobody else listens");
        };
        let Some(own) = network_address() else {
            assert!(matches!(
                server.open_to_network().await,
                Err(OpenError::NoNetwork)
            ));
            return;
        };
        let loopback_port = server.url.rsplit(':').next().expect("a port").to_owned();
        let loopback_port = loopback_port.trim_end_matches("/ws").to_owned();
        assert!(!speaks_websocket(&format!("ws://{own}:{loopback_port}/ws")).await);
        assert!(server.server.turn_addrs().is_empty(), "none on loopback");
        let address = server.open_to_network().await.expect("it opens");
        let url = format!("ws://{address}/ws");
        assert!(speaks_websocket(&url).await);
        let relays = server.server.turn_addrs();
        assert_eq!(relays.len(), 1, "a relay for the network");
        assert_eq!(relays[0].ip(), own);
        server.close_to_network().await;
        assert!(server.server.turn_addrs().is_empty(), "and none without");
        assert!(!speaks_websocket(&url).await);
        assert!(speaks_websocket(&server.url).await, "who is in stays");
    }
}
