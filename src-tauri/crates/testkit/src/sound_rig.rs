//! A private sound server with speakers that can be listened to and microphones that can be spoken
//! into.
//!
//! A PulseAudio of its own, with its socket in a temporary folder. A speaker is a null sink whose
//! monitor is recorded; a microphone is a source remapped from the monitor of a null sink, its feed.
//! The rig starts with `speaker` and `mic` as defaults. Two applications on one machine take two
//! rigs, or two pairs of devices.

use crate::{process::Process, tone};
use anyhow::{Context, Result, bail};
use parking_lot::Mutex;
use std::{
    collections::HashMap,
    env, fs,
    io::{Read, Write},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::Duration,
};
use tempfile::TempDir;

/// Samples per second of every device.
pub const RATE_HZ: u32 = 48_000;
/// Names the folder that [`crate::rigged`] chose before the process started.
pub(crate) const FOLDER: &str = "DUET_TEST_SOUND_FOLDER";
const START_TIMEOUT: Duration = Duration::from_secs(20);
const PROGRAMS: [&str; 4] = ["pulseaudio", "pactl", "pacat", "parec"];

/// A running sound server.
#[derive(Debug)]
pub struct SoundRig {
    // Fields drop in this order: the server ends before its folder goes.
    server: Process,
    folder: PathBuf,
    _temporary: Option<TempDir>,
    modules: Mutex<HashMap<String, Vec<String>>>,
}

/// Sound that is being played; dropping it ends it.
#[derive(Debug)]
pub struct Playing {
    _player: Process,
}

impl SoundRig {
    /// Starts a server with one speaker, `speaker`, and one microphone, `mic`.
    pub fn start() -> Result<Self> {
        let (folder, temporary) = match env::var_os(FOLDER) {
            Some(folder) => (PathBuf::from(folder), None),
            None => {
                let temporary = tempfile::tempdir()?;
                (temporary.path().to_owned(), Some(temporary))
            }
        };
        let socket = format!(
            "module-native-protocol-unix socket={} auth-anonymous=1",
            socket(&folder).display()
        );
        let mut command = Command::new("pulseaudio");
        command
            .args(["-n", "--daemonize=no", "--exit-idle-time=-1"])
            .args(["--disallow-exit", "--use-pid-file=no", "-L", &socket])
            .envs(environment(&folder)?)
            .env_remove("LD_PRELOAD")
            .stdin(Stdio::null());
        let rig = Self {
            server: Process::spawn("pulseaudio", &mut command)?,
            folder,
            _temporary: temporary,
            modules: Mutex::default(),
        };
        rig.wait_until_ready()?;
        rig.add_speaker("speaker")?;
        rig.add_microphone("mic")?;
        rig.set_default_speaker("speaker")?;
        rig.set_default_microphone("mic")?;
        Ok(rig)
    }

    /// What to set in the environment of a process that shall use this server.
    pub fn env(&self) -> Result<Vec<(String, String)>> {
        environment(&self.folder)
    }

    /// The server's process id.
    pub fn pid(&self) -> u32 {
        self.server.pid()
    }

    /// Plugs in a speaker. `name` may hold letters, digits, `_` and `-`.
    pub fn add_speaker(&self, name: &str) -> Result<()> {
        let module = self.load(&[
            "module-null-sink",
            &format!("sink_name={name}"),
            &format!("rate={RATE_HZ}"),
            "channels=2",
            &format!("sink_properties=device.description={name}"),
        ])?;
        self.modules.lock().insert(name.to_owned(), vec![module]);
        Ok(())
    }

    /// Plugs in a microphone.
    pub fn add_microphone(&self, name: &str) -> Result<()> {
        let feed = self.load(&[
            "module-null-sink",
            &format!("sink_name={name}_feed"),
            &format!("rate={RATE_HZ}"),
            "channels=1",
        ])?;
        let source = self.load(&[
            "module-remap-source",
            &format!("source_name={name}"),
            &format!("master={name}_feed.monitor"),
            &format!("source_properties=device.description={name}"),
        ])?;
        let modules = vec![source, feed];
        self.modules.lock().insert(name.to_owned(), modules);
        Ok(())
    }

    /// Unplugs a speaker or microphone. PulseAudio moves its streams and reports no error.
    pub fn unplug(&self, name: &str) -> Result<()> {
        let modules = self.modules.lock().remove(name);
        for module in modules.with_context(|| format!("no device {name}"))? {
            self.pactl(&["unload-module", &module])?;
        }
        Ok(())
    }

    /// What the system uses where an application does not choose.
    pub fn set_default_speaker(&self, name: &str) -> Result<()> {
        self.pactl(&["set-default-sink", name]).map(drop)
    }

    /// What the system uses where an application does not choose.
    pub fn set_default_microphone(&self, name: &str) -> Result<()> {
        self.pactl(&["set-default-source", name]).map(drop)
    }

    /// Speaks a sine of −12 dBFS into a microphone for as long as the value lives.
    pub fn play_tone_into(&self, microphone: &str, frequency_hz: f32) -> Result<Playing> {
        // A whole number of seconds of a whole number of hertz repeats without a click.
        let second = tone::sine(frequency_hz.round(), 0.25, 1.0, RATE_HZ);
        self.play_into(microphone, second, true)
    }

    /// Speaks mono samples into a microphone, once or again and again.
    pub fn play_into(&self, microphone: &str, samples: Vec<f32>, again: bool) -> Result<Playing> {
        let mut command = self.command("pacat");
        command
            .args(["--playback", "--raw", "--latency-msec=40", "--device"])
            .arg(format!("{microphone}_feed"))
            .args(["--rate=48000", "--channels=1", "--format=s16le"])
            .stdin(Stdio::piped());
        let mut player = Process::spawn("pacat", &mut command)?;
        let mut pipe = player.take_stdin().context("no standard input")?;
        let bytes: Vec<u8> = samples
            .iter()
            .flat_map(|sample| ((sample.clamp(-1.0, 1.0) * 32_767.0) as i16).to_le_bytes())
            .collect();
        thread::spawn(move || while pipe.write_all(&bytes).is_ok() && again {});
        Ok(Playing { _player: player })
    }

    /// What a speaker plays from now on, mono, for this many seconds. It waits for them.
    pub fn record(&self, speaker: &str, seconds: f32) -> Result<Vec<f32>> {
        let mut command = self.command("parec");
        command
            .args(["--raw", "--latency-msec=40", "--device"])
            .arg(format!("{speaker}.monitor"))
            .args(["--rate=48000", "--channels=1", "--format=s16le"])
            .stdin(Stdio::null());
        let (_recorder, mut pipe) = Process::spawn_binary("parec", &mut command)?;
        let mut bytes = vec![0; (seconds * RATE_HZ as f32) as usize * 2];
        pipe.read_exact(&mut bytes).context("parec ended early")?;
        Ok(samples(&bytes))
    }

    /// Runs `pactl` against this server and returns what it printed.
    pub fn pactl(&self, arguments: &[&str]) -> Result<String> {
        let output = self.command("pactl").args(arguments).output()?;
        if !output.status.success() {
            let error = String::from_utf8_lossy(&output.stderr);
            bail!("pactl {arguments:?}: {error}");
        }
        Ok(String::from_utf8(output.stdout)?.trim().to_owned())
    }

    fn load(&self, arguments: &[&str]) -> Result<String> {
        let mut all = vec!["load-module"];
        all.extend(arguments);
        self.pactl(&all)
    }

    fn wait_until_ready(&self) -> Result<()> {
        crate::process::eventually("the sound server answers", START_TIMEOUT, || {
            self.pactl(&["info"]).is_ok()
        })
        .with_context(|| self.server.lines().join("\n"))
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        let environment = environment(&self.folder).unwrap_or_default();
        command.envs(environment).env_remove("LD_PRELOAD");
        command
    }
}

/// True, and written down as skipped, where PulseAudio is not installed.
pub fn unavailable(test: &str) -> bool {
    crate::skip::without_programs(test, &PROGRAMS)
}

/// The environment of a server whose files lie in `folder`; makes what clients expect there.
pub(crate) fn environment(folder: &Path) -> Result<Vec<(String, String)>> {
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
    let cookie = folder.join("cookie");
    if !cookie.exists() {
        fs::write(&cookie, [0; 256])?;
    }
    let text = |path: &Path| path.to_string_lossy().into_owned();
    let server = format!("unix:{}", text(&socket(folder)));
    let pairs = [
        ("XDG_RUNTIME_DIR", text(folder)),
        ("PULSE_RUNTIME_PATH", text(folder)),
        ("PULSE_STATE_PATH", text(folder)),
        ("PULSE_COOKIE", text(&cookie)),
        ("PULSE_SERVER", server),
    ];
    Ok(pairs.map(|(name, value)| (name.to_owned(), value)).into())
}

fn socket(folder: &Path) -> PathBuf {
    folder.join("pulse.sock")
}

/// Mono PCM of 16 bits, little-endian, as numbers from −1 to 1.
#[must_use]
pub fn samples(pcm: &[u8]) -> Vec<f32> {
    pcm.chunks_exact(2)
        .map(|pair| f32::from(i16::from_le_bytes([pair[0], pair[1]])) / 32_768.0)
        .collect()
}
