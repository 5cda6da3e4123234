//! Moving pictures for cameras and file sources, made once and kept in the target directory.

use crate::target_dir;
use anyhow::{Context, Result, ensure};
use std::{
    fs::{self, File},
    io::{BufWriter, Write},
    path::{Path, PathBuf},
    process::Command,
};

/// A moving test pattern (ffmpeg's `testsrc2`), as y4m.
pub fn moving_pattern(width: u32, height: u32, fps: u32, seconds: u32) -> Result<PathBuf> {
    let name = format!("pattern-{width}x{height}-{fps}fps-{seconds}s.y4m");
    made_once(&name, |draft| {
        let source = format!("testsrc2=size={width}x{height}:rate={fps}:duration={seconds}");
        ffmpeg(
            &["-f", "lavfi", "-i", &source, "-pix_fmt", "yuv420p"],
            draft,
        )
    })
}

/// Taken along, so that a target folder that serves another checkout too finds nothing of that one.
const FILM: &[u8] = include_bytes!("../fixtures/bigbuckbunny.mp4");

/// Five seconds of a film (Big Buck Bunny, see `fixtures/README.md`) at 30 frames per second, as
/// y4m: content that codecs meet in earnest.
pub fn film(width: u32, height: u32) -> Result<PathBuf> {
    let source = made_once("film.mp4", |draft| Ok(fs::write(draft, FILM)?))?;
    let source = source.to_string_lossy().into_owned();
    made_once(&format!("film-{width}x{height}.y4m"), |draft| {
        let filter = format!("scale={width}:{height},fps=30");
        let arguments = ["-i", &source, "-an", "-vf", &filter, "-pix_fmt", "yuv420p"];
        ffmpeg(&arguments, draft)
    })
}

/// The same pictures as a sequence of JPEGs (4:2:2, as cameras send them).
pub fn as_mjpeg(y4m: &Path) -> Result<PathBuf> {
    let stem = y4m.file_stem().context("a clip has a name")?;
    let name = format!("{}.mjpeg", stem.to_string_lossy());
    let input = y4m.to_string_lossy().into_owned();
    made_once(&name, |draft| {
        let codec = ["-c:v", "mjpeg", "-q:v", "5", "-pix_fmt", "yuvj422p"];
        let mut arguments = vec!["-i", &input];
        arguments.extend(codec);
        arguments.extend(["-f", "mjpeg"]);
        ffmpeg(&arguments, draft)
    })
}

/// Writes I420 pictures as y4m: for patterns that the test draws itself.
pub fn write_y4m(
    path: &Path,
    (width, height): (u32, u32),
    fps: u32,
    pictures: impl IntoIterator<Item = Vec<u8>>,
) -> Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    writeln!(
        file,
        "YUV4MPEG2 W{width} H{height} F{fps}:1 Ip A1:1 C420jpeg"
    )?;
    let picture_len = (width * height * 3 / 2) as usize;
    for picture in pictures {
        ensure!(picture.len() == picture_len, "a picture of another size");
        file.write_all(b"FRAME\n")?;
        file.write_all(&picture)?;
    }
    file.flush()?;
    Ok(())
}

/// The clip `name`, made by `make` if it is not there yet. Tests that want the same one at once may
/// both make it; the file appears whole.
pub fn made_once(name: &str, make: impl FnOnce(&Path) -> Result<()>) -> Result<PathBuf> {
    let folder = target_dir::kept("clips")?;
    let path = folder.join(name);
    if path.is_file() {
        return Ok(path);
    }
    let drafts = tempfile::tempdir_in(&folder)?;
    let draft = drafts.path().join(name);
    make(&draft).with_context(|| format!("making the clip {name}"))?;
    fs::rename(&draft, &path)?;
    Ok(path)
}

fn ffmpeg(arguments: &[&str], output: &Path) -> Result<()> {
    let result = Command::new("ffmpeg")
        .args(["-nostdin", "-loglevel", "error", "-y"])
        .args(arguments)
        .arg(output)
        .output()
        .context("cannot run ffmpeg")?;
    let error = String::from_utf8_lossy(&result.stderr);
    ensure!(result.status.success(), "ffmpeg: {error}");
    Ok(())
}
