//! The person's own devices: which are wanted, which are open, and where their data goes.
//!
//! Opening a device can take seconds and may hang in a driver, so each kind has a keeper: a thread
//! that opens, closes and retries, and reports back. Pictures and sound pass through the
//! [`MediaLink`], which outlives every peer connection: a reconnect changes the consumer, not the
//! device.

mod keeper;
mod link;
mod ringer;
mod screen;

use std::sync::Arc;
use std::time::Instant;

use duet_media::audio::{
    AudioDeviceEvent, AudioSinkSpec, AudioSourceSpec, open_audio_sink, open_audio_source,
};
use duet_media::device_watch::DeviceList;
use duet_media::screen::ScreenTarget;
use duet_media::source::{VideoFormat, VideoSourceEvent, VideoSourceSpec, open_video_source};
use duet_protocol::{AudioState, VideoState};
use tokio::sync::mpsc;

use crate::config::EndpointConfig;
use crate::event::{DeviceChange, DeviceKind};
use keeper::{Keeper, Report};
pub(crate) use link::{Consumers, MediaLink};

/// What the devices tell the driver.
#[derive(Debug)]
pub(crate) enum MediaNotice {
    /// A device of this generation changed; older generations are no longer wanted.
    Device(DeviceKind, u64, DeviceChange),
    /// A screen is shown, or cannot be any more.
    Screen(ScreenTarget, Result<(), &'static str>),
    /// The microphone's level now.
    MicrophoneLevel(f32),
    /// The devices that are connected now.
    Lists(DeviceList),
    /// The first picture of a connection was decoded.
    FirstPicture(Instant),
    /// The test tone is over.
    SpeakerTestEnded,
}

#[derive(Debug, Clone, PartialEq)]
struct Camera {
    spec: VideoSourceSpec,
    format: VideoFormat,
}

/// Which devices may be open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Wanted {
    /// The camera.
    pub(crate) camera: bool,
    /// The microphone.
    pub(crate) microphone: bool,
    /// The speaker.
    pub(crate) speaker: bool,
    /// The screen that is shared.
    pub(crate) screen: bool,
}

/// The devices of one endpoint. Dropping it closes them.
#[derive(Debug)]
pub(crate) struct LocalMedia {
    link: Arc<MediaLink>,
    wanted: Wanted,
    share: Option<ScreenTarget>,
    camera_on: bool,
    microphone_on: bool,
    camera: Camera,
    microphone: AudioSourceSpec,
    speaker: AudioSinkSpec,
    camera_keeper: Keeper<Camera>,
    microphone_keeper: Keeper<AudioSourceSpec>,
    speaker_keeper: Keeper<AudioSinkSpec>,
    ringer: Keeper<AudioSinkSpec>,
    screen_keeper: Keeper<ScreenTarget>,
    camera_works: bool,
    microphone_works: bool,
    /// Devices whose sound or pictures are not sent or played because of a fault of ours.
    faults: Vec<DeviceKind>,
}

impl LocalMedia {
    /// Opens nothing yet.
    pub(crate) fn new(config: &EndpointConfig, notices: mpsc::Sender<MediaNotice>) -> Self {
        let link = Arc::new(MediaLink::new(config.taps.clone(), notices.clone()));
        link.set_microphone_on(config.microphone_on);
        Self {
            wanted: Wanted::default(),
            share: None,
            camera_on: config.camera_on,
            microphone_on: config.microphone_on,
            camera: Camera {
                spec: config.devices.camera.clone(),
                format: config.devices.camera_format,
            },
            microphone: config.devices.microphone.clone(),
            speaker: config.devices.speaker.clone(),
            camera_keeper: camera_keeper(&link, &notices),
            microphone_keeper: microphone_keeper(&link, &notices),
            speaker_keeper: speaker_keeper(&link, &notices),
            ringer: ringer::keeper(&notices),
            screen_keeper: screen::keeper(&link, &notices),
            camera_works: true,
            microphone_works: true,
            faults: Vec::new(),
            link,
        }
    }

    /// Where pictures and sound come from and go to.
    pub(crate) fn link(&self) -> Arc<MediaLink> {
        Arc::clone(&self.link)
    }

    /// Which devices may be open: in a call, or for a preview.
    pub(crate) fn set_wanted(&mut self, wanted: Wanted) {
        if self.wanted != wanted {
            self.wanted = wanted;
            self.update();
        }
    }

    pub(crate) fn set_camera_on(&mut self, on: bool) {
        self.camera_on = on;
        self.camera_works = true;
        self.update();
    }

    pub(crate) fn set_microphone_on(&mut self, on: bool) {
        self.microphone_on = on;
        self.link.set_microphone_on(on);
    }

    pub(crate) fn select_camera(&mut self, spec: VideoSourceSpec) {
        self.camera.spec = spec;
        self.camera_works = true;
        self.update();
    }

    pub(crate) fn set_camera_format(&mut self, format: VideoFormat) {
        self.camera.format = format;
        self.update();
    }

    pub(crate) fn select_microphone(&mut self, spec: AudioSourceSpec) {
        self.microphone = spec;
        self.microphone_works = true;
        self.update();
    }

    pub(crate) fn select_speaker(&mut self, spec: AudioSinkSpec) {
        self.speaker = spec;
        self.update();
    }

    /// Plays the test tone; the speaker opens for it if it is closed.
    pub(crate) fn test_speaker(&mut self) {
        self.link.start_speaker_test();
        self.speaker_keeper.want(Some(self.speaker.clone()));
    }

    /// The test tone is over; the speaker closes if nothing else needs it.
    pub(crate) fn speaker_test_ended(&mut self) {
        self.update();
    }

    /// Plays what a caller hears while it rings there, or stops.
    pub(crate) fn set_ringback(&mut self, on: bool) {
        self.link.set_ringback(on);
        self.update();
    }

    /// Plays the ring tone on this speaker, or stops.
    pub(crate) fn set_ringing(&mut self, sink: Option<AudioSinkSpec>) {
        self.ringer.want(sink);
    }

    /// A device reported. False when it is about one that is no longer wanted.
    pub(crate) fn device_changed(
        &mut self,
        kind: DeviceKind,
        generation: u64,
        change: &DeviceChange,
    ) -> bool {
        let works = match change {
            DeviceChange::Works => true,
            DeviceChange::Failed { .. } => false,
        };
        let present = match kind {
            DeviceKind::Camera => self.camera_keeper.generation(),
            DeviceKind::Microphone => self.microphone_keeper.generation(),
            DeviceKind::Speaker => self.speaker_keeper.generation(),
            DeviceKind::Ringer => self.ringer.generation(),
        };
        if generation != present {
            return false;
        }
        match kind {
            DeviceKind::Camera => self.camera_works = works,
            DeviceKind::Microphone => self.microphone_works = works,
            DeviceKind::Speaker | DeviceKind::Ringer => {}
        }
        true
    }

    /// Notes that the media of a device is of no use, or is again.
    pub(crate) fn set_fault(&mut self, kind: DeviceKind, is_faulty: bool) {
        self.faults.retain(|faulty| *faulty != kind);
        if is_faulty {
            self.faults.push(kind);
        }
    }

    /// What [`Self::set_fault`] noted.
    pub(crate) fn faults(&self) -> Vec<DeviceKind> {
        self.faults.clone()
    }

    /// Devices came or went: those that failed are tried again at once.
    pub(crate) fn devices_changed(&mut self) {
        self.camera_keeper.retry_now();
        self.microphone_keeper.retry_now();
        self.speaker_keeper.retry_now();
        self.ringer.retry_now();
    }

    /// What we send, for the other person's screen.
    pub(crate) fn states(&self) -> (AudioState, VideoState) {
        let microphone_works =
            self.microphone_works && !self.faults.contains(&DeviceKind::Microphone);
        let audio = match (&self.microphone, microphone_works, self.microphone_on) {
            (AudioSourceSpec::None, _, _) | (_, false, _) => AudioState::None,
            (_, true, true) => AudioState::On,
            (_, true, false) => AudioState::Muted,
        };
        if self.share.is_some() {
            return (audio, VideoState::Screen);
        }
        (audio, self.camera_state())
    }

    fn camera_state(&self) -> VideoState {
        let works = self.camera_works && !self.faults.contains(&DeviceKind::Camera);
        match (&self.camera.spec, works, self.camera_on) {
            (VideoSourceSpec::None, _, _) | (_, _, false) => VideoState::Off,
            (_, true, true) => VideoState::On,
            (_, false, true) => VideoState::Lost,
        }
    }

    fn update(&mut self) {
        let share = self.share.clone().filter(|_| self.wanted.screen);
        self.link.set_sharing(share.is_some());
        self.screen_keeper.want(share);
        let camera =
            self.wanted.camera && self.camera_on && self.camera.spec != VideoSourceSpec::None;
        self.camera_keeper.want(camera.then(|| self.camera.clone()));
        let microphone = self.wanted.microphone && self.microphone != AudioSourceSpec::None;
        self.microphone_keeper
            .want(microphone.then(|| self.microphone.clone()));
        let speaker =
            self.wanted.speaker || self.link.is_testing_speaker() || self.link.plays_ringback();
        self.speaker_keeper
            .want(speaker.then(|| self.speaker.clone()));
    }
}

fn camera_keeper(link: &Arc<MediaLink>, notices: &mpsc::Sender<MediaNotice>) -> Keeper<Camera> {
    let link = Arc::clone(link);
    Keeper::start(
        DeviceKind::Camera,
        notices.clone(),
        move |camera: &Camera, report: Report| {
            let pictures = Arc::clone(&link);
            let opened = report.clone();
            open_video_source(
                &camera.spec,
                camera.format,
                Arc::new(move |frame| pictures.picture(frame)),
                Arc::new(move |event| match event {
                    VideoSourceEvent::Stalled => report.failed("camera-stalled"),
                    VideoSourceEvent::Lost(error) => report.failed(error.code()),
                    VideoSourceEvent::Recovered => report.works(),
                    VideoSourceEvent::Ended(error) => report.failed(error.code()),
                }),
            )
            .map(|source| {
                opened.works();
                Box::new(source) as keeper::OpenDevice
            })
            .map_err(|error| {
                tracing::info!(%error, "the camera could not be opened");
                error.code()
            })
        },
    )
}

fn microphone_keeper(
    link: &Arc<MediaLink>,
    notices: &mpsc::Sender<MediaNotice>,
) -> Keeper<AudioSourceSpec> {
    let link = Arc::clone(link);
    Keeper::start(
        DeviceKind::Microphone,
        notices.clone(),
        move |spec: &AudioSourceSpec, report: Report| {
            let sound = Arc::clone(&link);
            let opened = report.clone();
            open_audio_source(
                spec,
                Box::new(move |block| sound.sound(block)),
                Arc::new(move |event| tell_audio(&report, &event)),
            )
            .map(|source| {
                // A real device tells by its events.
                if !matches!(spec, AudioSourceSpec::Device(_)) {
                    opened.works();
                }
                Box::new(source) as keeper::OpenDevice
            })
            .map_err(|error| {
                tracing::info!(%error, "the microphone could not be opened");
                error.code()
            })
        },
    )
}

fn speaker_keeper(
    link: &Arc<MediaLink>,
    notices: &mpsc::Sender<MediaNotice>,
) -> Keeper<AudioSinkSpec> {
    let link = Arc::clone(link);
    Keeper::start(
        DeviceKind::Speaker,
        notices.clone(),
        move |spec: &AudioSinkSpec, report: Report| {
            let (sound, delays) = (Arc::clone(&link), Arc::clone(&link));
            let opened = report.clone();
            open_audio_sink(
                spec,
                Box::new(move |block| sound.play(block)),
                Arc::new(move |event| tell_audio(&report, &event)),
            )
            .map(|sink| {
                delays.set_speaker_delay(sink.delay());
                // A real device tells by its events.
                if !matches!(spec, AudioSinkSpec::Device(_)) {
                    opened.works();
                }
                Box::new(sink) as keeper::OpenDevice
            })
            .map_err(|error| {
                tracing::info!(%error, "the speaker could not be opened");
                error.code()
            })
        },
    )
}

fn tell_audio(report: &Report, event: &AudioDeviceEvent) {
    match event {
        AudioDeviceEvent::Running { .. } => report.works(),
        AudioDeviceEvent::Stalled => report.failed("audio-no-answer"),
        AudioDeviceEvent::Lost(error) => report.failed(error.code()),
    }
}
