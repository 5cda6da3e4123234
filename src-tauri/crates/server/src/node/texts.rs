//! Whether a text arrived, when the one who gets it is another node's client.
//!
//! The exchange says "delivered" together with the text. To a client of another node that would be a promise: the
//! node may be dead, or Redis away, and nobody has noticed yet. So the word waits until the receiver's home says that
//! the text went to its client. If it cannot say so any more, the sender is told that it was not delivered.

use duet_protocol::ServerMessage;

use super::wire::Body;
use super::{Moment, Node, NodeId};
use crate::exchange::undelivered;
use crate::rooms::ConnectionId;

/// Texts on their way to one client. A home that takes texts and never says so is not believed with all our memory.
const MAX_OWED: usize = 256;

/// What the sender of a text waits for.
#[derive(Debug)]
pub(super) struct Owed {
    sender: ConnectionId,
    text_id: String,
    delivered: ServerMessage,
}

impl Node {
    /// A text went off to a client of another node: the word about it waits.
    pub(super) fn owe_word(
        &mut self,
        at: Moment,
        receiver: ConnectionId,
        sender: ConnectionId,
        delivered: ServerMessage,
    ) {
        let ServerMessage::Delivered { id, .. } = &delivered else {
            return;
        };
        let owed = Owed {
            sender,
            text_id: id.clone(),
            delivered,
        };
        let waiting = self.owed.entry(receiver).or_default();
        waiting.push_back(owed);
        let oldest = (waiting.len() > MAX_OWED).then(|| waiting.pop_front());
        if let Some(owed) = oldest.flatten() {
            self.say_undelivered(at, owed);
        }
    }

    /// The home of a receiver passed the next text on. A channel keeps the order, so it is the oldest.
    pub(super) fn text_arrived(&mut self, at: Moment, peer: NodeId, link: u64) {
        let Some(receiver) = self.proxies.get(&(peer, link)).copied() else {
            return;
        };
        let Some(waiting) = self.owed.get_mut(&receiver) else {
            return;
        };
        let oldest = waiting.pop_front();
        if waiting.is_empty() {
            self.owed.remove(&receiver);
        }
        if let Some(owed) = oldest {
            self.say_word(at, owed.sender, owed.delivered);
        }
    }

    /// A client of another node takes part no longer: what was on its way may be lost.
    pub(super) fn texts_lost(&mut self, at: Moment, receiver: ConnectionId) {
        for owed in self.owed.remove(&receiver).unwrap_or_default() {
            self.say_undelivered(at, owed);
        }
    }

    fn say_undelivered(&mut self, at: Moment, owed: Owed) {
        self.say_word(at, owed.sender, undelivered(owed.text_id));
    }

    /// The sender may be gone by now.
    fn say_word(&mut self, at: Moment, sender: ConnectionId, message: ServerMessage) {
        if let Some((peer, link)) = self.proxied.get(&sender).copied() {
            self.tell(at.now, peer, Body::Send { link, message });
        } else if self.clients.contains_key(&sender) {
            self.send(sender, message);
        }
    }
}
