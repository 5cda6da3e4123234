//! How many rooms a second a server introduces while 99 of 100 forwarded texts arrive within 10 ms.
//!
//! The rate rises by half until the server fails, then from the last good rate by a twelfth. A rate has failed
//! when it fails twice: a machine with other things to do may stop for a moment.

use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::json;

use crate::RoomsArgs;
use crate::connection::End;
use crate::net::{Hears, Net, Opened};
use crate::script::{self, Texts};
use crate::wave::{self, Outcome, Plan};

/// The bound for the 99th percentile.
const BOUND_MS: f64 = 10.0;
const COARSE: f64 = 1.5;
/// Of the first rate: below it nothing is looked for.
const LEAST_SHARE: f64 = 0.1;
const FINE: f64 = 13.0 / 12.0;
/// Handshakes at a time.
const AT_ONCE: usize = 64;

/// The connections, fresh when the last wave left them in the middle of something.
struct Clients<'a> {
    args: &'a RoomsArgs,
    uids: Vec<String>,
    /// The server keeps the uids of the ones before for a while.
    generation: usize,
    waves: u32,
    net: Option<Net>,
}

pub(crate) fn run(args: &RoomsArgs) -> Result<()> {
    let mut clients = Clients {
        args,
        uids: Vec::new(),
        generation: 0,
        waves: 0,
        net: None,
    };
    for rate in &args.at {
        clients.is_sustained(*rate)?;
    }
    if args.at.is_empty() {
        println!("{}", json!({"best": clients.find_best()?}));
    }
    Ok(())
}

impl Clients<'_> {
    /// Zero if there is none.
    fn find_best(&mut self) -> Result<f64> {
        let (from, to) = (self.args.from, self.args.to);
        let (mut rate, mut best, mut worst) = (from, None, f64::INFINITY);
        while rate <= to && rate >= from * LEAST_SHARE {
            if self.is_sustained(rate)? || self.is_sustained(rate)? {
                best = Some(rate);
            } else {
                worst = rate;
            }
            rate = match best {
                None => rate / COARSE,
                Some(best) if worst.is_infinite() => best * COARSE,
                Some(best) => best * FINE,
            };
            // The next one up is known to fail, or as good as.
            if best.is_some() && rate > worst * 0.96 {
                break;
            }
        }
        Ok(best.unwrap_or(0.0))
    }

    fn is_sustained(&mut self, rate: f64) -> Result<bool> {
        let (lines, texts) = (script::lines(self.args.singly), Texts::new());
        let mut net = match self.net.take() {
            Some(net) => net,
            None => self.open()?,
        };
        self.waves += 1;
        let plan = Plan {
            rooms_per_second: rate,
            wave: self.waves,
            seconds: self.args.seconds,
            lines: &lines,
            texts: &texts,
            pid: self.args.pid,
        };
        let mut outcome = wave::run(&mut net, &self.uids, plan)?;
        if outcome.fault.is_none() {
            self.net = Some(net);
        }
        Ok(print(rate, self.args.seconds, &mut outcome))
    }

    fn open(&mut self) -> Result<Net> {
        let count = self.args.connections / 2 * 2;
        self.generation += 1;
        let generation = self.generation;
        // 128 bits, as clients make them; here they only need to be different.
        let uids = (0..count).map(|index| format!("{generation:08x}{index:024x}"));
        self.uids = uids.collect();
        let mut net = Net::new(self.args.target, count)?;
        let mut opening = Opening::default();
        let mut begun = 0;
        while opening.upgraded < count {
            while begun < count && begun - opening.upgraded < AT_ONCE {
                net.open(begun)?;
                begun += 1;
            }
            net.poll(Duration::from_secs(5), &mut opening)?;
            ensure!(
                opening.ended.is_none(),
                "a client's connection: {:?}",
                opening.ended
            );
        }
        Ok(net)
    }
}

#[derive(Debug, Default)]
struct Opening {
    upgraded: usize,
    ended: Option<End>,
}

impl Hears for Opening {
    fn upgraded(&mut self, _: &mut Opened<'_>, _: usize) {
        self.upgraded += 1;
    }

    fn text(&mut self, _: usize, _: &[u8]) {}

    fn ended(&mut self, _: usize, end: End) {
        self.ended = Some(end);
    }
}

/// Prints a rate's figures; the result is whether the server kept up.
fn print(rate: f64, seconds: f64, outcome: &mut Outcome) -> bool {
    let [p50, p95, p99, max] = outcome.forward.quantiles_ms([0.5, 0.95, 0.99, 1.0]);
    let [late_p99] = outcome.late.quantiles_ms([0.99]);
    let is_whole = outcome.whole == outcome.rooms && outcome.fault.is_none();
    let is_sustained = is_whole && p99 <= BOUND_MS;
    let spent_s = outcome.processor.user_s + outcome.processor.system_s;
    let percent = |part_s: f64| (part_s / seconds * 100.0).round();
    println!(
        "{}",
        json!({
            "rate": rate.round(), "rooms": outcome.rooms, "whole": outcome.whole, "refusals": outcome.refusals, "fault": outcome.fault,
            "forwarded": outcome.forward.len(), "p50": p50, "p95": p95, "p99": p99, "max": max,
            "lateP99": late_p99, "processorUsPerRoom": (spent_s / seconds / rate * 1e6).round(),
            "userPercent": percent(outcome.processor.user_s),
            "systemPercent": percent(outcome.processor.system_s),
            "ownPercent": percent(outcome.own.user_s + outcome.own.system_s),
            "isSustained": is_sustained,
        })
    );
    is_sustained
}
