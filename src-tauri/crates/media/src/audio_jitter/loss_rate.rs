//! Whether it pays to wait for FEC.
//!
//! FEC for a packet travels in the next one, so it can be used only if sound plays a packet's
//! length later than its arrival alone would need. That delay is worth it where packets are lost
//! and the sender sends FEC, and nowhere else.

/// Weight of a packet is one in this many: four seconds of 20 ms packets.
const SMOOTHING: f32 = 200.0;
/// Share of lost packets at which waiting begins, and ends.
const BEGIN: f32 = 0.01;
const END: f32 = 0.003;
/// A longer hole says nothing about FEC: it covers one packet.
const MAX_HOLE: i64 = 10;

/// Counts losses, smoothed.
#[derive(Debug, Default)]
pub(super) struct LossRate {
    rate: f32,
    packet_us: i64,
    waiting: bool,
}

impl LossRate {
    /// A packet is decoded before which `skipped` ones were lost.
    pub(super) fn packet(&mut self, skipped: i64, samples: i64, has_fec: bool) {
        for _ in 0..skipped.clamp(0, MAX_HOLE) {
            self.rate += (1.0 - self.rate) / SMOOTHING;
        }
        self.rate -= self.rate / SMOOTHING;
        self.packet_us = samples * 1_000 / 48;
        self.waiting = if self.waiting {
            self.rate > END
        } else {
            self.rate > BEGIN && has_fec
        };
    }

    /// How much longer to hold sound so that FEC comes in time.
    pub(super) fn fec_wait_us(&self) -> i64 {
        if self.waiting { self.packet_us } else { 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_only_while_there_is_loss_and_fec() {
        let mut losses = LossRate::default();
        for packet in 0..100 {
            losses.packet(i64::from(packet % 10 == 0), 960, false);
        }
        assert_eq!(losses.fec_wait_us(), 0, "no FEC is sent");
        losses.packet(0, 960, true);
        assert_eq!(losses.fec_wait_us(), 20_000);
        for _ in 0..1_000 {
            losses.packet(0, 960, true);
        }
        assert_eq!(losses.fec_wait_us(), 0, "the loss is over");
    }
}
