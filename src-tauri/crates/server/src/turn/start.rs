//! Starting the relay that the settings ask for.

use tracing::warn;

use super::{IceList, Relays, Secrets, TurnConfig, TurnMode, TurnServer};
use crate::server::ServerError;
use crate::tls::Tls;

/// The relay, if there is one in this server, and what clients are told of it.
pub(crate) fn start(
    mode: &TurnMode,
    tls: Option<&Tls>,
) -> Result<(Option<TurnServer>, IceList), ServerError> {
    match mode {
        TurnMode::Off => Ok((None, IceList::none())),
        TurnMode::BuiltIn(config) => {
            config.check()?;
            start_own(config, tls)
        }
        TurnMode::Outside(outside) => {
            outside.check()?;
            let secrets = Secrets::new([outside.secret.as_str()]);
            let list = IceList::elsewhere(outside.uris.clone(), secrets, outside.credential_ttl);
            Ok((None, list))
        }
    }
}

fn start_own(
    config: &TurnConfig,
    tls: Option<&Tls>,
) -> Result<(Option<TurnServer>, IceList), ServerError> {
    let secrets = match config.secrets.as_slice() {
        [] => Secrets::random(),
        given => Secrets::new(given.iter().map(String::as_str)),
    };
    match TurnServer::bind(config, secrets.clone(), tls.map(Tls::relay_acceptor)) {
        Ok(turn) => {
            let relays = Relays {
                datagrams: turn.addresses().to_vec(),
                streams: turn.stream_addresses().to_vec(),
                has_tls: tls.is_some(),
                external_ips: config.external_ips.clone(),
            };
            let list = IceList::here(relays, secrets, config.credential_ttl);
            Ok((Some(turn), list))
        }
        Err((address, source)) if config.is_required => Err(ServerError::Relay { address, source }),
        Err((address, error)) => {
            warn!(port = address.port(), %error, "no STUN and no TURN: the port cannot be had");
            Ok((None, IceList::none()))
        }
    }
}
