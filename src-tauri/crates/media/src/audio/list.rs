//! Which microphones and speakers there are.

use std::sync::Arc;

use cpal::traits::{DeviceTrait, HostTrait};
use cpal::{Device, HostId};
use parking_lot::Mutex;

use super::AudioError;
use super::route::{self, Candidate, Route};

/// The id that stands for whatever the system uses at the moment.
pub const DEFAULT_DEVICE: &str = "default";

/// A microphone or speaker that can be chosen.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct AudioDeviceInfo {
    /// Stable id for `device:ID` and settings: the system's own, with its sound system in front.
    pub id: String,
    /// The name that the system shows.
    pub name: String,
    /// Whether `default` means this one at the moment.
    pub is_default: bool,
}

/// ALSA's device without a device: it would hide that there is none.
const NOWHERE: [&str; 1] = ["alsa:null"];

/// Which way sound goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    Input,
    Output,
}

/// Lists microphones in the system's order. An empty list is no error. Blocks for a few
/// milliseconds.
pub fn list_microphones() -> Result<Vec<AudioDeviceInfo>, AudioError> {
    Ok(Devices::look(Direction::Input)?.shown())
}

/// Lists speakers in the system's order. An empty list is no error. Blocks for a few milliseconds.
pub fn list_speakers() -> Result<Vec<AudioDeviceInfo>, AudioError> {
    Ok(Devices::look(Direction::Output)?.shown())
}

/// A device as the sound system has it.
pub(super) struct Present {
    pub(super) device: Device,
    pub(super) info: AudioDeviceInfo,
    /// The id without the sound system.
    pub(super) short_id: String,
    /// PulseAudio offers what a speaker plays as a microphone. Nobody wants it in a list of
    /// microphones, but its id works.
    pub(super) is_monitor: bool,
}

/// The connection to the sound server that looks share.
static SHARED: Mutex<Option<Arc<cpal::Host>>> = Mutex::new(None);

/// All devices of one direction at one moment.
pub(super) struct Devices(pub(super) Vec<Present>);

impl Devices {
    /// Asks the sound system, to look and not to open anything. Through the one connection that all looks share:
    /// the library never ends the thread and the connection of one that is dropped while nothing happens, and
    /// PulseAudio takes 64. One that outlived a restart of the sound server is dead, and is made anew.
    pub(super) fn look(direction: Direction) -> Result<Devices, AudioError> {
        let shared = SHARED.lock().clone();
        if let Some(host) = shared
            && let Ok(devices) = Devices::read_from(&host, direction)
        {
            return Ok(devices);
        }
        let host = Arc::new(cpal::default_host());
        let devices = Devices::read_from(&host, direction);
        // ALSA has no connection to keep, and would hide a sound server that starts later.
        let keeps = host.id() == PULSE && devices.is_ok();
        *SHARED.lock() = keeps.then_some(host);
        devices
    }

    /// Asks the sound system through a connection of its own, on which what is found can be opened: streams do not
    /// wait for each other.
    pub(super) fn read(direction: Direction) -> Result<Devices, AudioError> {
        Devices::read_from(&cpal::default_host(), direction)
    }

    pub(super) fn read_from(
        host: &cpal::Host,
        direction: Direction,
    ) -> Result<Devices, AudioError> {
        let (default, supports): (_, fn(&Device) -> bool) = match direction {
            Direction::Input => (host.default_input_device(), Device::supports_input),
            Direction::Output => (host.default_output_device(), Device::supports_output),
        };
        let default = default.and_then(|device| device.id().ok());
        let mut present = Vec::new();
        for device in host.devices()?.filter(supports) {
            let Ok(id) = device.id() else {
                continue;
            };
            if NOWHERE.contains(&id.to_string().as_str()) {
                continue;
            }
            let is_default = default.as_ref() == Some(&id);
            let name = device.description().map_or_else(
                |_| id.id().to_owned(),
                |description| description.name().to_owned(),
            );
            let is_monitor = id.host() == PULSE && id.id().ends_with(".monitor");
            let info = AudioDeviceInfo {
                id: id.to_string(),
                name,
                is_default,
            };
            present.push(Present {
                device,
                info,
                short_id: id.id().to_owned(),
                is_monitor,
            });
        }
        Ok(Devices(present))
    }

    /// The device to open for what is wanted.
    pub(super) fn route(&self, wanted: &str) -> Option<Route> {
        let candidates: Vec<_> = self
            .0
            .iter()
            .map(|present| Candidate {
                id: &present.info.id,
                short_id: &present.short_id,
                is_default: present.info.is_default,
                is_monitor: present.is_monitor,
            })
            .collect();
        route::choose(wanted, &candidates)
    }

    pub(super) fn shown(&self) -> Vec<AudioDeviceInfo> {
        let shown = self.0.iter().filter(|device| !device.is_monitor);
        shown.map(|device| device.info.clone()).collect()
    }
}

#[cfg(target_os = "linux")]
const PULSE: HostId = HostId::PulseAudio;

/// A value that no device with `.monitor` at its end has: there are no monitors elsewhere.
#[cfg(target_os = "windows")]
const PULSE: HostId = HostId::Wasapi;
#[cfg(target_os = "macos")]
const PULSE: HostId = HostId::CoreAudio;
