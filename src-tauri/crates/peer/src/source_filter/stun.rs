//! Reading STUN messages (RFC 8489), by the library's own parser and keyed hash.

use std::net::SocketAddr;

use rtc::crypto::{RTCCryptoProvider, default_provider};
use rtc::stun::attributes::{ATTR_DATA, ATTR_USERNAME, ATTR_XOR_PEER_ADDRESS};
use rtc::stun::integrity::MessageIntegrity;
use rtc::stun::message::{
    BINDING_REQUEST, BINDING_SUCCESS, CLASS_INDICATION, CLASS_REQUEST, METHOD_ALLOCATE,
    METHOD_DATA, Message,
};
use rtc::stun::xoraddr::XorMappedAddress;

use crate::sdp::IceCredentials;

pub(super) type TransactionId = [u8; 12];

/// What a message is to the filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    BindingRequest,
    BindingSuccess,
    AllocateRequest,
    /// A datagram relayed to us: from whom, and what.
    DataIndication(SocketAddr, Vec<u8>),
    Other,
}

/// A parsed message.
pub(super) struct Stun {
    message: Message,
    pub(super) kind: Kind,
}

/// First byte, length and magic cookie (RFC 8489, section 5).
pub(super) fn looks_like_stun(datagram: &[u8]) -> bool {
    datagram.len() >= 20 && datagram[0] < 4 && datagram[4..8] == [0x21, 0x12, 0xa4, 0x42]
}

impl Stun {
    pub(super) fn parse(datagram: &[u8]) -> Option<Self> {
        if !looks_like_stun(datagram) {
            return None;
        }
        let mut message = Message::default();
        message.unmarshal_binary(datagram).ok()?;
        let kind = kind(&message);
        Some(Self { message, kind })
    }

    pub(super) fn transaction_id(&self) -> TransactionId {
        self.message.transaction_id.0
    }

    /// Whether the user name begins with this fragment: the receiver's comes first (RFC 8445,
    /// section 7.2.2).
    pub(super) fn is_for(&self, user_fragment: &str) -> bool {
        let Ok(name) = self.message.get(ATTR_USERNAME) else {
            return false;
        };
        let name = String::from_utf8_lossy(&name).into_owned();
        name.split(':').next() == Some(user_fragment)
    }

    /// Whether MESSAGE-INTEGRITY was made with this password.
    pub(super) fn is_signed_by(&mut self, credentials: &IceCredentials, crypto: &Crypto) -> bool {
        let key = credentials.password.as_bytes();
        let provider = crypto.0.as_ref();
        provider.is_some_and(|provider| {
            MessageIntegrity::check(&mut self.message, key, provider.crypto()).is_ok()
        })
    }
}

fn kind(message: &Message) -> Kind {
    let typ = message.typ;
    if typ == BINDING_REQUEST {
        Kind::BindingRequest
    } else if typ == BINDING_SUCCESS {
        Kind::BindingSuccess
    } else if typ.method == METHOD_ALLOCATE && typ.class == CLASS_REQUEST {
        Kind::AllocateRequest
    } else if typ.method == METHOD_DATA && typ.class == CLASS_INDICATION {
        relayed(message).unwrap_or(Kind::Other)
    } else {
        Kind::Other
    }
}

fn relayed(message: &Message) -> Option<Kind> {
    let mut from = XorMappedAddress::default();
    from.get_from_as(message, ATTR_XOR_PEER_ADDRESS).ok()?;
    let data = message.get(ATTR_DATA).ok()?;
    Some(Kind::DataIndication(
        SocketAddr::new(from.ip, from.port),
        data,
    ))
}

/// The keyed hash; without one nothing is ever validated.
pub(super) struct Crypto(Option<std::sync::Arc<dyn RTCCryptoProvider>>);

impl Default for Crypto {
    fn default() -> Self {
        Self(default_provider().ok())
    }
}

impl std::fmt::Debug for Crypto {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Crypto")
    }
}
