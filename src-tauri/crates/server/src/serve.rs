//! Being the server, until a signal.

#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod heap;
mod logging;
#[cfg(unix)]
mod reload;

use std::io::Write as _;

use anyhow::Context;
use duet_server::Server;
use tracing::warn;

use crate::settings::Settings;

/// Serves until the program is asked to end.
///
/// # Errors
/// Why it cannot start.
pub(crate) async fn run(settings: &Settings) -> anyhow::Result<()> {
    let config = settings.server_config()?;
    let _logs = logging::start(settings)?;
    let shutdown = shutdown_signal().context("cannot listen for signals")?;
    #[cfg(unix)]
    let reloads = reload::signals().context("cannot listen for signals")?;
    if config.hides_relay() {
        warn!("the relay listens on the loopback alone, where no client gets: set --turn-listen");
    }
    let server = Server::bind(config).await?;
    for url in server.urls() {
        // Nobody may be listening to standard output; that stops no server.
        let _ = writeln!(std::io::stdout(), "listening on {url}");
    }
    for address in server.turn_addrs() {
        let _ = writeln!(std::io::stdout(), "relaying on turn:{address}");
    }
    for address in server.monitor_addrs() {
        let _ = writeln!(std::io::stdout(), "figures on http://{address}/metrics");
    }
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    let tidying = heap::give_back(&server);
    // Other allocators do so by themselves, or cannot be asked.
    #[cfg(not(all(target_os = "linux", target_env = "gnu")))]
    let tidying = std::future::pending::<()>();
    #[cfg(unix)]
    let reloading = reload::follow(&server, reloads);
    #[cfg(windows)]
    let reloading = std::future::pending::<()>();
    tokio::select! {
        () = shutdown => {}
        () = reloading => {}
        () = tidying => {}
    }
    server.shutdown().await;
    Ok(())
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
