//! Two windows in a call with each other over a server of their own.
//!
//! On a display they stay until they are closed. Without one each gets a private display and sound
//! server, the call runs for a while, and what each side saw is printed, with a picture of each
//! window in `target/demo/`.

mod figures;

use crate::{project, server};
use anyhow::{Context, Result};
use duet_testkit::{
    clip,
    display_rig::DisplayRig,
    process::{self, Process},
    sound_rig::SoundRig,
};
use std::{fs, path::PathBuf, process::Command, time::Duration};

const PEOPLE: [&str; 2] = ["Ada", "Ben"];
const TONES: [&str; 2] = ["test:440", "test:660"];
/// A first start fills caches, and two cores decode, encode and draw for two.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(90);
const CALL_TIME: Duration = Duration::from_secs(15);

/// One of the two.
#[derive(Debug)]
struct Seat {
    // Fields drop in this order: the window closes before its display and sound go.
    window: Process,
    rigs: Option<(DisplayRig, SoundRig)>,
    name: &'static str,
    folder: PathBuf,
}

pub(super) fn demo(arguments: &[&str]) -> Result<()> {
    let folder = project::target()?.join("demo");
    let _ = fs::remove_dir_all(&folder);
    let (_server, url) = server::start(&project::program("duet-server")?, &[])?;
    println!("demo: the server is {url}");
    let mut seats = Vec::new();
    for (index, name) in PEOPLE.into_iter().enumerate() {
        seats.push(sit_down(index, name, folder.join(name), &url, arguments)?);
    }
    if super::has_display() {
        return wait_until_closed(&mut seats);
    }
    for seat in &seats {
        let name = seat.name;
        process::eventually(&format!("{name} is connected"), CONNECT_TIMEOUT, || {
            figures::is_connected(&seat.folder.join("report.json"))
        })
        .with_context(|| seat.window.lines().join("\n"))?;
    }
    println!("demo: connected; the call runs for {CALL_TIME:?}");
    std::thread::sleep(CALL_TIME);
    for seat in &seats {
        show(seat)?;
    }
    Ok(())
}

fn sit_down(
    index: usize,
    name: &'static str,
    folder: PathBuf,
    url: &str,
    arguments: &[&str],
) -> Result<Seat> {
    fs::create_dir_all(&folder)?;
    let mut command = Command::new(project::program("duet")?);
    command
        .arg("--profile")
        .arg(folder.join("profile"))
        .args(["--server", url, "--join", "duet-demo", "--name", name])
        .args(["--camera", &camera(index)?, "--microphone", TONES[index]])
        .arg("--report")
        .arg(folder.join("report.json"))
        .args(arguments);
    let rigs = if super::has_display() {
        None
    } else {
        let rigs = (DisplayRig::start(1200, 800)?, SoundRig::start()?);
        command.envs(rigs.0.env()).envs(rigs.1.env()?);
        Some(rigs)
    };
    Ok(Seat {
        window: Process::spawn(name, &mut command)?,
        rigs,
        name,
        folder,
    })
}

/// One shows a pattern and one a film, both with the stamp from which the other tells the latency.
fn camera(index: usize) -> Result<String> {
    if index == 0 || !process::is_installed("ffmpeg") {
        return Ok("test".to_owned());
    }
    Ok(format!("file:{}?stamp", clip::film(1280, 720)?.display()))
}

fn wait_until_closed(seats: &mut [Seat]) -> Result<()> {
    println!("demo: close both windows to end it");
    for seat in seats {
        while seat.window.is_running() {
            std::thread::sleep(Duration::from_millis(200));
        }
    }
    Ok(())
}

fn show(seat: &Seat) -> Result<()> {
    println!("\n{} sees:", seat.name);
    figures::print(&seat.folder.join("report.json"))?;
    if let Some((display, _)) = &seat.rigs {
        let picture = seat.folder.with_extension("png");
        display.screenshot()?.write_png(&picture)?;
        println!("  picture    {}", picture.display());
    }
    Ok(())
}
