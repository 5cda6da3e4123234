//! All connections of this process and the kernel's word on which of them has something.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::Result;
use mio::{Events, Poll, Token};

use crate::Target;
use crate::connection::{Connection, End, Incoming};

/// What is told of connections, which are named by their index.
pub(crate) trait Hears {
    /// It is a WebSocket now.
    fn upgraded(&mut self, net: &mut Opened<'_>, index: usize);
    /// A text came.
    fn text(&mut self, index: usize, text: &[u8]);
    /// It is no more.
    fn ended(&mut self, index: usize, end: End);
}

/// A connection that was just upgraded.
#[derive(Debug)]
pub(crate) struct Opened<'a>(&'a mut Connection);

impl Opened<'_> {
    /// Queues a text.
    pub(crate) fn say(&mut self, text: &[u8]) {
        self.0.say(text);
    }

    /// How long connecting took.
    pub(crate) fn took(&self) -> Duration {
        self.0.began_at.elapsed()
    }
}

/// The connections.
#[derive(Debug)]
pub(crate) struct Net {
    target: Target,
    poll: Poll,
    events: Events,
    connections: Vec<Option<Connection>>,
    /// Those for which something may wait to be written.
    dirty: Vec<usize>,
    scratch: Vec<u8>,
}

impl Net {
    /// Room for `count` connections, none of them open.
    pub(crate) fn new(target: Target, count: usize) -> Result<Self> {
        Ok(Self {
            target,
            poll: Poll::new()?,
            events: Events::with_capacity(1024),
            connections: (0..count).map(|_| None).collect(),
            dirty: Vec::new(),
            scratch: vec![0; 64 * 1024],
        })
    }

    /// Begins to open one. Neighbours come from the same address, as two rooms of one office would.
    pub(crate) fn open(&mut self, index: usize) -> Result<()> {
        let share = index * usize::from(self.target.sources) / self.connections.len().max(1);
        let source = Ipv4Addr::new(127, 0, 0, 1 + share as u8);
        let server: SocketAddr = self.target.server;
        let connection = Connection::open(server, source, self.poll.registry(), Token(index))?;
        if let Some(place) = self.connections.get_mut(index) {
            *place = Some(connection);
        }
        Ok(())
    }

    /// Drops one.
    pub(crate) fn close(&mut self, index: usize) {
        if let Some(place) = self.connections.get_mut(index) {
            *place = None;
        }
    }

    /// Queues a text for one that is open; [`Self::flush`] sends it.
    pub(crate) fn say(&mut self, index: usize, text: &[u8]) {
        if let Some(Some(connection)) = self.connections.get_mut(index) {
            if !connection.is_waiting() {
                self.dirty.push(index);
            }
            connection.say(text);
        }
    }

    /// Writes what waits.
    pub(crate) fn flush(&mut self, hears: &mut impl Hears) {
        while let Some(index) = self.dirty.pop() {
            let Some(Some(connection)) = self.connections.get_mut(index) else {
                continue;
            };
            if let Err(end) = connection.write() {
                self.close(index);
                hears.ended(index, end);
            }
        }
    }

    /// Hands over what came until now, or within `wait`.
    pub(crate) fn poll(&mut self, wait: Duration, hears: &mut impl Hears) -> Result<()> {
        let polled = self.poll.poll(&mut self.events, Some(wait));
        match polled {
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => return Ok(()),
            other => other?,
        }
        for event in &self.events {
            let index = event.token().0;
            let Some(place) = self.connections.get_mut(index) else {
                continue;
            };
            let Some(connection) = place else { continue };
            let outcome = serve(connection, &mut self.scratch, event, index, hears);
            if let Err(end) = outcome {
                *place = None;
                hears.ended(index, end);
            }
        }
        Ok(())
    }
}

fn serve(
    connection: &mut Connection,
    scratch: &mut [u8],
    event: &mio::event::Event,
    index: usize,
    hears: &mut impl Hears,
) -> Result<(), End> {
    let mut is_upgraded = false;
    if event.is_readable() || event.is_error() || event.is_read_closed() {
        connection.read(scratch, event.is_read_closed(), |incoming| match incoming {
            Incoming::Upgraded => is_upgraded = true,
            Incoming::Text(text) => hears.text(index, text),
        })?;
    }
    if is_upgraded {
        hears.upgraded(&mut Opened(connection), index);
    }
    if connection.is_waiting() {
        connection.write()?;
    }
    Ok(())
}
