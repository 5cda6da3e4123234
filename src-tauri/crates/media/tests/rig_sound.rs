//! The unmodified sound library on a private sound server: sound in and out, faults, and recovery.
#![cfg(target_os = "linux")]

use std::process::Command;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::{Duration, Instant};

use duet_media::audio::{
    AudioDeviceEvent, AudioError, AudioSinkSpec, AudioSourceSpec, OpenAudioSink, OpenAudioSource,
    Tone, list_microphones, list_speakers, open_audio_sink, open_audio_source,
};
use duet_media::frame::AudioBlock;
use duet_testkit::rigged;
use duet_testkit::sound_rig::SoundRig;
use duet_testkit::tone::{dominant_frequency_hz, level_dbfs, share_of_frequency};

const PATIENCE: Duration = Duration::from_secs(30);

struct Microphone {
    source: OpenAudioSource,
    blocks: Receiver<AudioBlock>,
    events: Receiver<AudioDeviceEvent>,
}

fn microphone(id: &str) -> Microphone {
    let (sender, blocks) = sync_channel(10);
    let (teller, events) = sync_channel(100);
    let source = open_audio_source(
        &AudioSourceSpec::Device(id.into()),
        Box::new(move |block| drop(sender.try_send(block.clone()))),
        Arc::new(move |event| {
            println!("{event:?}");
            teller.send(event).expect("the test listens");
        }),
    );
    Microphone {
        source: source.expect("opens"),
        blocks,
        events,
    }
}

impl Microphone {
    /// Waits until the microphone has heard a steady tone of this frequency.
    fn hears(&self, frequency_hz: f32) {
        let deadline = Instant::now() + PATIENCE;
        let mut last = None;
        while Instant::now() < deadline {
            let mut heard = Vec::new();
            while heard.len() < 48_000 / 4 {
                match self.blocks.recv_timeout(Duration::from_secs(2)) {
                    Ok(block) => heard.extend(block.samples),
                    Err(RecvTimeoutError::Timeout) => heard.clear(),
                    Err(RecvTimeoutError::Disconnected) => panic!("the source ended"),
                }
                assert!(
                    Instant::now() < deadline,
                    "{frequency_hz} Hz, but nothing comes"
                );
            }
            last = dominant_frequency_hz(&heard, 48_000);
            if last.is_some_and(|heard| (heard - frequency_hz).abs() < 2.0) {
                return;
            }
        }
        panic!("{frequency_hz} Hz was never heard; last {last:?}");
    }
}

fn running(events: &Receiver<AudioDeviceEvent>) -> (String, bool) {
    loop {
        match events.recv_timeout(PATIENCE).expect("an event") {
            AudioDeviceEvent::Running {
                id, is_fallback, ..
            } => return (id, is_fallback),
            AudioDeviceEvent::Stalled | AudioDeviceEvent::Lost(_) => {}
        }
    }
}

fn speaker(id: &str, frequency_hz: f32) -> (OpenAudioSink, Receiver<AudioDeviceEvent>) {
    let (teller, events) = sync_channel(100);
    let mut tone = Tone::new(frequency_hz);
    let sink = open_audio_sink(
        &AudioSinkSpec::Device(id.into()),
        Box::new(move |block| tone.fill(&mut block.samples)),
        Arc::new(move |event| {
            println!("{event:?}");
            teller.send(event).expect("the test listens");
        }),
    );
    (sink.expect("opens"), events)
}

/// Waits until a speaker plays a steady tone of this frequency, to two thousandths: one is what drift
/// correction may bend to follow the device's clock, in which the recording counts.
fn plays(rig: &SoundRig, speaker: &str, frequency_hz: f32) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let heard = rig.record(speaker, 1.0).expect("recorded");
        let frequency = dominant_frequency_hz(&heard, 48_000);
        let pure = share_of_frequency(&heard, frequency_hz, 48_000);
        let right =
            frequency.is_some_and(|heard| (heard - frequency_hz).abs() < frequency_hz / 500.0);
        if right && pure > 0.9 && level_dbfs(&heard) > -27.0 {
            return;
        }
        assert!(
            Instant::now() < deadline,
            "{frequency:?} instead of {frequency_hz} Hz, {pure} of it, {} dBFS",
            level_dbfs(&heard)
        );
    }
}

#[test]
fn devices_are_listed_without_monitors() {
    rigged::run("devices_are_listed_without_monitors", || {
        let rig = SoundRig::start().expect("starts");
        rig.add_speaker("headset").expect("plugged in");
        let speakers = list_speakers().expect("listed");
        let ids: Vec<_> = speakers
            .iter()
            .map(|device| (device.id.as_str(), device.is_default))
            .collect();
        assert!(ids.contains(&("pulseaudio:speaker", true)), "{ids:?}");
        assert!(ids.contains(&("pulseaudio:headset", false)), "{ids:?}");
        let microphones = list_microphones().expect("listed");
        assert!(
            microphones
                .iter()
                .any(|device| device.id == "pulseaudio:mic" && device.is_default)
        );
        assert!(
            microphones
                .iter()
                .all(|device| !device.id.contains("monitor")),
            "{microphones:?}"
        );
        assert!(microphones.iter().all(|device| !device.name.is_empty()));
    });
}

#[test]
fn a_microphone_hears_the_tone_and_its_time_runs() {
    rigged::run("a_microphone_hears_the_tone_and_its_time_runs", || {
        let rig = SoundRig::start().expect("starts");
        let _tone = rig.play_tone_into("mic", 700.0).expect("plays");
        let microphone = microphone("pulseaudio:mic");
        assert!(matches!(
            microphone.source.status(),
            Some(AudioDeviceEvent::Running {
                is_fallback: false,
                ..
            })
        ));
        microphone.hears(700.0);
        let blocks: Vec<_> = (0..50)
            .map(|_| microphone.blocks.recv_timeout(PATIENCE).expect("a block"))
            .collect();
        assert!(
            blocks
                .windows(2)
                .all(|pair| pair[1].capture_ts_us > pair[0].capture_ts_us)
        );
    });
}

#[test]
fn a_speaker_plays_the_tone_at_its_pitch_and_level() {
    rigged::run("a_speaker_plays_the_tone_at_its_pitch_and_level", || {
        let rig = SoundRig::start().expect("starts");
        let (sink, events) = speaker("default", 440.0);
        assert_eq!(running(&events), ("pulseaudio:speaker".into(), false));
        plays(&rig, "speaker", 440.0);
        let delay_us = sink.delay().us();
        assert!((5_000..200_000).contains(&delay_us), "{delay_us} us");
    });
}

#[test]
fn a_chosen_speaker_that_goes_is_replaced_and_returned_to() {
    rigged::run(
        "a_chosen_speaker_that_goes_is_replaced_and_returned_to",
        || {
            let rig = SoundRig::start().expect("starts");
            rig.add_speaker("headset").expect("plugged in");
            let (_sink, events) = speaker("pulseaudio:headset", 500.0);
            assert_eq!(running(&events), ("pulseaudio:headset".into(), false));
            plays(&rig, "headset", 500.0);
            rig.unplug("headset").expect("unplugged");
            assert_eq!(running(&events), ("pulseaudio:speaker".into(), true));
            plays(&rig, "speaker", 500.0);
            rig.add_speaker("headset").expect("plugged in again");
            assert_eq!(running(&events), ("pulseaudio:headset".into(), false));
            plays(&rig, "headset", 500.0);
        },
    );
}

#[test]
fn the_default_microphone_is_followed() {
    rigged::run("the_default_microphone_is_followed", || {
        let rig = SoundRig::start().expect("starts");
        rig.add_microphone("headset_mic").expect("plugged in");
        let _one = rig.play_tone_into("mic", 400.0).expect("plays");
        let _other = rig.play_tone_into("headset_mic", 900.0).expect("plays");
        let microphone = microphone("default");
        assert_eq!(
            running(&microphone.events),
            ("pulseaudio:mic".into(), false)
        );
        microphone.hears(400.0);
        rig.set_default_microphone("headset_mic").expect("chosen");
        assert_eq!(
            running(&microphone.events),
            ("pulseaudio:headset_mic".into(), false)
        );
        microphone.hears(900.0);
        rig.unplug("headset_mic").expect("unplugged");
        assert_eq!(running(&microphone.events).0, "pulseaudio:mic");
        microphone.hears(400.0);
    });
}

#[test]
fn a_default_of_another_rate_keeps_the_pitch() {
    rigged::run("a_default_of_another_rate_keeps_the_pitch", || {
        let rig = SoundRig::start().expect("starts");
        rig.pactl(&[
            "load-module",
            "module-null-sink",
            "sink_name=slow",
            "rate=44100",
            "channels=2",
        ])
        .expect("plugged in");
        let (_sink, events) = speaker("default", 1000.0);
        assert_eq!(running(&events).0, "pulseaudio:speaker");
        plays(&rig, "speaker", 1000.0);
        rig.set_default_speaker("slow").expect("chosen");
        assert_eq!(running(&events), ("pulseaudio:slow".into(), false));
        plays(&rig, "slow", 1000.0);
    });
}

#[test]
fn a_server_that_hangs_is_noticed_and_comes_back() {
    rigged::run("a_server_that_hangs_is_noticed_and_comes_back", || {
        let rig = SoundRig::start().expect("starts");
        let _tone = rig.play_tone_into("mic", 600.0).expect("plays");
        let microphone = microphone("default");
        microphone.hears(600.0);
        let signal = |name: &str| {
            let pid = rig.pid().to_string();
            let status = Command::new("kill")
                .args(["-s", name, &pid])
                .status()
                .expect("kill");
            assert!(status.success());
        };
        signal("STOP");
        let noticed = loop {
            match microphone.events.recv_timeout(PATIENCE).expect("an event") {
                AudioDeviceEvent::Running { .. } => {}
                event => break event,
            }
        };
        assert_eq!(noticed, AudioDeviceEvent::Stalled);
        signal("CONT");
        running(&microphone.events);
        microphone.hears(600.0);
    });
}

#[test]
fn without_a_sound_server_the_call_goes_on() {
    rigged::run("without_a_sound_server_the_call_goes_on", || {
        // The rig's server is not started, only its address is set.
        let (counter, pulls) = sync_channel(1000);
        let sink = open_audio_sink(
            &AudioSinkSpec::Device("default".into()),
            Box::new(move |_| {
                let _ = counter.try_send(());
            }),
            Arc::new(|_| {}),
        )
        .expect("opens all the same");
        assert!(
            matches!(sink.status(), Some(AudioDeviceEvent::Lost(_))),
            "{:?}",
            sink.status()
        );
        for _ in 0..20 {
            pulls.recv_timeout(PATIENCE).expect("it pulls in real time");
        }
        let microphone = microphone("default");
        let lost = microphone.events.recv_timeout(PATIENCE).expect("an event");
        assert!(
            matches!(
                lost,
                AudioDeviceEvent::Lost(
                    AudioError::NoDevice | AudioError::Failed(_) | AudioError::UnsupportedFormat
                )
            ),
            "{lost:?}"
        );

        let rig = SoundRig::start().expect("starts");
        assert_eq!(
            running(&microphone.events),
            ("pulseaudio:mic".into(), false)
        );
        let _tone = rig.play_tone_into("mic", 800.0).expect("plays");
        microphone.hears(800.0);
    });
}

#[test]
fn the_test_sound_is_heard() {
    rigged::run("the_test_sound_is_heard", || {
        let rig = SoundRig::start().expect("starts");
        let sink = open_audio_sink(
            &AudioSinkSpec::Device("default".into()),
            Box::new(|_| {}),
            Arc::new(|_| {}),
        )
        .expect("opens");
        let deadline = Instant::now() + PATIENCE;
        // The recorder starts after the sound at times, so the sound is played until it is heard.
        loop {
            sink.play_test();
            let heard = rig.record("speaker", 1.0).expect("recorded");
            if level_dbfs(&heard) > -30.0 {
                break;
            }
            assert!(Instant::now() < deadline, "never heard");
        }
    });
}
