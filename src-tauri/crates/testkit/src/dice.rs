//! Choices that look like chance and come again: xorshift64 (Marsaglia 2003), small, and the same everywhere
//! for ever. A test names its seed when it fails.

/// A sequence of choices.
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    /// The sequence that begins at this number, or at the next if it is even: from zero nothing comes but
    /// zeroes. Small numbers that lie close together begin alike.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed | 1)
    }

    /// One of many sequences with consecutive seeds, which have nothing in common.
    #[must_use]
    pub fn of_many(seed: u64) -> Self {
        Self::new(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    /// Never zero.
    pub fn next_number(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// 0 … `bound` − 1, of the lower bits.
    pub fn roll(&mut self, bound: u64) -> u64 {
        self.next_number() % bound
    }

    /// 0 … `bound` − 1, of the upper bits, which are the better ones.
    pub fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next_number() >> 33).expect("31 bits") % bound
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_choices() {
        let choices = |mut dice: Dice| [(); 4].map(|()| dice.roll(1_000));
        assert_eq!(choices(Dice::new(42)), [435, 150, 539, 429]);
        assert_eq!(choices(Dice::new(42)), choices(Dice::new(43)));
        assert_ne!(choices(Dice::of_many(42)), choices(Dice::of_many(43)));
        assert_ne!(choices(Dice::new(0)), [0; 4]);
    }
}
