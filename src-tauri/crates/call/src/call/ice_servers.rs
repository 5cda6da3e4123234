//! STUN and TURN servers of the server, with credentials that are never old.
//!
//! Credentials live ten minutes at most, and a PeerConnection that is built anew in the fortieth minute
//! needs a relay as much as the first one. So they are renewed in time during a call, instead of being
//! asked for when a path has just broken and every second counts.

use std::time::Instant;

use duet_protocol::{ClientMessage, IceServer};

use super::Call;
use crate::output::Output;
use crate::timing::CREDENTIAL_AGE;

impl Call {
    pub(super) fn take_ice_servers(&mut self, now: Instant, ice_servers: Vec<IceServer>) {
        self.credentials_at = Some(now);
        if let Some(session) = self.session().map(str::to_owned)
            && !ice_servers.is_empty()
        {
            self.push(Output::SetIceServers {
                session,
                ice_servers: ice_servers.clone(),
            });
        }
        self.ice_servers = ice_servers;
    }

    /// When they should be renewed: in a room whose server gave any.
    pub(super) fn credentials_due(&self) -> Option<Instant> {
        let has_any = self.ice_servers.iter().any(|one| one.credential.is_some());
        let given_at = self.credentials_at?;
        (has_any && self.server.is_joined()).then(|| given_at + CREDENTIAL_AGE)
    }

    pub(super) fn renew_credentials(&mut self, now: Instant) {
        if self.credentials_due().is_some_and(|due| due <= now) {
            // Without an answer it is asked again after the same time.
            self.credentials_at = Some(now);
            self.signal(ClientMessage::IceServers);
        }
    }
}
