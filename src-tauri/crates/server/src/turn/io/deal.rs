//! What a batch brings about: decided under the lock, and sent when all of it is.

use std::ops::Range;
use std::sync::Arc;

use tracing::debug;

use super::Shared;
use super::batch::Batch;
use super::outbox::{Way, send_all};
use super::state::{RelaySocket, State};
use crate::turn::Now;
use crate::turn::relay::{Flow, OpenRequest, Reaction, RelayId};

impl Shared {
    /// Decides about all of it, and then sends.
    pub(super) fn from_clients(self: &Arc<Self>, now: Now, listener: u16, batch: &mut Batch) {
        let mut state = self.state.lock();
        for index in 0..batch.len() {
            let (client, datagram) = batch.datagram(index);
            let flow = Flow {
                listener,
                client,
                is_stream: usize::from(listener) >= self.listeners.len(),
            };
            self.from_client(&mut state, now, flow, batch, datagram);
        }
        drop(state);
        self.send_out(batch);
    }

    fn from_client(
        self: &Arc<Self>,
        state: &mut State,
        now: Now,
        flow: Flow,
        batch: &mut Batch,
        datagram: Range<usize>,
    ) {
        let State { relay, reply, .. } = state;
        match relay.client_datagram(now, flow, &mut batch.buffer, datagram, reply) {
            Reaction::Nothing => {}
            Reaction::Reply => {
                state.close_ended();
                batch.outbox.reply(flow, &state.reply);
            }
            Reaction::ToPeer {
                relay,
                peer,
                payload,
            } => {
                let way = Way::Peer(relay, peer);
                batch.outbox.pass_on(way, state.socket(relay), payload);
            }
            Reaction::ToClient { flow, datagram } => {
                batch.outbox.pass_on(Way::Client(flow), None, datagram);
            }
            Reaction::Open(request) => {
                self.open(state, now, *request);
                batch.outbox.reply(flow, &state.reply);
            }
        }
    }

    pub(super) fn take_from_peers(&self, now: Now, relay: RelayId, batch: &mut Batch) {
        let mut state = self.state.lock();
        for index in 0..batch.len() {
            let (from, payload) = batch.datagram(index);
            let buffer = &mut batch.buffer;
            let passed = state
                .relay
                .peer_datagram(now.instant, relay, from, buffer, payload);
            if let Some((flow, datagram)) = passed {
                batch.outbox.pass_on(Way::Client(flow), None, datagram);
            }
        }
        drop(state);
        self.send_out(batch);
    }

    /// Makes the socket of a new relay. Under the lock, as this is rare and takes microseconds.
    fn open(self: &Arc<Self>, state: &mut State, now: Now, request: OpenRequest) {
        // It may have made way for this one.
        state.close_ended();
        let opened = match self.ports.open(&request) {
            Ok(opened) => Some(opened),
            Err(error) => {
                debug!(%error, "no socket for a relay");
                None
            }
        };
        let (socket, relayed) = opened.unzip();
        let id = state.relay.opened(now, request, relayed, &mut state.reply);
        if let (Some(id), Some(socket)) = (id, socket) {
            let socket = Arc::new(socket);
            let reader = self.spawn(Arc::clone(self).serve_peers(id, Arc::clone(&socket)));
            state.sockets.insert(id, RelaySocket { socket, reader });
        }
    }

    fn send_out(&self, batch: &mut Batch) {
        batch.send_out(|way, socket, datagrams| match way {
            Way::Peer(_, peer) => {
                if let Some(socket) = socket {
                    send_all(socket, peer, datagrams);
                }
            }
            Way::Client(flow) => match self.listeners.get(usize::from(flow.listener)) {
                Some(listener) => send_all(listener, flow.client, datagrams),
                None => self.streams.send(flow, datagrams),
            },
        });
    }
}
