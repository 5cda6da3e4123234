//! The relay alone, with made-up addresses and a clock that the test moves.

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use duet_server::turn::stun::{Method, attribute};
use duet_server::turn::{
    Flow, HEADROOM, Now, PeerFilter, PeerPolicy, Quotas, Reaction, Relay, RelayConfig, RelayId,
    Secrets, TAILROOM,
};

use super::dialogue::{Answer, Attributes, Dialogue, SECRET, credential, udp};

pub(crate) const RELAY_IP: [u8; 4] = [198, 51, 100, 1];
const ROOM: usize = 70_000;

pub(crate) struct Rig {
    pub(crate) relay: Relay,
    pub(crate) now: Now,
    pub(crate) closed: Vec<RelayId>,
    buffer: Vec<u8>,
    next_port: u16,
}

/// What left the relay.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Out {
    Nothing,
    Reply(Vec<u8>),
    ToPeer(SocketAddr, Vec<u8>),
    ToClient(Flow, Vec<u8>),
}

/// A client of the rig.
pub(crate) struct Guest {
    pub(crate) flow: Flow,
    pub(crate) dialogue: Dialogue,
}

pub(crate) fn config() -> RelayConfig {
    RelayConfig {
        realm: "duet".into(),
        secrets: Secrets::new([SECRET]),
        peers: PeerFilter::new(PeerPolicy::default(), vec![IpAddr::from(RELAY_IP)]),
        quotas: Quotas::default(),
        has_ipv4: true,
        has_ipv6: true,
    }
}

impl Rig {
    pub(crate) fn new() -> Self {
        Self::with(config())
    }

    pub(crate) fn with(config: RelayConfig) -> Self {
        let now = Now {
            instant: Instant::now(),
            unix_s: 1_700_000_000,
        };
        Self {
            relay: Relay::new(now.instant, config),
            now,
            closed: Vec::new(),
            buffer: vec![0; HEADROOM + ROOM + TAILROOM],
            next_port: 50_000,
        }
    }

    pub(crate) fn wait(&mut self, seconds: u64) {
        self.now.instant += Duration::from_secs(seconds);
        self.now.unix_s += seconds;
        self.relay.handle_timeout(self.now.instant);
        self.note_closed();
    }

    /// A client with a fresh credential.
    pub(crate) fn guest(&self, client: &str, uid: &str) -> Guest {
        let credential = credential(SECRET, uid, self.now.unix_s);
        Guest {
            flow: flow(client),
            dialogue: Dialogue::new(credential),
        }
    }

    pub(crate) fn put(&mut self, flow: Flow, datagram: &[u8]) -> Out {
        let range = HEADROOM..HEADROOM + datagram.len();
        self.buffer[range.clone()].copy_from_slice(datagram);
        let mut reply = Vec::new();
        let buffer = &mut self.buffer;
        let reaction = self
            .relay
            .client_datagram(self.now, flow, buffer, range, &mut reply);
        let out = match reaction {
            Reaction::Nothing => Out::Nothing,
            Reaction::Reply => Out::Reply(reply),
            Reaction::ToPeer { peer, payload, .. } => {
                Out::ToPeer(peer, self.buffer[payload].to_vec())
            }
            Reaction::ToClient { flow, datagram } => {
                Out::ToClient(flow, self.buffer[datagram].to_vec())
            }
            Reaction::Open(request) => {
                let ip = if request.is_ipv6() {
                    "2001:4860::1".parse().expect("an address")
                } else {
                    IpAddr::from(RELAY_IP)
                };
                let relayed = SocketAddr::new(ip, self.next_port);
                self.next_port += 1;
                self.relay
                    .opened(self.now, *request, Some(relayed), &mut reply);
                Out::Reply(reply)
            }
        };
        self.note_closed();
        out
    }

    /// An answered request.
    pub(crate) fn ask(
        &mut self,
        guest: &mut Guest,
        method: Method,
        attributes: &Attributes,
    ) -> Answer {
        let request = guest.dialogue.request(method, attributes);
        match self.put(guest.flow, &request) {
            Out::Reply(reply) => guest.dialogue.read(&reply),
            other => panic!("no reply: {other:?}"),
        }
    }

    /// Makes the guest known and allocates; the relay's address or the error.
    pub(crate) fn allocate(&mut self, guest: &mut Guest) -> Result<SocketAddr, u16> {
        self.greet(guest);
        let answer = self.ask(guest, Method::ALLOCATE, &udp());
        match answer.code {
            None => Ok(answer.address(attribute::XOR_RELAYED_ADDRESS)),
            Some(code) => Err(code),
        }
    }

    /// Gets realm and nonce.
    pub(crate) fn greet(&mut self, guest: &mut Guest) {
        let request = guest.dialogue.anonymous(Method::ALLOCATE, &udp());
        match self.put(guest.flow, &request) {
            Out::Reply(reply) => {
                assert_eq!(guest.dialogue.read(&reply).code, Some(401));
            }
            other => panic!("no challenge: {other:?}"),
        }
    }

    fn note_closed(&mut self) {
        while let Some(id) = self.relay.poll_closed() {
            self.closed.push(id);
        }
    }
}

pub(crate) fn flow(client: &str) -> Flow {
    Flow {
        listener: 0,
        client: client.parse().expect("an address"),
        is_stream: false,
    }
}

pub(crate) fn address(text: &str) -> SocketAddr {
    text.parse().expect("an address")
}
