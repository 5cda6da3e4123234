//! Opus by libopus: 20 ms packets, 48 kHz, coded in mono, with in-band FEC.
//!
//! The encoder belongs to the sending pipeline's thread, the decoder to the audio jitter buffer,
//! so to the playout thread. Browsers may send 10 … 120 ms packets and stereo: the decoder is
//! opened in mono and libopus mixes down. SDP says `stereo=0` about what we like to receive.

use bytes::Bytes;
use opus::{Application, Bitrate, Channels, packet};

use super::{AudioDecoder, AudioEncoder, CodecError};

/// Samples per second, of everything here.
const RATE_HZ: u32 = 48_000;
/// Samples in a packet of ours: 20 ms.
const PACKET_SAMPLES: usize = 960;
/// Larger than any Opus packet of 20 ms mono (RFC 6716, section 3.4: 1275 bytes a frame).
const MAX_PACKET_BYTES: usize = 1_275;

/// How the encoder starts.
#[derive(Debug, Clone, Copy)]
pub struct OpusSettings {
    /// Target rate in bits per second.
    pub bitrate_bps: u32,
    /// Loss to prepare for, in per cent. FEC is spent only above 0.
    pub expected_loss_percent: u8,
    /// Stop sending when there is nothing to hear.
    pub dtx: bool,
}

impl Default for OpusSettings {
    fn default() -> Self {
        Self {
            bitrate_bps: 32_000,
            expected_loss_percent: 5,
            dtx: false,
        }
    }
}

/// Encodes Opus.
pub struct OpusEncoder {
    encoder: opus::Encoder,
    output: Box<[u8; MAX_PACKET_BYTES]>,
}

impl OpusEncoder {
    /// A mono encoder for speech with in-band FEC.
    pub fn new(settings: OpusSettings) -> Result<Self, CodecError> {
        let start = || -> Result<opus::Encoder, opus::Error> {
            let mut encoder = opus::Encoder::new(RATE_HZ, Channels::Mono, Application::Voip)?;
            encoder.set_bitrate(Bitrate::Bits(bits(settings.bitrate_bps)))?;
            encoder.set_inband_fec(true)?;
            encoder.set_packet_loss_perc(percent(settings.expected_loss_percent))?;
            encoder.set_dtx(settings.dtx)?;
            Ok(encoder)
        };
        Ok(Self {
            encoder: start().map_err(not_started)?,
            output: Box::new([0; MAX_PACKET_BYTES]),
        })
    }
}

impl AudioEncoder for OpusEncoder {
    fn encode(&mut self, samples: &[f32]) -> Result<Bytes, CodecError> {
        if samples.len() != PACKET_SAMPLES {
            let found = samples.len();
            return Err(CodecError::Encode(format!("{found} samples, not 960")));
        }
        let length = self
            .encoder
            .encode_float(samples, self.output.as_mut_slice())
            .map_err(|error| CodecError::Encode(error.to_string()))?;
        Ok(Bytes::copy_from_slice(&self.output[..length]))
    }

    fn set_bitrate_bps(&mut self, bitrate_bps: u32) {
        let result = self.encoder.set_bitrate(Bitrate::Bits(bits(bitrate_bps)));
        if let Err(error) = result {
            tracing::warn!(%error, bitrate_bps, "Opus refused a bitrate");
        }
    }

    fn set_expected_loss_percent(&mut self, loss_percent: u8) {
        let result = self.encoder.set_packet_loss_perc(percent(loss_percent));
        if let Err(error) = result {
            tracing::warn!(%error, loss_percent, "Opus refused an expected loss");
        }
    }
}

/// Decodes Opus.
pub struct OpusDecoder {
    decoder: opus::Decoder,
}

impl OpusDecoder {
    /// A decoder that gives 48 kHz mono whatever comes.
    pub fn new() -> Result<Self, CodecError> {
        let decoder = opus::Decoder::new(RATE_HZ, Channels::Mono).map_err(not_started)?;
        Ok(Self { decoder })
    }

    fn fill(&mut self, packet: &[u8], out: &mut [f32], fec: bool) -> Result<(), CodecError> {
        let wanted = out.len();
        let decoded = self
            .decoder
            .decode_float(packet, out, fec)
            .map_err(|error| CodecError::Decode(error.to_string()))?;
        out[decoded.min(wanted)..].fill(0.0);
        Ok(())
    }
}

impl AudioDecoder for OpusDecoder {
    fn decode(&mut self, packet: &[u8], out: &mut [f32]) -> Result<usize, CodecError> {
        // An empty packet means "lost" to libopus.
        if packet.is_empty() {
            return Err(CodecError::Decode("empty packet".into()));
        }
        self.decoder
            .decode_float(packet, out, false)
            .map_err(|error| CodecError::Decode(error.to_string()))
    }

    fn decode_fec(&mut self, next_packet: &[u8], out: &mut [f32]) -> Result<(), CodecError> {
        self.fill(next_packet, out, true)
    }

    fn conceal(&mut self, out: &mut [f32]) -> Result<(), CodecError> {
        self.fill(&[], out, false)
    }
}

/// Length of a packet in samples at 48 kHz, per channel. `None` if it is no Opus packet.
pub fn packet_samples(packet: &[u8]) -> Option<usize> {
    let samples = packet::get_nb_samples(packet, RATE_HZ).ok()?;
    (120..=5_760).contains(&samples).then_some(samples)
}

/// Whether a packet carries FEC for the one before it (RFC 6716, section 4.2.4: the LBRR flag).
pub fn packet_has_fec(bytes: &[u8]) -> bool {
    let Ok(parsed) = packet::parse(bytes) else {
        return false;
    };
    // Configurations 16 and up are CELT alone, which has no FEC (RFC 6716, table 2).
    let celt_only = parsed.toc >> 3 >= 16;
    let first = parsed.frames.first().and_then(|frame| frame.first());
    let (false, Some(&first)) = (celt_only, first) else {
        return false;
    };
    let frame_samples = packet::get_samples_per_frame(bytes, RATE_HZ).unwrap_or(0);
    let silk_frames = (frame_samples / PACKET_SAMPLES).clamp(1, 3);
    let mid = first >> (7 - silk_frames) & 1 == 1;
    let stereo = parsed.toc & 0x04 != 0;
    mid || stereo && first >> (6 - 2 * silk_frames) & 1 == 1
}

fn bits(bitrate_bps: u32) -> i32 {
    bitrate_bps.clamp(6_000, 510_000) as i32
}

fn percent(loss_percent: u8) -> i32 {
    i32::from(loss_percent.min(100))
}

fn not_started(error: opus::Error) -> CodecError {
    CodecError::Start {
        codec: "Opus",
        detail: error.to_string(),
    }
}
