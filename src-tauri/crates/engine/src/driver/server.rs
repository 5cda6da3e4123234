//! Which server is talked to. There is one connection at most: for the room, for being listed, or for
//! both when they are on one server. A room on another server comes first; for that time one is logged
//! out, and nobody's call is lost in between unnoticed. A second connection was rejected: it could ring
//! during a call, but would need a second identity and machine for what is rare.

use duet_call::Input;
use duet_signaling::{SignalingClient, SignalingConfig};

use super::{Driver, Signaling};
use crate::config::ServerConfig;

impl Driver {
    /// The connection of the moment is to the server where we are listed.
    pub(super) fn is_home(&self) -> bool {
        match (&self.signaling, &self.directory) {
            (Some(signaling), Some(directory)) => signaling.server.url == directory.server.url,
            (Some(_) | None, _) => false,
        }
    }

    /// Talks to this server: by the connection there is, or by another in its place.
    pub(super) fn use_server(&mut self, server: ServerConfig) {
        if let Some(present) = &self.signaling
            && present.server == server
        {
            present.handle.try_now();
            return;
        }
        self.release_signaling();
        let config = SignalingConfig {
            url: server.url.clone(),
            trusted_fingerprints: server.trusted_fingerprints.clone(),
            access: server.access.clone(),
            ..SignalingConfig::default()
        };
        let is_same_server = self.last_url.as_ref() == Some(&server.url);
        self.last_url = Some(server.url.clone());
        let (handle, events) = SignalingClient::spawn(config);
        self.signaling = Some(Signaling {
            handle,
            events,
            server,
        });
        let is_home = self.is_home();
        self.input(Input::SignalingStarted {
            is_home,
            is_same_server,
        });
    }

    /// Without a room, only being listed needs a server.
    pub(super) fn settle_signaling(&mut self) {
        if self.call.state().is_active() {
            return;
        }
        let Some(home) = self.directory.as_ref().map(|own| own.server.clone()) else {
            // A last `leave` is flushed by the client.
            return self.release_signaling();
        };
        let is_there = |present: &Signaling| present.server == home;
        if !self.signaling.as_ref().is_some_and(is_there) {
            self.use_server(home);
        }
    }

    /// Ends the connection to the server after what waits to be sent.
    fn release_signaling(&mut self) {
        if let Some(signaling) = self.signaling.take() {
            tokio::spawn(signaling.handle.leave_and_close());
        }
    }
}
