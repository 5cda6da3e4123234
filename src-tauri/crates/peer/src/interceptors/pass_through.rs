//! The two queues every interceptor has, and what all of ours have in common.
//!
//! What goes in by `handle_*` comes out by `poll_*`; the chain is fed from these queues.

use std::collections::VecDeque;
use std::time::Instant;

use rtc::interceptor::{Attribute, AttributedPacket, Packet, TaggedPacket};
use rtc::shared::TransportContext;

/// Packets on their way through.
#[derive(Default)]
pub(super) struct Queues {
    pub(super) read: VecDeque<TaggedPacket>,
    pub(super) write: VecDeque<TaggedPacket>,
}

/// A packet of our own making.
pub(super) fn tagged(now: Instant, packet: Packet) -> TaggedPacket {
    TaggedPacket {
        now,
        transport: TransportContext::default(),
        message: AttributedPacket::new(packet),
    }
}

/// A repair of our own making.
pub(super) fn retransmission(now: Instant, packet: rtc::rtp::Packet) -> TaggedPacket {
    let mut tagged = tagged(now, Packet::Rtp(packet));
    tagged.message.add(Attribute::Retransmission);
    tagged
}

/// The parts of [`rtc::sansio::Protocol`] and [`rtc::interceptor::Interceptor`] that are the same
/// in every interceptor which looks at packets in `on_read` and `on_write`.
macro_rules! interceptor {
    ($name:ty) => {
        impl rtc::sansio::Protocol<TaggedPacket, TaggedPacket, ()> for $name {
            type Rout = TaggedPacket;
            type Wout = TaggedPacket;
            type Eout = ();
            type Error = rtc::shared::error::Error;
            type Time = std::time::Instant;

            fn handle_read(&mut self, packet: TaggedPacket) -> Result<(), Self::Error> {
                self.on_read(packet);
                Ok(())
            }

            fn poll_read(&mut self) -> Option<TaggedPacket> {
                self.queues.read.pop_front()
            }

            fn handle_write(&mut self, packet: TaggedPacket) -> Result<(), Self::Error> {
                self.on_write(packet);
                Ok(())
            }

            fn poll_write(&mut self) -> Option<TaggedPacket> {
                self.queues.write.pop_front()
            }

            fn handle_timeout(&mut self, now: std::time::Instant) -> Result<(), Self::Error> {
                self.on_timeout(now);
                Ok(())
            }

            fn poll_timeout(&mut self) -> Option<std::time::Instant> {
                self.next_timeout()
            }
        }

        impl rtc::interceptor::Interceptor for $name {
            fn bind_local_stream(&mut self, _: &rtc::interceptor::StreamInfo) {}
            fn unbind_local_stream(&mut self, _: &rtc::interceptor::StreamInfo) {}
            fn bind_remote_stream(&mut self, _: &rtc::interceptor::StreamInfo) {}
            fn unbind_remote_stream(&mut self, _: &rtc::interceptor::StreamInfo) {}
        }
    };
}

pub(super) use interceptor;
