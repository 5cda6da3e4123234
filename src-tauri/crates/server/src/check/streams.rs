//! The relay over TCP: whether it answers there.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use duet_server::turn::stun::{Class, HEADER_BYTES, Message, Method, Writer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::Finding;

const SUBJECT: &str = "relay";
const PATIENCE: Duration = Duration::from_secs(3);
/// Far more than an answer to a Binding request has.
const MAX_ANSWER_BYTES: usize = 1_000;

/// Without it calls from networks that let no UDP out fail; all others do as well as ever.
pub(super) async fn look(address: SocketAddr) -> Finding {
    let asked = tokio::time::timeout(PATIENCE, ask(address)).await;
    let reason = match asked {
        Ok(Ok(())) => return Finding::ok(SUBJECT, format!("{address} (TCP) answers STUN")),
        Ok(Err(error)) => error.to_string(),
        Err(_) => "no answer comes back".to_owned(),
    };
    Finding::warning(
        SUBJECT,
        format!("{address} (TCP): {reason}; networks that let no UDP out have no relay"),
        "free the port (ss -ltnp), open it in the firewall, or say --turn-udp-only",
    )
}

async fn ask(address: SocketAddr) -> io::Result<()> {
    let mut stream = TcpStream::connect(address).await?;
    let transaction = super::relay::new_transaction();
    let mut request = Vec::new();
    Writer::new(&mut request, Method::BINDING, Class::Request, transaction).fingerprint();
    stream.write_all(&request).await?;
    let mut answer = vec![0; HEADER_BYTES];
    stream.read_exact(&mut answer).await?;
    let length = usize::from(u16::from_be_bytes([answer[2], answer[3]]));
    answer.resize(HEADER_BYTES + length.min(MAX_ANSWER_BYTES), 0);
    stream.read_exact(&mut answer[HEADER_BYTES..]).await?;
    match Message::parse(&answer) {
        Ok(message) if message.transaction_id() == transaction => Ok(()),
        Ok(_) | Err(_) => Err(io::Error::other("something else than STUN answers")),
    }
}
