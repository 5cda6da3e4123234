//! Answers to requests for a relay: those that are made here, in a server's place, and whether the
//! library can use those of servers; and those to requests for a channel. Sans-IO.
//!
//! The library asks twice: without a credential, for a realm and a nonce, and with one. It knows a request
//! by the name of the second, so whatever keeps it from making that leaves it waiting for ever; and it
//! forgets a second one whose answer lacks what it needs.

use super::frame::{COOKIE, Message, STUN_HEADER_BYTES, TransactionId};

const ERROR_401: [u8; 8] = [0, 9, 0, 4, 0, 0, 4, 1];
const ERROR_508: [u8; 8] = [0, 9, 0, 4, 0, 0, 5, 8];
const REALM_NONE: [u8; 8] = [0, 0x14, 0, 4, b'n', b'o', b'n', b'e'];
const NONCE_NONE: [u8; 8] = [0, 0x15, 0, 4, b'n', b'o', b'n', b'e'];

/// An error in answer to ChannelBind (RFC 8656, section 17; RFC 8489, section 5).
const CHANNEL_ERROR: [u8; 2] = [0x01, 0x19];
/// The class and the number of an ERROR-CODE: 438, Stale Nonce.
const STALE_NONCE: [u8; 2] = [4, 38];

const USERNAME: u16 = 0x0006;
const ERROR_CODE: u16 = 0x0009;
const LIFETIME: u16 = 0x000d;
const REALM: u16 = 0x0014;
const NONCE: u16 = 0x0015;
const XOR_RELAYED_ADDRESS: u16 = 0x0016;
/// The most that the library writes into its second request (RFC 8489, section 14.9).
const MAX_TEXT_BYTES: usize = 763;

/// The answer to a request for a relay where there is none: 508, Insufficient Capacity. The library
/// takes it only for its second request, so the first is asked for its credential as usual.
pub(super) fn no_relay(request: &[u8]) -> Option<Vec<u8>> {
    let Some(Message::Allocate(id)) = Message::of(request) else {
        return None;
    };
    Some(match has_user_name(request) {
        true => refusal(&id),
        false => challenge(&id),
    })
}

/// Asks for a credential.
pub(super) fn challenge(id: &TransactionId) -> Vec<u8> {
    error(id, &[ERROR_401, REALM_NONE, NONCE_NONE].concat())
}

/// Says that there is no relay.
pub(super) fn refusal(id: &TransactionId) -> Vec<u8> {
    error(id, &ERROR_508)
}

fn error(id: &TransactionId, attributes: &[u8]) -> Vec<u8> {
    let mut answer = vec![0x01, 0x13, 0, attributes.len() as u8];
    answer.extend_from_slice(&COOKIE);
    answer.extend_from_slice(id);
    answer.extend_from_slice(attributes);
    answer
}

/// Whether a server says that it gives no channel. The library forgets then that it asked, and asks again with
/// each packet that it sends, for as long as the call lasts. Without this answer it repeats the one request
/// a few times and sends its packets without a channel. With a stale nonce it must ask again, with the new one.
pub(crate) fn refuses_channel(message: &[u8]) -> bool {
    message.starts_with(&CHANNEL_ERROR)
        && message.get(4..8) == Some(&COOKIE)
        && !matches!(attribute(message, ERROR_CODE), Some([_, _, class, number, ..])
            if [*class, *number] == STALE_NONCE)
}

/// Whether this request carries a credential.
pub(super) fn has_user_name(message: &[u8]) -> bool {
    attribute(message, USERNAME).is_some()
}

/// What a server says to a request for a relay.
#[derive(Debug, Clone, Copy)]
pub(super) struct Answer<'a> {
    pub(super) id: TransactionId,
    is_success: bool,
    message: &'a [u8],
}

impl<'a> Answer<'a> {
    /// `None` is anything else.
    pub(super) fn of(message: &'a [u8]) -> Option<Self> {
        let [1, kind @ (0x03 | 0x13), _, _, rest @ ..] = message else {
            return None;
        };
        if rest.len() < 16 || rest[..4] != COOKIE {
            return None;
        }
        let mut id = TransactionId::default();
        id.copy_from_slice(&rest[4..16]);
        Some(Self {
            id,
            is_success: *kind == 0x03,
            message,
        })
    }

    /// Whether the library can make its second request of it. It looks at nothing but these two.
    pub(super) fn is_challenge(&self) -> bool {
        [REALM, NONCE].iter().all(|kind| {
            let text = attribute(self.message, *kind);
            text.is_some_and(|text| {
                text.len() <= MAX_TEXT_BYTES && std::str::from_utf8(text).is_ok()
            })
        })
    }

    /// Whether the library can end its second request with it.
    pub(super) fn is_conclusive(&self) -> bool {
        if !self.is_success {
            return true;
        }
        let relayed = attribute(self.message, XOR_RELAYED_ADDRESS);
        let is_address = matches!(
            relayed,
            Some([0, 1, rest @ ..]) if rest.len() == 6
        ) || matches!(relayed, Some([0, 2, rest @ ..]) if rest.len() == 18);
        let lifetime = attribute(self.message, LIFETIME);
        is_address && lifetime.is_some_and(|lifetime| lifetime.len() == 4)
    }
}

/// The value of the first attribute of a kind.
fn attribute(message: &[u8], wanted: u16) -> Option<&[u8]> {
    let mut attributes = message.get(STUN_HEADER_BYTES..).unwrap_or_default();
    while let [a, b, c, d, rest @ ..] = attributes {
        let length = usize::from(u16::from_be_bytes([*c, *d]));
        if u16::from_be_bytes([*a, *b]) == wanted {
            return rest.get(..length);
        }
        attributes = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
    None
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::frame::tests::request;
    use super::*;

    /// An answer of a server with these attributes.
    pub(in super::super) fn answer(
        is_success: bool,
        id: TransactionId,
        attributes: &[(u16, &[u8])],
    ) -> Vec<u8> {
        let mut body = Vec::new();
        for (kind, value) in attributes {
            body.extend(kind.to_be_bytes());
            body.extend(u16::try_from(value.len()).unwrap().to_be_bytes());
            body.extend(*value);
            body.resize(body.len().next_multiple_of(4), 0);
        }
        let kind = if is_success { 0x03 } else { 0x13 };
        let mut message = vec![1, kind];
        message.extend(u16::try_from(body.len()).unwrap().to_be_bytes());
        message.extend(COOKIE);
        message.extend(id);
        message.extend(body);
        message
    }

    #[test]
    fn a_relay_is_refused_at_the_second_request() {
        let first = request(0x03, 3);
        let challenge = no_relay(&first).unwrap();
        assert_eq!((challenge.len(), &challenge[26..28]), (44, &[4, 1][..]));
        let mut second = first.clone();
        second.extend([0, 6, 0, 2, b'm', b'e', 0, 0]);
        let refusal = no_relay(&second).unwrap();
        assert_eq!((refusal.len(), &refusal[26..28]), (28, &[5, 8][..]));
        second.truncate(30);
        assert!(no_relay(&second).is_some());
    }

    /// Attributes by type and value, and whether an answer with these is of use.
    type Case<'a> = (&'a [(u16, &'a [u8])], bool);

    #[test]
    fn what_the_library_can_use_is_told_from_what_it_cannot() {
        let id = [7; 12];
        let long = [b'x'; MAX_TEXT_BYTES + 1];
        let challenges: [Case<'_>; 6] = [
            (&[(REALM, b"r"), (NONCE, b"n")], true),
            (&[(9, &[0, 0, 4, 1]), (NONCE, b"n"), (REALM, b"")], true),
            (&[(REALM, b"r")], false),
            (&[(NONCE, b"n")], false),
            (&[(REALM, b"r"), (NONCE, &long)], false),
            (&[(REALM, b"r"), (NONCE, &[0xff])], false),
        ];
        for (attributes, is_usable) in challenges {
            let message = answer(false, id, attributes);
            let answer = Answer::of(&message).expect("an answer");
            assert_eq!((answer.id, answer.is_challenge()), (id, is_usable));
            assert!(answer.is_conclusive(), "an error ends the second");
        }
        let v4: &[u8] = &[0, 1, 0, 0, 1, 2, 3, 4];
        let v6: &[u8] = &[[0, 2, 0, 0].as_slice(), &[0; 16]].concat();
        let grants: [Case<'_>; 6] = [
            (&[(XOR_RELAYED_ADDRESS, v4), (LIFETIME, &[0; 4])], true),
            (&[(LIFETIME, &[0; 4]), (XOR_RELAYED_ADDRESS, v6)], true),
            (&[(XOR_RELAYED_ADDRESS, v4)], false),
            (&[(LIFETIME, &[0; 4])], false),
            (
                &[(XOR_RELAYED_ADDRESS, &v4[..7]), (LIFETIME, &[0; 4])],
                false,
            ),
            (&[(XOR_RELAYED_ADDRESS, v4), (LIFETIME, &[0; 3])], false),
        ];
        for (attributes, is_usable) in grants {
            let message = answer(true, id, attributes);
            let answer = Answer::of(&message).expect("an answer");
            assert_eq!(answer.is_conclusive(), is_usable, "{attributes:?}");
        }
    }

    #[test]
    fn refused_channels_are_told_from_all_else() {
        let code = |class, number| {
            let mut message = answer(false, [1; 12], &[(ERROR_CODE, &[0, 0, class, number])]);
            message[1] = CHANNEL_ERROR[1];
            message
        };
        for refusal in [code(5, 8), code(4, 0), code(4, 3)] {
            assert!(refuses_channel(&refusal));
        }
        assert!(!refuses_channel(&code(4, 38)), "it has a newer nonce");
        let (mut granted, mut permission) = (code(5, 8), code(5, 8));
        granted[1] = 0x09;
        permission[1] = 0x18;
        let mut no_stun = code(5, 8);
        no_stun[4] = 0;
        for other in [granted, permission, no_stun, code(5, 8)[..7].to_vec()] {
            assert!(!refuses_channel(&other), "{other:?}");
        }
    }

    #[test]
    fn only_answers_to_requests_for_relays_are_answers() {
        let good = answer(true, [1; 12], &[]);
        assert!(Answer::of(&good).is_some());
        for other in [
            request(0x03, 1),
            good[..19].to_vec(),
            vec![0x40, 0, 0, 0],
            Vec::new(),
            [&[1, 0x01], &good[2..]].concat(),
            [&good[..4], &[0; 4], &good[8..]].concat(),
        ] {
            assert!(Answer::of(&other).is_none(), "{other:?}");
        }
    }
}
