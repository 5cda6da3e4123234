//! Tones, files and the real-time pull: everything about sound that needs no sound card.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Duration;

use duet_media::audio::{
    AudioError, AudioSinkSpec, AudioSourceSpec, Level, MonoResampler, OpenAudioSource,
    open_audio_sink, open_audio_source,
};
use duet_media::clock;
use duet_media::frame::AudioBlock;
use duet_media::wav::{WavReader, WavWriter};
use duet_testkit::tone::dominant_frequency_hz;

const PATIENCE: Duration = Duration::from_secs(20);

fn start(spec: &str) -> Result<(OpenAudioSource, Receiver<AudioBlock>), AudioError> {
    let (sender, blocks) = sync_channel(1000);
    let sink = Box::new(move |block: &AudioBlock| {
        let _ = sender.try_send(block.clone());
    });
    let spec = spec.parse().expect("a specification");
    Ok((open_audio_source(&spec, sink, Arc::new(|_| {}))?, blocks))
}

fn collect(blocks: &Receiver<AudioBlock>, count: usize) -> Vec<AudioBlock> {
    (0..count)
        .map(|_| blocks.recv_timeout(PATIENCE).expect("a block"))
        .collect()
}

fn samples(blocks: &[AudioBlock]) -> Vec<f32> {
    blocks.iter().flat_map(|block| block.samples).collect()
}

#[test]
fn the_tone_has_its_frequency_its_level_and_its_time() {
    let (source, received) = start("test:1000").expect("opens");
    assert_eq!(source.status(), None);
    let blocks = collect(&received, 80);
    assert!(
        blocks
            .windows(2)
            .all(|pair| pair[1].capture_ts_us > pair[0].capture_ts_us)
    );
    assert!(
        blocks
            .iter()
            .all(|block| block.capture_ts_us <= clock::now_us())
    );
    let sound = samples(&blocks);
    let frequency = dominant_frequency_hz(&sound, 48_000).expect("a tone");
    assert!((frequency - 1000.0).abs() < 1.0, "{frequency} Hz");
    assert!((Level::of(&sound).rms_dbfs + 20.0).abs() < 0.1);
    drop(source);
    while received.try_recv().is_ok() {}
    assert!(
        received.recv().is_err(),
        "nothing comes after the drop, not even the callback lives"
    );
}

#[test]
fn a_file_of_another_rate_loops_at_its_own_pitch() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("tone.wav");
    // 44.1 kHz, stereo, 0.1 s of 441 Hz: whole periods, so that the loop has no seam.
    let mut file = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x02\0".to_vec();
    file.extend(44_100_u32.to_le_bytes());
    file.extend([0, 0, 0, 0, 4, 0, 16, 0]);
    file.extend(b"data");
    file.extend((4410_u32 * 4).to_le_bytes());
    for i in 0..4410 {
        let value =
            ((f64::from(i) * 441.0 / 44_100.0 * std::f64::consts::TAU).sin() * 16_000.0) as i16;
        file.extend(value.to_le_bytes());
        file.extend(value.to_le_bytes());
    }
    std::fs::write(&path, file).expect("written");
    let (_source, blocks) = start(&format!("file:{}", path.display())).expect("opens");
    let sound = samples(&collect(&blocks, 100));
    let frequency = dominant_frequency_hz(&sound[4800..], 48_000).expect("a tone");
    assert!((frequency - 441.0).abs() < 1.0, "{frequency} Hz");
    let level = Level::of(&sound[4800..]).rms_dbfs;
    assert!(
        (level + 6.2).abs() < 0.3,
        "{level} dBFS: the loop has no gaps"
    );
}

#[test]
fn what_cannot_be_opened_says_why() {
    let error = start("file:/nowhere/sound.wav").expect_err("missing");
    assert!(
        error
            .to_string()
            .starts_with("/nowhere/sound.wav: cannot read the file"),
        "{error}"
    );
    assert_eq!(error.code(), "audio-file");
    let spec = AudioSinkSpec::File("/nowhere/sound.wav".into());
    let error = open_audio_sink(&spec, Box::new(|_| {}), Arc::new(|_| {})).expect_err("missing");
    assert_eq!(error.code(), "audio-file");
}

#[test]
fn a_sink_without_a_device_pulls_in_real_time() {
    let pulled = Arc::new(AtomicU64::new(0));
    let counter = pulled.clone();
    let pull = Box::new(move |block: &mut AudioBlock| {
        assert!(
            block.samples.iter().all(|sample| *sample == 0.0),
            "it comes silent"
        );
        block.samples.fill(0.5);
        counter.fetch_add(1, Ordering::Relaxed);
    });
    let started_us = clock::now_us();
    let sink = open_audio_sink(&AudioSinkSpec::None, pull, Arc::new(|_| {})).expect("opens");
    while pulled.load(Ordering::Relaxed) < 50 {
        assert!(
            clock::now_us() - started_us < PATIENCE.as_micros() as i64,
            "it pulls"
        );
        std::thread::sleep(Duration::from_millis(1));
    }
    assert!(
        clock::now_us() - started_us >= 480_000,
        "not faster than real time"
    );
    assert_eq!((sink.status(), sink.delay().us()), (None, 0));
    drop(sink);
    let at_end = pulled.load(Ordering::Relaxed);
    std::thread::sleep(Duration::from_millis(40));
    assert_eq!(
        pulled.load(Ordering::Relaxed),
        at_end,
        "a dropped sink pulls no more"
    );
}

#[test]
fn a_file_sink_writes_what_it_pulls_and_the_test_sound() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("heard.wav");
    let spec = AudioSinkSpec::File(path.clone());
    let sink = open_audio_sink(
        &spec,
        Box::new(|block| block.samples.fill(0.25)),
        Arc::new(|_| {}),
    )
    .expect("opens");
    assert!(!sink.is_test_playing());
    sink.play_test();
    let deadline = clock::now_us() + PATIENCE.as_micros() as i64;
    while sink.is_test_playing() {
        assert!(clock::now_us() < deadline, "the test sound ends");
        std::thread::sleep(Duration::from_millis(5));
    }
    drop(sink);
    let mut reader = WavReader::open(&path).expect("opens");
    let mut sound = vec![0.0; 48_000];
    let read = reader.read(&mut sound).expect("reads");
    assert!(read >= 48_000, "at least a second: {read}");
    let peak = Level::of(&sound).peak_dbfs;
    assert!(
        peak > -9.0,
        "louder than the pulled sound alone, -12: {peak}"
    );
}

#[test]
fn resampling_keeps_pitch_and_level() {
    for (from, to) in [
        (44_100, 48_000),
        (48_000, 44_100),
        (16_000, 48_000),
        (96_000, 48_000),
        (48_000, 48_000),
    ] {
        let mut resampler = MonoResampler::new(from, to).expect("made");
        let input = duet_testkit::tone::sine(1000.0, 0.5, 1.0, from);
        let mut output = Vec::new();
        for part in input.chunks(333) {
            resampler.push(part, |made| output.extend_from_slice(made));
        }
        assert!(
            (output.len() as i64 - i64::from(to)).abs() < i64::from(to) / 40,
            "{} samples",
            output.len()
        );
        let middle = &output[output.len() / 4..];
        let frequency = dominant_frequency_hz(middle, to).expect("a tone");
        assert!(
            (frequency - 1000.0).abs() < 1.5,
            "{from} to {to}: {frequency} Hz"
        );
        let level = Level::of(middle).rms_dbfs;
        assert!((level + 6.0).abs() < 0.2, "{from} to {to}: {level} dBFS");
    }
}

#[test]
fn a_bent_resampler_makes_more_or_fewer_samples() {
    for (factor, more) in [(1.001, 48.0), (0.999, -48.0), (1.0, 0.0)] {
        let mut resampler = MonoResampler::new(48_000, 48_000).expect("made");
        let mut made = 0;
        for _ in 0..200 {
            resampler.bend(factor);
            resampler.push(&[0.1; 480], |samples| made += samples.len());
        }
        let off = made as f64 - 96_000.0;
        assert!((off - 2.0 * more).abs() < 80.0, "{off} samples at {factor}");
    }
}

#[test]
fn specifications_are_read_and_written() {
    for text in [
        "none",
        "test:440",
        "test:20",
        "file:/a b.wav",
        "device:default",
        "device:pulseaudio:mic",
    ] {
        assert_eq!(
            text.parse::<AudioSourceSpec>().expect(text).to_string(),
            text
        );
    }
    assert_eq!("test".parse(), Ok(AudioSourceSpec::Test(440)));
    for text in [
        "",
        "test:",
        "test:0",
        "test:99999",
        "test:x",
        "file:",
        "device:",
        "speaker",
    ] {
        assert!(text.parse::<AudioSourceSpec>().is_err(), "{text}");
    }
    for text in ["none", "file:/a.wav", "device:default"] {
        assert_eq!(text.parse::<AudioSinkSpec>().expect(text).to_string(), text);
    }
    for text in ["test", "file:", "", "none:1"] {
        assert!(text.parse::<AudioSinkSpec>().is_err(), "{text}");
    }
}

#[test]
fn a_slow_disk_drops_and_counts_instead_of_waiting() {
    let folder = tempfile::tempdir().expect("folder");
    let writer = WavWriter::create(&folder.path().join("dump.wav")).expect("created");
    let block = AudioBlock {
        samples: [0.0; AudioBlock::LEN],
        capture_ts_us: 0,
    };
    // Far more at once than any disk takes: either written or counted, and it comes back.
    for _ in 0..5_000 {
        writer.write(&block);
    }
    let dropped = writer.dropped();
    let path = folder.path().join("dump.wav");
    drop(writer);
    let mut reader = WavReader::open(&path).expect("opens");
    let written = reader.header().data_len / 960;
    assert_eq!(written + dropped, 5_000);
    reader.rewind().expect("rewinds");
}
