//! Rooms: what a typed or pasted text means, the lobby, joining, the server in use.

use duet_engine::ServerConfig;
use duet_protocol::{AccessToken, Invite, InviteError, InviteScheme, RoomEntry, parse_room_entry};

use super::{Controller, OtherServer, Place, Window, host_of};
use crate::server_host::{self, ServerHost};
use crate::view::{
    ConfirmServerView, InviteProblem, InviteResult, JoinRequest, LobbyView, NetworkView,
    ServerReach,
};

/// What a text means.
pub(super) enum Entry {
    Here(Place),
    Elsewhere(Place),
    Nothing(InviteProblem),
}

impl Entry {
    /// The answer to the page.
    pub(super) fn result(&self) -> InviteResult {
        match self {
            Self::Here(place) => InviteResult::Room {
                room_id: place.room_id.to_string(),
            },
            Self::Elsewhere(place) => InviteResult::OtherServer {
                room_id: place.room_id.to_string(),
                host: place
                    .other_server
                    .as_ref()
                    .map(|server| server.host.clone())
                    .unwrap_or_default(),
            },
            Self::Nothing(code) => InviteResult::Invalid { code: *code },
        }
    }
}

impl<W: Window> Controller<W> {
    pub(super) fn read_entry(&self, text: &str) -> Entry {
        if text.trim().is_empty() {
            return Entry::Nothing(InviteProblem::Empty);
        }
        match parse_room_entry(text) {
            Ok(RoomEntry::Room(room_id)) => Entry::Here(Place {
                room_id,
                other_server: None,
                access: None,
            }),
            Ok(RoomEntry::Invite(invite)) => self.read_invite(&invite),
            Err(InviteError::TooLong) => Entry::Nothing(InviteProblem::TooLong),
            Err(InviteError::Room(_)) if !text.contains("://") => {
                Entry::Nothing(InviteProblem::TooLong)
            }
            Err(
                InviteError::NotAnInvite
                | InviteError::Room(_)
                | InviteError::Secret
                | InviteError::NotExpressible,
            ) => Entry::Nothing(InviteProblem::NotAnInvite),
        }
    }

    fn read_invite(&self, invite: &Invite) -> Entry {
        let url = invite.server_url();
        let is_ours = url == self.server.url() || self.own_network_url().as_ref() == Some(&url);
        let place = |other_server| Place {
            room_id: invite.room_id.clone(),
            other_server,
            access: invite.access.clone(),
        };
        if is_ours {
            return Entry::Here(place(None));
        }
        let host = invite.host();
        Entry::Elsewhere(place(Some(OtherServer { url, host })))
    }

    fn own_network_url(&self) -> Option<String> {
        match &self.server {
            ServerHost::Embedded(embedded) => embedded
                .network_address()
                .map(|address| format!("ws://{address}/ws")),
            ServerHost::Elsewhere { .. } => None,
        }
    }

    pub(super) async fn open_lobby(&mut self, text: &str) -> InviteResult {
        let entry = self.read_entry(text);
        let result = entry.result();
        match entry {
            Entry::Here(place) => self.show_lobby(place).await,
            Entry::Elsewhere(place) => {
                self.view.confirm_server =
                    place.other_server.as_ref().map(|server| ConfirmServerView {
                        room_id: place.room_id.to_string(),
                        url: server.url.clone(),
                        host: server.host.clone(),
                    });
                self.unconfirmed = Some(place);
            }
            Entry::Nothing(_) => {}
        }
        result
    }

    pub(super) async fn confirm_server(&mut self, accept: bool) {
        self.view.confirm_server = None;
        if let (Some(place), true) = (self.unconfirmed.take(), accept) {
            self.show_lobby(place).await;
        }
    }

    /// Opens the lobby: the camera and the microphone open to be seen and measured here alone.
    pub(super) async fn show_lobby(&mut self, place: Place) {
        self.view.lobby = Some(LobbyView {
            room_id: place.room_id.to_string(),
            server_host: place
                .other_server
                .as_ref()
                .map(|server| server.host.clone()),
        });
        self.keep_token_of(&place).await;
        self.lobby = Some(place);
        self.update_preview().await;
    }

    pub(super) async fn close_lobby(&mut self) {
        self.lobby = None;
        self.view.lobby = None;
        self.update_preview().await;
    }

    /// Joins the room of the lobby.
    pub(super) async fn join(&mut self, request: JoinRequest) -> bool {
        let Some(place) = self.lobby.take() else {
            return false;
        };
        self.stored.settings.display_name = request.name.trim().chars().take(64).collect();
        self.view.settings = self.stored.settings.clone();
        self.update_directory().await;
        self.set_microphone(request.microphone_on).await;
        self.set_camera(request.camera_on).await;
        self.enter(place).await;
        self.view.lobby = None;
        self.update_preview().await;
        true
    }

    /// Joins without a lobby, for a room named on the command line.
    pub(super) async fn join_at_once(&mut self, text: &str) {
        match self.read_entry(text) {
            Entry::Here(place) => self.enter(place).await,
            Entry::Elsewhere(_) => {
                self.open_lobby(text).await;
            }
            Entry::Nothing(_) => tracing::warn!("the room on the command line is not one"),
        }
    }

    async fn enter(&mut self, place: Place) {
        self.set_place_server(&place).await;
        let name = self.stored.settings.display_name.clone();
        let name = (!name.is_empty()).then_some(name);
        let room_id = place.room_id.to_string();
        self.place = Some(place);
        self.named = None;
        self.connected_since_ms = None;
        self.peer = super::calls::unknown_peer(None);
        self.save();
        super::calls::ignore_closed(self.endpoint.set_name(name).await);
        super::calls::ignore_closed(self.endpoint.join(room_id).await);
    }

    /// Tells the endpoint which server the room is on and which certificates are trusted there.
    pub(super) async fn set_place_server(&self, place: &Place) {
        let url = match &place.other_server {
            Some(server) => server.url.clone(),
            None => self.server.url().to_owned(),
        };
        let access = place.access.clone().or_else(|| self.token_for(&url));
        self.set_server(url, access).await;
    }

    /// Tells the endpoint who we are, and that it is about the configured server.
    pub(super) async fn set_configured_server(&self) {
        let name = self.stored.settings.display_name.clone();
        let name = (!name.is_empty()).then_some(name);
        super::calls::ignore_closed(self.endpoint.set_name(name).await);
        let url = self.server.url().to_owned();
        let access = self.token_for(&url);
        self.set_server(url, access).await;
    }

    async fn set_server(&self, url: String, access: Option<AccessToken>) {
        let trusted_fingerprints = self.stored.fingerprints_of(&url);
        let server = ServerConfig {
            url,
            trusted_fingerprints,
            access,
        };
        super::calls::ignore_closed(self.endpoint.set_server(server).await);
    }

    /// The server of the present room, as URL and host.
    pub(super) fn place_server(&self) -> (String, String) {
        match self
            .place
            .as_ref()
            .and_then(|place| place.other_server.as_ref())
        {
            Some(server) => (server.url.clone(), server.host.clone()),
            None => (self.server.url().to_owned(), host_of(self.server.url())),
        }
    }

    /// What to send to the other person so that they find the room.
    pub(super) fn invite_url(&self) -> String {
        let Some(place) = &self.place else {
            return String::new();
        };
        let (url, host) = match (&place.other_server, self.own_network_url()) {
            (None, Some(network)) => {
                let host = host_of(&network);
                (network, host)
            }
            (Some(_), _) | (None, None) => self.place_server(),
        };
        let scheme = if url.starts_with("wss://") {
            InviteScheme::Https
        } else {
            InviteScheme::Duet
        };
        let invite = Invite::new(scheme, &host, place.room_id.clone(), None);
        // Who was let in with a token hands it on: without, the other would stand before a shut door.
        let invite = invite.map(|invite| match place.access.clone() {
            Some(token) => invite.with_access(token),
            None => invite,
        });
        invite.map_or_else(|_| place.room_id.to_string(), |invite| invite.to_link())
    }

    /// Uses the server that the settings now name; running calls stay where they are.
    pub(super) async fn change_server(&mut self) {
        let configured = self.stored.settings.server_url.clone();
        if configured.is_empty() && matches!(self.server, ServerHost::Embedded(_)) {
            return;
        }
        match ServerHost::find(&configured).await {
            Ok(server) => {
                let view = super::first_view::first_view(&self.stored, &server).server;
                self.view.server = view;
                self.server = server;
                self.check_server();
                self.update_directory().await;
            }
            Err(error) => {
                tracing::warn!(
                    kind = server_host::kind_of(&error),
                    "no server could be started"
                );
                self.view.server.reach = ServerReach::Unreachable { retry_at_ms: None };
            }
        }
    }

    pub(super) async fn open_to_network(&mut self) {
        let ServerHost::Embedded(embedded) = &mut self.server else {
            return;
        };
        let network = match embedded.open_to_network().await {
            Ok(address) => NetworkView::Open {
                address: address.to_string(),
            },
            Err(error) => {
                tracing::warn!(
                    kind = error.kind(),
                    "the server could not be opened to the network"
                );
                NetworkView::Failed
            }
        };
        self.view.server.network = network;
        self.refresh_invites();
    }

    pub(super) async fn close_to_network(&mut self) {
        if let ServerHost::Embedded(embedded) = &mut self.server {
            embedded.close_to_network().await;
            self.view.server.network = NetworkView::Closed;
            self.refresh_invites();
        }
    }
}
