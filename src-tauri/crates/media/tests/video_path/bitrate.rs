//! The rate follows its target within half a second of frames, down and up.

use duet_media::codec::{VideoCodec, VideoContent, VideoEncoderSettings, video_encoder};

use super::moving_picture::moving_picture;

/// Half a second, left for the encoder to follow; then two seconds are measured.
const SETTLE_FRAMES: u32 = 15;
const MEASURED_FRAMES: u32 = 60;

#[test]
fn every_codec_follows_its_target() {
    for &codec in VideoCodec::supported() {
        let settings = VideoEncoderSettings {
            bitrate_bps: 1_500_000,
            frame_rate_hz: 30,
            content: VideoContent::Camera,
        };
        let mut encoder = video_encoder(codec, settings).expect("encoder");
        let mut index = 0;
        for target_kbps in [1_500, 375, 1_500] {
            encoder.set_bitrate_bps(target_kbps * 1_000);
            let mut bytes = 0;
            for frame in 0..SETTLE_FRAMES + MEASURED_FRAMES {
                let picture = moving_picture(960, 540, index);
                index += 1;
                let encoded = encoder.encode(&picture, false).expect("encodes");
                if frame >= SETTLE_FRAMES {
                    bytes += encoded.map_or(0, |encoded| encoded.data.len());
                }
            }
            let kbps = bytes as u32 * 8 * 30 / MEASURED_FRAMES / 1_000;
            println!("{codec}: wanted {target_kbps}, got {kbps} kbit/s");
            assert!(
                (target_kbps * 6 / 10..=target_kbps * 13 / 10).contains(&kbps),
                "{codec}: wanted {target_kbps}, got {kbps} kbit/s"
            );
        }
    }
}
