//! Cameras without hardware, which the unmodified capture library opens.
//!
//! A camera is a text file `/dev/videoN` with a free number, and a library preloaded into the
//! process under test that answers the V4L2 calls for such files (`fakecam/`, C, compiled once with
//! `cc`). Making files in `/dev` takes root or a container. A camera holds its number by a lock for as
//! long as it lives, also while it is unplugged: another test must not get a number that comes
//! back. A real camera's number is never touched; files of test processes that died, whose locks
//! are free, are cleared away.
//!
//! Rejected: v4l2loopback (a kernel module), PipeWire's `pw-v4l2` (the capture library's calls pass
//! it by), and a source of our own inside the application (would leave the real path untested).

use crate::target_dir;
use anyhow::{Context, Result, bail};
use std::{
    collections::hash_map::DefaultHasher,
    fs::{self, File, OpenOptions, TryLockError},
    hash::{Hash, Hasher},
    io::{ErrorKind, Write},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    process::Command,
};

const MAGIC: &str = "#fakecam\n";
/// Numbers below are left to real cameras that are plugged in during a test.
const FIRST_NUMBER: u32 = 20;
const LAST_NUMBER: u32 = 63;
/// `state=` is the second line, padded to one width, so that it changes in place and at once.
const STATE_OFFSET: u64 = MAGIC.len() as u64;
/// Taken along, so that a target folder that serves another checkout too finds nothing of that one.
const SOURCES: [(&str, &str); 6] = [
    ("fakecam.h", include_str!("fakecam/fakecam.h")),
    ("camera.c", include_str!("fakecam/camera.c")),
    ("clip.c", include_str!("fakecam/clip.c")),
    ("config.c", include_str!("fakecam/config.c")),
    ("interpose.c", include_str!("fakecam/interpose.c")),
    ("ioctls.c", include_str!("fakecam/ioctls.c")),
];

/// How a camera behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CameraState {
    /// Works.
    Ok,
    /// Opens, but another program streams from it: setting a format and starting give EBUSY.
    Busy,
    /// May not be opened: EACCES.
    Forbidden,
    /// Streams no more pictures and reports no error.
    Hanging,
}

/// What a camera shows.
#[derive(Debug, Clone, Copy)]
pub struct CameraClip<'a> {
    /// YUV4MPEG2, 4:2:0: offered as YUYV and NV12, scaled to the size asked for.
    pub y4m: &'a Path,
    /// JPEG pictures one after the other, of the same size: offered as MJPG.
    pub mjpeg: Option<&'a Path>,
    /// The highest frame rate, in frames per second.
    pub fps: u32,
}

/// A camera that is plugged in; dropping it unplugs it for good.
#[derive(Debug)]
pub struct FakeCamera {
    path: PathBuf,
    number: u32,
    description: String,
    /// Dropped after the file is gone (fields are dropped after `drop`).
    _claim: File,
}

impl FakeCamera {
    /// Plugs in a camera of this name.
    pub fn create(name: &str, clip: CameraClip<'_>) -> Result<Self> {
        let mut description = format!("{MAGIC}{}\n", state_line(CameraState::Ok));
        let y4m = fs::canonicalize(clip.y4m)?;
        description += &format!("name={name}\nfps={}\n", clip.fps);
        description += &format!("source={}\n", y4m.display());
        if let Some(mjpeg) = clip.mjpeg {
            description += &format!("mjpeg={}\n", fs::canonicalize(mjpeg)?.display());
        }
        for number in FIRST_NUMBER..=LAST_NUMBER {
            let Some(claim) = claim(number)? else {
                continue;
            };
            let path = device_path(number);
            clear_abandoned(number);
            match write_new(&path, &description) {
                Ok(()) => {
                    return Ok(Self {
                        path,
                        number,
                        description,
                        _claim: claim,
                    });
                }
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => {
                    return Err(error).context(format!("cannot make {}", path.display()));
                }
            }
        }
        bail!("no free camera number up to {LAST_NUMBER}")
    }

    /// `/dev/videoN`.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The number in the path, which the capture library calls the index.
    pub fn number(&self) -> u32 {
        self.number
    }

    /// Pulls the plug: the device is gone, whoever has it open gets ENODEV.
    pub fn unplug(&self) -> Result<()> {
        fs::remove_file(&self.path).with_context(|| format!("unplugging {}", self.path.display()))
    }

    /// Plugs it in again, under the same number. Whoever had it open must open it again.
    pub fn replug(&self) -> Result<()> {
        write_new(&self.path, &self.description)
            .with_context(|| format!("plugging in {}", self.path.display()))
    }

    /// Changes how it behaves from now on.
    pub fn set_state(&self, state: CameraState) -> Result<()> {
        let file = OpenOptions::new()
            .write(true)
            .open(text_path(self.number))?;
        file.write_all_at(state_line(state).as_bytes(), STATE_OFFSET)?;
        Ok(())
    }
}

impl Drop for FakeCamera {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// What to set in the environment of a process that shall see the cameras.
pub fn preload_env() -> Result<Vec<(String, String)>> {
    let library = library()?.to_string_lossy().into_owned();
    let value = match std::env::var("LD_PRELOAD") {
        Ok(already) if already.split(':').any(|one| one == library) => already,
        Ok(already) if !already.is_empty() => format!("{library}:{already}"),
        Ok(_) | Err(_) => library,
    };
    Ok(vec![("LD_PRELOAD".to_owned(), value)])
}

/// True, and written down as skipped, where no camera can be made.
pub fn unavailable(test: &str) -> bool {
    if tempfile::tempfile_in("/dev").is_err() {
        crate::skip::record(test, "making a camera in /dev takes root");
        return true;
    }
    crate::skip::without_programs(test, &["cc"])
}

/// The preloaded library, compiled at the first use of these sources.
fn library() -> Result<PathBuf> {
    let mut hasher = DefaultHasher::new();
    SOURCES.hash(&mut hasher);
    let folder = target_dir::kept("fakecam")?;
    let library = folder.join(format!("libfakecam-{:016x}.so", hasher.finish()));
    if library.is_file() {
        return Ok(library);
    }
    // Made elsewhere and moved: two tests may be here at once.
    let drafts = tempfile::tempdir_in(&folder)?;
    for (name, text) in SOURCES {
        fs::write(drafts.path().join(name), text)?;
    }
    let draft = drafts.path().join("libfakecam.so");
    let mut compiler = Command::new("cc");
    compiler.args(["-std=gnu11", "-O2", "-Wall", "-Wextra", "-shared", "-fPIC"]);
    compiler.args(["-fvisibility=hidden", "-pthread"]);
    let units = SOURCES.iter().filter(|(name, _)| name.ends_with(".c"));
    compiler.args(units.map(|(name, _)| drafts.path().join(name)));
    let output = compiler
        .args(["-ldl", "-o"])
        .arg(&draft)
        .output()
        .context("cannot run cc")?;
    if !output.status.success() {
        bail!("cc: {}", String::from_utf8_lossy(&output.stderr));
    }
    fs::rename(&draft, &library)?;
    Ok(library)
}

fn device_path(number: u32) -> PathBuf {
    PathBuf::from(format!("/dev/video{number}"))
}

/// The same file by a path that the preloaded library does not take for a camera: the rig itself
/// reads and writes the text even in a process that sees the camera.
fn text_path(number: u32) -> PathBuf {
    PathBuf::from(format!("/dev/./video{number}"))
}

/// Appears whole or not at all: a half-written file would be no camera.
fn write_new(path: &Path, text: &str) -> std::io::Result<()> {
    let mut draft = tempfile::Builder::new()
        .prefix(".fakecam-")
        .tempfile_in("/dev")?;
    draft.write_all(text.as_bytes())?;
    draft.persist_noclobber(path).map_err(|error| error.error)?;
    Ok(())
}

fn state_line(state: CameraState) -> String {
    let word = match state {
        CameraState::Ok => "ok",
        CameraState::Busy => "busy",
        CameraState::Forbidden => "forbidden",
        CameraState::Hanging => "hang",
    };
    format!("state={word:<9}")
}

/// The right to this number, or nothing if a camera of some test holds it.
fn claim(number: u32) -> Result<Option<File>> {
    let path = std::env::temp_dir().join(format!("duet-fakecam-{number}.lock"));
    let file = File::create(&path).with_context(|| format!("making {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => {
            Err(error).with_context(|| format!("locking {}", path.display()))
        }
    }
}

/// Removes the camera that a test process left at a number claimed by us when it died.
fn clear_abandoned(number: u32) {
    let path = device_path(number);
    let is_plain_file = fs::symlink_metadata(&path).is_ok_and(|data| data.is_file());
    let text = fs::read_to_string(text_path(number)).unwrap_or_default();
    if is_plain_file && text.starts_with(MAGIC) {
        let _ = fs::remove_file(&path);
    }
}
