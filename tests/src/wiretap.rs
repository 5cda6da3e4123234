//! Somebody between the clients and the server who takes down all that is said, and may change it: what a log must not
//! hold is what was said.

use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use anyhow::Result;
use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{accept_async, connect_async};

/// What becomes of a text on its way to a client.
type Tamper = Arc<dyn Fn(String) -> String + Send + Sync>;

/// Listens in front of a server and hands everything on. It ends when dropped.
pub struct Wiretap {
    // Dropped with everything that runs in it.
    _runtime: Runtime,
    address: SocketAddr,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Wiretap {
    /// In front of a `ws://HOST:PORT/ws` URL.
    ///
    /// # Errors
    /// When no port is free.
    pub fn start(behind: &str) -> Result<Self> {
        Self::tampering(behind, |text| text)
    }

    /// The same with a say in every text that the server sends.
    ///
    /// # Errors
    /// When no port is free.
    pub fn tampering(
        behind: &str,
        tamper: impl Fn(String) -> String + Send + Sync + 'static,
    ) -> Result<Self> {
        let runtime = Runtime::new()?;
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
        let address = listener.local_addr()?;
        let heard = Arc::default();
        let accepting = accept(
            listener,
            behind.to_owned(),
            Arc::clone(&heard),
            Arc::new(tamper),
        );
        runtime.spawn(accepting);
        Ok(Self {
            _runtime: runtime,
            address,
            heard,
        })
    }

    /// Its WebSocket address.
    #[must_use]
    pub fn url(&self) -> String {
        format!("ws://{}/ws", self.address)
    }

    /// All messages of all connections in both directions, as they came.
    #[must_use]
    pub fn heard(&self) -> Vec<Value> {
        let heard = self.heard.lock().map(|heard| heard.clone());
        let texts = heard.unwrap_or_default();
        texts
            .iter()
            .filter_map(|text| serde_json::from_str(text).ok())
            .collect()
    }
}

impl fmt::Debug for Wiretap {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Wiretap")
    }
}

async fn accept(
    listener: TcpListener,
    behind: String,
    heard: Arc<Mutex<Vec<String>>>,
    tamper: Tamper,
) {
    while let Ok((client, _)) = listener.accept().await {
        let (behind, heard, tamper) = (behind.clone(), Arc::clone(&heard), Arc::clone(&tamper));
        tokio::spawn(async move {
            // Either end may end it; a server that is gone ends it at once.
            let _ = pass(client, &behind, &heard, tamper).await;
        });
    }
}

async fn pass(
    client: TcpStream,
    behind: &str,
    heard: &Mutex<Vec<String>>,
    tamper: Tamper,
) -> Result<()> {
    let (server, _) = connect_async(behind).await?;
    let client = accept_async(client).await?;
    let (mut to_server, mut from_server) = server.split();
    let (mut to_client, mut from_client) = client.split();
    let take_down = |text: &str| {
        if let Ok(mut heard) = heard.lock() {
            heard.push(text.to_owned());
        }
    };
    let up = async {
        while let Some(Ok(message)) = from_client.next().await {
            if let Message::Text(text) = &message {
                take_down(text);
            }
            to_server.send(message).await?;
        }
        anyhow::Ok(())
    };
    let down = async {
        while let Some(Ok(message)) = from_server.next().await {
            let message = match message {
                Message::Text(text) => {
                    let text = tamper(text.to_string());
                    take_down(&text);
                    Message::text(text)
                }
                other => other,
            };
            to_client.send(message).await?;
        }
        anyhow::Ok(())
    };
    tokio::select! {
        result = up => result,
        result = down => result,
    }
}
