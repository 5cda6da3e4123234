//! `duet-server`: the server as a program. Flags, logs, signals; the rest is the library.

mod turn_flags;

use std::io::Write as _;
use std::net::SocketAddr;

use anyhow::Context;
use clap::{Parser, ValueEnum};
use duet_protocol::IceServer;
use duet_server::{Server, ServerConfig, parse_ice_servers};
use tracing_subscriber::EnvFilter;

use turn_flags::TurnFlags;

/// The server of Duet: it brings two people into a room, and relays their call where no direct path
/// exists.
#[derive(Debug, Parser)]
#[command(version)]
struct Flags {
    /// Where to listen; may be given several times. Port 0 takes a free one.
    #[arg(
        long,
        env = "DUET_LISTEN",
        value_delimiter = ',',
        default_value = "0.0.0.0:7440"
    )]
    listen: Vec<SocketAddr>,

    /// A web origin to admit besides pages of the same host, such as https://calls.example.org;
    /// may be given several times. "null" admits local files.
    #[arg(long, env = "DUET_ALLOW_ORIGIN", value_delimiter = ',')]
    allow_origin: Vec<String>,

    /// A STUN or TURN server for the clients: stun:HOST:PORT, or the JSON of an RTCIceServer or of a
    /// list of them; may be given several times.
    #[arg(long, env = "DUET_ICE_SERVER", value_parser = ice_servers)]
    ice_server: Vec<IceServers>,

    /// Connections from one IPv4 address or IPv6 /64 network; 0 is without limit.
    #[arg(long, env = "DUET_MAX_CONNECTIONS_PER_ADDRESS", default_value_t = 50)]
    max_connections_per_address: usize,

    /// Connections altogether.
    #[arg(long, env = "DUET_MAX_CONNECTIONS", default_value_t = 10_000)]
    max_connections: usize,

    /// Joins and logins from one address that may fail in a minute.
    #[arg(long, env = "DUET_FAILED_JOINS_PER_MINUTE", default_value_t = 30)]
    failed_joins_per_minute: u32,

    /// Calls by name from one address in a minute.
    #[arg(long, env = "DUET_CALLS_PER_MINUTE", default_value_t = 60)]
    calls_per_minute: u32,

    /// Wrong codes of casts from one address in a minute.
    #[arg(long, env = "DUET_CAST_GUESSES_PER_MINUTE", default_value_t = 5)]
    cast_guesses_per_minute: u32,

    /// Wrong codes of casts from everybody in a minute.
    #[arg(
        long,
        env = "DUET_CAST_GUESSES_PER_MINUTE_OVERALL",
        default_value_t = 1000
    )]
    cast_guesses_per_minute_overall: u32,

    /// How logs are written to standard error; DUET_LOG sets what (default: info).
    #[arg(long, env = "DUET_LOG_FORMAT", value_enum, default_value_t = LogFormat::Text)]
    log_format: LogFormat,

    #[command(flatten)]
    turn: TurnFlags,
}

/// What one `--ice-server` names.
#[derive(Debug, Clone)]
struct IceServers(Vec<IceServer>);

/// A form of log lines.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum LogFormat {
    Text,
    Json,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let flags = Flags::parse();
    start_logging(flags.log_format);
    let shutdown = shutdown_signal().context("cannot listen for signals")?;
    let server = Server::bind(config(&flags)).await?;
    for address in server.local_addrs() {
        // Nobody may be listening to standard output; that stops no server.
        let _ = writeln!(std::io::stdout(), "listening on ws://{address}/ws");
    }
    for address in server.turn_addrs() {
        let _ = writeln!(std::io::stdout(), "relaying on turn:{address}");
    }
    server.run_until(shutdown).await;
    Ok(())
}

fn config(flags: &Flags) -> ServerConfig {
    let limit = flags.max_connections_per_address;
    ServerConfig {
        allowed_origins: flags.allow_origin.clone(),
        ice_servers: flags
            .ice_server
            .iter()
            .flat_map(|entry| entry.0.clone())
            .collect(),
        turn: flags.turn.mode(&flags.listen),
        max_connections_per_address: (limit > 0).then_some(limit),
        max_connections: flags.max_connections,
        failed_joins_per_minute: flags.failed_joins_per_minute,
        calls_per_minute: flags.calls_per_minute,
        cast_guesses_per_minute: flags.cast_guesses_per_minute,
        cast_guesses_per_minute_overall: flags.cast_guesses_per_minute_overall,
        ..ServerConfig::new(flags.listen.clone())
    }
}

fn ice_servers(text: &str) -> Result<IceServers, String> {
    let servers = parse_ice_servers(text).map_err(|error| error.to_string())?;
    Ok(IceServers(servers))
}

/// Logs go to standard error: standard output belongs to the lines that say where we listen.
fn start_logging(format: LogFormat) {
    let filter = EnvFilter::try_from_env("DUET_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let logs = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    match format {
        LogFormat::Text => logs.init(),
        LogFormat::Json => logs.json().init(),
    }
}

/// Ready when the program is asked to end. The handlers are in place when this returns.
#[cfg(unix)]
fn shutdown_signal() -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// Ready when the program is asked to end.
#[cfg(windows)]
fn shutdown_signal() -> std::io::Result<impl Future<Output = ()>> {
    let mut interrupt = tokio::signal::windows::ctrl_c()?;
    Ok(async move {
        interrupt.recv().await;
    })
}
