//! Their side: two Chromium with a page each, and what the pages post.

use super::{Direction, Sample, WARM_UP, numbered_clip, percentile};
use crate::{
    bench::{process_tree, programs},
    project,
};
use anyhow::{Context, Result, bail};
use duet_testkit::{
    browser_rig::{Browser, ChromiumOptions},
    http::PageServer,
};
use serde_json::Value;
use std::{collections::HashMap, thread, time::Duration};

/// Longer than any latency, shorter than the clip, whose numbers come round every five seconds.
const LONGEST_LATENCY_MS: f64 = 3_000.0;

pub(super) fn measure(direction: Direction, time: Duration) -> Result<Sample> {
    let pages = PageServer::serve(&project::root().join("xtask/src/bench/loopback/page"))?;
    let origin = pages.url("").trim_end_matches('/').to_owned();
    let (_server, url) = programs::start_server(&["--allow-origin", &origin])?;
    let clip = numbered_clip::make()?;
    let options = ChromiumOptions {
        camera: Some(&clip),
        ..ChromiumOptions::default()
    };
    let open = |role: &str, sends: bool| {
        let (warm_up, seconds) = (WARM_UP.as_secs(), time.as_secs());
        let query = format!("server={url}&role={role}&sends={sends}&after={warm_up}&for={seconds}");
        Browser::chromium(&pages.url(&format!("index.html?{query}")), options)
    };
    let sender = open("sender", true)?;
    // The one already there makes the offer; both start alike, so leave it time to be first.
    thread::sleep(Duration::from_secs(3));
    let watcher = open("watcher", direction == Direction::TwoWay)?;
    thread::sleep(WARM_UP);
    let before = process_tree::usage(watcher.pid())?;
    let stretch = time - Duration::from_secs(2);
    thread::sleep(stretch);
    let after = process_tree::usage(watcher.pid())?;
    let mut posted = HashMap::new();
    for _ in 0..2 {
        let result = pages.result(Duration::from_secs(60));
        let result = result.with_context(|| [sender.log(), watcher.log()].concat().join("\n"))?;
        if let Some(error) = result["error"].as_str() {
            bail!("the page says: {error}");
        }
        let role = result["role"].as_str().unwrap_or_default().to_owned();
        posted.insert(role, result);
    }
    let (sent, seen) = (&posted["sender"]["sent"], &posted["watcher"]);
    let latencies = latencies(sent, &seen["received"])?;
    let figure = |name: &str| seen[name].as_f64().with_context(|| format!("no {name}"));
    Ok(Sample {
        width: figure("width")? as u64,
        height: figure("height")? as u64,
        frames_per_second: figure("framesPerSecond")?,
        latency_p50_ms: percentile(&latencies, 0.5),
        latency_p95_ms: percentile(&latencies, 0.95),
        processor_percent: (after.cpu_seconds - before.cpu_seconds) / stretch.as_secs_f64() * 100.0,
        pss_mib: after.pss_mib,
        first_frame_ms: figure("firstFrameMs")?,
    })
}

/// Each received picture against the last one sent with its number before it came.
fn latencies(sent: &Value, received: &Value) -> Result<Vec<f64>> {
    let mut times: HashMap<u64, Vec<f64>> = HashMap::new();
    for (number, at_ms) in pairs(sent)? {
        times.entry(number).or_default().push(at_ms);
    }
    let mut found: Vec<f64> = pairs(received)?
        .into_iter()
        .filter_map(|(number, at_ms)| {
            let earlier = times.get(&number)?.iter().map(|sent_ms| at_ms - sent_ms);
            earlier
                .filter(|latency| (0.0..LONGEST_LATENCY_MS).contains(latency))
                .min_by(f64::total_cmp)
        })
        .collect();
    found.sort_by(f64::total_cmp);
    Ok(found)
}

fn pairs(list: &Value) -> Result<Vec<(u64, f64)>> {
    let list = list.as_array().context("no list of pictures")?;
    list.iter()
        .map(|pair| {
            let number = pair[0].as_u64().context("no number")?;
            Ok((number, pair[1].as_f64().context("no time")?))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_number_that_came_round_is_matched_with_its_own_round() {
        let sent = json!([[1, 1000.0], [2, 1033.0], [1, 6000.0]]);
        let received = json!([[1, 1030.0], [1, 6020.0], [7, 6020.0], [2, 9000.0]]);
        assert_eq!(latencies(&sent, &received).unwrap(), [20.0, 30.0]);
    }
}
