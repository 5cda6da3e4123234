//! A client of TURN, as far as it takes to see a relay at work: two allocations, and a packet each way
//! between them.

use std::net::SocketAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use duet_server::turn::stun::{Class, Message, Method, Writer, attribute, read_xor_address};
use duet_server::turn::{Credential, Secrets};
use tokio::time::timeout;

use super::line::{Fault, Line, Transport};

const UDP: [u8; 4] = [17, 0, 0, 0];
/// Who asks.
const UID: &str = "duet-server-check";
/// Packets each way; one of them may be lost over UDP.
const PACKETS: usize = 3;

/// Whether anything answers as a server of STUN does.
pub(super) async fn bind(server: SocketAddr, transport: &Transport) -> Result<(), Fault> {
    let mut line = Line::open(server, transport).await?;
    let mut request = Vec::new();
    let transaction = new_transaction();
    Writer::new(&mut request, Method::BINDING, Class::Request, transaction).fingerprint();
    line.ask(&request).await.map(drop)
}

/// Opens a relay and gives it back.
pub(super) async fn open_one(
    server: SocketAddr,
    transport: &Transport,
    secret: &str,
) -> Result<SocketAddr, Fault> {
    let allocation = Allocation::open(server, transport, secret).await?;
    let relayed = allocation.relayed;
    allocation.close().await;
    Ok(relayed)
}

/// Opens two, and passes packets from each to the other; gives their addresses.
pub(super) async fn pass_packets(
    server: SocketAddr,
    transport: &Transport,
    secret: &str,
) -> Result<[SocketAddr; 2], Fault> {
    let mut one = Allocation::open(server, transport, secret).await?;
    let mut other = match Allocation::open(server, transport, secret).await {
        Ok(other) => other,
        Err(fault) => {
            one.close().await;
            return Err(fault);
        }
    };
    let passed = pass_both_ways(&mut one, &mut other).await;
    let relayed = [one.relayed, other.relayed];
    one.close().await;
    other.close().await;
    passed.map(|()| relayed)
}

async fn pass_both_ways(one: &mut Allocation, other: &mut Allocation) -> Result<(), Fault> {
    one.permit(other.relayed).await?;
    other.permit(one.relayed).await?;
    one.pass_to(other).await?;
    other.pass_to(one).await
}

/// One relay.
struct Allocation {
    line: Line,
    credential: Credential,
    realm: String,
    nonce: Vec<u8>,
    relayed: SocketAddr,
}

impl Allocation {
    async fn open(server: SocketAddr, transport: &Transport, secret: &str) -> Result<Self, Fault> {
        let mut line = Line::open(server, transport).await?;
        let mut request = Vec::new();
        let transaction = new_transaction();
        Writer::new(&mut request, Method::ALLOCATE, Class::Request, transaction)
            .attribute(attribute::REQUESTED_TRANSPORT, &UDP)
            .fingerprint();
        let challenge = line.ask(&request).await?;
        let challenge = Message::parse(&challenge).map_err(|_| Fault::NotTurn)?;
        let (Some(realm), Some(nonce)) = (
            challenge.text(attribute::REALM),
            challenge.attribute(attribute::NONCE),
        ) else {
            return Err(Fault::NotTurn);
        };
        let mut allocation = Self {
            line,
            credential: credential(secret).ok_or(Fault::Credential)?,
            realm: realm.to_owned(),
            nonce: nonce.to_owned(),
            relayed: server,
        };
        let asked = allocation.ask(Method::ALLOCATE, |writer| {
            writer.attribute(attribute::REQUESTED_TRANSPORT, &UDP)
        });
        let answer = asked.await?;
        let answer = Message::parse(&answer).map_err(|_| Fault::NotTurn)?;
        match answer.error_code() {
            Some(401) => return Err(Fault::Credential),
            Some(code) => return Err(Fault::NoRelay(code)),
            None => {}
        }
        let relayed = answer
            .attribute(attribute::XOR_RELAYED_ADDRESS)
            .and_then(|value| read_xor_address(value, &answer.transaction_id()));
        allocation.relayed = relayed.ok_or(Fault::NotTurn)?;
        Ok(allocation)
    }

    async fn permit(&mut self, peer: SocketAddr) -> Result<(), Fault> {
        let asked = self.ask(Method::CREATE_PERMISSION, |writer| {
            writer.xor_address(attribute::XOR_PEER_ADDRESS, peer)
        });
        let answer = asked.await?;
        let answer = Message::parse(&answer).map_err(|_| Fault::NotTurn)?;
        match answer.error_code() {
            None => Ok(()),
            Some(code) => Err(Fault::NoPermission(code)),
        }
    }

    async fn pass_to(&mut self, other: &mut Self) -> Result<(), Fault> {
        let text = new_transaction();
        for _ in 0..PACKETS {
            let mut datagram = Vec::new();
            let class = Class::Indication;
            Writer::new(&mut datagram, Method::SEND, class, new_transaction())
                .xor_address(attribute::XOR_PEER_ADDRESS, other.relayed)
                .attribute(attribute::DATA, &text)
                .fingerprint();
            self.line.send(&datagram).await?;
            if other.hears(&text).await? {
                return Ok(());
            }
        }
        Err(Fault::Lost)
    }

    async fn hears(&mut self, text: &[u8]) -> Result<bool, Fault> {
        let patience = self.line.patience();
        let heard = async {
            loop {
                let datagram = self.line.receive().await?;
                let message = Message::parse(&datagram).map_err(|_| Fault::NotTurn)?;
                let is_data = message.method() == Method::DATA;
                if is_data && message.attribute(attribute::DATA) == Some(text) {
                    return Ok(true);
                }
            }
        };
        timeout(patience, heard).await.unwrap_or(Ok(false))
    }

    /// If the answer is lost, its time ends it.
    async fn close(mut self) {
        let asked = self.ask(Method::REFRESH, |writer| {
            writer.number(attribute::LIFETIME, 0)
        });
        let _ = asked.await;
    }

    /// A signed request.
    async fn ask(
        &mut self,
        method: Method,
        write: impl FnOnce(Writer<'_>) -> Writer<'_>,
    ) -> Result<Vec<u8>, Fault> {
        let mut request = Vec::new();
        let writer = Writer::new(&mut request, method, Class::Request, new_transaction());
        write(writer)
            .attribute(attribute::USERNAME, self.credential.username.as_bytes())
            .attribute(attribute::REALM, self.realm.as_bytes())
            .attribute(attribute::NONCE, &self.nonce)
            .integrity(&self.credential.key(&self.realm))
            .fingerprint();
        self.line.ask(&request).await
    }
}

fn credential(secret: &str) -> Option<Credential> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now_s = now.map_or(0, |now| now.as_secs());
    Secrets::new([secret]).credential(UID, now_s, Duration::from_secs(60))
}

fn new_transaction() -> [u8; 12] {
    let mut id = [0u8; 12];
    // Without randomness a fixed one does: nobody but us reads the answer.
    let _ = getrandom::fill(&mut id);
    id
}
