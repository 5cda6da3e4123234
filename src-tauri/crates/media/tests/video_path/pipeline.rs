//! The two video pipelines joined: pictures come through, key frames are asked for and given,
//! codecs switch, and dropping ends everything.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::Duration;

use duet_media::clock;
use duet_media::codec::VideoCodec;
use duet_media::frame::VideoFrame;
use duet_media::pipeline::{VideoReceive, VideoSend, VideoSendSettings};
use duet_media::rtp::ReceivedPacket;

use super::moving_picture::{moving_picture, psnr};

/// Generous: only a hang reaches it.
const LONG: Duration = Duration::from_secs(30);

struct Loop {
    send: VideoSend,
    receive: Arc<VideoReceive>,
    pictures: Receiver<VideoFrame>,
    requests: Receiver<()>,
}

fn start(codec: VideoCodec, mut lose: impl FnMut(u64) -> bool + Send + 'static) -> Loop {
    let (picture_to, pictures) = sync_channel(256);
    let (request_to, requests) = sync_channel(256);
    let receive = VideoReceive::start(
        move |picture| {
            picture_to
                .try_send(picture)
                .expect("room for every picture")
        },
        move || request_to.try_send(()).expect("room for every request"),
    )
    .expect("starts");
    let receive = Arc::new(receive);
    let to = Arc::clone(&receive);
    let (mut number, mut frame, mut current) = (0_u16, 0, codec);
    let settings = VideoSendSettings {
        codec,
        bitrate_bps: 1_000_000,
        frame_rate_hz: 30,
    };
    let send = VideoSend::start(settings, move |_, packets| {
        // A frame that starts with an SPS aggregate or unit is H.264; VP8 has X set.
        if let Some(first) = packets.first() {
            current = match (first.payload[0], current) {
                (byte, VideoCodec::H264) if byte & 0x80 != 0 => VideoCodec::Vp8,
                (byte, VideoCodec::Vp8) if byte & 0x80 == 0 => VideoCodec::H264,
                (_, same) => same,
            };
        }
        let lost = lose(frame);
        frame += 1;
        for packet in packets {
            let received = ReceivedPacket {
                sequence_number: number,
                timestamp: packet.timestamp,
                marker: packet.marker,
                payload: packet.payload,
                arrival_us: clock::now_us(),
            };
            number = number.wrapping_add(1);
            if !lost {
                to.push(current, received);
            }
        }
    })
    .expect("starts");
    Loop {
        send,
        receive,
        pictures,
        requests,
    }
}

impl Loop {
    /// Sends pictures and waits for each to come out.
    fn one_by_one(&self, indices: std::ops::Range<u32>) {
        for index in indices {
            let picture = moving_picture(320, 240, index);
            self.send.input().put(picture.clone());
            let shown = self
                .pictures
                .recv_timeout(LONG)
                .expect("the picture comes out");
            assert!(psnr(&picture, &shown) > 25.0, "picture {index}");
        }
    }
}

#[test]
fn pictures_come_through_one_by_one() {
    for &codec in VideoCodec::supported() {
        let call = start(codec, |_| false);
        call.one_by_one(0..30);
        let sent = call.send.stats();
        assert_eq!((sent.frames, sent.key_frames), (30, 1), "{codec}");
        assert_eq!((sent.width, sent.height), (320, 240));
        let sent_codec = sent.codec;
        let pictures = call.pictures;
        drop(call.send);
        let received = call.receive.stats();
        assert!(received.frames >= 29, "{codec}");
        assert_eq!(received.codec.or(sent_codec), Some(codec));
        assert_eq!(received.decode_errors, 0, "{codec}");
        // The last handle goes: the thread ends, and with it the callback's channel.
        drop(call.receive);
        assert_eq!(
            pictures.recv_timeout(LONG).err(),
            Some(RecvTimeoutError::Disconnected)
        );
    }
}

#[test]
fn a_lost_frame_is_healed_by_the_key_frame_that_is_asked_for() {
    let call = start(VideoCodec::Vp8, |frame| frame == 5);
    call.one_by_one(0..5);
    let mut index = 5;
    // The receiver needs later packets to see the hole, so pictures go on until it asks.
    while call.requests.try_recv().is_err() {
        assert!(index < 3_000, "never asked for a key frame");
        call.send.input().put(moving_picture(320, 240, index));
        index += 1;
        std::thread::sleep(Duration::from_millis(20));
    }
    call.send.force_key_frame();
    while call.pictures.try_recv().is_err() {
        assert!(index < 6_000, "never recovered");
        call.send.input().put(moving_picture(320, 240, index));
        index += 1;
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(call.send.stats().key_frames >= 2);
}

#[test]
fn the_codec_switches_in_mid_stream() {
    let [first, second] = VideoCodec::supported() else {
        return;
    };
    let call = start(*first, |_| false);
    call.one_by_one(0..5);
    call.send.set_codec(*second);
    call.one_by_one(5..10);
    assert_eq!(call.send.stats().codec, Some(*second));
    call.send.set_codec(*first);
    call.one_by_one(10..15);
    assert_eq!(call.receive.stats().decode_errors, 0);
}

#[test]
fn disabled_sends_nothing_and_resumes_with_a_key_frame() {
    let call = start(VideoCodec::Vp8, |_| false);
    call.one_by_one(0..3);
    call.send.set_enabled(false);
    call.send.input().put(moving_picture(320, 240, 3));
    assert_eq!(
        call.pictures.recv_timeout(Duration::from_millis(200)).err(),
        Some(RecvTimeoutError::Timeout)
    );
    call.send.set_enabled(true);
    call.one_by_one(4..6);
    assert_eq!(call.send.stats().key_frames, 2);
}

#[test]
fn a_camera_that_was_off_is_no_freeze() {
    let call = start(VideoCodec::Vp8, |_| false);
    for round in 0..2 {
        call.one_by_one(round * 10..round * 10 + 10);
        if round == 0 {
            call.receive.pause();
            // Longer than any freeze needs to be.
            std::thread::sleep(Duration::from_millis(600));
            call.receive.resume();
        }
    }
    let before = call.receive.stats();
    assert!(before.frames >= 19);
    assert!(before.freeze_ms < 600, "{} ms", before.freeze_ms);
}

#[test]
fn a_panic_in_a_callback_ends_the_pipeline_and_can_be_seen() {
    let settings = VideoSendSettings {
        codec: VideoCodec::Vp8,
        bitrate_bps: 300_000,
        frame_rate_hz: 30,
    };
    let send = VideoSend::start(settings, |_, _| panic!("on purpose")).expect("starts");
    assert!(send.is_running());
    send.input().put(moving_picture(320, 240, 0));
    let began = std::time::Instant::now();
    while send.is_running() {
        assert!(began.elapsed() < LONG, "it never ended");
        std::thread::sleep(Duration::from_millis(5));
    }
}
