//! The page's actions, each to the part that does it.

use duet_engine::PathConfig;
use duet_media::source::VideoFormat;
use duet_protocol::{IceServer, generate_room_id};

use super::calls::ignore_closed;
use super::{Controller, Place, Window};
use crate::commands::{Action, Done};
use crate::view::{
    CallView, CameraFormat, CastView, CommandError, CommandErrorCode, IcePolicy, NoticeAction,
    NoticeData, NoticeLevel, Settings, SettingsPatch,
};

/// A refusal for a fault of ours.
pub(super) fn internal(error: impl std::fmt::Display) -> CommandError {
    CommandError {
        code: CommandErrorCode::Internal,
        detail: error.to_string(),
    }
}

fn not_now(detail: &str) -> CommandError {
    CommandError {
        code: CommandErrorCode::NotNow,
        detail: detail.to_owned(),
    }
}

impl<W: Window> Controller<W> {
    pub(super) async fn act(&mut self, action: Action) -> Done {
        match action {
            Action::ConfirmServer(accept) => self.confirm_server(accept).await,
            Action::NewRoom => {
                let place = Place {
                    access: None,
                    room_id: generate_room_id(),
                    other_server: None,
                };
                self.show_lobby(place).await;
            }
            Action::CloseLobby => self.close_lobby().await,
            Action::Join(request) => {
                if !self.join(request).await {
                    return Err(not_now("no lobby is open"));
                }
            }
            Action::Cancel | Action::Leave => ignore_closed(self.endpoint.leave().await),
            Action::Retry => self.retry().await,
            Action::Rejoin => self.rejoin().await,
            Action::Dismiss => self.dismiss().await,
            Action::CallPerson(uid, media) => return self.call_person(uid, media).await,
            Action::CallName(name, media) => return self.call_name(name, media).await,
            Action::CallAgain => return self.call_again().await,
            Action::AnswerCall(camera) => return self.answer_call(camera).await,
            Action::DeclineCall => return self.decline_call().await,
            Action::SilenceCall => self.silence_call().await,
            Action::OpenChat(uid) => return self.open_chat(uid),
            Action::CloseChat => self.close_chat(),
            Action::SendText(text) => return self.send_text(&text).await,
            Action::RetryText(id) => return self.retry_text(id).await,
            Action::OpenLink(link) => return self.open_link(&link),
            Action::SetServerToken(token) => return self.set_server_token(&token).await,
            Action::TrustCertificate(fingerprint) => self.trust(&fingerprint).await,
            Action::SetMicrophone(on) => self.set_microphone(on).await,
            Action::SetCamera(on) => self.set_camera(on).await,
            Action::SelectDevice(kind, id) => return self.select_device(kind, id).await,
            Action::Share(id, title) => return self.share(id, title).await,
            Action::OpenCast => self.open_cast().await,
            Action::JoinCast(code, id, title) => return self.join_cast(code, id, title).await,
            Action::RetryDevice(kind) => self.retry_device(kind).await,
            Action::TestSpeaker => {
                self.view.speaker_test_running = true;
                ignore_closed(self.endpoint.test_speaker().await);
            }
            Action::SetPreview(on) => {
                self.preview_for_settings = on;
                self.update_preview().await;
            }
            Action::OpenToNetwork => self.open_to_network().await,
            Action::CloseToNetwork => self.close_to_network().await,
            Action::UpdateSettings(patch) => self.update_settings(*patch).await,
            Action::ClearRecents => {
                self.stored.recents.clear();
                self.view.recents.clear();
                self.save();
            }
            Action::DismissNotice(id) => self.dismiss_notice(id),
            Action::ActOnNotice(id, action) => self.act_on_notice(id, action).await,
            Action::SetStatisticsOpen(open) => {
                self.statistics_open = open;
                self.view.statistics = None;
                self.previous_bytes = None;
                if open {
                    self.measure().await;
                }
            }
            Action::SetFullScreen(on) => {
                self.view.full_screen = on;
                self.window.set_full_screen(on);
            }
            Action::SetWindowTitle(title) => {
                let title: String = title
                    .chars()
                    .filter(|c| !c.is_control())
                    .take(200)
                    .collect();
                self.window.set_title(&title);
            }
            Action::ConfirmClose(close) => {
                self.view.close_requested = false;
                self.closing = close;
            }
        }
        Ok(())
    }

    /// From a last screen back to Home.
    async fn dismiss(&mut self) {
        self.view.call = CallView::Idle;
        ignore_closed(self.endpoint.leave().await);
        self.check_server();
    }

    async fn retry(&mut self) {
        if self.view.call == CallView::Idle {
            self.check_server();
        }
        if let Some(place) = self.place.clone() {
            self.set_place_server(&place).await;
        } else if self.view.cast.is_some() {
            self.set_configured_server().await;
        }
        ignore_closed(self.endpoint.retry().await);
    }

    async fn rejoin(&mut self) {
        if let Some(place) = self.place.clone() {
            self.set_place_server(&place).await;
        }
        self.connected_since_ms = None;
        ignore_closed(self.endpoint.rejoin().await);
    }

    /// Trusts the certificate that was shown, and only that one, then tries again.
    async fn trust(&mut self, fingerprint: &str) {
        if self.failed_certificate.as_deref() != Some(fingerprint) {
            return;
        }
        let (url, _) = self.place_server();
        self.stored.trust(&url, fingerprint);
        self.failed_certificate = None;
        self.save();
        self.check_server();
        self.update_directory().await;
        if self.view.cast == Some(CastView::Presenter) {
            // What was to be shown is chosen again: the page asks for the code once more.
            self.dismiss().await;
        } else {
            self.retry().await;
        }
    }

    pub(super) async fn set_microphone(&mut self, on: bool) {
        self.view.microphone.on = on;
        self.stored.microphone_on = on;
        self.save();
        ignore_closed(self.endpoint.set_microphone(on).await);
    }

    pub(super) async fn set_camera(&mut self, on: bool) {
        self.view.camera.on = on;
        if !on {
            self.view.camera.problem = None;
        }
        self.stored.camera_on = on;
        self.save();
        ignore_closed(self.endpoint.set_camera(on).await);
    }

    pub(super) async fn update_preview(&mut self) {
        let on = self.lobby.is_some() || self.preview_for_settings;
        ignore_closed(self.endpoint.preview(on).await);
    }

    async fn update_settings(&mut self, patch: SettingsPatch) {
        let before = self.stored.settings.clone();
        self.stored.settings.apply(patch);
        let after = self.stored.settings.clone();
        self.view.settings = after.clone();
        self.save();
        if before.camera_format != after.camera_format {
            let format = video_format(after.camera_format);
            ignore_closed(self.endpoint.set_camera_format(format).await);
        }
        if (&before.ice_servers, before.ice_policy) != (&after.ice_servers, after.ice_policy) {
            ignore_closed(self.endpoint.set_path(path_config(&after)).await);
        }
        let listed = |settings: &Settings| (settings.online, settings.display_name.clone());
        if listed(&before) != listed(&after) {
            self.update_directory().await;
        }
        if before.do_not_disturb != after.do_not_disturb {
            self.disturbance_changed().await;
        }
        if before.server_url != after.server_url {
            self.change_server().await;
        }
    }

    /// Opens a link of a text, if it is what it seems.
    fn open_link(&mut self, link: &str) -> Done {
        let Some(address) = super::links::web_address(link) else {
            return Err(CommandError {
                code: CommandErrorCode::Invalid,
                detail: "not a plain web address".to_owned(),
            });
        };
        if !self.window.open_link(&address) {
            self.notify(NoticeLevel::Error, NoticeData::LinkFailed, Vec::new());
        }
        Ok(())
    }

    async fn act_on_notice(&mut self, id: u32, action: NoticeAction) {
        let Some(notice) = self.take_notice(id) else {
            return;
        };
        let kind = match notice.data {
            NoticeData::TextArrived { uid, .. } => {
                if action == NoticeAction::Open && self.open_chat(Some(uid)).is_err() {
                    tracing::debug!("a text without a sender");
                }
                return;
            }
            NoticeData::DeviceLost { device, .. }
            | NoticeData::DeviceBack { device, .. }
            | NoticeData::DeviceFailed { device, .. } => device,
            NoticeData::SignalingLost
            | NoticeData::SignalingBack
            | NoticeData::SettingsReset { .. }
            | NoticeData::ShareEnded { .. }
            | NoticeData::CastEnded
            | NoticeData::MissedCall { .. }
            | NoticeData::LinkFailed
            | NoticeData::PeerJoined { .. } => return,
        };
        match action {
            NoticeAction::Retry => self.retry_device(kind).await,
            NoticeAction::Undo => self.undo_device_change(kind).await,
            // The page opens the devices by itself; nothing came that could be looked at.
            NoticeAction::PickAnother | NoticeAction::Open => {}
        }
    }
}

/// The settings' camera format for the engine.
pub(crate) fn video_format(format: CameraFormat) -> VideoFormat {
    VideoFormat {
        width: format.width,
        height: format.height,
        frames_per_second: format.frames_per_second,
    }
}

/// The settings' paths for the engine; entries that are no ICE servers are left out.
pub(crate) fn path_config(settings: &Settings) -> PathConfig {
    let given = |text: &String| (!text.is_empty()).then(|| text.clone());
    PathConfig {
        ice_servers: settings
            .ice_servers
            .iter()
            .filter(|server| server.url.starts_with("stun:") || server.url.starts_with("turn"))
            .map(|server| IceServer {
                urls: vec![server.url.clone()],
                username: given(&server.username),
                credential: given(&server.credential),
            })
            .collect(),
        ice_policy: match settings.ice_policy {
            IcePolicy::All => duet_engine::IcePolicy::All,
            IcePolicy::Relay => duet_engine::IcePolicy::Relay,
        },
    }
}
