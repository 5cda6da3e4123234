//! The report that an endpoint writes, in words.

use anyhow::{Context, Result};
use serde_json::Value;
use std::{fs, path::Path};

/// Whether the report says that pictures of the other have come.
pub(super) fn is_connected(path: &Path) -> bool {
    read(path).is_ok_and(|report| report["video_received"]["frames"].as_u64() > Some(0))
}

/// Prints what a person wants to know of a call.
pub(super) fn print(path: &Path) -> Result<()> {
    let report = read(path)?;
    let video = &report["video_received"];
    println!(
        "  video      {} × {}",
        number(&video["width"]),
        number(&video["height"])
    );
    println!("  rate       {} frames/s", number(&video["fps"]));
    println!(
        "  codec      {}, {} bit/s",
        word(&video["codec"]),
        number(&video["bitrate_bps"])
    );
    let latency = &report["latency_ms"];
    println!(
        "  latency    p50 {} ms, p95 {} ms",
        number(&latency["p50"]),
        number(&latency["p95"])
    );
    let path = &report["path"];
    println!(
        "  path       {} to {}, {}, {} ms there and back",
        word(&path["local"]),
        word(&path["remote"]),
        word(&path["protocol"]),
        number(&path["rtt_ms"])
    );
    println!(
        "  first      after {} ms",
        number(&report["first_frame_ms"])
    );
    Ok(())
}

fn read(path: &Path) -> Result<Value> {
    let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
    serde_json::from_str(&text).context("a report that is no JSON")
}

fn word(value: &Value) -> String {
    value.as_str().unwrap_or("unknown").to_owned()
}

fn number(value: &Value) -> String {
    match value.as_f64() {
        Some(number) if number.fract() == 0.0 => format!("{number:.0}"),
        Some(number) => format!("{number:.1}"),
        None => "unknown".to_owned(),
    }
}
