//! Devices: the lists, the choice, and what happens when one goes away or comes back.
//!
//! A chosen device that is not connected stays remembered: another one is used meanwhile, and the
//! chosen one is taken back when it returns. Mute never changes with a device.

use std::time::{Duration, Instant};

use duet_engine::{DeviceChange, DeviceKind as EngineKind, DeviceNotice};
use duet_media::audio::{AudioDeviceInfo, AudioSinkSpec, AudioSourceSpec, DEFAULT_DEVICE};
use duet_media::camera::CameraInfo;
use duet_media::device_watch::DeviceList;
use duet_media::source::VideoSourceSpec;

use super::calls::ignore_closed;
use super::{Controller, Window};
use crate::commands::Done;
use crate::settings::ChosenDevice;
use crate::view::{
    CommandError, CommandErrorCode, DeviceKind, DeviceKindView, DeviceProblem, DeviceView,
    NoticeAction, NoticeData, NoticeLevel,
};

/// One kind of device, as the system lists it.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Connected {
    list: Vec<(String, String)>,
    /// Name of the system's default.
    default_name: Option<String>,
}

/// What is connected, and what was chosen before the last choice, for Undo.
#[derive(Debug, Default)]
pub(super) struct DeviceLists {
    cameras: Connected,
    microphones: Connected,
    speakers: Connected,
    /// Whether the lists were read at all.
    listed: bool,
    previous: Option<(DeviceKind, Option<ChosenDevice>)>,
    /// Devices named on the command line stay until the person chooses another.
    fixed: Vec<DeviceKind>,
    faults: Vec<Fault>,
}

/// A device that does not work at the moment.
#[derive(Debug)]
struct Fault {
    kind: DeviceKind,
    problem: DeviceProblem,
    since: Instant,
    /// Whether a notice told of it.
    is_told: bool,
}

/// A sound device that stops is opened again at once, and mostly works then: only what lasts longer
/// is worth a notice.
const SOUND_MENDS_WITHIN: Duration = Duration::from_secs(1);

impl DeviceLists {
    /// Nothing is listed yet.
    pub(super) fn with_fixed(fixed: Vec<DeviceKind>) -> Self {
        Self {
            fixed,
            ..Self::default()
        }
    }
}

impl<W: Window> Controller<W> {
    /// Follows the lists that the endpoint sends: once at the start and with every change.
    pub(super) async fn devices_listed(&mut self, list: DeviceList) {
        let is_first = !std::mem::replace(&mut self.devices.listed, true);
        self.devices.cameras = cameras(list.cameras);
        self.devices.microphones = sound_devices(list.microphones);
        self.devices.speakers = sound_devices(list.speakers);
        for kind in [
            DeviceKind::Camera,
            DeviceKind::Microphone,
            DeviceKind::Speaker,
            DeviceKind::Ringer,
        ] {
            let before = self.kind_view(kind).clone();
            self.refresh_kind(kind);
            let after = self.kind_view(kind).clone();
            if !is_first {
                self.follow_change(kind, &before, &after);
            }
            if is_first || before.active_name != after.active_name || before.absent != after.absent
            {
                self.use_device(kind).await;
            }
        }
    }

    /// Chooses a device; `None` follows the system.
    pub(super) async fn select_device(&mut self, kind: DeviceKind, id: Option<String>) -> Done {
        let chosen = match id {
            None => None,
            Some(id) => {
                let connected = self.connected(kind);
                let found = connected.list.iter().find(|(known, _)| *known == id);
                let (id, name) = found.cloned().ok_or_else(|| CommandError {
                    code: CommandErrorCode::Device,
                    detail: "this device is not connected".to_owned(),
                })?;
                Some(ChosenDevice { id, name })
            }
        };
        let previous = std::mem::replace(self.chosen_mut(kind), chosen);
        self.devices.previous = Some((kind, previous));
        self.devices.fixed.retain(|fixed| *fixed != kind);
        self.save();
        self.refresh_kind(kind);
        self.use_device(kind).await;
        Ok(())
    }

    /// Goes back to the device before the last choice.
    pub(super) async fn undo_device_change(&mut self, kind: DeviceKind) {
        if let Some((previous_kind, chosen)) = self.devices.previous.take()
            && previous_kind == kind
        {
            *self.chosen_mut(kind) = chosen;
            self.save();
            self.refresh_kind(kind);
            self.use_device(kind).await;
        }
    }

    /// Tries a device that failed again.
    pub(super) async fn retry_device(&mut self, kind: DeviceKind) {
        match kind {
            DeviceKind::Camera => {
                // Off and on again opens it anew without a change of the person's switch.
                if self.view.camera.on {
                    ignore_closed(self.endpoint.set_camera(false).await);
                    ignore_closed(self.endpoint.set_camera(true).await);
                }
            }
            DeviceKind::Microphone | DeviceKind::Speaker | DeviceKind::Ringer => {
                self.use_device(kind).await;
            }
        }
    }

    /// A device of the endpoint failed or works.
    pub(super) async fn device_notice(&mut self, notice: DeviceNotice) {
        let kind = match notice.kind {
            EngineKind::Camera => DeviceKind::Camera,
            EngineKind::Microphone => DeviceKind::Microphone,
            EngineKind::Speaker => DeviceKind::Speaker,
            EngineKind::Ringer => DeviceKind::Ringer,
        };
        tracing::debug!(?kind, change = ?notice.change, "device");
        match notice.change {
            DeviceChange::Works => self.device_works(kind),
            DeviceChange::Failed { code } => {
                let problem = problem(code, self.connected(kind).list.is_empty());
                self.set_problem(kind, Some(problem));
                if self.devices.faults.iter().all(|fault| fault.kind != kind) {
                    self.devices.faults.push(Fault {
                        kind,
                        problem,
                        since: Instant::now(),
                        is_told: false,
                    });
                }
                self.tell_of_faults();
            }
        }
    }

    fn device_works(&mut self, kind: DeviceKind) {
        self.set_problem(kind, None);
        let was_told = self
            .devices
            .faults
            .iter()
            .any(|fault| fault.kind == kind && fault.is_told);
        self.devices.faults.retain(|fault| fault.kind != kind);
        if was_told {
            self.withdraw(
                |data| matches!(data, NoticeData::DeviceFailed { device, .. } if *device == kind),
            );
            let name = self.active_name(kind);
            let data = NoticeData::DeviceBack { device: kind, name };
            self.notify(NoticeLevel::Ok, data, Vec::new());
        }
    }

    /// Tells of the faults that no notice told of and that did not mend by themselves.
    pub(super) fn tell_of_faults(&mut self) {
        let mut due = Vec::new();
        for fault in &mut self.devices.faults {
            let mends = fault.kind != DeviceKind::Camera;
            if !fault.is_told && (!mends || fault.since.elapsed() >= SOUND_MENDS_WITHIN) {
                fault.is_told = true;
                due.push((fault.kind, fault.problem));
            }
        }
        for (kind, problem) in due {
            let data = NoticeData::DeviceFailed {
                device: kind,
                name: self.active_name(kind),
                problem,
            };
            let actions = match kind {
                // It is tried again by itself as long as it rings.
                DeviceKind::Ringer => vec![NoticeAction::PickAnother],
                DeviceKind::Camera | DeviceKind::Microphone | DeviceKind::Speaker => {
                    vec![NoticeAction::Retry, NoticeAction::PickAnother]
                }
            };
            self.notify(NoticeLevel::Error, data, actions);
        }
    }

    /// Tells about a device in use that went away, or a chosen one that came back.
    fn follow_change(&mut self, kind: DeviceKind, before: &DeviceKindView, after: &DeviceKindView) {
        let lost = match (&before.active_name, &before.absent) {
            (Some(name), None) if after.absent.is_some() => Some(name.clone()),
            (Some(name), _)
                if after.list.len() < before.list.len()
                    && before.active_name != after.active_name =>
            {
                Some(name.clone())
            }
            (Some(_) | None, _) => None,
        };
        // The system's own speaker is told of once, as the speaker.
        let lost =
            lost.filter(|_| kind != DeviceKind::Ringer || self.stored.devices.ringer.is_some());
        if let Some(name) = lost {
            let data = NoticeData::DeviceLost {
                device: kind,
                name,
                fallback_name: after.active_name.clone(),
            };
            self.notify(NoticeLevel::Warn, data, vec![NoticeAction::PickAnother]);
            return;
        }
        if let (Some(absent), None) = (&before.absent, &after.absent) {
            let name = absent.name.clone();
            let data = NoticeData::DeviceBack { device: kind, name };
            self.notify(NoticeLevel::Ok, data, Vec::new());
        }
    }

    /// Tells the endpoint which device to use now.
    async fn use_device(&mut self, kind: DeviceKind) {
        if self.devices.fixed.contains(&kind) {
            return;
        }
        let id = self.active_id(kind);
        let done = match kind {
            DeviceKind::Camera => {
                let spec = id.map_or(VideoSourceSpec::None, VideoSourceSpec::Device);
                if spec == VideoSourceSpec::None {
                    self.set_problem(kind, Some(DeviceProblem::NoneFound));
                } else {
                    self.set_problem(kind, None);
                }
                self.endpoint.select_camera(spec).await
            }
            DeviceKind::Microphone => {
                let id = id.unwrap_or_else(|| DEFAULT_DEVICE.to_owned());
                self.endpoint
                    .select_microphone(AudioSourceSpec::Device(id))
                    .await
            }
            DeviceKind::Speaker => {
                let id = id.unwrap_or_else(|| DEFAULT_DEVICE.to_owned());
                self.endpoint
                    .select_speaker(AudioSinkSpec::Device(id))
                    .await
            }
            DeviceKind::Ringer => {
                self.ring_elsewhere().await;
                return;
            }
        };
        ignore_closed(done);
    }

    fn refresh_kind(&mut self, kind: DeviceKind) {
        let chosen = self.chosen(kind).clone();
        let connected = self.connected(kind).clone();
        let is_there = |id: &String| connected.list.iter().any(|(known, _)| known == id);
        let absent = chosen.as_ref().filter(|chosen| !is_there(&chosen.id));
        let active_name = match &chosen {
            Some(chosen) if absent.is_none() => Some(chosen.name.clone()),
            Some(_) | None => connected.default_name.clone(),
        };
        *self.kind_view(kind) = DeviceKindView {
            list: connected
                .list
                .iter()
                .map(|(id, name)| DeviceView {
                    id: id.clone(),
                    name: name.clone(),
                })
                .collect(),
            selected_id: chosen.as_ref().map(|chosen| chosen.id.clone()),
            default_name: connected.default_name.clone(),
            active_name,
            absent: absent.map(|absent| DeviceView {
                id: absent.id.clone(),
                name: absent.name.clone(),
            }),
        };
    }

    /// The id of the device to use: the chosen one, or for a camera the first.
    pub(super) fn active_id(&self, kind: DeviceKind) -> Option<String> {
        let connected = self.connected(kind);
        let chosen = self.chosen(kind).as_ref().map(|chosen| chosen.id.clone());
        let chosen = chosen.filter(|id| connected.list.iter().any(|(known, _)| known == id));
        match kind {
            DeviceKind::Camera => {
                chosen.or_else(|| connected.list.first().map(|(id, _)| id.clone()))
            }
            DeviceKind::Microphone | DeviceKind::Speaker | DeviceKind::Ringer => chosen,
        }
    }

    fn active_name(&mut self, kind: DeviceKind) -> String {
        self.kind_view(kind).active_name.clone().unwrap_or_default()
    }

    fn set_problem(&mut self, kind: DeviceKind, problem: Option<DeviceProblem>) {
        match kind {
            DeviceKind::Camera => self.view.camera.problem = problem,
            DeviceKind::Microphone => self.view.microphone.problem = problem,
            DeviceKind::Speaker | DeviceKind::Ringer => {}
        }
    }

    fn kind_view(&mut self, kind: DeviceKind) -> &mut DeviceKindView {
        match kind {
            DeviceKind::Camera => &mut self.view.devices.cameras,
            DeviceKind::Microphone => &mut self.view.devices.microphones,
            DeviceKind::Speaker => &mut self.view.devices.speakers,
            DeviceKind::Ringer => &mut self.view.devices.ringers,
        }
    }

    fn connected(&self, kind: DeviceKind) -> &Connected {
        match kind {
            DeviceKind::Camera => &self.devices.cameras,
            DeviceKind::Microphone => &self.devices.microphones,
            DeviceKind::Speaker | DeviceKind::Ringer => &self.devices.speakers,
        }
    }

    fn chosen(&self, kind: DeviceKind) -> &Option<ChosenDevice> {
        let chosen = &self.stored.devices;
        match kind {
            DeviceKind::Camera => &chosen.camera,
            DeviceKind::Microphone => &chosen.microphone,
            DeviceKind::Speaker => &chosen.speaker,
            DeviceKind::Ringer => &chosen.ringer,
        }
    }

    fn chosen_mut(&mut self, kind: DeviceKind) -> &mut Option<ChosenDevice> {
        let chosen = &mut self.stored.devices;
        match kind {
            DeviceKind::Camera => &mut chosen.camera,
            DeviceKind::Microphone => &mut chosen.microphone,
            DeviceKind::Speaker => &mut chosen.speaker,
            DeviceKind::Ringer => &mut chosen.ringer,
        }
    }
}

fn cameras(cameras: Vec<CameraInfo>) -> Connected {
    let default_name = cameras.first().map(|camera| camera.name.clone());
    let list = cameras
        .into_iter()
        .map(|camera| (camera.id, camera.name))
        .collect();
    Connected { list, default_name }
}

fn sound_devices(devices: Vec<AudioDeviceInfo>) -> Connected {
    let default = devices.iter().find(|device| device.is_default);
    let default_name = default.map(|device| device.name.clone());
    // The system's default is the choice without an id.
    let list = devices
        .into_iter()
        .filter(|device| device.id != DEFAULT_DEVICE)
        .map(|device| (device.id, device.name))
        .collect();
    Connected { list, default_name }
}

/// The codes of the media crate, sorted by what a person can do about them.
fn problem(code: &str, none_connected: bool) -> DeviceProblem {
    match code {
        _ if none_connected => DeviceProblem::NoneFound,
        code if code.ends_with("in-use") => DeviceProblem::InUse,
        code if code.ends_with("forbidden") => DeviceProblem::NotAllowed,
        code if code.ends_with("missing") => DeviceProblem::NoneFound,
        code if code.ends_with("stalled") || code.ends_with("no-answer") => DeviceProblem::Stalled,
        _ => DeviceProblem::Failed,
    }
}
