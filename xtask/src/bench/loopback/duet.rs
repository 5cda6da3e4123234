//! Our side: two `duet-peer`, and the report of the one that watches.

use super::{Direction, Sample, WARM_UP};
use crate::bench::{process_tree, programs};
use anyhow::{Context, Result};
use duet_testkit::{clip, process::Process};
use serde_json::Value;
use std::{fs, path::Path, thread, time::Duration};

pub(super) fn measure(direction: Direction, time: Duration) -> Result<Sample> {
    let (_server, url) = programs::start_server(&[])?;
    let film = format!("file:{}?stamp", clip::film(1280, 720)?.display());
    let folder = tempfile_folder()?;
    let report = folder.join("report.json");
    let watcher_camera = match direction {
        Direction::OneWay => "none",
        Direction::TwoWay => &film,
    };
    // Counted from connected, so the warm-up is a little longer than ours.
    let seconds = (WARM_UP + time).as_secs();
    let _sender = endpoint(&url, &film, seconds + 5, &folder.join("sender.json"))?;
    let mut watcher = endpoint(&url, watcher_camera, seconds, &report)?;
    thread::sleep(WARM_UP);
    let before = process_tree::usage(watcher.pid())?;
    // A little early: after its time the process is gone.
    let stretch = time - Duration::from_secs(2);
    thread::sleep(stretch);
    let after = process_tree::usage(watcher.pid())?;
    watcher.wait(Duration::from_secs(30))?;
    let report: Value = serde_json::from_str(&fs::read_to_string(&report)?)?;
    let figure = |path: &str| {
        let found = report.pointer(path).and_then(Value::as_f64);
        found.with_context(|| format!("no {path} in {report}"))
    };
    Ok(Sample {
        width: figure("/video_received/width")? as u64,
        height: figure("/video_received/height")? as u64,
        frames_per_second: figure("/video_received/fps")?,
        latency_p50_ms: figure("/latency_ms/p50")?,
        latency_p95_ms: figure("/latency_ms/p95")?,
        processor_percent: (after.cpu_seconds - before.cpu_seconds) / stretch.as_secs_f64() * 100.0,
        pss_mib: after.pss_mib,
        first_frame_ms: figure("/first_frame_ms")?,
    })
}

fn endpoint(url: &str, camera: &str, seconds: u64, report: &Path) -> Result<Process> {
    let mut command = programs::command("duet-peer")?;
    command
        .args(["--server", url, "--room", "loopback", "--codec", "vp8"])
        .args(["--camera", camera, "--duration", &seconds.to_string()])
        .arg("--report")
        .arg(report);
    Process::spawn("duet-peer", &mut command)
}

fn tempfile_folder() -> Result<std::path::PathBuf> {
    let folder = crate::project::target()?.join("bench/loopback");
    fs::create_dir_all(&folder)?;
    Ok(folder)
}
