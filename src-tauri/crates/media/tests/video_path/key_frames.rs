//! Key frames come when asked for, at once, and not otherwise.

use duet_media::codec::{
    VideoCodec, VideoContent, VideoEncoderSettings, video_decoder, video_encoder,
};

use super::moving_picture::moving_picture;

#[test]
fn a_forced_key_frame_is_the_next_frame_and_starts_a_new_decoder() {
    for &codec in VideoCodec::supported() {
        let settings = VideoEncoderSettings {
            bitrate_bps: 1_000_000,
            frame_rate_hz: 30,
            content: VideoContent::Camera,
        };
        let mut encoder = video_encoder(codec, settings).expect("encoder");
        for index in 0..120 {
            let forced = index % 40 == 39;
            let picture = moving_picture(320, 240, index);
            let encoded = encoder.encode(&picture, forced).expect("encodes");
            let key_frame = encoded.as_ref().is_some_and(|encoded| encoded.key_frame);
            assert_eq!(key_frame, forced || index == 0, "{codec}, frame {index}");
            if let (true, Some(encoded)) = (forced, encoded) {
                let mut decoder = video_decoder(codec).expect("decoder");
                let picture = decoder.decode(&encoded.data).expect("a new decoder starts");
                assert!(picture.is_some(), "{codec}");
            }
        }
    }
}
