//! What the exchange says goes to our own clients, or over links to those of other nodes.

use duet_protocol::{CloseReason, LoginAnswer, RoomId, ServerMessage};

use super::wire::Body;
use super::{Command, Moment, Node, NodeId};
use crate::exchange::Key;
use crate::rooms::{ConnectionId, Output};

/// Datagrams that wait for a bus that does not take them; more are made anew when it does.
const MAX_COMMANDS: usize = 20_000;

impl Node {
    /// After everything that came in: passes on what it led to.
    pub(super) fn finish(&mut self, at: Moment) {
        self.drain_exchange(at);
        if self.health.is_none() || !self.is_connected(at.now) {
            return;
        }
        for channel in self.channels.values_mut() {
            if self.commands.len() > MAX_COMMANDS {
                break;
            }
            let envelopes = channel.poll(at.now).into_iter();
            self.commands.extend(envelopes.map(Command::Publish));
        }
    }

    /// Distributes the outputs of our exchange.
    pub(super) fn drain_exchange(&mut self, at: Moment) {
        if self.health.is_none() {
            while let Some(output) = self.exchange.poll_output() {
                self.outputs.push_back(output);
            }
            return;
        }
        let mut touched = Vec::new();
        // The exchange says "delivered" right behind the text.
        let mut text_to = None;
        while let Some(output) = self.exchange.poll_output() {
            match output {
                Output::Send { to, message } => {
                    let receiver = text_to.take();
                    if let Some(receiver) = receiver
                        && matches!(message, ServerMessage::Delivered { .. })
                    {
                        self.owe_word(at, receiver, to, message);
                        continue;
                    }
                    let is_text = matches!(message, ServerMessage::Message { .. });
                    text_to = (is_text && self.proxied.contains_key(&to)).then_some(to);
                    self.note_own(at, to, &message, &mut touched);
                    match self.proxied.get(&to).copied() {
                        Some((peer, link)) => self.send_afar(at, to, peer, link, message),
                        None => self.send(to, message),
                    }
                }
                Output::Close { connection, reason } => {
                    if let Some((peer, link)) = self.proxied.remove(&connection) {
                        self.proxies.remove(&(peer, link));
                        self.texts_lost(at, connection);
                        let code = reason.code();
                        self.tell(at.now, peer, Body::Close { link, code });
                    } else {
                        self.close(connection, reason);
                    }
                }
            }
        }
        self.vouch_for(at, touched);
    }

    fn send_afar(
        &mut self,
        at: Moment,
        to: ConnectionId,
        peer: NodeId,
        link: u64,
        message: ServerMessage,
    ) {
        let is_login = matches!(message, ServerMessage::Login(LoginAnswer::Accepted { .. }));
        self.tell(at.now, peer, Body::Send { link, message });
        if is_login && let Some(ticket) = self.exchange.login_ticket(to) {
            self.tell(at.now, peer, Body::VouchLogin { link, ticket });
        }
    }

    /// What our own exchange says may concern other nodes.
    fn note_own(
        &mut self,
        at: Moment,
        to: ConnectionId,
        message: &ServerMessage,
        touched: &mut Vec<ConnectionId>,
    ) {
        let is_ours = self.clients.contains_key(&to);
        match message {
            ServerMessage::Joined { .. } => {
                if let Some(room) = self.exchange.room_of(to) {
                    let key = Key::Room(room.to_owned());
                    touched.extend(self.exchange.connections_of(&key));
                }
                if is_ours {
                    self.tell_lobby(at, to, true);
                }
            }
            ServerMessage::Leaved { .. } if is_ours => self.tell_lobby(at, to, false),
            ServerMessage::PeerLeave { .. } => touched.push(to),
            ServerMessage::Login(LoginAnswer::Accepted { .. }) if is_ours => {
                if let Some(name) = self.exchange.login_name(to).map(str::to_owned) {
                    self.logged_in_as(at, to, &name);
                }
            }
            // The room of a call or a cast is ours, because its lobby or its code is; nobody else knows its id yet.
            ServerMessage::Ringing { room_id, .. } | ServerMessage::CastCode { room_id, .. } => {
                if let Ok(room) = RoomId::parse(room_id) {
                    let key = Key::Room(room.canonical());
                    self.owned.insert(key.clone());
                    self.claim(key, None, true);
                }
            }
            _ => {}
        }
    }

    /// Tells the homes of these connections what to carry their rooms on with.
    pub(super) fn vouch_for(&mut self, at: Moment, connections: Vec<ConnectionId>) {
        for id in connections {
            if let Some((peer, link)) = self.proxied.get(&id).copied()
                && let Some(ticket) = self.exchange.place_ticket(id)
            {
                self.tell(at.now, peer, Body::Vouch { link, ticket });
            }
        }
    }

    /// Ends a connection of ours.
    pub(super) fn close(&mut self, id: ConnectionId, reason: CloseReason) {
        if let Some(client) = self.clients.get_mut(&id) {
            client.is_closed = true;
        }
        let connection = id;
        self.outputs.push_back(Output::Close { connection, reason });
    }
}
