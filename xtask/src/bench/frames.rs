//! `bench frames [SECONDS [PAIRS]]`: from a decoded picture until it is drawn in the window.
//!
//! A 720p film at 30 pictures a second goes into a real window under a test display, by the
//! application's frame socket and by `tauri::ipc::Channel`, alternating, with the same page, pixels
//! and renderer. The time runs from the hand-over in Rust until the page has drawn, on the machine's
//! clock; the processor time is that of the program and its web process, and per picture drawn.

use super::{number, process_tree, programs};
use crate::{project, setup, shell};
use anyhow::{Context, Result};
use duet_testkit::{clip, display_rig::DisplayRig, process::Process};
use serde_json::Value;
use std::{path::Path, process::Command, time::Duration};

const WAYS: [&str; 2] = ["socket", "channel"];
const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Debug)]
struct Sample {
    frames_per_second: f64,
    p50_ms: f64,
    p95_ms: f64,
    processor_ms_per_frame: f64,
}

pub(super) fn run(arguments: &[&str]) -> Result<()> {
    let (seconds, pairs) = (number(arguments, 0, 20)?, number(arguments, 1, 3)?);
    programs::build()?;
    let page = build_page()?;
    println!("way          fps   p50 ms   p95 ms   CPU ms/frame");
    for _ in 0..pairs {
        for way in WAYS {
            let load = process_tree::load()?;
            let sample = measure(&page, way, seconds)?;
            println!(
                "{way:<8} {:>7.1} {:>8.1} {:>8.1} {:>14.1}   (load {load})",
                sample.frames_per_second,
                sample.p50_ms,
                sample.p95_ms,
                sample.processor_ms_per_frame
            );
        }
    }
    Ok(())
}

fn build_page() -> Result<std::path::PathBuf> {
    let folder = project::target()?.join("bench/frames");
    let mut build = setup::node()?.npm();
    build.args(["exec", "--", "vite", "build", "--config"]);
    build
        .args(["vite.bench.config.ts", "--outDir"])
        .arg(&folder);
    shell::run(&mut build)?;
    Ok(folder)
}

fn measure(page: &Path, way: &str, seconds: u64) -> Result<Sample> {
    let film = clip::film(1280, 720)?;
    let display = DisplayRig::start(1280, 760)?;
    let mut command = Command::new(programs::folder()?.join("examples/bench_frames"));
    command
        .arg(page)
        .args([way, &seconds.to_string()])
        .arg(film)
        .envs(display.env());
    let window = Process::spawn("the window", &mut command)?;
    window.wait_for_line(PATIENCE, |line| line == "measuring")?;
    let before = process_tree::usage(window.pid())?;
    let stretch = Duration::from_secs(seconds).mul_f64(0.9);
    std::thread::sleep(stretch);
    let after = process_tree::usage(window.pid())?;
    let line = window.wait_for_line(PATIENCE, |line| line.starts_with('{'))?;
    let figures: Value = serde_json::from_str(&line)?;
    let figure = |name: &str| {
        figures[name]
            .as_f64()
            .with_context(|| format!("no {name}: {line}"))
    };
    let frames_per_second = figure("framesPerSecond")?;
    let processor = (after.cpu_seconds - before.cpu_seconds) / stretch.as_secs_f64();
    Ok(Sample {
        frames_per_second,
        p50_ms: figure("p50")?,
        p95_ms: figure("p95")?,
        processor_ms_per_frame: processor * 1000.0 / frames_per_second,
    })
}
