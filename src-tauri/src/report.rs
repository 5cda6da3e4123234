//! Writes what the call measures to a file, once a second, for `--report`.

use std::path::PathBuf;
use std::time::Duration;

use duet_engine::Endpoint;

/// Writes until the endpoint ends. A reader never sees half a report: it is renamed into place.
pub(crate) async fn write_every_second(endpoint: Endpoint, path: PathBuf) {
    let temporary = path.with_extension("new");
    loop {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let Ok(figures) = endpoint.figures().await else {
            return;
        };
        let written = serde_json::to_vec_pretty(&figures)
            .map_err(std::io::Error::from)
            .and_then(|text| std::fs::write(&temporary, text))
            .and_then(|()| std::fs::rename(&temporary, &path));
        if let Err(error) = written {
            tracing::warn!(%error, "the report could not be written");
        }
    }
}
