//! What is remembered between runs: one JSON file in the profile's folder.
//!
//! A file that cannot be read is set aside under another name and the defaults are used, so that a
//! broken file costs the settings, never the start. Writing goes through a temporary file and a
//! rename: a crash leaves the old file or the new one.

use std::io;
use std::path::{Path, PathBuf};

use duet_protocol::IceServer;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

const FILE_NAME: &str = "settings.json";
/// Larger files are not ours.
const MAX_FILE_LEN: u64 = 256 * 1024;
const RECENT_ROOMS: usize = 8;

/// Everything that a person can choose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", default)]
pub struct Settings {
    /// The name that the other person sees.
    pub name: String,
    /// The chosen devices; empty follows the system.
    pub devices: ChosenDevices,
    /// Whether the microphone was on when last used.
    pub microphone_on: bool,
    /// Whether the camera was on when last used.
    pub camera_on: bool,
    /// The picture asked of the camera.
    pub camera_format: CameraFormat,
    /// Where the server is; empty means this machine's, or one inside the application.
    pub server_url: String,
    /// Servers whose certificate the person trusted once: URL and SHA-256 fingerprint.
    pub trusted_certificates: Vec<TrustedCertificate>,
    /// STUN and TURN servers besides those of the server.
    #[ts(type = "Array<{ urls: Array<string>, username?: string, credential?: string }>")]
    pub ice_servers: Vec<IceServer>,
    /// Which paths a call may take.
    pub ice_policy: IcePolicySetting,
    /// The language of the interface.
    pub language: Language,
    /// The colours of the interface.
    pub theme: Theme,
    /// The size of text, in percent: 100 to 140.
    pub text_percent: u16,
    /// How pictures are drawn.
    pub renderer: RendererSetting,
    /// Rooms joined lately, newest first.
    pub recent_rooms: Vec<String>,
}

/// The devices by their stable ids.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", default)]
pub struct ChosenDevices {
    /// The camera.
    pub camera: Option<ChosenDevice>,
    /// The microphone.
    pub microphone: Option<ChosenDevice>,
    /// The speaker.
    pub speaker: Option<ChosenDevice>,
}

/// A device that was chosen, with the name to show while it is not connected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ChosenDevice {
    /// The stable id.
    pub id: String,
    /// The name it had.
    pub name: String,
}

/// The picture asked of the camera; the nearest that it offers is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct CameraFormat {
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// Pictures a second.
    pub frames_per_second: u32,
}

/// A certificate trusted for one server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct TrustedCertificate {
    /// The server's URL.
    pub server_url: String,
    /// SHA-256 of the certificate, in hexadecimal.
    pub fingerprint: String,
}

/// Which paths a call may take.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum IcePolicySetting {
    /// The shortest that works.
    #[default]
    All,
    /// Through a relay only, which hides the address.
    Relay,
}

/// The language of the interface.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub enum Language {
    /// The system's.
    #[default]
    #[serde(rename = "system")]
    System,
    /// English.
    #[serde(rename = "en")]
    English,
    /// Simplified Chinese.
    #[serde(rename = "zh-CN")]
    SimplifiedChinese,
}

/// The colours of the interface.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum Theme {
    /// The system's.
    #[default]
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

/// How pictures are drawn.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum RendererSetting {
    /// What suits the machine.
    #[default]
    Auto,
    /// The 2D canvas: best without a graphics processor.
    Canvas,
    /// WebGL: best with one.
    Webgl,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            name: String::new(),
            devices: ChosenDevices::default(),
            microphone_on: true,
            camera_on: true,
            camera_format: CameraFormat::default(),
            server_url: String::new(),
            trusted_certificates: Vec::new(),
            ice_servers: Vec::new(),
            ice_policy: IcePolicySetting::default(),
            language: Language::default(),
            theme: Theme::default(),
            text_percent: 100,
            renderer: RendererSetting::default(),
            recent_rooms: Vec::new(),
        }
    }
}

impl Default for CameraFormat {
    fn default() -> Self {
        Self {
            width: 1280,
            height: 720,
            frames_per_second: 30,
        }
    }
}

impl Settings {
    /// The settings with every value inside its bounds, whatever the file or the page said.
    pub fn bounded(mut self) -> Self {
        truncate(&mut self.name, 64);
        truncate(&mut self.server_url, 512);
        self.text_percent = self.text_percent.clamp(100, 140);
        self.camera_format.width = self.camera_format.width.clamp(160, 3840);
        self.camera_format.height = self.camera_format.height.clamp(90, 2160);
        self.camera_format.frames_per_second = self.camera_format.frames_per_second.clamp(5, 60);
        self.ice_servers.truncate(8);
        self.trusted_certificates.truncate(64);
        self.recent_rooms.truncate(RECENT_ROOMS);
        self
    }

    /// Puts a room at the top of the recent ones.
    pub fn remember_room(&mut self, room_id: &str) {
        self.recent_rooms.retain(|known| known != room_id);
        self.recent_rooms.insert(0, room_id.to_owned());
        self.recent_rooms.truncate(RECENT_ROOMS);
    }

    /// The fingerprints trusted for a server.
    pub fn fingerprints_of(&self, server_url: &str) -> Vec<String> {
        self.trusted_certificates
            .iter()
            .filter(|trusted| trusted.server_url == server_url)
            .map(|trusted| trusted.fingerprint.clone())
            .collect()
    }
}

/// What was found at the start.
#[derive(Debug)]
pub struct Loaded {
    /// The settings to use.
    pub settings: Settings,
    /// Where a broken file was put, when there was one.
    pub set_aside: Option<PathBuf>,
}

/// Reads the settings of the profile in `folder`.
///
/// # Errors
/// Only when a broken file cannot even be renamed.
pub fn load(folder: &Path) -> io::Result<Loaded> {
    let path = folder.join(FILE_NAME);
    let broken = match read(&path) {
        Ok(Some(settings)) => {
            return Ok(Loaded {
                settings: settings.bounded(),
                set_aside: None,
            });
        }
        Ok(None) => None,
        Err(error) => {
            tracing::warn!(%error, "the settings file is broken and is set aside");
            let aside = folder.join(format!("{FILE_NAME}.broken"));
            std::fs::rename(&path, &aside)?;
            Some(aside)
        }
    };
    Ok(Loaded {
        settings: Settings::default(),
        set_aside: broken,
    })
}

/// Writes the settings of the profile in `folder`, which is made when missing.
///
/// # Errors
/// When the folder cannot be written.
pub fn save(folder: &Path, settings: &Settings) -> io::Result<()> {
    std::fs::create_dir_all(folder)?;
    let temporary = folder.join(format!("{FILE_NAME}.new"));
    std::fs::write(&temporary, serde_json::to_vec_pretty(settings)?)?;
    std::fs::rename(&temporary, folder.join(FILE_NAME))
}

fn read(path: &Path) -> io::Result<Option<Settings>> {
    let length = match std::fs::metadata(path) {
        Ok(metadata) => metadata.len(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    if length > MAX_FILE_LEN {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "too large"));
    }
    Ok(Some(serde_json::from_slice(&std::fs::read(path)?)?))
}

fn truncate(text: &mut String, characters: usize) {
    if let Some((end, _)) = text.char_indices().nth(characters) {
        text.truncate(end);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_saved_is_loaded() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut settings = Settings::default();
        settings.name = "Ana".to_owned();
        settings.remember_room("a");
        settings.remember_room("b");
        settings.remember_room("a");
        save(folder.path(), &settings).expect("saved");
        let loaded = load(folder.path()).expect("loaded");
        assert_eq!(loaded.settings, settings);
        assert_eq!(loaded.settings.recent_rooms, ["a", "b"]);
        assert_eq!(loaded.set_aside, None);
    }

    #[test]
    fn a_broken_file_is_set_aside() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join(FILE_NAME), "{ not json").expect("written");
        let loaded = load(folder.path()).expect("defaults");
        assert_eq!(loaded.settings, Settings::default());
        let aside = loaded.set_aside.expect("kept");
        assert_eq!(std::fs::read_to_string(aside).expect("readable"), "{ not json");
        assert_eq!(load(folder.path()).expect("again").set_aside, None);
    }

    #[test]
    fn unknown_and_missing_fields_do_no_harm() {
        let settings: Settings =
            serde_json::from_str(r#"{"name":"Bo","later":1,"textPercent":900}"#).expect("parsed");
        let settings = settings.bounded();
        assert_eq!((settings.name.as_str(), settings.text_percent), ("Bo", 140));
    }
}
