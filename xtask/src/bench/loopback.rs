//! `bench loopback [SECONDS [PAIRS]]`: 720p30 between two endpoints on this machine, against two
//! Chromium pages in the same call.
//!
//! Both show the same film, code VP8, are capped at 2.5 Mbit/s and use the same server. One-way
//! (the first sends, the second watches) and two-way; Duet and Chromium alternate. Latency runs from
//! the picture's hand-over by the source to the decoder's output: Duet stamps the time into the
//! picture; Chromium's pages read a number from each picture at the camera's track and at the
//! received track, on the machine's clock. Processor and memory are those of one endpoint's whole
//! process tree, read from `/proc` alike for both, over the same stretch of the call.

mod chromium;
mod duet;
mod numbered_clip;

use super::{number, process_tree, programs};
use anyhow::Result;
use duet_testkit::browser_rig;
use std::time::Duration;

/// Who sends pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Direction {
    /// The first alone.
    OneWay,
    /// Both.
    TwoWay,
}

/// What the watching endpoint saw and used.
#[derive(Debug, Clone)]
struct Sample {
    width: u64,
    height: u64,
    frames_per_second: f64,
    latency_p50_ms: f64,
    latency_p95_ms: f64,
    /// Of one core, in per cent.
    processor_percent: f64,
    pss_mib: f64,
    first_frame_ms: f64,
}

/// Before the figures count: connecting, and the rate finding its height.
const WARM_UP: Duration = Duration::from_secs(8);
const LEAST_FRAMES_PER_SECOND: f64 = 29.0;

pub(super) fn run(arguments: &[&str]) -> Result<()> {
    let (seconds, pairs) = (number(arguments, 0, 30)?, number(arguments, 1, 5)?);
    programs::build()?;
    println!("{}", browser_rig::version("chromium")?);
    println!("Duet {}", env!("CARGO_PKG_VERSION"));
    println!("{}", Sample::HEADER);
    for direction in [Direction::OneWay, Direction::TwoWay] {
        let mut samples: [Vec<Sample>; 2] = [Vec::new(), Vec::new()];
        for pair in 1..=pairs {
            for (index, (name, measure)) in PROGRAMS.into_iter().enumerate() {
                let load = process_tree::load()?;
                let sample = measure(direction, Duration::from_secs(seconds))?;
                sample.print(&format!("{direction:?} {pair} {name}"), load);
                samples[index].push(sample);
            }
        }
        print_ratios(direction, &samples[0], &samples[1]);
    }
    Ok(())
}

type Measure = fn(Direction, Duration) -> Result<Sample>;

const PROGRAMS: [(&str, Measure); 2] = [("Duet", duet::measure), ("Chromium", chromium::measure)];

impl Sample {
    const HEADER: &str = "run                   picture    fps  p50 ms  p95 ms  CPU %  PSS MiB  \
                          first ms";

    fn print(&self, run: &str, load: f64) {
        let void =
            self.frames_per_second < LEAST_FRAMES_PER_SECOND || load > process_tree::MOST_LOAD;
        println!(
            "{run:<20} {:>5}x{:<5} {:>4.1} {:>7.1} {:>7.1} {:>6.1} {:>8.1} {:>9.0}{}",
            self.width,
            self.height,
            self.frames_per_second,
            self.latency_p50_ms,
            self.latency_p95_ms,
            self.processor_percent,
            self.pss_mib,
            self.first_frame_ms,
            if void {
                format!("  void (load {load})")
            } else {
                String::new()
            }
        );
    }
}

/// Ours over theirs, pair by pair: the median and the extremes.
fn print_ratios(direction: Direction, ours: &[Sample], theirs: &[Sample]) {
    type Figure = fn(&Sample) -> f64;
    let kinds: [(&str, Figure); 4] = [
        ("p50", |sample| sample.latency_p50_ms),
        ("p95", |sample| sample.latency_p95_ms),
        ("CPU", |sample| sample.processor_percent),
        ("PSS", |sample| sample.pss_mib),
    ];
    for (name, of) in kinds {
        let pairs = ours.iter().zip(theirs);
        let mut ratios: Vec<f64> = pairs.map(|(a, b)| of(a) / of(b)).collect();
        ratios.sort_by(f64::total_cmp);
        if let [first, .., last] = ratios.as_slice() {
            let median = ratios[ratios.len() / 2];
            println!("{direction:?} {name}: {median:.2} of Chromium's ({first:.2} to {last:.2})");
        }
    }
}

/// The value below which a share of the values lies.
fn percentile(sorted: &[f64], share: f64) -> f64 {
    let index = (sorted.len() as f64 * share) as usize;
    sorted
        .get(index.min(sorted.len().saturating_sub(1)))
        .copied()
        .unwrap_or(f64::NAN)
}
