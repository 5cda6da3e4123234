//! The load of `cargo xtask bench turn`: people who send channel data through a relay to one peer,
//! in an open loop, from one thread.
//!
//! `turn_load --server ADDRESS --secret SECRET [--flows N] [--bytes N] [--burst N] [--pid PID]
//! (--rate PACKETS [--seconds S] | --search)`
//!
//! `--rate` sends at that rate and tells loss and latency; `--search` finds the highest rate of which
//! at most a thousandth is lost. The result is a line of JSON behind the word `result`. With `--pid` it also tells the
//! processor time that this process took meanwhile. `--server direct` leaves the relay out, for
//! what the path costs without it.

#[cfg(target_os = "linux")]
mod client;
#[cfg(target_os = "linux")]
mod load;

#[cfg(target_os = "linux")]
fn main() -> anyhow::Result<()> {
    linux::main()
}

#[cfg(not(target_os = "linux"))]
fn main() {
    eprintln!("the measurement needs Linux");
}

#[cfg(target_os = "linux")]
mod linux {
    use std::net::SocketAddr;
    use std::time::Duration;

    use anyhow::{Context, Result};
    use clap::Parser;

    use super::load::{Load, Outcome};

    /// What may be lost, of all.
    const LOSS: f64 = 0.001;
    const STEP: Duration = Duration::from_millis(1_500);
    const LOWEST: f64 = 10_000.0;

    #[derive(Debug, Parser)]
    struct Arguments {
        /// The relay, or `direct`.
        #[arg(long)]
        server: String,
        #[arg(long, default_value = "")]
        secret: String,
        #[arg(long, default_value_t = 20)]
        flows: usize,
        /// Of a packet, without headers.
        #[arg(long, default_value_t = 1_000)]
        bytes: usize,
        /// Packets that a flow sends at once, as a picture of several packets does.
        #[arg(long, default_value_t = 1)]
        burst: usize,
        #[arg(long)]
        pid: Option<u32>,
        /// Packets a second of all flows together.
        #[arg(long)]
        rate: Option<f64>,
        #[arg(long, default_value_t = 3.0)]
        seconds: f64,
        #[arg(long)]
        search: bool,
    }

    pub(super) fn main() -> Result<()> {
        let arguments = Arguments::parse();
        let server: Option<SocketAddr> = match arguments.server.as_str() {
            "direct" => None,
            address => Some(address.parse().context("no address")?),
        };
        let mut load = Load::open(server, &arguments.secret, arguments.flows)?;
        (load.bytes, load.burst, load.pid) = (arguments.bytes, arguments.burst, arguments.pid);
        if let Some(rate) = arguments.rate {
            let outcome = load.run(rate, Duration::from_secs_f64(arguments.seconds))?;
            println!("result {}", outcome.json());
        }
        if arguments.search {
            println!("result {}", search(&mut load)?.json());
        }
        Ok(())
    }

    /// Upwards by half until it loses, then between the last two. A step that loses is tried once
    /// more: another program may have had the core.
    fn search(load: &mut Load) -> Result<Outcome> {
        let mut good = attempt(load, LOWEST)?.context("it loses at the lowest rate already")?;
        let mut bad = f64::INFINITY;
        while bad / good.rate > 1.03 && !good.is_behind {
            let rate = match bad.is_finite() {
                true => (good.rate * bad).sqrt(),
                false => good.rate * 1.5,
            };
            match attempt(load, rate)? {
                Some(outcome) => good = outcome,
                None => bad = rate,
            }
        }
        Ok(good)
    }

    fn attempt(load: &mut Load, rate: f64) -> Result<Option<Outcome>> {
        for _ in 0..2 {
            let outcome = load.run(rate, STEP)?;
            eprintln!("step {}", outcome.json());
            if outcome.loss() <= LOSS {
                return Ok(Some(outcome));
            }
        }
        Ok(None)
    }
}
