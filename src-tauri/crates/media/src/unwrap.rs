//! Wrapping RTP counters made into numbers that only the stream's own order moves.

/// Unwraps 16-bit sequence numbers (RFC 3550, appendix A.1, in spirit).
#[derive(Debug, Default)]
pub(crate) struct SequenceUnwrapper {
    last: Option<i64>,
}

impl SequenceUnwrapper {
    /// The number nearest to the last one that has these low bits.
    pub(crate) fn unwrap(&mut self, number: u16) -> i64 {
        let value = match self.last {
            None => i64::from(number),
            Some(last) => last + i64::from(number.wrapping_sub(last as u16) as i16),
        };
        self.last = Some(value);
        value
    }
}

/// Unwraps 32-bit time stamps.
#[derive(Debug, Default)]
pub(crate) struct TimestampUnwrapper {
    last: Option<i64>,
}

impl TimestampUnwrapper {
    /// The number nearest to the last one that has these low bits.
    pub(crate) fn unwrap(&mut self, timestamp: u32) -> i64 {
        let value = match self.last {
            None => i64::from(timestamp),
            Some(last) => last + i64::from(timestamp.wrapping_sub(last as u32) as i32),
        };
        self.last = Some(value);
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn follows_wraps_both_ways() {
        let mut sequence = SequenceUnwrapper::default();
        let seen: Vec<i64> = [65_534, 65_535, 1, 0, 65_535, 2]
            .map(|number| sequence.unwrap(number))
            .to_vec();
        assert_eq!(seen, [65_534, 65_535, 65_537, 65_536, 65_535, 65_538]);
        let mut timestamp = TimestampUnwrapper::default();
        assert_eq!(timestamp.unwrap(u32::MAX), i64::from(u32::MAX));
        assert_eq!(timestamp.unwrap(5), i64::from(u32::MAX) + 6);
    }
}
