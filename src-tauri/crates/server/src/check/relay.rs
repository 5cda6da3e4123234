//! STUN and TURN: an answer comes back, and a credential of this server opens a relay.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use duet_server::turn::stun::{Class, Message, Method, Writer, attribute, read_xor_address};
use duet_server::turn::{Credential, OutsideTurn, Secrets, TurnConfig, TurnMode};
use duet_server::{Server, ServerConfig};
use tokio::net::UdpSocket;

use super::Finding;
use super::addresses::reachable;

const SUBJECT: &str = "relay";
/// For one answer; a datagram may be lost, so it is asked three times.
const PATIENCE: Duration = Duration::from_secs(1);
const TRIES: usize = 3;
const UDP: [u8; 4] = [17, 0, 0, 0];
/// Who asks.
const UID: &str = "duet-server-check";

pub(super) async fn look(config: &ServerConfig, own: Option<&Server>, findings: &mut Vec<Finding>) {
    match &config.turn {
        TurnMode::Off => findings.push(Finding::warning(
            SUBJECT,
            "there is none: calls fail where no direct path exists",
            "leave --no-turn away, or name another one with --turn-uri",
        )),
        TurnMode::BuiltIn(turn) => inside(turn, own, findings).await,
        TurnMode::Outside(outside) => elsewhere(outside, findings).await,
    }
}

async fn inside(turn: &TurnConfig, own: Option<&Server>, findings: &mut Vec<Finding>) {
    let mut listening = own.map(Server::turn_addrs).unwrap_or_default();
    if listening.is_empty() {
        listening.clone_from(&turn.listen);
    }
    let secret = match (own, turn.secrets.first()) {
        (Some(server), None) => {
            // It would be random: for the check any will do.
            let secret = "the secret of a check".to_owned();
            match server.set_turn_secrets(std::slice::from_ref(&secret)) {
                Ok(()) => Some(secret),
                Err(_) => None,
            }
        }
        (_, secret) => secret.cloned(),
    };
    for address in listening {
        let next = "read its log: the port may be another program's, or a local firewall drops UDP";
        findings.push(ask(reachable(address), secret.as_deref(), next).await);
        if turn.has_streams {
            findings.push(super::streams::look(reachable(address)).await);
        }
    }
}

async fn elsewhere(outside: &OutsideTurn, findings: &mut Vec<Finding>) {
    for uri in &outside.uris {
        let Some((host, is_stream)) = plain_host(uri) else {
            findings.push(Finding::warning(
                SUBJECT,
                format!("{uri} was not tried: relays over TLS are not"),
                "try it with turnutils_uclient of coturn",
            ));
            continue;
        };
        let found = tokio::net::lookup_host(host).await;
        match found.map(|mut found| found.next()) {
            Ok(Some(address)) if is_stream => {
                findings.push(super::streams::look(address).await);
            }
            Ok(Some(address)) => {
                let next = "see that it runs, that UDP passes, and that its static-auth-secret is --turn-secret";
                findings.push(ask(address, Some(&outside.secret), next).await);
            }
            Ok(None) | Err(_) => findings.push(Finding::problem(
                SUBJECT,
                format!("{uri} leads nowhere"),
                "correct --turn-uri or the DNS record",
            )),
        }
    }
}

/// `turn:HOST:PORT?transport=udp` as `HOST:PORT`, and whether it is over TCP.
fn plain_host(uri: &str) -> Option<(String, bool)> {
    let rest = uri
        .strip_prefix("turn:")
        .or_else(|| uri.strip_prefix("stun:"))?;
    let (host, query) = rest.split_once('?').unwrap_or((rest, ""));
    let has_port = host
        .rsplit_once(':')
        .is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    let host = match has_port {
        true => host.to_owned(),
        false => format!("{host}:{}", TurnConfig::DEFAULT_PORT),
    };
    Some((host, query.contains("transport=tcp")))
}

async fn ask(server: SocketAddr, secret: Option<&str>, next: &str) -> Finding {
    match dialogue(server, secret).await {
        Ok(Some(relayed)) => {
            let what = format!(
                "{server} (UDP) answers and opened a relay at port {}",
                relayed.port()
            );
            Finding::ok(SUBJECT, what)
        }
        Ok(None) => Finding::warning(
            SUBJECT,
            format!("{server} (UDP) answers STUN; relays were not tried, for its secret is random"),
            "set --turn-secret to have them tried while the server runs",
        ),
        Err(reason) => Finding::problem(SUBJECT, format!("{server} (UDP): {reason}"), next),
    }
}

/// A binding, then an allocation if there is a secret to make a credential with.
async fn dialogue(server: SocketAddr, secret: Option<&str>) -> Result<Option<SocketAddr>, String> {
    let own: IpAddr = match server {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = UdpSocket::bind((own, 0))
        .await
        .map_err(|error| error.to_string())?;
    socket
        .connect(server)
        .await
        .map_err(|error| error.to_string())?;
    let mut request = Vec::new();
    let transaction = new_transaction();
    Writer::new(&mut request, Method::BINDING, Class::Request, transaction).fingerprint();
    exchange(&socket, &request).await?;
    let Some(secret) = secret else {
        return Ok(None);
    };
    Writer::new(
        &mut request,
        Method::ALLOCATE,
        Class::Request,
        new_transaction(),
    )
    .attribute(attribute::REQUESTED_TRANSPORT, &UDP)
    .fingerprint();
    let challenge = exchange(&socket, &request).await?;
    let challenge = Message::parse(&challenge).map_err(|_| "a broken answer".to_owned())?;
    let (Some(realm), Some(nonce)) = (
        challenge.text(attribute::REALM),
        challenge.attribute(attribute::NONCE),
    ) else {
        return Err("it asks for no credential; this is no relay of ours".to_owned());
    };
    allocate(&socket, &credential(secret)?, realm, nonce)
        .await
        .map(Some)
}

async fn allocate(
    socket: &UdpSocket,
    credential: &Credential,
    realm: &str,
    nonce: &[u8],
) -> Result<SocketAddr, String> {
    let key = credential.key(realm);
    let mut request = Vec::new();
    let transaction = new_transaction();
    let signed = |writer: Writer<'_>| {
        writer
            .attribute(attribute::USERNAME, credential.username.as_bytes())
            .attribute(attribute::REALM, realm.as_bytes())
            .attribute(attribute::NONCE, nonce)
            .integrity(&key)
            .fingerprint();
    };
    let writer = Writer::new(&mut request, Method::ALLOCATE, Class::Request, transaction);
    signed(writer.attribute(attribute::REQUESTED_TRANSPORT, &UDP));
    let answer = exchange(socket, &request).await?;
    let answer = Message::parse(&answer).map_err(|_| "a broken answer".to_owned())?;
    let relayed = match answer.error_code() {
        Some(401) => {
            return Err(
                "it refuses our credential (401): another secret, or a wrong clock".to_owned(),
            );
        }
        Some(code) => return Err(format!("it opens no relay (error {code})")),
        None => answer
            .attribute(attribute::XOR_RELAYED_ADDRESS)
            .and_then(|value| read_xor_address(value, &answer.transaction_id())),
    };
    // Given back; if the answer is lost, its time ends it.
    let writer = Writer::new(
        &mut request,
        Method::REFRESH,
        Class::Request,
        new_transaction(),
    );
    signed(writer.number(attribute::LIFETIME, 0));
    let _ = exchange(socket, &request).await;
    relayed.ok_or_else(|| "a relay without an address".to_owned())
}

async fn exchange(socket: &UdpSocket, request: &[u8]) -> Result<Vec<u8>, String> {
    let mut answer = vec![0u8; 2048];
    let asked = Message::parse(request)
        .map(|message| message.transaction_id())
        .ok();
    for _ in 0..TRIES {
        let _ = socket.send(request).await;
        let received = tokio::time::timeout(PATIENCE, socket.recv(&mut answer)).await;
        let Ok(Ok(length)) = received else {
            continue;
        };
        let answered = Message::parse(&answer[..length]).map(|message| message.transaction_id());
        if answered.ok() == asked {
            answer.truncate(length);
            return Ok(answer);
        }
    }
    Err("no answer comes back".to_owned())
}

fn credential(secret: &str) -> Result<Credential, String> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now_s = now.map_or(0, |now| now.as_secs());
    Secrets::new([secret])
        .credential(UID, now_s, Duration::from_secs(60))
        .ok_or_else(|| "the secret makes no credential".to_owned())
}

pub(super) fn new_transaction() -> [u8; 12] {
    let mut id = [0u8; 12];
    // Without randomness a fixed one does: nobody but us reads the answer.
    let _ = getrandom::fill(&mut id);
    id
}
