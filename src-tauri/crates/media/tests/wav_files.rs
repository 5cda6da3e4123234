//! WAV files: what is played, what is refused and with which words, and what is written.

use duet_media::frame::AudioBlock;
use duet_media::wav::{SampleKind, WavError, WavReader, WavWriter};
use proptest::prelude::*;

fn open(content: &[u8]) -> Result<WavReader, WavError> {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("sound.wav");
    std::fs::write(&path, content).expect("written");
    WavReader::open(&path)
}

/// A file with one format and one sound part.
fn wav(format: u16, channels: u16, rate_hz: u32, bits: u16, sound: &[u8]) -> Vec<u8> {
    let mut file = b"RIFF\0\0\0\0WAVELIST\x03\0\0\0abc\0fmt \x10\0\0\0".to_vec();
    file.extend(format.to_le_bytes());
    file.extend(channels.to_le_bytes());
    file.extend(rate_hz.to_le_bytes());
    file.extend([0; 6]);
    file.extend(bits.to_le_bytes());
    file.extend(b"data");
    file.extend((sound.len() as u32).to_le_bytes());
    file.extend(sound);
    file
}

fn samples(content: &[u8]) -> Vec<f32> {
    let mut reader = open(content).expect("opens");
    let mut samples = [0.0; 100];
    let count = reader.read(&mut samples).expect("reads");
    samples[..count].to_vec()
}

#[test]
fn every_usual_kind_is_read_as_mono() {
    let close = |got: Vec<f32>, wanted: &[f32]| {
        assert_eq!(got.len(), wanted.len());
        for (got, wanted) in got.iter().zip(wanted) {
            assert!((got - wanted).abs() < 0.01, "{got} instead of {wanted}");
        }
    };
    close(
        samples(&wav(1, 1, 8_000, 8, &[0, 128, 192])),
        &[-1.0, 0.0, 0.5],
    );
    close(
        samples(&wav(1, 1, 44_100, 16, &[0, 0x80, 0, 0x40])),
        &[-1.0, 0.5],
    );
    close(
        samples(&wav(1, 2, 44_100, 16, &[0, 0x40, 0, 0, 0, 0xc0, 0, 0x40])),
        &[0.25, 0.0],
    );
    close(
        samples(&wav(1, 1, 96_000, 24, &[0, 0, 0x40, 0, 0, 0xc0])),
        &[0.5, -0.5],
    );
    close(samples(&wav(1, 1, 48_000, 32, &[0, 0, 0, 0x40])), &[0.5]);
    let floats: Vec<u8> = [0.25_f32, f32::NAN, 7.0]
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect();
    close(samples(&wav(3, 1, 48_000, 32, &floats)), &[0.25, 0.0, 1.0]);
}

#[test]
fn the_end_is_noticed_and_a_rewind_starts_again() {
    let mut reader = open(&wav(1, 1, 48_000, 16, &[0, 0x40, 0, 0x20, 9])).expect("opens");
    assert_eq!(reader.header().kind, SampleKind::I16);
    let mut samples = [0.0; 10];
    assert_eq!(reader.read(&mut samples).expect("reads"), 2);
    assert_eq!(reader.read(&mut samples).expect("reads"), 0);
    reader.rewind().expect("rewinds");
    assert_eq!(reader.read(&mut samples).expect("reads"), 2);
    assert_eq!(samples[..2], [0.5, 0.25]);
}

#[test]
fn hostile_headers_are_refused() {
    let good = wav(1, 1, 48_000, 16, &[1, 2, 3, 4]);
    for length in [0, 4, 12, 20, 30, 50] {
        assert!(
            matches!(open(&good[..length]), Err(WavError::NotWav)),
            "{length} bytes"
        );
    }
    assert!(matches!(open(&[b'x'; 100]), Err(WavError::NotWav)));
    let refused = [
        (wav(1, 0, 48_000, 16, &[0; 8]), "0 channels"),
        (wav(1, 999, 48_000, 16, &[0; 8]), "999 channels"),
        (wav(1, 1, 0, 16, &[0; 8]), "0 Hz"),
        (wav(1, 1, u32::MAX, 16, &[0; 8]), "Hz"),
        (wav(1, 1, 48_000, 0, &[0; 8]), "format 1 with 0 bit"),
        (wav(2, 1, 48_000, 4, &[0; 8]), "format 2 with 4 bit"),
        (wav(1, 1, 48_000, 16, &[]), "no sound"),
        (wav(1, 2, 48_000, 16, &[0; 3]), "no sound"),
    ];
    for (content, words) in refused {
        let error = open(&content).expect_err("refused").to_string();
        assert!(error.contains(words), "{error}");
    }
    // A length beyond the end, as streaming writers leave it, means "to the end".
    let mut streamed = wav(1, 1, 48_000, 16, &[0, 0x40]);
    let at = streamed.len() - 6;
    streamed[at..at + 4].fill(0xff);
    assert_eq!(samples(&streamed), [0.5]);
}

#[test]
fn what_is_written_can_be_read() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("dump.wav");
    let writer = WavWriter::create(&path).expect("created");
    for value in [0.0, 0.5, -2.0] {
        writer.write(&AudioBlock {
            samples: [value; AudioBlock::LEN],
            capture_ts_us: 0,
        });
    }
    assert_eq!(writer.dropped(), 0);
    drop(writer);
    let mut reader = WavReader::open(&path).expect("opens");
    assert_eq!(reader.header().rate_hz, 48_000);
    let mut samples = vec![9.0; 2000];
    assert_eq!(reader.read(&mut samples).expect("reads"), 3 * 480);
    for (at, wanted) in [(0, 0.0), (700, 0.5), (1439, -1.0)] {
        assert!(
            (samples[at] - wanted).abs() < 1e-4,
            "{} at {at}",
            samples[at]
        );
    }
}

proptest! {
    #[test]
    fn no_content_panics(content in proptest::collection::vec(any::<u8>(), 0..300), good in any::<bool>(), at in 0_usize..60) {
        let mut bytes = if good { wav(1, 2, 48_000, 16, &[7; 64]) } else { b"RIFF\0\0\0\0WAVE".to_vec() };
        let at = at.min(bytes.len());
        for (place, value) in bytes[at..].iter_mut().zip(&content).take(4) {
            *place = *value;
        }
        bytes.extend(&content);
        if let Ok(mut reader) = open(&bytes) {
            let mut samples = [0.0; 480];
            while matches!(reader.read(&mut samples), Ok(480)) {}
            prop_assert!(samples.iter().all(|sample| sample.is_finite()));
        }
    }
}
