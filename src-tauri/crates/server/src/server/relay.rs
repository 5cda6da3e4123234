//! The relay of a server: where it is, and what changes while it runs.

use std::net::SocketAddr;
use std::sync::Arc;

use ipnet::IpNet;

use super::{Server, ServerError};
use crate::bus::RedisConfig;
use crate::turn::{self, IceList, Secrets, TurnConfig, TurnConfigError, TurnMode};

/// A relay in here keeps away from the Redis, wherever that is.
pub(super) fn beside_redis(mut mode: TurnMode, redis: Option<&RedisConfig>) -> TurnMode {
    match &mut mode {
        TurnMode::BuiltIn(config) => {
            let host = redis.and_then(RedisConfig::host);
            config.denied_hosts.extend(host);
        }
        TurnMode::Off | TurnMode::Outside(_) => {}
    }
    mode
}

impl Server {
    /// Where the relay listens over UDP, with the real ports; empty while it is off.
    #[must_use]
    pub fn turn_addrs(&self) -> Vec<SocketAddr> {
        let turn = self.turn.read();
        let addresses = turn.as_ref().map(|turn| turn.addresses().to_vec());
        addresses.unwrap_or_default()
    }

    /// Where it takes streams, with the real ports.
    #[must_use]
    pub fn turn_stream_addrs(&self) -> Vec<SocketAddr> {
        let turn = self.turn.read();
        let addresses = turn.as_ref().map(|turn| turn.stream_addresses().to_vec());
        addresses.unwrap_or_default()
    }

    /// Relays from now on, in place of whatever did so far, and tells those who join from now on.
    ///
    /// # Errors
    /// If the settings cannot be, or not with these addresses.
    pub fn open_relay(&self, config: &TurnConfig) -> Result<(), ServerError> {
        let mode = TurnMode::BuiltIn(config.clone());
        let mode = beside_redis(mode, self.shared.config.redis.as_ref());
        let (turn, ice) = turn::start(&mode, self.shared.tls.as_ref())?;
        *self.turn.write() = turn.map(Arc::new);
        self.ice.replace(ice);
        Ok(())
    }

    /// Relays no more; relays that run end.
    pub fn close_relay(&self) {
        self.ice.replace(IceList::none());
        *self.turn.write() = None;
    }

    /// Changes the relay's secrets, the newest first: `[new, old]` at first, and `[new]` when the
    /// credentials made with the old one have expired. Running relays go on.
    ///
    /// # Errors
    /// If there is none, an empty one or more than two.
    pub fn set_turn_secrets(&self, secrets: &[String]) -> Result<(), TurnConfigError> {
        let is_some = !secrets.is_empty() && secrets.iter().all(|secret| !secret.is_empty());
        if !is_some || secrets.len() > Secrets::MAX {
            return Err(TurnConfigError::Secrets);
        }
        let secrets = Secrets::new(secrets.iter().map(String::as_str));
        // The relay first: it must know a secret before anybody has a credential made with it.
        if let Some(turn) = &*self.turn.read() {
            turn.set_secrets(secrets.clone());
        }
        self.ice.set_secrets(secrets);
        Ok(())
    }

    /// Changes what nobody may reach through the relay besides what is closed to all
    /// ([`TurnConfig::denied`]), and looks anew where the name of the Redis leads. Channels and permissions
    /// for what is closed now end; relays that run go on.
    pub async fn set_turn_denied(&self, networks: Vec<IpNet>) {
        let turn = self.turn.read().as_ref().map(Arc::clone);
        if let Some(turn) = turn {
            turn.deny(networks).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bus::ClusterKeys;

    #[test]
    fn the_redis_is_denied_by_its_name_and_a_relay_elsewhere_is_not_ours_to_tell() {
        let denied = |url: &str| {
            let keys = ClusterKeys::new(["0123456789abcdef0123456789abcdef"]);
            let redis = RedisConfig::new(url, keys.expect("a key"));
            let mode = TurnMode::BuiltIn(TurnConfig::new(Vec::new()));
            match beside_redis(mode, Some(&redis)) {
                TurnMode::BuiltIn(config) => config.denied_hosts,
                TurnMode::Off | TurnMode::Outside(_) => panic!("another mode"),
            }
        };
        assert_eq!(
            denied("redis://:word@r.example.org:6380/1"),
            ["r.example.org"]
        );
        assert_eq!(denied("rediss://198.51.100.7"), ["198.51.100.7"]);
        assert!(denied("unix:///run/redis.sock").is_empty());
        let alone = beside_redis(TurnMode::Off, None);
        assert!(matches!(alone, TurnMode::Off));
    }
}
