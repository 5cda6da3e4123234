//! What is encoded comes back looking the same, also after a change of size.

use duet_media::codec::{
    VideoCodec, VideoContent, VideoEncoderSettings, video_decoder, video_encoder,
};

use super::moving_picture::{moving_picture, psnr};

#[test]
fn every_codec_keeps_a_moving_picture() {
    for &codec in VideoCodec::supported() {
        let settings = VideoEncoderSettings {
            bitrate_bps: 1_500_000,
            frame_rate_hz: 30,
            content: VideoContent::Camera,
        };
        let mut encoder = video_encoder(codec, settings).expect("encoder");
        let mut decoder = video_decoder(codec).expect("decoder");
        let (mut sum, mut count) = (0.0, 0);
        for index in 0..45 {
            let picture = moving_picture(640, 360, index);
            let Some(encoded) = encoder.encode(&picture, false).expect("encodes") else {
                continue;
            };
            let decoded = decoder
                .decode(&encoded.data)
                .expect("decodes")
                .expect("a picture");
            sum += psnr(&picture, &decoded);
            count += 1;
        }
        let mean = sum / f64::from(count);
        println!("{codec}: {mean:.1} dB over {count} of 45 frames");
        assert!(count >= 40, "{codec} left out {}", 45 - count);
        assert!(mean > 32.0, "{codec}: {mean:.1} dB");
    }
}

#[test]
fn a_change_of_size_starts_with_a_key_frame() {
    for &codec in VideoCodec::supported() {
        let settings = VideoEncoderSettings {
            bitrate_bps: 800_000,
            frame_rate_hz: 30,
            content: VideoContent::Camera,
        };
        let mut encoder = video_encoder(codec, settings).expect("encoder");
        let mut decoder = video_decoder(codec).expect("decoder");
        for (index, (width, height)) in [(320, 240), (640, 480), (162, 98), (320, 240)]
            .into_iter()
            .enumerate()
        {
            let picture = moving_picture(width, height, index as u32);
            let encoded = encoder
                .encode(&picture, false)
                .expect("encodes")
                .expect("a frame");
            assert!(encoded.key_frame, "{codec} at {width}x{height}");
            let decoded = decoder
                .decode(&encoded.data)
                .expect("decodes")
                .expect("a picture");
            assert_eq!((decoded.width, decoded.height), (width, height));
            assert!(psnr(&picture, &decoded) > 25.0);
        }
    }
}
