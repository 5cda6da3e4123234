//! A TURN client's side of the conversation, without sockets: makes requests, reads answers, and
//! remembers realm and nonce.

use std::net::SocketAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use duet_server::turn::stun::{
    Class, Message, Method, TransactionId, Writer, attribute, read_xor_address,
};
use duet_server::turn::{Credential, MAX_CREDENTIAL_TTL, Secrets};
use md5::{Digest, Md5};
use ring::hmac;

pub(crate) const SECRET: &str = "north";

/// Attributes: kind and value.
pub(crate) type Attributes = Vec<(u16, Vec<u8>)>;

pub(crate) struct Dialogue {
    pub(crate) credential: Credential,
    pub(crate) realm: String,
    pub(crate) nonce: String,
    count: u64,
}

/// An answer, copied out of its buffer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) bytes: Vec<u8>,
    pub(crate) transaction: TransactionId,
    /// None is success.
    pub(crate) code: Option<u16>,
    pub(crate) attributes: Attributes,
}

impl Dialogue {
    pub(crate) fn new(credential: Credential) -> Self {
        Self {
            credential,
            realm: String::new(),
            nonce: String::new(),
            count: 0,
        }
    }

    /// With a credential of the test's secret that starts now.
    pub(crate) fn of(uid: &str) -> Self {
        Self::new(credential(SECRET, uid, unix_now_s()))
    }

    /// A request as the first one is: nobody knows anything yet.
    pub(crate) fn anonymous(&mut self, method: Method, attributes: &Attributes) -> Vec<u8> {
        let mut out = Vec::new();
        let _ = self.start(&mut out, method, Class::Request, attributes);
        out
    }

    /// A request with credentials.
    pub(crate) fn request(&mut self, method: Method, attributes: &Attributes) -> Vec<u8> {
        let key = self.key();
        let (username, realm, nonce) = (
            self.credential.username.clone(),
            self.realm.clone(),
            self.nonce.clone(),
        );
        let mut out = Vec::new();
        self.start(&mut out, method, Class::Request, attributes)
            .attribute(attribute::USERNAME, username.as_bytes())
            .attribute(attribute::REALM, realm.as_bytes())
            .attribute(attribute::NONCE, nonce.as_bytes())
            .integrity(&key)
            .fingerprint();
        out
    }

    pub(crate) fn indication(&mut self, method: Method, attributes: &Attributes) -> Vec<u8> {
        let mut out = Vec::new();
        let _ = self.start(&mut out, method, Class::Indication, attributes);
        out
    }

    /// Reads an answer and takes its realm and nonce, if it has any.
    ///
    /// # Panics
    /// If it is none, or a success is not signed.
    pub(crate) fn read(&mut self, bytes: &[u8]) -> Answer {
        let message = Message::parse(bytes).expect("an answer");
        if let (Some(realm), Some(nonce)) = (
            message.text(attribute::REALM),
            message.text(attribute::NONCE),
        ) {
            (self.realm, self.nonce) = (realm.to_owned(), nonce.to_owned());
        }
        let code = match message.class() {
            Class::Success => None,
            Class::Error => message.error_code(),
            other => panic!("no answer: {other:?}"),
        };
        if code.is_none() && message.method() != Method::BINDING {
            assert!(message.is_authentic(&self.key()), "not signed");
        }
        Answer {
            bytes: bytes.to_vec(),
            transaction: message.transaction_id(),
            code,
            attributes: message
                .attributes()
                .map(|(kind, value)| (kind, value.to_vec()))
                .collect(),
        }
    }

    fn key(&self) -> hmac::Key {
        let Credential { username, password } = &self.credential;
        let digest = Md5::digest(format!("{username}:{}:{password}", self.realm));
        hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, digest.as_slice())
    }

    fn start<'a>(
        &mut self,
        out: &'a mut Vec<u8>,
        method: Method,
        class: Class,
        attributes: &Attributes,
    ) -> Writer<'a> {
        self.count += 1;
        let mut transaction = [0x55; 12];
        transaction[4..].copy_from_slice(&self.count.to_be_bytes());
        let writer = Writer::new(out, method, class, transaction);
        attributes.iter().fold(writer, |writer, (kind, value)| {
            // An address as text gets its place in this transaction; anything else goes as it is.
            let text = std::str::from_utf8(value).ok();
            match text.and_then(|text| text.parse().ok()) {
                Some(peer) if *kind == attribute::XOR_PEER_ADDRESS => {
                    writer.xor_address(*kind, peer)
                }
                Some(_) | None => writer.attribute(*kind, value),
            }
        })
    }
}

impl Answer {
    pub(crate) fn address(&self, kind: u16) -> SocketAddr {
        let value = self.value(kind).expect("an address");
        read_xor_address(value, &self.transaction).expect("an address")
    }

    pub(crate) fn number(&self, kind: u16) -> u32 {
        let value = self.value(kind).expect("a number");
        u32::from_be_bytes(value.try_into().expect("four bytes"))
    }

    pub(crate) fn value(&self, kind: u16) -> Option<&[u8]> {
        let found = self.attributes.iter().find(|(found, _)| *found == kind);
        found.map(|(_, value)| value.as_slice())
    }
}

pub(crate) fn credential(secret: &str, uid: &str, now_s: u64) -> Credential {
    Secrets::new([secret])
        .credential(uid, now_s, MAX_CREDENTIAL_TTL)
        .expect("a secret")
}

pub(crate) fn unix_now_s() -> u64 {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH);
    elapsed.unwrap_or(Duration::ZERO).as_secs()
}

/// REQUESTED-TRANSPORT: UDP.
pub(crate) fn udp() -> Attributes {
    vec![(attribute::REQUESTED_TRANSPORT, vec![17, 0, 0, 0])]
}

/// The same with more.
pub(crate) fn udp_and(kind: u16, value: &[u8]) -> Attributes {
    let mut attributes = udp();
    attributes.push((kind, value.to_vec()));
    attributes
}

/// XOR-PEER-ADDRESS; hidden when it is written.
pub(crate) fn peer(address: SocketAddr) -> (u16, Vec<u8>) {
    let text = address.to_string().into_bytes();
    (attribute::XOR_PEER_ADDRESS, text)
}

pub(crate) fn channel(number: u16, address: SocketAddr) -> Attributes {
    let [high, low] = number.to_be_bytes();
    vec![
        (attribute::CHANNEL_NUMBER, vec![high, low, 0, 0]),
        peer(address),
    ]
}

pub(crate) fn send(address: SocketAddr, data: &[u8]) -> Attributes {
    vec![peer(address), (attribute::DATA, data.to_vec())]
}

pub(crate) fn channel_data(number: u16, data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(data.len()).expect("short");
    [&number.to_be_bytes()[..], &length.to_be_bytes(), data].concat()
}
