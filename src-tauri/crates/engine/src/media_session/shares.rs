//! What each of our pictures gets of the path.
//!
//! Sans-IO. The screen is what the other reads; the camera beside it is a courtesy and is the first to
//! go. It comes back only when there is clearly room again, because each change takes an exchange of
//! descriptions.

/// What the tile gets, in bits per second.
pub(super) const TILE_BPS: u64 = 150_000;
/// Below this nothing is left for the tile.
const TOO_NARROW_BPS: u64 = 400_000;
/// From here on there is room for it again.
const WIDE_ENOUGH_BPS: u64 = 600_000;

/// See the module.
#[derive(Debug)]
pub(super) struct Shares {
    total_bps: u64,
    has_room: bool,
}

impl Shares {
    pub(super) fn new(total_bps: u64) -> Self {
        Self {
            total_bps,
            has_room: total_bps >= TOO_NARROW_BPS,
        }
    }

    /// All pictures together go at this rate from now on.
    pub(super) fn set_total_bps(&mut self, total_bps: u64) {
        self.total_bps = total_bps;
        if total_bps < TOO_NARROW_BPS {
            self.has_room = false;
        } else if total_bps >= WIDE_ENOUGH_BPS {
            self.has_room = true;
        }
    }

    /// Whether a tile may go beside the screen.
    pub(super) fn has_room_for_tile(&self) -> bool {
        self.has_room
    }

    /// For the first picture, while a tile is sent or not.
    pub(super) fn main_bps(&self, has_tile: bool) -> u64 {
        if has_tile {
            self.total_bps.saturating_sub(TILE_BPS)
        } else {
            self.total_bps
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tile_goes_first_and_comes_back_late() {
        let mut shares = Shares::new(1_000_000);
        let mut room_at = |bps| {
            shares.set_total_bps(bps);
            shares.has_room_for_tile()
        };
        let rates = [1_000_000, 500_000, 399_999, 500_000, 599_999, 600_000];
        let rooms = rates.map(&mut room_at);
        assert_eq!(rooms, [true, true, false, false, false, true]);
        assert_eq!(shares.main_bps(true), 450_000);
        assert_eq!(shares.main_bps(false), 600_000);
        assert!(!Shares::new(150_000).has_room_for_tile());
    }
}
