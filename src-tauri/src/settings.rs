//! What is remembered between runs: one JSON file in the profile's folder.
//!
//! A file that cannot be read is set aside under another name and the defaults are used, so that a
//! broken file costs the settings, never the start. Writing goes through a temporary file and a
//! rename: a crash leaves the old file or the new one.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::view::{Recent, RecentKind, Settings};

const FILE_NAME: &str = "settings.json";
/// Larger files are not ours.
const MAX_FILE_LEN: u64 = 256 * 1024;
/// Servers of which something is remembered.
const SERVERS: usize = 64;
/// Calls and rooms remembered.
const RECENTS: usize = 24;

/// Everything that is remembered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Stored {
    /// What the settings screen shows.
    pub settings: Settings,
    /// The chosen devices.
    pub devices: ChosenDevices,
    /// Whether the microphone was on when last used.
    pub microphone_on: bool,
    /// Whether the camera was on when last used.
    pub camera_on: bool,
    /// Certificates that the person trusted.
    pub trusted_certificates: Vec<TrustedCertificate>,
    /// What admits us to closed servers.
    pub server_tokens: Vec<ServerToken>,
    /// Calls and rooms of late, newest first.
    pub recents: Vec<Recent>,
}

/// The chosen devices by their stable ids; `None` follows the system.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ChosenDevices {
    /// The camera.
    pub camera: Option<ChosenDevice>,
    /// The microphone.
    pub microphone: Option<ChosenDevice>,
    /// The speaker.
    pub speaker: Option<ChosenDevice>,
    /// The speaker to ring on.
    pub ringer: Option<ChosenDevice>,
}

/// A device that was chosen, with the name to show while it is not connected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChosenDevice {
    /// The stable id.
    pub id: String,
    /// The name it had.
    pub name: String,
}

/// A certificate trusted for one server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TrustedCertificate {
    /// The server's URL.
    pub server_url: String,
    /// SHA-256 of the certificate, in hexadecimal.
    pub fingerprint: String,
}

/// A token for one server. Never logged.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ServerToken {
    /// The server's URL.
    pub server_url: String,
    /// The token.
    pub token: String,
}

impl fmt::Debug for ServerToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("ServerToken(…)")
    }
}

impl Default for Stored {
    fn default() -> Self {
        Self {
            settings: Settings::default(),
            devices: ChosenDevices::default(),
            microphone_on: true,
            camera_on: true,
            trusted_certificates: Vec::new(),
            server_tokens: Vec::new(),
            recents: Vec::new(),
        }
    }
}

impl Stored {
    /// Every value inside its bounds, whatever the file said.
    fn bounded(mut self) -> Self {
        self.settings.bound();
        self.trusted_certificates.truncate(SERVERS);
        self.server_tokens.truncate(SERVERS);
        self.recents.truncate(RECENTS);
        self
    }

    /// Puts a call or a room at the top of the recent ones; a room is in the list once.
    pub fn remember(&mut self, recent: Recent) {
        self.recents.retain(|known| {
            recent.kind != RecentKind::Room
                || (known.kind, &known.room_id, &known.server_url)
                    != (recent.kind, &recent.room_id, &recent.server_url)
        });
        self.recents.insert(0, recent);
        self.recents.truncate(RECENTS);
    }

    /// Trusts a certificate for a server, in place of the one before.
    pub fn trust(&mut self, server_url: &str, fingerprint: &str) {
        self.trusted_certificates
            .retain(|trusted| trusted.server_url != server_url);
        self.trusted_certificates.insert(
            0,
            TrustedCertificate {
                server_url: server_url.to_owned(),
                fingerprint: fingerprint.to_owned(),
            },
        );
        self.trusted_certificates.truncate(SERVERS);
    }

    /// Takes another token for a server; an empty one forgets it.
    pub fn set_token(&mut self, server_url: &str, token: &str) {
        self.server_tokens
            .retain(|known| known.server_url != server_url);
        if !token.is_empty() {
            let (server_url, token) = (server_url.to_owned(), token.to_owned());
            self.server_tokens
                .insert(0, ServerToken { server_url, token });
            self.server_tokens.truncate(SERVERS);
        }
    }

    /// The token for a server.
    pub fn token_for(&self, server_url: &str) -> Option<&str> {
        let known = |known: &&ServerToken| known.server_url == server_url;
        let known = self.server_tokens.iter().find(known)?;
        Some(&known.token)
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
    /// What to use.
    pub stored: Stored,
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
        Ok(Some(stored)) => {
            return Ok(Loaded {
                stored: stored.bounded(),
                set_aside: None,
            });
        }
        Ok(None) => None,
        Err(error) => {
            // What stands in the file, the error may quote.
            tracing::warn!(kind = ?error.kind(), "the settings file is broken and is set aside");
            let aside = folder.join(format!("{FILE_NAME}.broken"));
            std::fs::rename(&path, &aside)?;
            Some(aside)
        }
    };
    Ok(Loaded {
        stored: Stored::default(),
        set_aside: broken,
    })
}

/// Writes the settings of the profile in `folder`, which is made when missing.
///
/// # Errors
/// When the folder cannot be written.
pub fn save(folder: &Path, stored: &Stored) -> io::Result<()> {
    std::fs::create_dir_all(folder)?;
    let temporary = folder.join(format!("{FILE_NAME}.new"));
    private_file(&temporary)?.write_all(&serde_json::to_vec_pretty(stored)?)?;
    std::fs::rename(&temporary, folder.join(FILE_NAME))
}

/// A new file that nobody else may read, where the system knows such: credentials stand in it.
fn private_file(path: &Path) -> io::Result<File> {
    // One that a crash left may have other permissions.
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn read(path: &Path) -> io::Result<Option<Stored>> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::CallMedia;

    fn room(room_id: &str) -> Recent {
        Recent {
            kind: RecentKind::Room,
            room_id: room_id.to_owned(),
            server_url: None,
            peer_name: None,
            media: CallMedia::Video,
            ended_ms: 1,
            duration_ms: None,
        }
    }

    #[test]
    fn what_is_saved_is_loaded() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut stored = Stored::default();
        stored.settings.display_name = "Ana".to_owned();
        for id in ["a", "b", "a"] {
            stored.remember(room(id));
        }
        stored.trust("wss://x/ws", "00");
        stored.trust("wss://x/ws", "11");
        stored.set_token("wss://x/ws", "a.b");
        stored.set_token("wss://y/ws", "c.d");
        stored.set_token("wss://x/ws", "");
        save(folder.path(), &stored).expect("saved");
        let loaded = load(folder.path()).expect("loaded");
        assert_eq!(loaded.stored, stored);
        assert_eq!(loaded.stored.recents, [room("a"), room("b")]);
        assert_eq!(loaded.stored.fingerprints_of("wss://x/ws"), ["11"]);
        assert_eq!(loaded.stored.token_for("wss://x/ws"), None);
        assert_eq!(loaded.stored.token_for("wss://y/ws"), Some("c.d"));
        assert_eq!(loaded.set_aside, None);
    }

    #[test]
    #[cfg(unix)]
    fn nobody_else_reads_the_credentials() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().expect("a folder");
        for _ in 0..2 {
            save(folder.path(), &Stored::default()).expect("saved");
            let file = std::fs::metadata(folder.path().join(FILE_NAME)).expect("there");
            assert_eq!(file.permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn a_call_of_before_is_called_back_with_pictures() {
        let json = r#"{"recents":[{"kind":"missed","roomId":"","serverUrl":null,"peerName":"Ann","endedMs":1,"durationMs":null}]}"#;
        let stored = serde_json::from_str::<Stored>(json).expect("parsed");
        assert_eq!(stored.recents[0].media, CallMedia::Video);
    }

    #[test]
    fn a_broken_file_is_set_aside() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join(FILE_NAME), "{ not json").expect("written");
        let loaded = load(folder.path()).expect("defaults");
        assert_eq!(loaded.stored, Stored::default());
        let aside = loaded.set_aside.expect("kept");
        assert_eq!(
            std::fs::read_to_string(aside).expect("readable"),
            "{ not json"
        );
        assert_eq!(load(folder.path()).expect("again").set_aside, None);
    }

    #[test]
    fn unknown_and_missing_fields_do_no_harm() {
        let json = r#"{"later":1,"settings":{"displayName":"Bo","textPercent":900,"more":{}}}"#;
        let stored = serde_json::from_str::<Stored>(json)
            .expect("parsed")
            .bounded();
        let settings = &stored.settings;
        assert_eq!(
            (settings.display_name.as_str(), settings.text_percent),
            ("Bo", 140)
        );
    }
}
