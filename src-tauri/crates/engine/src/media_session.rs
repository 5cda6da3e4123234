//! The media of one peer connection: what is sent and what is received, between the devices and the
//! connection.
//!
//! Encoders and decoders run on their own OS threads. Coded frames wait for the connection in a
//! bounded channel; when it is full the frame is dropped and a key frame follows, because a late
//! frame is worth less than the next one.

mod expected_loss;
mod received;
mod sending;

use std::sync::Arc;
use std::time::Instant;

use duet_media::audio::Level;
use duet_media::clock;
use duet_media::codec::VideoCodec;
use duet_media::frame::AudioBlock;
use duet_media::pipeline::{AudioReceive, PipelineError, VideoReceive};
use duet_media::rtp::{ReceivedPacket, SenderReport};
use duet_peer::{Codec, MediaKind, Peer, PeerStats, ReceivedRtp};
use parking_lot::Mutex;
use tokio::sync::mpsc;

use crate::config::Taps;
use crate::figures::{AudioFigures, Counted, Figures, PathFigures, VideoFigures};
use crate::local_media::{Consumers, MediaLink};
use expected_loss::ExpectedLoss;
use received::{Pictures, Sound, Sync};
use sending::Sending;

/// Key frames wanted by the decoder that may wait for the task; one is as good as many.
const KEY_FRAME_REQUESTS: usize = 1;

/// See the module. Dropping it detaches the devices and joins the threads.
pub(crate) struct MediaSession {
    session: String,
    link: Arc<MediaLink>,
    sending: Arc<Sending>,
    pictures: Arc<Mutex<Pictures>>,
    sound: Arc<Mutex<Sound>>,
    video: VideoReceive,
    audio: Arc<AudioReceive>,
    sync: Mutex<Sync>,
    expected_loss: Mutex<ExpectedLoss>,
}

impl MediaSession {
    /// Starts the pipelines; nothing is sent before the connection is there. Must be called on the
    /// runtime: packets leave from tasks.
    pub(crate) fn start(
        session: String,
        peer: Arc<Peer>,
        link: Arc<MediaLink>,
        taps: Taps,
    ) -> Result<Self, PipelineError> {
        let (wanted, key_frames) = mpsc::channel(KEY_FRAME_REQUESTS);
        tokio::spawn(request_key_frames(Arc::downgrade(&peer), key_frames));
        let pictures = Arc::new(Mutex::new(Pictures::default()));
        let noted = Arc::clone(&pictures);
        let first = Arc::clone(&link);
        let video = VideoReceive::start(
            move |frame| {
                if noted.lock().note(&frame, clock::now_us()) {
                    first.first_picture();
                }
                taps.remote_video.take(frame);
            },
            move || {
                // A full channel holds such a request already.
                let _ = wanted.try_send(());
            },
        )?;
        Ok(Self {
            sending: Arc::new(Sending::start(&peer)?),
            audio: Arc::new(AudioReceive::new()?),
            sound: Arc::default(),
            sync: Mutex::default(),
            expected_loss: Mutex::default(),
            session,
            link,
            pictures,
            video,
        })
    }

    /// A description was applied: another codec may be in force.
    pub(crate) fn negotiated(&self) {
        self.sending.follow_negotiation();
    }

    /// Media can flow: the devices are joined to this connection.
    pub(crate) fn connected(&self) {
        self.sending.follow_negotiation();
        self.sending.force_key_frame();
        let (pictures, sound) = (Arc::clone(&self.sending), Arc::clone(&self.sending));
        let (audio, heard) = (Arc::clone(&self.audio), Arc::clone(&self.sound));
        self.link.attach(Consumers {
            session: self.session.clone(),
            pictures: Arc::new(move |frame| pictures.picture(frame)),
            sound: Arc::new(move |block| sound.sound(block)),
            play: Arc::new(move |block: &mut AudioBlock| {
                audio.pull(block);
                heard.lock().note(&block.samples);
            }),
        });
    }

    /// A packet came.
    pub(crate) fn packet(&self, packet: ReceivedRtp) {
        let age_us = i64::try_from(packet.arrival.elapsed().as_micros()).unwrap_or(0);
        let received = ReceivedPacket {
            sequence_number: packet.sequence_number,
            timestamp: packet.timestamp,
            marker: packet.marker,
            payload: packet.payload,
            arrival_us: clock::now_us() - age_us,
        };
        match packet.codec {
            Codec::Vp8 => self.video.push(VideoCodec::Vp8, received),
            Codec::H264 => self.video.push(VideoCodec::H264, received),
            Codec::Opus => {
                self.sound.lock().received();
                self.audio.push(&received);
            }
        }
    }

    /// The other tied a stream's clock to its wall clock.
    pub(crate) fn sender_report(&self, kind: MediaKind, ntp: u64, rtp_timestamp: u32) {
        let report = SenderReport { ntp, rtp_timestamp };
        self.sync.lock().sender_report(kind, report);
    }

    /// The other says whether pictures come.
    pub(crate) fn remote_video(&self, on: bool) {
        if on {
            self.video.resume();
        } else {
            self.video.pause();
        }
    }

    /// The next picture is a key frame.
    pub(crate) fn force_key_frame(&self) {
        self.sending.force_key_frame();
    }

    /// Codes pictures at this rate.
    pub(crate) fn set_bitrate_bps(&self, bps: u64) {
        self.sending.set_bitrate_bps(bps);
    }

    /// Five times a second: holds the stream that is early.
    pub(crate) fn synchronise(&self) {
        let heard_after_us = self.link.speaker_delay_us();
        let delays = self.sync.lock().update(
            self.audio.playout_point(),
            self.video.playout_point(),
            heard_after_us,
        );
        self.video.set_extra_delay_us(delays.video_us);
        self.audio.set_extra_delay_us(delays.audio_us);
    }

    /// Twice a second: tells the jitter buffer the round trip and the sound's encoder the loss, and
    /// the owner what was measured.
    pub(crate) fn figures(&self, stats: &PeerStats) -> Figures {
        if let Some(round_trip) = stats.path.as_ref().and_then(|path| path.round_trip) {
            let round_trip_us = i64::try_from(round_trip.as_micros()).unwrap_or(i64::MAX);
            self.video.set_round_trip_us(round_trip_us);
        }
        let expected = self.expected_loss.lock().note(Instant::now(), &stats.audio);
        if let Some(percent) = expected {
            self.sending.set_expected_loss_percent(percent);
        }
        Figures {
            video_sent: self.sending.figures(stats),
            video_received: self.video_received(stats),
            packets_sent: stats.audio.packets_sent + stats.video.packets_sent,
            latency_ms: self.pictures.lock().latency(),
            audio_received: self.audio_received(),
            path: stats.path.as_ref().map(|path| PathFigures {
                local: Some(path.local_candidate.clone()),
                remote: Some(path.remote_candidate.clone()),
                protocol: Some(path.protocol.clone()),
                rtt_ms: path.round_trip.map(|time| time.as_secs_f64() * 1000.0),
            }),
            ..Figures::default()
        }
    }

    fn video_received(&self, stats: &PeerStats) -> Option<VideoFigures> {
        let video = self.video.stats();
        let counted = Counted {
            size: (video.width, video.height),
            frames: video.frames,
            key_frames: video.jitter.key_frames,
            bytes: video.bytes,
            first_frame_us: video.first_frame_us,
            last_frame_us: video.last_frame_us,
        };
        Some(VideoFigures {
            freeze_ms: Some(video.freeze_ms),
            packets_lost: Some(stats.video.packets_lost),
            nacks: Some(stats.video.nacks_sent),
            plis: Some(stats.video.plis_sent),
            ..VideoFigures::new(video.codec?, &counted)
        })
    }

    fn audio_received(&self) -> Option<AudioFigures> {
        let sound = self.sound.lock();
        if !sound.has_received() {
            return None;
        }
        let stats = self.audio.stats();
        Some(AudioFigures {
            codec: Some("opus".to_owned()),
            concealed_ratio: Some(stats.concealed_ratio()),
            jitter_buffer_ms: Some(stats.mean_delay_us as f64 / 1000.0),
            level_dbfs: sound.level_dbfs(),
        })
    }
}

impl Drop for MediaSession {
    fn drop(&mut self) {
        self.link.detach(&self.session);
    }
}

/// Passes the decoder's wishes on until the session or the connection is gone.
async fn request_key_frames(peer: std::sync::Weak<Peer>, mut wishes: mpsc::Receiver<()>) {
    while wishes.recv().await.is_some() {
        let Some(peer) = peer.upgrade() else {
            return;
        };
        peer.request_key_frame().await;
    }
}

/// Root mean square of many blocks, from the mean of their squares.
fn mean_level_dbfs(sum_of_squares: f64, samples: u64) -> Option<f64> {
    if samples == 0 {
        return None;
    }
    let amplitude = (2.0 * sum_of_squares / samples as f64).sqrt();
    let level = Level::of(&[]).rms_dbfs;
    Some((20.0 * amplitude.log10()).max(f64::from(level)))
}
