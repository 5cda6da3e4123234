//! RTP sequence numbers without their wrap.

/// Extends 16-bit sequence numbers to 64 bits (RFC 3550, appendix A.1): each number is taken to
/// be the one nearest to the highest seen.
#[derive(Debug, Clone, Default)]
pub(crate) struct Unwrapper {
    highest: Option<u64>,
}

impl Unwrapper {
    /// The extended number; the first one starts in the second cycle so that older packets stay
    /// positive.
    pub(crate) fn unwrap(&mut self, sequence_number: u16) -> u64 {
        let extended = match self.highest {
            None => u64::from(sequence_number) + (1 << 16),
            Some(highest) => nearest(highest, sequence_number),
        };
        self.highest = Some(self.highest.map_or(extended, |h| h.max(extended)));
        extended
    }

    /// Without moving the highest, for numbers that are only talked about.
    pub(crate) fn peek(&self, sequence_number: u16) -> Option<u64> {
        self.highest
            .map(|highest| nearest(highest, sequence_number))
    }
}

fn nearest(highest: u64, sequence_number: u16) -> u64 {
    let low = highest as u16;
    let distance = sequence_number.wrapping_sub(low) as i16;
    highest.saturating_add_signed(i64::from(distance))
}

/// Remembers which of the last 2,048 extended numbers were seen.
#[derive(Debug, Clone)]
pub(crate) struct SeenWindow {
    seen: [u64; WINDOW / 64],
    highest: Option<u64>,
}

const WINDOW: usize = 2_048;

impl Default for SeenWindow {
    fn default() -> Self {
        Self {
            seen: [0; WINDOW / 64],
            highest: None,
        }
    }
}

impl SeenWindow {
    /// True the first time a number is put in; false for repeats and for what is too old to know.
    pub(crate) fn insert(&mut self, extended: u64) -> bool {
        let window = WINDOW as u64;
        match self.highest {
            None => self.highest = Some(extended),
            Some(highest) if extended > highest => {
                if extended - highest >= window {
                    self.seen = [0; WINDOW / 64];
                } else {
                    for skipped in highest + 1..=extended {
                        self.clear(skipped);
                    }
                }
                self.highest = Some(extended);
            }
            Some(highest) if highest - extended >= window => return false,
            Some(_) => {}
        }
        let (word, bit) = Self::place(extended);
        let fresh = self.seen[word] & bit == 0;
        self.seen[word] |= bit;
        fresh
    }

    fn clear(&mut self, extended: u64) {
        let (word, bit) = Self::place(extended);
        self.seen[word] &= !bit;
    }

    fn place(extended: u64) -> (usize, u64) {
        let index = (extended % WINDOW as u64) as usize;
        (index / 64, 1 << (index % 64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrap_goes_on_upwards() {
        let mut unwrapper = Unwrapper::default();
        let before = unwrapper.unwrap(65_534);
        assert_eq!(unwrapper.unwrap(65_535), before + 1);
        assert_eq!(unwrapper.unwrap(0), before + 2);
        assert_eq!(unwrapper.unwrap(3), before + 5);
    }

    #[test]
    fn a_late_packet_from_before_the_wrap_goes_back() {
        let mut unwrapper = Unwrapper::default();
        let first = unwrapper.unwrap(65_530);
        let after = unwrapper.unwrap(5);
        assert_eq!(after, first + 11);
        assert_eq!(unwrapper.unwrap(65_535), first + 5);
        assert_eq!(unwrapper.peek(6), Some(after + 1));
    }

    #[test]
    fn repeats_are_known_across_the_window() {
        let mut window = SeenWindow::default();
        for number in 70_000..75_000 {
            assert!(window.insert(number));
        }
        assert!(!window.insert(74_999));
        assert!(!window.insert(73_000));
        assert!(!window.insert(70_000), "too old to know counts as seen");
        assert!(window.insert(75_001));
        assert!(window.insert(75_000));
    }
}
