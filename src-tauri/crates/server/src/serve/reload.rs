//! SIGHUP: secrets, keys and what relays must not reach are read again, and nothing else.
//!
//! What a restart would cost is every running relay. The rest of the settings concerns what is set up once,
//! and a change of it comes with a restart, as one wants to see it fail at once if it is wrong.

use duet_server::Server;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing::{info, warn};

use crate::commands;

/// From now on the signal does not end the program.
pub(super) fn signals() -> std::io::Result<Signal> {
    signal(SignalKind::hangup())
}

/// Reads again whenever that is asked for.
pub(super) async fn follow(server: &Server, mut signals: Signal) {
    while signals.recv().await.is_some() {
        // In words, as an operator types this and looks at the log for what came of it.
        match reload(server).await {
            Ok(()) => info!("secrets, keys and denied addresses were read again"),
            Err(error) => {
                let error = crate::with_causes(error.as_ref());
                warn!("the old secrets and keys stay: {error}");
            }
        }
    }
    // No signal comes any more: then there is only the end to wait for.
    std::future::pending().await
}

async fn reload(server: &Server) -> anyhow::Result<()> {
    let settings = commands::parse_again()?;
    let keys = settings.access_keys()?;
    let cluster_keys = settings.cluster_keys()?;
    let secrets = settings.turn_secrets();
    if !secrets.is_empty() {
        server.set_turn_secrets(secrets)?;
    }
    if let Some(keys) = keys {
        server.set_access_keys(keys);
    }
    if let Some(keys) = cluster_keys {
        server.set_cluster_keys(keys);
    }
    server
        .set_turn_denied(settings.turn_denied().to_vec())
        .await;
    Ok(())
}
