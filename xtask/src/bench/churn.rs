//! `bench churn [MINUTES [SEED]]`: does anything grow while people come and go?
//!
//! One server; one resident endpoint whose other side joins, talks for a while, and leaves or is
//! killed, again and again; and strangers who do the same in other rooms, three where there are two
//! places. Once a minute it prints what server and resident hold. Steady figures after the first
//! minutes mean no leak. A seed makes the same order of events again.

use super::{
    number,
    process_tree::{Usage, usage},
    programs,
};
use anyhow::Result;
use duet_testkit::process::Process;
use std::{
    process::Command,
    thread,
    time::{Duration, Instant},
};

const MINUTE: Duration = Duration::from_secs(60);
/// Endpoints at once besides the resident: more would be short of processor, not of room.
const VISITORS: usize = 3;
const RESIDENT_ROOM: &str = "churn-resident";
const STRANGERS_ROOM: &str = "churn-strangers";

/// Somebody who will not stay.
#[derive(Debug)]
struct Visitor {
    process: Process,
    dies_at: Option<Instant>,
}

#[derive(Debug, Default)]
struct Counts {
    came: u64,
    killed: u64,
}

pub(super) fn run(arguments: &[&str]) -> Result<()> {
    let minutes: u32 = number(arguments, 0, 30)?;
    let mut random = Random(number(arguments, 1, 1)?);
    programs::build()?;
    // All come from one address, and most second strangers are refused.
    let limits = [
        "--max-connections-per-address=0",
        "--failed-joins-per-minute=100000",
    ];
    let (server, url) = programs::start_server(&limits)?;
    let mut resident = Process::spawn("the resident", &mut endpoint(&url, RESIDENT_ROOM, 86_400)?)?;
    println!(
        "minute   came killed | server PSS MiB  files threads | resident PSS MiB  files threads"
    );

    let start = Instant::now();
    let mut counts = Counts::default();
    let mut visitors: Vec<Visitor> = Vec::new();
    for minute in 1..=minutes {
        while start.elapsed() < MINUTE * minute {
            visitors.retain_mut(|visitor| visitor.stays(&mut counts));
            if visitors.len() < VISITORS {
                visitors.push(Visitor::come(&url, &mut random)?);
                counts.came += 1;
            }
            anyhow::ensure!(
                resident.is_running(),
                "the resident ended: {}",
                last(&resident)
            );
            thread::sleep(Duration::from_millis(100 + random.below(400)));
        }
        let (of_server, of_resident) = (usage(server.pid())?, usage(resident.pid())?);
        print_line(minute, &counts, of_server, of_resident);
    }
    Ok(())
}

impl Visitor {
    /// Half visit the resident, half a room of strangers; a third of all will be killed.
    fn come(url: &str, random: &mut Random) -> Result<Self> {
        let room = [RESIDENT_ROOM, STRANGERS_ROOM][random.below(2) as usize];
        let seconds = 1 + random.below(8);
        let dies = random.below(3) == 0;
        let lifetime = Duration::from_millis(200 + random.below(6_000));
        Ok(Self {
            process: Process::spawn("a visitor", &mut endpoint(url, room, seconds)?)?,
            dies_at: dies.then(|| Instant::now() + lifetime),
        })
    }

    fn stays(&mut self, counts: &mut Counts) -> bool {
        if self.dies_at.is_some_and(|at| Instant::now() >= at) {
            self.process.kill();
            counts.killed += 1;
        }
        self.process.is_running()
    }
}

/// Small pictures: this is about coming and going.
fn endpoint(url: &str, room: &str, seconds: u64) -> Result<Command> {
    let mut command = programs::command("duet-peer")?;
    command.args([
        "--server",
        url,
        "--room",
        room,
        "--camera-format",
        "320x180@15",
    ]);
    let duration = seconds.to_string();
    // The resident may wait long for the first who stays.
    let wait = if seconds > 60 { "600" } else { "10" };
    command.args(["--duration", &duration, "--wait", wait]);
    Ok(command)
}

fn print_line(minute: u32, counts: &Counts, server: Usage, resident: Usage) {
    println!(
        "{minute:>6} {:>6} {:>6} | {:>14.1} {:>6} {:>7} | {:>16.1} {:>6} {:>7}",
        counts.came,
        counts.killed,
        server.pss_mib,
        server.open_files,
        server.threads,
        resident.pss_mib,
        resident.open_files,
        resident.threads
    );
}

fn last(process: &Process) -> String {
    process.lines().pop().unwrap_or_default()
}

/// xorshift64 (Marsaglia 2003): enough to shuffle arrivals.
#[derive(Debug)]
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.max(1);
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }
}
