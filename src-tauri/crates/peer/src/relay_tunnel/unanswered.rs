//! Servers that never answer, and those whose answer the library cannot use.
//!
//! The library counts a request for a relay as over by the name of the second one, which carries the
//! credential and is only made when the first is answered. To a silent server, or to one whose answer has no
//! nonce, there never is a second one, and the gathering of candidates never ends. So behind the
//! library's last try, or at once instead of such an answer, we answer in the server's place that there is
//! no relay ([`no_relay`]).

use std::collections::VecDeque;
use std::net::SocketAddr;

use parking_lot::Mutex;

use super::Incoming;
use super::answer::{Answer, challenge, has_user_name, no_relay, refusal};
use super::frame::{Message, TransactionId};

/// The library asks seven times (RFC 8489, section 6.2.1), in 6.2 seconds, and gives up 1.6 later.
const LAST_TRY: u8 = 7;
/// Servers times addresses of ours: sixteen of those are used at most.
const MAX_REQUESTS: usize = 256;

/// What one socket asked for.
#[derive(Debug, Default)]
pub(crate) struct Unanswered(Mutex<VecDeque<Asked>>);

#[derive(Debug)]
struct Asked {
    server: SocketAddr,
    id: TransactionId,
    tries: u8,
}

impl Unanswered {
    /// The library asks a server that was given up once more, with the credential: it is answered here, and need not
    /// leave. (What came back could be a relay, and the library would have two answers to one question.)
    pub(crate) fn answers(&self, incoming: &Incoming, server: SocketAddr, datagram: &[u8]) -> bool {
        let Some(Message::Allocate(id)) = Message::of(datagram) else {
            return false;
        };
        // The library counts the last byte of the name up.
        let is_same = |asked: &&Asked| asked.server == server && asked.id[..11] == id[..11];
        let is_given_up = has_user_name(datagram)
            && (self.0.lock().iter().find(is_same)).is_some_and(|asked| asked.tries >= LAST_TRY);
        if is_given_up && let Some(answer) = no_relay(datagram) {
            incoming.push(server, answer);
        }
        is_given_up
    }

    /// A datagram of the library left; what there is to say to it comes to `incoming`.
    pub(crate) fn sent(&self, incoming: &Incoming, server: SocketAddr, datagram: &[u8]) {
        if let Some(Message::Allocate(id)) = Message::of(datagram)
            && !has_user_name(datagram)
            && self.is_last_try(server, id)
            && let Some(answer) = no_relay(datagram)
        {
            incoming.push(server, answer);
        }
    }

    /// What the library is to hear instead of this answer of a server; `None` if it can use that. From then
    /// on that server is given up.
    pub(crate) fn instead_of(&self, message: &[u8]) -> Option<Vec<u8>> {
        let answer = Answer::of(message)?;
        let mut all = self.0.lock();
        // Names are random: whoever knows one was asked, from whichever address it answers.
        let is_related = |asked: &&mut Asked| asked.id[..11] == answer.id[..11];
        let asked = all.iter_mut().find(is_related)?;
        let is_first = asked.id == answer.id;
        let is_usable = match is_first {
            true => answer.is_challenge(),
            false => answer.is_conclusive(),
        };
        if is_usable {
            return None;
        }
        asked.tries = LAST_TRY;
        tracing::warn!("a relay answers with something that is no use; others are tried");
        Some(match is_first {
            true => challenge(&answer.id),
            false => refusal(&answer.id),
        })
    }

    fn is_last_try(&self, server: SocketAddr, id: TransactionId) -> bool {
        let mut all = self.0.lock();
        let known = all
            .iter_mut()
            .find(|asked| asked.server == server && asked.id == id);
        let Some(asked) = known else {
            if all.len() >= MAX_REQUESTS {
                all.pop_front();
            }
            let tries = 1;
            all.push_back(Asked { server, id, tries });
            return false;
        };
        asked.tries = asked.tries.saturating_add(1);
        asked.tries >= LAST_TRY
    }
}

#[cfg(test)]
mod tests {
    use std::task::{Context, Poll, Waker};

    use super::super::answer::tests::answer as from_server;
    use super::super::frame::tests::request;
    use super::*;

    const ALLOCATE: u8 = 0x03;

    fn with_user_name(mut request: Vec<u8>) -> Vec<u8> {
        request[19] = request[19].wrapping_add(1);
        request.extend([0, 6, 0, 2, b'm', b'e', 0, 0]);
        request
    }

    fn answer(incoming: &Incoming) -> Option<(SocketAddr, Vec<u8>)> {
        match incoming.poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready((from, answer)) => Some((from, answer)),
            Poll::Pending => None,
        }
    }

    #[test]
    fn the_last_try_is_answered_and_so_is_what_follows() {
        let (unanswered, incoming) = (Unanswered::default(), Incoming::default());
        let server = SocketAddr::from(([192, 0, 2, 1], 3_478));
        let first = request(ALLOCATE, 3);
        for _ in 1..LAST_TRY {
            unanswered.sent(&incoming, server, &first);
            assert_eq!(answer(&incoming), None);
        }
        unanswered.sent(&incoming, server, &first);
        let (from, challenge) = answer(&incoming).expect("a challenge");
        assert_eq!((from, Some(challenge)), (server, no_relay(&first)));
        let second = with_user_name(first);
        assert!(unanswered.answers(&incoming, server, &second));
        assert_eq!(
            answer(&incoming),
            Some((server, no_relay(&second).unwrap()))
        );
    }

    #[test]
    fn an_answer_that_is_no_use_is_replaced_and_ends_both_requests() {
        let (unanswered, incoming) = (Unanswered::default(), Incoming::default());
        let server = SocketAddr::from(([192, 0, 2, 1], 3_478));
        let first = request(ALLOCATE, 3);
        let second = with_user_name(first.clone());
        let without_nonce = from_server(false, [3; 12], &[(9, &[0, 0, 4, 1])]);
        assert_eq!(unanswered.instead_of(&without_nonce), None, "never asked");
        unanswered.sent(&incoming, server, &first);
        let good = from_server(false, [3; 12], &[(0x14, b"r"), (0x15, b"n")]);
        assert_eq!(unanswered.instead_of(&good), None);
        let heard = unanswered.instead_of(&without_nonce);
        assert_eq!(heard, no_relay(&first));
        assert_eq!(answer(&incoming), None);
        assert!(unanswered.answers(&incoming, server, &second));
        assert_eq!(
            answer(&incoming),
            Some((server, no_relay(&second).unwrap()))
        );
    }

    #[test]
    fn a_grant_without_an_address_is_a_refusal() {
        let (unanswered, incoming) = (Unanswered::default(), Incoming::default());
        let server = SocketAddr::from(([192, 0, 2, 1], 3_478));
        let first = request(ALLOCATE, 3);
        let second = with_user_name(first.clone());
        unanswered.sent(&incoming, server, &first);
        assert!(!unanswered.answers(&incoming, server, &second));
        let mut id = [3; 12];
        id[11] = 4;
        let refused = from_server(false, id, &[(9, &[0, 0, 4, 38])]);
        assert_eq!(
            unanswered.instead_of(&refused),
            None,
            "the library can read it"
        );
        let empty = from_server(true, id, &[(0x0d, &[0; 4])]);
        assert_eq!(unanswered.instead_of(&empty), no_relay(&second));
    }

    #[test]
    fn servers_that_answer_and_other_messages_are_left_alone() {
        let (unanswered, incoming) = (Unanswered::default(), Incoming::default());
        let server = SocketAddr::from(([192, 0, 2, 1], 3_478));
        for id in 0..100 {
            let first = request(ALLOCATE, id);
            for _ in 0..3 {
                unanswered.sent(&incoming, server, &first);
            }
            let second = with_user_name(first);
            for _ in 0..20 {
                for datagram in [&second[..], &request(0x04, id), &[0x40, 0, 0, 0]] {
                    assert!(!unanswered.answers(&incoming, server, datagram));
                    unanswered.sent(&incoming, server, datagram);
                }
            }
        }
        for id in 0..=255 {
            for other in 0..10 {
                let server = SocketAddr::from(([192, 0, 2, 2 + other], 3_478));
                unanswered.sent(&incoming, server, &request(ALLOCATE, id));
            }
        }
        assert_eq!(answer(&incoming), None);
        assert!(unanswered.0.lock().len() <= MAX_REQUESTS);
    }
}
