//! Ten thousand people who come back at once.

use super::Bench;
use super::pinned::{Kind, Server, figure, parse};
use super::process_tree;
use anyhow::Result;
use duet_testkit::process::{Process, Signal};
use serde_json::Value;
use std::time::Duration;

const PEOPLE: usize = 10_000;
const PATIENCE: Duration = Duration::from_secs(90);
/// A server that drains ends within this.
const DRAINED_WITHIN: Duration = Duration::from_secs(20);

/// How the server ends.
#[derive(Debug, Clone, Copy)]
enum Ends {
    Drained,
    Killed,
}

pub(super) fn run(_: &Bench) -> Result<()> {
    println!(
        "\n{PEOPLE} connections in rooms come back by the client's own back-off; the server starts again at once"
    );
    let mut server = Server::start(Kind::Duet, None)?;
    let count = format!("--count={PEOPLE}");
    let clients = server.clients(&["crowd".into(), count, "--kind=rooms".into()])?;
    clients.wait_for_line(PATIENCE, is_report)?;
    for (story, ends) in [Ends::Drained, Ends::Killed].into_iter().enumerate() {
        match ends {
            Ends::Drained => {
                server.process.signal(Signal::Terminate);
                server.process.wait(DRAINED_WITHIN)?;
            }
            Ends::Killed => server.process.kill(),
        }
        server = Server::start(Kind::Duet, Some(server.port()))?;
        let line = nth_report(&clients, story + 2)?;
        let processor_s = process_tree::usage(server.pid())?.cpu_seconds;
        print(ends, &parse(&line)?, processor_s)?;
    }
    Ok(())
}

fn is_report(line: &str) -> bool {
    line.contains("\"there\"")
}

fn nth_report(clients: &Process, wanted: usize) -> Result<String> {
    let mut seen = 0;
    clients.wait_for_line(PATIENCE, |line| {
        seen += usize::from(is_report(line));
        is_report(line) && seen == wanted
    })
}

fn print(ends: Ends, line: &Value, processor_s: f64) -> Result<()> {
    let of = |name: &str| figure(line, name);
    let what = match ends {
        Ends::Drained => "SIGTERM",
        Ends::Killed => "SIGKILL",
    };
    println!(
        "{what}: all back {:.1} s after the first was cut, {:.1} s after the first was back; of each p50 {:.1} s, p95 {:.1} s, last {:.1} s",
        of("allBackSeconds")?,
        of("sinceFirstBackSeconds")?,
        of("backP50")? / 1000.0,
        of("backP95")? / 1000.0,
        of("backMax")? / 1000.0,
    );
    println!(
        "         told {:.0}, cut {:.0}; tries: nobody listened {:.0}, refused by HTTP {:.0}, broken {:.0}; \
         handshake p50 {:.0} ms, p99 {:.0} ms, longest {:.0} ms; {processor_s:.1} s of processor",
        of("drained")?,
        of("cut")?,
        of("refused")?,
        of("notUpgraded")?,
        of("broken")?,
        of("handshakeP50")?,
        of("handshakeP99")?,
        of("handshakeMax")?,
    );
    Ok(())
}
