//! The parts of a WAV file that come before its sound.

use std::io::{Read, Seek, SeekFrom};

use super::WavError;

/// Parts that are passed over in search of the sound.
const MAX_PARTS: usize = 64;

/// How a sample is stored; little-endian, always.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SampleKind {
    /// Unsigned, 8 bit.
    U8,
    /// Signed, 16 bit.
    I16,
    /// Signed, 24 bit in three bytes.
    I24,
    /// Signed, 32 bit.
    I32,
    /// Floating point, 32 bit.
    F32,
}

impl SampleKind {
    /// Bytes of a sample.
    pub const fn bytes(self) -> usize {
        match self {
            SampleKind::U8 => 1,
            SampleKind::I16 => 2,
            SampleKind::I24 => 3,
            SampleKind::I32 | SampleKind::F32 => 4,
        }
    }

    /// One sample in −1.0 … 1.0; `bytes` has [`SampleKind::bytes`] of them.
    pub(super) fn decode(self, bytes: &[u8]) -> f32 {
        let wide = |shift: u32| {
            let value = bytes
                .iter()
                .rev()
                .fold(0_u32, |value, byte| value << 8 | u32::from(*byte));
            (value << shift) as i32 as f32 / 2_147_483_648.0
        };
        match self {
            SampleKind::U8 => (f32::from(bytes[0]) - 128.0) / 128.0,
            SampleKind::I16 => wide(16),
            SampleKind::I24 => wide(8),
            SampleKind::I32 => wide(0),
            SampleKind::F32 => {
                let bits = bytes
                    .iter()
                    .rev()
                    .fold(0_u32, |value, byte| value << 8 | u32::from(*byte));
                let value = f32::from_bits(bits);
                // A NaN in a filter would stay for ever.
                if value.is_finite() {
                    value.clamp(-1.0, 1.0)
                } else {
                    0.0
                }
            }
        }
    }
}

/// What a WAV file says about its sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WavHeader {
    /// Channels, 1 to 32.
    pub channels: u16,
    /// Samples per second and channel.
    pub rate_hz: u32,
    /// How a sample is stored.
    pub kind: SampleKind,
    /// Where the sound begins, in bytes from the start of the file.
    pub data_at: u64,
    /// Bytes of sound: whole frames that the file really has.
    pub data_len: u64,
}

impl WavHeader {
    /// Bytes of a sample of every channel.
    pub fn frame_bytes(&self) -> usize {
        usize::from(self.channels) * self.kind.bytes()
    }

    /// Reads up to the sound of a file of `file_len` bytes.
    pub(super) fn read(
        file: &mut (impl Read + Seek),
        file_len: u64,
    ) -> Result<WavHeader, WavError> {
        let mut riff = [0; 12];
        file.read_exact(&mut riff).map_err(|_| WavError::NotWav)?;
        if &riff[..4] != b"RIFF" || &riff[8..] != b"WAVE" {
            return Err(WavError::NotWav);
        }
        let mut format = None;
        let mut at = 12_u64;
        for _ in 0..MAX_PARTS {
            let mut part = [0; 8];
            file.read_exact(&mut part).map_err(|_| WavError::NotWav)?;
            at += 8;
            let length = u64::from(u32::from_le_bytes([part[4], part[5], part[6], part[7]]));
            match &part[..4] {
                b"fmt " => format = Some(read_format(file, length)?),
                b"data" => {
                    let (channels, rate_hz, kind) = format.ok_or(WavError::NotWav)?;
                    return finish(
                        channels,
                        rate_hz,
                        kind,
                        at,
                        length.min(file_len.saturating_sub(at)),
                    );
                }
                // LIST, fact, bext and whatever else: no sound.
                _ => {}
            }
            // Parts begin at even places.
            at = at.saturating_add(length + (length & 1));
            file.seek(SeekFrom::Start(at))?;
        }
        Err(WavError::NotWav)
    }
}

fn finish(
    channels: u16,
    rate_hz: u32,
    kind: SampleKind,
    at: u64,
    length: u64,
) -> Result<WavHeader, WavError> {
    let mut header = WavHeader {
        channels,
        rate_hz,
        kind,
        data_at: at,
        data_len: 0,
    };
    header.data_len = length - length % header.frame_bytes() as u64;
    if header.data_len == 0 {
        return Err(WavError::Empty);
    }
    Ok(header)
}

fn read_format(file: &mut impl Read, length: u64) -> Result<(u16, u32, SampleKind), WavError> {
    let mut bytes = [0; 40];
    let known = length.min(40) as usize;
    if known < 16 {
        return Err(WavError::NotWav);
    }
    file.read_exact(&mut bytes[..known])
        .map_err(|_| WavError::NotWav)?;
    let short = |at: usize| u16::from_le_bytes([bytes[at], bytes[at + 1]]);
    let channels = short(2);
    let rate_hz = u32::from_le_bytes([bytes[4], bytes[5], bytes[6], bytes[7]]);
    let bits = short(14);
    // WAVE_FORMAT_EXTENSIBLE has the real format in the first two bytes of its GUID.
    let format = if short(0) == 0xfffe && known == 40 {
        short(24)
    } else {
        short(0)
    };
    let unsupported = |what: String| Err(WavError::Unsupported(what));
    if !(1..=32).contains(&channels) {
        return unsupported(format!("a sound of {channels} channels"));
    }
    if !(1_000..=384_000).contains(&rate_hz) {
        return unsupported(format!("a rate of {rate_hz} Hz"));
    }
    let kind = match (format, bits) {
        (1, 8) => SampleKind::U8,
        (1, 16) => SampleKind::I16,
        (1, 24) => SampleKind::I24,
        (1, 32) => SampleKind::I32,
        (3, 32) => SampleKind::F32,
        (format, bits) => return unsupported(format!("format {format} with {bits} bit")),
    };
    Ok((channels, rate_hz, kind))
}
