//! What `cargo xtask bench signaling` runs beside a server: clients enough to bring it to its limit.
//!
//! One thread that never sleeps, on a core of its own, with frames written by hand: a client that costs more
//! than the server would measure itself. It speaks to whatever serves Duet's protocol at `/ws`. Results go to
//! standard output, one JSON object a line.
//!
//! `rooms` finds how many rooms a second the server introduces while what it forwards stays prompt; `crowd`
//! opens connections that idle, and brings them back when they break.

mod connection;
mod crowd;
mod frame;
mod latencies;
mod net;
mod processor;
mod rooms;
mod script;
mod speaker;
mod wave;

use std::net::SocketAddr;

use clap::{Args, Parser, Subcommand};

#[derive(Debug, Parser)]
struct CommandLine {
    #[command(subcommand)]
    work: Work,
}

#[derive(Debug, Subcommand)]
enum Work {
    /// Rooms at a rising rate.
    Rooms(RoomsArgs),
    /// Connections that idle and come back.
    Crowd(CrowdArgs),
}

/// Where the server is.
#[derive(Debug, Args, Clone, Copy)]
struct Target {
    /// The server's address.
    #[arg(long)]
    server: SocketAddr,
    /// Source addresses: 127.0.0.1 and the next ones.
    #[arg(long, default_value_t = 20)]
    sources: u8,
}

#[derive(Debug, Args)]
struct RoomsArgs {
    #[command(flatten)]
    target: Target,
    /// The server's process, for its processor time.
    #[arg(long)]
    pid: u32,
    /// Rooms a second to begin with.
    #[arg(long, default_value_t = 300.0)]
    from: f64,
    /// Rooms a second at which to stop.
    #[arg(long, default_value_t = 20_000.0)]
    to: f64,
    /// These rates and no others.
    #[arg(long, value_delimiter = ',')]
    at: Vec<f64>,
    /// Seconds that count at each rate.
    #[arg(long, default_value_t = 2.0)]
    seconds: f64,
    /// Connections that take turns: two for each room at a time.
    #[arg(long, default_value_t = 4_000)]
    connections: usize,
    /// Every candidate in a segment of its own, instead of in the groups in which they are found.
    #[arg(long)]
    singly: bool,
}

#[derive(Debug, Args)]
struct CrowdArgs {
    #[command(flatten)]
    target: Target,
    /// How many.
    #[arg(long)]
    count: usize,
    /// What they do before they idle.
    #[arg(long, value_enum)]
    kind: crowd::Kind,
}

fn main() -> anyhow::Result<()> {
    match CommandLine::parse().work {
        Work::Rooms(args) => rooms::run(&args),
        Work::Crowd(args) => crowd::run(&args),
    }
}
