//! Padding on the media stream is no frame, and lost padding is no loss where VP8 can prove it.

use duet_media::codec::VideoCodec;

use super::stream::{Receiver, Sender};

#[test]
fn padding_that_arrives_is_skipped() {
    for &codec in VideoCodec::supported() {
        let (frames, receiver) = run(codec, false);
        assert_eq!(receiver.pictures.len(), frames, "{codec}");
        assert_eq!(receiver.key_frame_requests, 0, "{codec}");
    }
}

#[test]
fn lost_padding_is_recognised_by_the_picture_id() {
    let (frames, receiver) = run(VideoCodec::Vp8, true);
    assert_eq!(receiver.pictures.len(), frames);
    assert_eq!(receiver.key_frame_requests, 0);
    assert_eq!(receiver.buffer.stats().given_up, 0);
}

fn run(codec: VideoCodec, lose_padding: bool) -> (usize, Receiver) {
    let mut sender = Sender::new(codec);
    let mut receiver = Receiver::new(codec);
    let mut frames = 0;
    for index in 0..60 {
        let packets = sender.next_frame(false);
        let Some(last) = packets.last().cloned() else {
            continue;
        };
        frames += 1;
        packets.iter().for_each(|packet| receiver.receive(packet));
        for _ in 0..index % 3 {
            let padding = sender.padding(&last);
            if !lose_padding {
                receiver.receive(&padding);
            }
        }
    }
    receiver.run_until(receiver.now_us + 100_000);
    (frames, receiver)
}
