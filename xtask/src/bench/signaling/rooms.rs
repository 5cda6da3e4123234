//! The workload of rooms, at a rising rate.

use super::super::process_tree;
use super::pinned::{Kind, Server, figure, parse};
use super::{Bench, median};
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::time::Duration;

/// For one search; the rates rise by half, so there are few.
const PATIENCE: Duration = Duration::from_secs(180);
/// Where the first search begins; later ones begin near what the first found.
const FIRST_RATE: f64 = 300.0;
const NEAR: f64 = 0.7;

/// How the candidates come.
#[derive(Debug, Clone, Copy)]
struct Way {
    what: &'static str,
    flag: Option<&'static str>,
    rounds: usize,
}

pub(super) fn run(bench: &Bench) -> Result<()> {
    let ways = [
        Way {
            what: "candidates in groups of 10, 5 and 5, as browsers find them",
            flag: None,
            rounds: bench.rounds,
        },
        Way {
            what: "candidates one by one, 5 ms apart",
            flag: Some("--singly"),
            rounds: 1,
        },
    ];
    for way in ways {
        println!(
            "\nrooms a second with p99 of a forwarded text within 10 ms: {}",
            way.what
        );
        println!(
            "run          rooms/s   p50 ms  p95 ms  p99 ms  late p99  server user+system  us a room  clients"
        );
        let (duet, node) = compare(bench, way)?;
        let ratios: Vec<f64> = duet
            .iter()
            .zip(&node)
            .map(|(ours, theirs)| ours / theirs)
            .collect();
        println!(
            "Duet: {:.0} rooms/s (median of {})",
            median(&duet),
            duet.len()
        );
        if !ratios.is_empty() {
            println!("Node ws: {:.0} rooms/s", median(&node));
            println!("Duet's is {:.1} times Node's", median(&ratios));
        }
    }
    Ok(())
}

fn compare(bench: &Bench, way: Way) -> Result<(Vec<f64>, Vec<f64>)> {
    let (mut duet, mut node) = (Vec::new(), Vec::new());
    for round in 1..=way.rounds {
        duet.push(search(Kind::Duet, way, round, duet.last())?);
        if let Some(server) = &bench.node {
            node.push(search(Kind::Node(server), way, round, node.last())?);
        }
    }
    Ok((duet, node))
}

/// The highest rate at which the server keeps up.
fn search(kind: Kind<'_>, way: Way, round: usize, before: Option<&f64>) -> Result<f64> {
    process_tree::wait_for_quiet()?;
    let server = Server::start(kind, None)?;
    let from = before
        .filter(|rate| **rate > 0.0)
        .map_or(FIRST_RATE, |rate| rate * NEAR);
    let mut arguments = vec!["rooms".into(), format!("--pid={}", server.pid())];
    arguments.push(format!("--from={from}"));
    arguments.extend(way.flag.map(str::to_owned));
    let mut clients = server.clients(&arguments)?;
    let status = clients.wait(PATIENCE)?;
    ensure!(
        status.success(),
        "the clients failed: {:?}",
        clients.lines()
    );
    let lines: Vec<Value> = clients
        .lines()
        .iter()
        .map(|line| parse(line))
        .collect::<Result<_>>()?;
    let best = lines
        .last()
        .and_then(|line| line["best"].as_f64())
        .context("no result")?;
    let is_shown = |line: &&Value| {
        line["rate"]
            .as_f64()
            .is_some_and(|rate| (rate - best).abs() < 1.0)
    };
    let sustained = lines
        .iter()
        .filter(is_shown)
        .find(|line| line["isSustained"] == true);
    let above = lines
        .iter()
        .filter(|line| line["rate"].as_f64() > Some(best + 1.0));
    for line in sustained.into_iter().chain(above.take(1)) {
        print(kind, round, line)?;
    }
    Ok(best)
}

fn print(kind: Kind<'_>, round: usize, line: &Value) -> Result<()> {
    let of = |name: &str| figure(line, name);
    let verdict = match (&line["isSustained"], &line["fault"]) {
        (Value::Bool(true), _) => String::new(),
        (_, Value::String(fault)) => format!("  not kept up: {fault}"),
        _ => format!("  not kept up ({} refused)", line["refusals"]),
    };
    println!(
        "{:<9} {round:>2} {:>8.0} {:>8.2} {:>7.2} {:>7.2} {:>9.2} {:>9.0} + {:>3.0} % {:>11.0} {:>6.0} %{verdict}",
        kind.name(),
        of("rate")?,
        of("p50")?,
        of("p95")?,
        of("p99")?,
        of("lateP99")?,
        of("userPercent")?,
        of("systemPercent")?,
        of("processorUsPerRoom")?,
        of("ownPercent")?,
    );
    Ok(())
}
