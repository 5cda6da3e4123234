//! One person with a relay and a channel to the peer.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};
use duet_server::turn::stun::{Class, Message, Method, Writer, attribute};
use duet_server::turn::{Credential, Secrets};

pub(crate) const CHANNEL: u16 = 0x4000;
const UDP: [u8; 4] = [17, 0, 0, 0];
const PATIENCE: Duration = Duration::from_millis(500);
const TRIES: usize = 10;

/// A socket from which channel data goes to the peer. Each has an address of its own, as people have;
/// all of 127/8 is this machine.
pub(crate) fn open(
    index: usize,
    server: SocketAddr,
    secret: &str,
    peer: SocketAddr,
) -> Result<UdpSocket> {
    let (high, low) = (1 + index / 250, 1 + index % 250);
    let own = Ipv4Addr::new(127, 0, u8::try_from(high)?, u8::try_from(low)?);
    let socket = UdpSocket::bind((own, 0))?;
    socket.connect(server)?;
    socket.set_read_timeout(Some(PATIENCE))?;
    let now_s = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let person = Secrets::new([secret])
        .credential(&format!("load{index}"), now_s, Duration::from_secs(600))
        .context("no secret")?;
    let mut request = Vec::new();
    let writer = start(&mut request, Method::ALLOCATE);
    writer
        .attribute(attribute::REQUESTED_TRANSPORT, &UDP)
        .fingerprint();
    let challenge = exchange(&socket, &request)?;
    let challenge = Message::parse(&challenge)?;
    let realm = challenge.text(attribute::REALM).context("no realm")?;
    let nonce = challenge
        .attribute(attribute::NONCE)
        .context("no nonce")?
        .to_vec();
    let asking = Asking {
        socket: &socket,
        person: &person,
        realm,
        nonce: &nonce,
    };
    asking.ask(Method::ALLOCATE, |writer| {
        writer.attribute(attribute::REQUESTED_TRANSPORT, &UDP)
    })?;
    let [high, low] = CHANNEL.to_be_bytes();
    asking.ask(Method::CHANNEL_BIND, |writer| {
        writer
            .attribute(attribute::CHANNEL_NUMBER, &[high, low, 0, 0])
            .xor_address(attribute::XOR_PEER_ADDRESS, peer)
    })?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

struct Asking<'a> {
    socket: &'a UdpSocket,
    person: &'a Credential,
    realm: &'a str,
    nonce: &'a [u8],
}

impl Asking<'_> {
    fn ask(&self, method: Method, with: impl Fn(Writer<'_>) -> Writer<'_>) -> Result<()> {
        let mut request = Vec::new();
        with(start(&mut request, method))
            .attribute(attribute::USERNAME, self.person.username.as_bytes())
            .attribute(attribute::REALM, self.realm.as_bytes())
            .attribute(attribute::NONCE, self.nonce)
            .integrity(&self.person.key(self.realm))
            .fingerprint();
        let answer = exchange(self.socket, &request)?;
        match Message::parse(&answer)?.error_code() {
            None => Ok(()),
            Some(code) => bail!("{method:?} is refused with {code}"),
        }
    }
}

fn start(request: &mut Vec<u8>, method: Method) -> Writer<'_> {
    let mut transaction = [0; 12];
    // Without randomness a fixed one does: nobody but us reads the answer.
    let _ = getrandom::fill(&mut transaction);
    Writer::new(request, method, Class::Request, transaction)
}

fn exchange(socket: &UdpSocket, request: &[u8]) -> Result<Vec<u8>> {
    let mut answer = vec![0; 2_000];
    for _ in 0..TRIES {
        socket.send(request)?;
        if let Ok(length) = socket.recv(&mut answer) {
            answer.truncate(length);
            return Ok(answer);
        }
    }
    bail!("the relay does not answer")
}
