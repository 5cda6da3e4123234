//! `bench turn [PAIRS]`: what the relay carries on one core, against coturn.
//!
//! Both relays run on the first core, the load comes from the second, by a compiled program that sends
//! channel data in an open loop (`crates/server/examples/turn_load`). Four parts, alternating:
//! the highest rate of which at most a thousandth is lost, with 20 relays and packets of 1,000 bytes,
//! one by one and in bursts of ten as a picture makes them; the processor time of the relay for a
//! packet at a rate that both carry, which does not depend on what the generator can; and the
//! latency of 200 relays with 50 packets a second each. The same path without a relay is the zero
//! line of latency.

use super::{number, process_tree, programs};
use anyhow::{Context, Result};
use duet_testkit::{
    coturn_rig::{COTURN, CoturnRig},
    process::Process,
};
use serde_json::Value;
use std::{net::SocketAddr, process::Command, time::Duration};

const SECRET: &str = "for the measurement";
const RELAY_CORE: &str = "0";
const LOAD_CORE: &str = "1";
/// That both carry, in packets a second.
const COMMON_RATE: &str = "40000";
const SEARCH_LIMIT: Duration = Duration::from_secs(180);

/// A relay that runs.
struct Relay {
    process: Running,
    address: SocketAddr,
}

enum Running {
    Duet(Process),
    Coturn(CoturnRig),
}

/// One result of the generator.
#[derive(Debug, Clone, Copy)]
struct Sample {
    packets_per_second: f64,
    p50_us: f64,
    p99_us: f64,
    cpu_us: f64,
    is_behind: bool,
}

/// The parts, by the flags of the generator.
const PARTS: [(&str, &[&str]); 4] = [
    ("highest rate, one by one", &["--flows", "20", "--search"]),
    (
        "highest rate, bursts of 10",
        &["--flows", "20", "--burst", "10", "--search"],
    ),
    (
        "20 relays, 40,000 packets/s",
        &["--flows", "20", "--rate", COMMON_RATE],
    ),
    (
        "200 relays, 50 packets/s each",
        &["--flows", "200", "--rate", "10000"],
    ),
];

pub(super) fn run(arguments: &[&str]) -> Result<()> {
    let pairs: usize = number(arguments, 0, 5)?;
    programs::build_server_and("turn_load")?;
    println!("Duet {}, {}", env!("CARGO_PKG_VERSION"), version()?);
    println!("each relay on core {RELAY_CORE}, the load on core {LOAD_CORE}; 1,000-byte packets");
    for (name, flags) in PARTS {
        println!("\n{name}");
        println!("run                packets/s  p50 us  p99 us  CPU us/packet");
        let mut samples: [Vec<Sample>; 2] = Default::default();
        for pair in 1..=pairs {
            for (index, start) in [duet, coturn].into_iter().enumerate() {
                process_tree::wait_for_quiet()?;
                let relay = start()?;
                let sample = measure(&relay, flags)?;
                sample.print(&format!("{} {pair}", relay.name()));
                samples[index].push(sample);
            }
        }
        let direct = load(&["--server", "direct"], flags)?;
        direct.print("no relay");
        print_ratios(&samples);
    }
    Ok(())
}

impl Relay {
    fn name(&self) -> &'static str {
        match self.process {
            Running::Duet(_) => "Duet",
            Running::Coturn(_) => "coturn",
        }
    }

    fn pid(&self) -> u32 {
        match &self.process {
            Running::Duet(process) => process.pid(),
            Running::Coturn(rig) => rig.pid(),
        }
    }
}

/// Without its limits for each person, as coturn has none.
fn duet() -> Result<Relay> {
    let mut command = Command::new("taskset");
    command.args(["-c", RELAY_CORE]);
    command.arg(programs::folder()?.join("duet-server"));
    command.args(["--listen", "127.0.0.1:0", "--turn-listen", "127.0.0.1:0"]);
    command.args(["--turn-allow-same-host", "--turn-max-bitrate", "0"]);
    command.args(["--turn-max-allocations-per-address", "1000"]);
    command.env("DUET_TURN_SECRET", SECRET);
    let process = Process::spawn("duet-server", &mut command)?;
    let ready = "relaying on turn:";
    let line = process.wait_for_line(Duration::from_secs(10), |line| line.contains(ready))?;
    let address = line.split(ready).nth(1).context("no address")?.trim();
    Ok(Relay {
        address: address.parse()?,
        process: Running::Duet(process),
    })
}

fn coturn() -> Result<Relay> {
    let rig = CoturnRig::start_on_core(SECRET, RELAY_CORE)?;
    Ok(Relay {
        address: rig.address(),
        process: Running::Coturn(rig),
    })
}

fn version() -> Result<String> {
    let output = Command::new(COTURN).arg("--version").output();
    let output = output.context("coturn is not installed")?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    Ok(format!("coturn {}", text.trim()))
}

fn measure(relay: &Relay, flags: &[&str]) -> Result<Sample> {
    let (address, pid) = (relay.address.to_string(), relay.pid().to_string());
    load(
        &["--server", &address, "--secret", SECRET, "--pid", &pid],
        flags,
    )
}

/// Runs the generator once.
fn load(relay: &[&str], flags: &[&str]) -> Result<Sample> {
    let mut command = Command::new("taskset");
    command.args(["-c", LOAD_CORE]);
    command.arg(programs::folder()?.join("examples/turn_load"));
    command.args(relay).args(flags);
    let generator = Process::spawn("the load", &mut command)?;
    let result = "result ";
    let last = generator.wait_for_line(SEARCH_LIMIT, |line| line.starts_with(result))?;
    let json: Value = serde_json::from_str(last.trim_start_matches(result))?;
    let field = |name: &str| json[name].as_f64().unwrap_or(f64::NAN);
    Ok(Sample {
        packets_per_second: field("rate") * (1.0 - field("loss")),
        p50_us: field("p50_us"),
        p99_us: field("p99_us"),
        cpu_us: field("cpu_us"),
        is_behind: json["behind"].as_bool().unwrap_or(false),
    })
}

impl Sample {
    fn print(&self, run: &str) {
        println!(
            "{run:<16} {:>11.0} {:>7.0} {:>7.0} {:>14.2}{}",
            self.packets_per_second,
            self.p50_us,
            self.p99_us,
            self.cpu_us,
            if self.is_behind {
                "  at the generator's limit"
            } else {
                ""
            }
        );
    }
}

fn print_ratios([duet, coturn]: &[Vec<Sample>; 2]) {
    let print = |what: &str, of: fn(&Sample) -> f64| {
        let pairs = duet.iter().zip(coturn);
        let mut ratios: Vec<f64> = pairs.map(|(duet, coturn)| of(duet) / of(coturn)).collect();
        ratios.sort_by(f64::total_cmp);
        if let (Some(first), Some(last)) = (ratios.first(), ratios.last()) {
            let median = ratios[ratios.len() / 2];
            println!("Duet / coturn, {what}: {median:.2} ({first:.2} to {last:.2})");
        }
    };
    print("packets/s", |sample| sample.packets_per_second);
    print("p99", |sample| sample.p99_us);
    print("CPU for a packet", |sample| sample.cpu_us);
}
