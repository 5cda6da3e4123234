//! The media of one peer connection: what is sent and what is received, between the devices and the
//! connection.
//!
//! Encoders and decoders run on their own OS threads. Coded frames wait for the connection in a
//! bounded channel; when it is full the frame is dropped and a key frame follows, because a late
//! frame is worth less than the next one.

mod expected_loss;
mod mending;
mod playing;
mod received;
mod sending;
mod shares;
mod showing;

use std::sync::Arc;
use std::time::Instant;

use duet_media::audio::Level;
use duet_media::clock;
use duet_media::codec::{VideoCodec, VideoContent};
use duet_media::frame::AudioBlock;
use duet_media::pipeline::{PipelineError, VideoReceive};
use duet_media::rtp::{ReceivedPacket, SenderReport};
use duet_peer::{Codec, Peer, PeerStats, ReceivedRtp, StreamKind, StreamStats};
use parking_lot::Mutex;

use crate::config::Taps;
use crate::figures::{AudioFigures, Counted, Figures, PathFigures, VideoFigures};
use crate::local_media::{Consumers, MediaLink};
use expected_loss::ExpectedLoss;
pub(crate) use mending::MediaPart;
use mending::{Rebuilds, Remedy};
use playing::Playing;
use received::{Pictures, Sound, Sync};
use sending::Sending;
use showing::{Showing, Watch};

/// See the module. Dropping it detaches the devices and joins the threads.
pub(crate) struct MediaSession {
    session: String,
    link: Arc<MediaLink>,
    sending: Arc<Sending>,
    sound: Arc<Mutex<Sound>>,
    pictures: Arc<Mutex<Pictures>>,
    showing: Showing,
    video: Mutex<VideoReceive>,
    showing_tile: Showing,
    /// While the other's camera comes beside their screen.
    tile: Mutex<Option<VideoReceive>>,
    /// Of the tile there is, or of the last one.
    tile_figures: Mutex<Option<VideoFigures>>,
    playing: Arc<Playing>,
    sync: Mutex<Sync>,
    expected_loss: Mutex<ExpectedLoss>,
    rebuilds: Mutex<[Rebuilds; MediaPart::ALL.len()]>,
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
        let pictures = Arc::default();
        let watch = Watch {
            pictures: Arc::clone(&pictures),
            link: Arc::clone(&link),
        };
        let showing = Showing::new(&peer, StreamKind::Video, taps.remote_video, Some(watch));
        let showing_tile = Showing::new(&peer, StreamKind::Tile, taps.remote_tile, None);
        Ok(Self {
            sending: Arc::new(Sending::start(&peer)?),
            playing: Arc::new(Playing::new()?),
            rebuilds: Mutex::default(),
            video: Mutex::new(showing.start()?),
            tile: Mutex::default(),
            tile_figures: Mutex::default(),
            sound: Arc::default(),
            sync: Mutex::default(),
            expected_loss: Mutex::default(),
            session,
            link,
            pictures,
            showing,
            showing_tile,
        })
    }

    /// A description was applied: another codec may be in force.
    pub(crate) fn negotiated(&self) {
        self.sending.follow_negotiation();
    }

    /// Media can flow: the devices are joined to this connection.
    pub(crate) fn connected(&self) {
        self.sending.follow_negotiation();
        self.force_key_frame();
        let (pictures, sound) = (Arc::clone(&self.sending), Arc::clone(&self.sending));
        let (screen, tile) = (Arc::clone(&self.sending), Arc::clone(&self.sending));
        let (playing, heard) = (Arc::clone(&self.playing), Arc::clone(&self.sound));
        self.link.attach(Consumers {
            session: self.session.clone(),
            pictures: Arc::new(move |frame| pictures.picture(frame, VideoContent::Camera)),
            screen: Arc::new(move |frame| screen.picture(frame, VideoContent::Screen)),
            tile: Arc::new(move |frame| tile.tile_picture(&frame)),
            sound: Arc::new(move |block| sound.sound(block)),
            play: Arc::new(move |block: &mut AudioBlock| {
                playing.pull(block);
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
            Codec::Vp8 => self.picture(packet.stream, VideoCodec::Vp8, received),
            Codec::H264 => self.picture(packet.stream, VideoCodec::H264, received),
            Codec::Opus => {
                self.sound.lock().received();
                self.playing.audio().push(&received);
            }
        }
    }

    fn picture(&self, stream: StreamKind, codec: VideoCodec, packet: ReceivedPacket) {
        if stream == StreamKind::Tile {
            if let Some(tile) = &*self.tile.lock() {
                tile.push(codec, packet);
            }
        } else {
            self.video.lock().push(codec, packet);
        }
    }

    /// The other tied a stream's clock to its wall clock.
    pub(crate) fn sender_report(&self, stream: StreamKind, ntp: u64, rtp_timestamp: u32) {
        let report = SenderReport { ntp, rtp_timestamp };
        self.sync.lock().sender_report(stream, report);
    }

    /// The other says whether pictures come.
    pub(crate) fn remote_video(&self, on: bool) {
        if on {
            self.video.lock().resume();
        } else {
            self.video.lock().pause();
        }
    }

    /// The other's camera comes beside their screen from now on, or no longer.
    pub(crate) fn remote_tile(&self, comes: bool) {
        let mut tile = self.tile.lock();
        if tile.is_some() == comes {
            return;
        }
        *tile = None;
        if comes {
            match self.showing_tile.start() {
                Ok(started) => *tile = Some(started),
                Err(error) => tracing::error!(%error, "the other's camera is not shown"),
            }
        }
    }

    /// Our camera goes beside our screen from now on, or no longer. Must be called on the runtime.
    pub(crate) fn set_tile(&self, on: bool) -> Result<(), PipelineError> {
        self.sending.set_tile(on)
    }

    /// Whether the path is wide enough for that.
    pub(crate) fn has_room_for_tile(&self) -> bool {
        self.sending.has_room_for_tile()
    }

    /// The next picture of each stream is a key frame.
    pub(crate) fn force_key_frame(&self) {
        for stream in [StreamKind::Video, StreamKind::Tile] {
            self.key_frame_requested(stream);
        }
    }

    /// The next picture of this stream is a key frame.
    pub(crate) fn key_frame_requested(&self, stream: StreamKind) {
        self.sending.force_key_frame(stream);
    }

    /// All pictures together go at this rate.
    pub(crate) fn set_bitrate_bps(&self, bps: u64) {
        self.sending.set_bitrate_bps(bps);
    }

    /// Five times a second: holds the stream that is early.
    pub(crate) fn synchronise(&self) {
        let heard_after_us = self.link.speaker_delay_us();
        let (audio, video) = (self.playing.audio(), self.video.lock());
        let delays =
            self.sync
                .lock()
                .update(audio.playout_point(), video.playout_point(), heard_after_us);
        video.set_extra_delay_us(delays.video_us);
        if let Some(tile) = &*self.tile.lock() {
            tile.set_extra_delay_us(delays.video_us);
        }
        audio.set_extra_delay_us(delays.audio_us);
    }

    /// Twice a second: tells the jitter buffer the round trip and the sound's encoder the loss, and
    /// the owner what was measured.
    pub(crate) fn figures(&self, stats: &PeerStats) -> Figures {
        if let Some(round_trip) = stats.path.as_ref().and_then(|path| path.round_trip) {
            let round_trip_us = i64::try_from(round_trip.as_micros()).unwrap_or(i64::MAX);
            self.video.lock().set_round_trip_us(round_trip_us);
            if let Some(tile) = &*self.tile.lock() {
                tile.set_round_trip_us(round_trip_us);
            }
        }
        let expected = self.expected_loss.lock().note(Instant::now(), &stats.audio);
        if let Some(percent) = expected {
            self.sending.set_expected_loss_percent(percent);
        }
        Figures {
            video_sent: self.sending.video_figures(stats),
            video_received: received_figures(&self.video.lock(), &stats.video),
            tile_sent: self.sending.tile_figures(stats),
            tile_received: self.tile_received(stats),
            packets_sent: [&stats.audio, &stats.video, &stats.tile]
                .map(|stream| stream.packets_sent)
                .iter()
                .sum(),
            latency_ms: self.pictures.lock().latency(),
            audio_received: self.audio_received(),
            path: stats.path.as_ref().map(|path| PathFigures {
                local: Some(path.local_candidate.clone()),
                remote: Some(path.remote_candidate.clone()),
                is_one_network: path.is_one_network,
                protocol: Some(match path.relay_transport {
                    Some(transport) => transport.to_string(),
                    None => path.protocol.clone(),
                }),
                rtt_ms: path.round_trip.map(|time| time.as_secs_f64() * 1000.0),
            }),
            ..Figures::default()
        }
    }

    /// Several times a second: builds again what a fault has ended, and tells what was given up.
    /// Must be called on the runtime.
    pub(crate) fn mend(&self, now: Instant) -> Vec<MediaPart> {
        let mut given_up = Vec::new();
        for (part, rebuilds) in MediaPart::ALL.into_iter().zip(&mut *self.rebuilds.lock()) {
            if !self.is_broken(part) {
                continue;
            }
            match rebuilds.remedy(now) {
                Remedy::Rebuild => {
                    tracing::warn!(?part, "media is built again after a fault");
                    if let Err(error) = self.rebuild(part) {
                        tracing::error!(?part, %error, "media could not be built again");
                    }
                }
                Remedy::GiveUp => given_up.push(part),
                Remedy::Nothing => {}
            }
        }
        given_up
    }

    /// The connection refused a packet since the last question: it is gone.
    pub(crate) fn connection_is_gone(&self) -> bool {
        self.sending.connection_is_gone()
    }

    fn is_broken(&self, part: MediaPart) -> bool {
        match part {
            MediaPart::SentVideo => self.sending.video_is_broken(),
            MediaPart::SentTile => self.sending.tile_is_broken(),
            MediaPart::SentSound => self.sending.sound_is_broken(),
            MediaPart::ReceivedVideo => !self.video.lock().is_running(),
            MediaPart::ReceivedTile => {
                let tile = self.tile.lock();
                tile.as_ref().is_some_and(|tile| !tile.is_running())
            }
            MediaPart::ReceivedSound => self.playing.is_broken(),
        }
    }

    fn rebuild(&self, part: MediaPart) -> Result<(), PipelineError> {
        match part {
            MediaPart::SentVideo => self.sending.rebuild_video(),
            MediaPart::SentTile => self.sending.rebuild_tile(),
            MediaPart::SentSound => self.sending.rebuild_sound(),
            MediaPart::ReceivedVideo => {
                *self.video.lock() = self.showing.start()?;
                Ok(())
            }
            MediaPart::ReceivedTile => {
                *self.tile.lock() = Some(self.showing_tile.start()?);
                Ok(())
            }
            MediaPart::ReceivedSound => Ok(self.playing.rebuild()?),
        }
    }

    fn tile_received(&self, stats: &PeerStats) -> Option<VideoFigures> {
        let mut last = self.tile_figures.lock();
        if let Some(tile) = &*self.tile.lock() {
            *last = received_figures(tile, &stats.tile);
        }
        last.clone()
    }

    fn audio_received(&self) -> Option<AudioFigures> {
        let sound = self.sound.lock();
        if !sound.has_received() {
            return None;
        }
        let stats = self.playing.audio().stats();
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

fn received_figures(video: &VideoReceive, stats: &StreamStats) -> Option<VideoFigures> {
    let video = video.stats();
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
        packets_lost: Some(stats.packets_lost),
        nacks: Some(stats.nacks_sent),
        plis: Some(stats.plis_sent),
        ..VideoFigures::new(video.codec?, &counted)
    })
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
