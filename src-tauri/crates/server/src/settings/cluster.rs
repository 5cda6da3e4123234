//! The settings of several servers that are one.

use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use duet_server::{ClusterKeys, RedisConfig};

/// Redis, and what is said over it.
#[derive(Debug, Args)]
#[command(next_help_heading = "Several servers as one")]
pub(super) struct ClusterSettings {
    /// The Redis over which this server and others are one, such as redis://:PASSWORD@HOST:6379, or
    /// rediss:// for TLS. A password is better kept in the variable or the file. Needs a cluster key.
    #[arg(long, env = "DUET_REDIS", value_name = "URL", hide_env_values = true)]
    redis: Option<String>,

    /// The key by which the servers on that Redis know each other, the same on all of them: at least 32
    /// characters (openssl rand -hex 32). During a change two; the first one signs, and both are good.
    /// Others on this machine can read flags: better set the variable, or take --cluster-key-file.
    #[arg(
        long,
        env = "DUET_CLUSTER_KEY",
        value_name = "KEY",
        value_delimiter = ',',
        hide_env_values = true
    )]
    cluster_key: Vec<String>,

    /// A file with that key, or with two lines during a change, in the place of --cluster-key.
    #[arg(long, env = "DUET_CLUSTER_KEY_FILE", value_name = "FILE")]
    cluster_key_file: Option<PathBuf>,
}

impl ClusterSettings {
    /// The Redis to be on, if any.
    ///
    /// # Errors
    /// What is wrong with its address, or that the key is missing or is none.
    pub(super) fn redis(&self) -> anyhow::Result<Option<RedisConfig>> {
        let keys = self.keys()?;
        let Some(url) = &self.redis else {
            return Ok(None);
        };
        let Some(keys) = keys else {
            anyhow::bail!(
                "--redis needs the key that all servers on it share, in --cluster-key or --cluster-key-file: without \
                 it, whoever can write to that Redis could speak as one of them. Make one with: openssl rand -hex 32"
            )
        };
        let config = RedisConfig::new(url, keys);
        config.client().context("--redis")?;
        Ok(Some(config))
    }

    /// The keys of the cluster, as they are now.
    ///
    /// # Errors
    /// Why they are none.
    pub(super) fn keys(&self) -> anyhow::Result<Option<ClusterKeys>> {
        match (self.cluster_key.as_slice(), &self.cluster_key_file) {
            ([], None) => Ok(None),
            ([], Some(path)) => {
                let keys = ClusterKeys::read(path);
                let keys = keys.with_context(|| format!("--cluster-key-file {}", path.display()));
                keys.map(Some)
            }
            (keys, None) => {
                let keys = ClusterKeys::new(keys.iter().map(String::as_str));
                keys.context("--cluster-key").map(Some)
            }
            (_, Some(_)) => {
                anyhow::bail!("the key is in --cluster-key or in --cluster-key-file, not in both")
            }
        }
    }
}
