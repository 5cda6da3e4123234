//! Stock interceptors for sending, told of each stream by its first packet.
//!
//! The library tells them of a stream at negotiation, by the codec its track was made with: a
//! track made for VP8 that ends up sending H.264 is never told of, and repair streams never are.
//! Payload types say what a packet is, so the first packet is the right moment.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Instant;

use rtc::interceptor::{Interceptor, Packet, RTPHeaderExtension, StreamInfo, TaggedPacket};
use rtc::sansio::Protocol;
use rtc::shared::error::Error;

use super::Shared;
use crate::codec::{Codec, TRANSPORT_CC_URI};
use crate::negotiated::Meaning;

/// Which streams the inner interceptor is told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bound {
    MediaOnly,
    MediaAndRepairs,
}

pub(super) struct LazyBind<I> {
    inner: I,
    shared: Arc<Shared>,
    which: Bound,
    bound: HashSet<(u32, u8)>,
}

impl<I: Interceptor> LazyBind<I> {
    pub(super) fn new(inner: I, shared: Arc<Shared>, which: Bound) -> Self {
        Self {
            inner,
            shared,
            which,
            bound: HashSet::new(),
        }
    }

    fn bind(&mut self, header: &rtc::rtp::Header) {
        let key = (header.ssrc, header.payload_type);
        if self.bound.contains(&key) || self.shared.streams.kind(header.ssrc).is_none() {
            return;
        }
        let codec = match (self.shared.negotiated.sent(header.payload_type), self.which) {
            (Some(Meaning::Media(codec)), Bound::MediaOnly | Bound::MediaAndRepairs) => codec,
            (Some(Meaning::Repair(_, codec)), Bound::MediaAndRepairs) => codec,
            (Some(Meaning::Repair(..)), Bound::MediaOnly) | (None, _) => return,
        };
        self.bound.insert(key);
        self.inner
            .bind_local_stream(&self.stream_info(header, codec));
    }

    fn stream_info(&self, header: &rtc::rtp::Header, codec: Codec) -> StreamInfo {
        let transport_cc = self.shared.negotiated.transport_cc_id();
        let extension = transport_cc.map(|id| RTPHeaderExtension {
            uri: TRANSPORT_CC_URI.into(),
            id: u16::from(id),
        });
        StreamInfo {
            ssrc: header.ssrc,
            payload_type: header.payload_type,
            clock_rate: codec.clock_rate_hz(),
            mime_type: codec.mime_type().into(),
            rtp_header_extensions: extension.into_iter().collect(),
            ..StreamInfo::default()
        }
    }
}

impl<I: Interceptor> Protocol<TaggedPacket, TaggedPacket, ()> for LazyBind<I> {
    type Rout = TaggedPacket;
    type Wout = TaggedPacket;
    type Eout = ();
    type Error = Error;
    type Time = Instant;

    fn handle_read(&mut self, packet: TaggedPacket) -> Result<(), Error> {
        self.inner.handle_read(packet)
    }

    fn poll_read(&mut self) -> Option<TaggedPacket> {
        self.inner.poll_read()
    }

    fn handle_write(&mut self, packet: TaggedPacket) -> Result<(), Error> {
        if let Packet::Rtp(rtp) = &packet.message.packet {
            let header = rtp.header.clone();
            self.bind(&header);
        }
        self.inner.handle_write(packet)
    }

    fn poll_write(&mut self) -> Option<TaggedPacket> {
        self.inner.poll_write()
    }

    fn handle_timeout(&mut self, now: Instant) -> Result<(), Error> {
        self.inner.handle_timeout(now)
    }

    fn poll_timeout(&mut self) -> Option<Instant> {
        self.inner.poll_timeout()
    }

    fn close(&mut self) -> Result<(), Error> {
        self.inner.close()
    }
}

impl<I: Interceptor> Interceptor for LazyBind<I> {
    fn bind_local_stream(&mut self, _: &StreamInfo) {}
    fn unbind_local_stream(&mut self, _: &StreamInfo) {}

    fn bind_remote_stream(&mut self, info: &StreamInfo) {
        self.inner.bind_remote_stream(info);
    }

    fn unbind_remote_stream(&mut self, info: &StreamInfo) {
        self.inner.unbind_remote_stream(info);
    }
}
