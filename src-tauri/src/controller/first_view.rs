//! What the page shows before anything happened.

use crate::server_host::ServerHost;
use crate::settings::Stored;
use crate::view::{
    CallView, DeviceKindView, DevicesView, LocalMediaView, NetworkView, PeopleView, Presence,
    ServerReach, ServerView, View,
};

/// The view before anything happened.
pub(super) fn first_view(stored: &Stored, server: &ServerHost) -> View {
    let (embedded, network) = match server {
        ServerHost::Elsewhere { .. } => (false, NetworkView::NotEmbedded),
        ServerHost::Embedded(_) => (true, NetworkView::Closed),
    };
    View {
        call: CallView::Idle,
        lobby: None,
        microphone: LocalMediaView {
            on: stored.microphone_on,
            problem: None,
        },
        camera: LocalMediaView {
            on: stored.camera_on,
            problem: None,
        },
        devices: DevicesView {
            cameras: DeviceKindView::default(),
            microphones: DeviceKindView::default(),
            speakers: DeviceKindView::default(),
            ringers: DeviceKindView::default(),
        },
        server: ServerView {
            url: server.url().to_owned(),
            host: super::host_of(server.url()),
            embedded,
            has_token: stored.token_for(server.url()).is_some(),
            reach: ServerReach::Checking,
            network,
        },
        confirm_server: None,
        notices: Vec::new(),
        recents: stored.recents.clone(),
        people: PeopleView {
            presence: Presence::Off,
            list: Vec::new(),
        },
        incoming: None,
        chat: None,
        call_unread: 0,
        settings: stored.settings.clone(),
        statistics: None,
        speaker_test_running: false,
        share: None,
        cast: None,
        full_screen: false,
        close_requested: false,
    }
}
