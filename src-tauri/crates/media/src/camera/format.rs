//! Which of a camera's formats to open: a pure choice.

use crate::convert::PixelFormat;
use crate::source::VideoFormat;

/// One format that a camera offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CameraOffer {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Frames per second.
    pub frames_per_second: u32,
    /// How the pixels come.
    pub pixels: PixelFormat,
}

/// Sorts offers by how well they serve, the best first, and leaves out what cannot be used.
///
/// Size and rate weigh against each other, a missing rate more than a missing size, because a
/// sharp slide show is a worse call than a smaller film. Of two offers of one size and rate the
/// raw one wins: it costs no decoding. That makes MJPEG the choice for HD exactly where USB is too
/// slow for the raw format at the wanted rate.
pub fn rank_offers(offers: &[CameraOffer], wanted: VideoFormat) -> Vec<CameraOffer> {
    let usable = |offer: &&CameraOffer| {
        let sides = [offer.width, offer.height];
        let even = sides
            .iter()
            .all(|side| side.is_multiple_of(2) && (16..=4096).contains(side));
        even && offer.frames_per_second > 0
    };
    let mut ranked: Vec<_> = offers.iter().filter(usable).copied().collect();
    ranked.sort_by(|a, b| cost(a, wanted).total_cmp(&cost(b, wanted)));
    ranked.dedup();
    ranked
}

fn cost(offer: &CameraOffer, wanted: VideoFormat) -> f64 {
    let ratio = |have: u32, want: u32| (f64::from(have) / f64::from(want)).ln();
    let (width, height) = (
        ratio(offer.width, wanted.width),
        ratio(offer.height, wanted.height),
    );
    let size = (width + height).abs() + (width - height).abs();
    let rate = ratio(offer.frames_per_second, wanted.frames_per_second);
    // Frames that nobody wants cost bandwidth and decoding, but little else.
    let rate = if rate < 0.0 { -1.5 * rate } else { 0.2 * rate };
    let pixels = match offer.pixels {
        PixelFormat::Yuyv => 0.0,
        PixelFormat::Nv12 => 0.001,
        PixelFormat::Mjpeg => 0.002,
    };
    size + rate + pixels
}

#[cfg(test)]
mod tests {
    use super::PixelFormat::{Mjpeg, Nv12, Yuyv};
    use super::*;

    fn offer(width: u32, height: u32, frames_per_second: u32, pixels: PixelFormat) -> CameraOffer {
        CameraOffer {
            width,
            height,
            frames_per_second,
            pixels,
        }
    }

    fn best(offers: &[CameraOffer]) -> CameraOffer {
        rank_offers(offers, VideoFormat::DEFAULT)[0]
    }

    #[test]
    fn a_usb_2_webcam_gives_hd_as_mjpeg() {
        let offers = [
            offer(640, 480, 30, Yuyv),
            offer(1280, 720, 10, Yuyv),
            offer(1920, 1080, 5, Yuyv),
            offer(640, 480, 30, Mjpeg),
            offer(1280, 720, 30, Mjpeg),
            offer(1920, 1080, 30, Mjpeg),
        ];
        assert_eq!(best(&offers), offers[4]);
    }

    #[test]
    fn raw_wins_where_it_reaches_the_rate() {
        let offers = [
            offer(1280, 720, 30, Mjpeg),
            offer(1280, 720, 30, Nv12),
            offer(1280, 720, 30, Yuyv),
        ];
        assert_eq!(best(&offers), offers[2]);
        assert_eq!(best(&offers[..2]), offers[1]);
    }

    #[test]
    fn rate_before_size() {
        let offers = [offer(1280, 720, 5, Yuyv), offer(640, 360, 30, Yuyv)];
        assert_eq!(best(&offers), offers[1]);
    }

    #[test]
    fn nearest_size_and_rate() {
        let offers = [
            offer(320, 240, 30, Yuyv),
            offer(960, 540, 30, Yuyv),
            offer(3840, 2160, 30, Mjpeg),
        ];
        assert_eq!(best(&offers), offers[1]);
        let offers = [
            offer(1280, 720, 60, Yuyv),
            offer(1280, 720, 24, Yuyv),
            offer(1280, 720, 30, Yuyv),
        ];
        assert_eq!(best(&offers), offers[2]);
    }

    #[test]
    fn useless_offers_are_left_out() {
        let offers = [
            offer(1281, 720, 30, Yuyv),
            offer(1280, 720, 0, Yuyv),
            offer(8000, 6000, 30, Mjpeg),
        ];
        assert!(rank_offers(&offers, VideoFormat::DEFAULT).is_empty());
    }
}
