//! The page's commands, one thin function each: arguments in, a [`UiCommand`] to the controller, its
//! answer out. Nothing is decided here.

use tauri::State;
use tokio::sync::{mpsc, oneshot};

use crate::view::{
    CallMedia, CommandError, CommandErrorCode, DeviceKind, FrameSocket, IncomingWindowView,
    InviteResult, JoinRequest, NoticeAction, ScreensAnswer, SettingsPatch, SharingWindowView, View,
};

/// The answer to a command that only acts.
pub type Done = Result<(), CommandError>;

/// What the page asks of the controller; each carries the way back for its answer.
#[derive(Debug)]
pub enum UiCommand {
    /// The page is there, or there again.
    UiReady(oneshot::Sender<View>),
    /// What would this text open?
    PreviewInvite(String, oneshot::Sender<InviteResult>),
    /// Open the lobby of the room that this text means.
    OpenLobby(String, oneshot::Sender<InviteResult>),
    /// What can be shown?
    Screens(oneshot::Sender<ScreensAnswer>),
    /// Where frames come from.
    FrameSocket(oneshot::Sender<Result<FrameSocket, CommandError>>),
    /// What the window of an incoming call shows.
    IncomingReady(oneshot::Sender<IncomingWindowView>),
    /// What the marker of a shared screen shows.
    SharingReady(oneshot::Sender<SharingWindowView>),
    /// Something to do.
    Act(Action, oneshot::Sender<Done>),
}

/// What the page asks to be done.
#[derive(Debug)]
pub enum Action {
    /// Answer the question about another server.
    ConfirmServer(bool),
    /// Open the lobby of a new room.
    NewRoom,
    /// Back to Home.
    CloseLobby,
    /// Join the room whose lobby is open.
    Join(JoinRequest),
    /// Stop joining.
    Cancel,
    /// Leave the call.
    Leave,
    /// Try again at once.
    Retry,
    /// Join the last room again.
    Rejoin,
    /// From a last screen back to Home.
    Dismiss,
    /// Call somebody who is online, by uid.
    CallPerson(String, CallMedia),
    /// Call whoever is online under this name.
    CallName(String, CallMedia),
    /// Call the person of the last call by name.
    CallAgain,
    /// Take the call that rings, with the camera or without.
    AnswerCall(bool),
    /// Refuse the call that rings.
    DeclineCall,
    /// Stop the ringing, not the call.
    SilenceCall,
    /// Open the conversation with this uid; none is the other person of the call.
    OpenChat(Option<String>),
    /// Close the conversation.
    CloseChat,
    /// Send a text to the person of the open conversation.
    SendText(String),
    /// Send a text that failed once more.
    RetryText(u32),
    /// Open a link of a text in the system's browser.
    OpenLink(String),
    /// What admits us to the configured server, if it is closed; empty forgets it.
    SetServerToken(String),
    /// Trust this certificate for the present server.
    TrustCertificate(String),
    /// Be heard or not.
    SetMicrophone(bool),
    /// Be seen or not.
    SetCamera(bool),
    /// Show a screen or window to the other, by its id and with its name for our page, or none any more.
    Share(Option<String>, String),
    /// Be a display.
    OpenCast,
    /// Show a screen or window on the display that shows a code: code, id, name.
    JoinCast(String, String, String),
    /// Use another device; `None` follows the system.
    SelectDevice(DeviceKind, Option<String>),
    /// Try a failed device again.
    RetryDevice(DeviceKind),
    /// Play the test tone.
    TestSpeaker,
    /// Keep camera and microphone open for the settings.
    SetPreview(bool),
    /// Let people on this network in.
    OpenToNetwork,
    /// Keep them out again.
    CloseToNetwork,
    /// Change settings.
    UpdateSettings(Box<SettingsPatch>),
    /// Forget the recent rooms.
    ClearRecents,
    /// Put a notice away.
    DismissNotice(u32),
    /// Do what a notice offers.
    ActOnNotice(u32, NoticeAction),
    /// Figures are wanted or not.
    SetStatisticsOpen(bool),
    /// Fill the screen or not.
    SetFullScreen(bool),
    /// The window's title.
    SetWindowTitle(String),
    /// Close the window during a call, or stay.
    ConfirmClose(bool),
}

/// The way from the commands to the controller.
#[derive(Debug, Clone)]
pub struct ControllerLink(pub mpsc::Sender<UiCommand>);

impl ControllerLink {
    async fn ask<T>(
        &self,
        command: impl FnOnce(oneshot::Sender<T>) -> UiCommand,
    ) -> Result<T, CommandError> {
        let (reply, answer) = oneshot::channel();
        self.0.send(command(reply)).await.map_err(|_| ended())?;
        answer.await.map_err(|_| ended())
    }

    async fn act(&self, action: Action) -> Done {
        self.ask(|reply| UiCommand::Act(action, reply)).await?
    }
}

fn ended() -> CommandError {
    CommandError {
        code: CommandErrorCode::Internal,
        detail: "the application is ending".to_owned(),
    }
}

type Link<'a> = State<'a, ControllerLink>;

#[tauri::command]
pub(crate) async fn ui_ready(link: Link<'_>) -> Result<View, CommandError> {
    link.ask(UiCommand::UiReady).await
}

#[tauri::command]
pub(crate) async fn preview_invite(
    link: Link<'_>,
    text: String,
) -> Result<InviteResult, CommandError> {
    link.ask(|reply| UiCommand::PreviewInvite(text, reply))
        .await
}

#[tauri::command]
pub(crate) async fn open_lobby(link: Link<'_>, text: String) -> Result<InviteResult, CommandError> {
    link.ask(|reply| UiCommand::OpenLobby(text, reply)).await
}

#[tauri::command]
pub(crate) async fn frame_socket(link: Link<'_>) -> Result<FrameSocket, CommandError> {
    link.ask(UiCommand::FrameSocket).await?
}

#[tauri::command]
pub(crate) async fn list_screens(link: Link<'_>) -> Result<ScreensAnswer, CommandError> {
    link.ask(UiCommand::Screens).await
}

#[tauri::command]
pub(crate) async fn incoming_ready(link: Link<'_>) -> Result<IncomingWindowView, CommandError> {
    link.ask(UiCommand::IncomingReady).await
}

#[tauri::command]
pub(crate) async fn sharing_ready(link: Link<'_>) -> Result<SharingWindowView, CommandError> {
    link.ask(UiCommand::SharingReady).await
}

/// One command for each action: its name, its arguments, and the action they make.
macro_rules! actions {
    ($($name:ident($($argument:ident: $type:ty),*) => $action:expr;)*) => {
        $(
            #[tauri::command]
            pub(crate) async fn $name(link: Link<'_>, $($argument: $type),*) -> Done {
                link.act($action).await
            }
        )*
    };
}

actions! {
    confirm_server(accept: bool) => Action::ConfirmServer(accept);
    new_room() => Action::NewRoom;
    close_lobby() => Action::CloseLobby;
    join(request: JoinRequest) => Action::Join(request);
    cancel() => Action::Cancel;
    leave() => Action::Leave;
    retry() => Action::Retry;
    rejoin() => Action::Rejoin;
    dismiss() => Action::Dismiss;
    call_person(uid: String, media: CallMedia) => Action::CallPerson(uid, media);
    call_name(name: String, media: CallMedia) => Action::CallName(name, media);
    call_again() => Action::CallAgain;
    answer_call(camera: bool) => Action::AnswerCall(camera);
    decline_call() => Action::DeclineCall;
    silence_call() => Action::SilenceCall;
    open_chat(uid: Option<String>) => Action::OpenChat(uid);
    close_chat() => Action::CloseChat;
    send_text(text: String) => Action::SendText(text);
    retry_text(id: u32) => Action::RetryText(id);
    open_link(link: String) => Action::OpenLink(link);
    set_server_token(token: String) => Action::SetServerToken(token);
    trust_certificate(sha256_fingerprint: String) => Action::TrustCertificate(sha256_fingerprint);
    set_microphone(on: bool) => Action::SetMicrophone(on);
    set_camera(on: bool) => Action::SetCamera(on);
    share(id: Option<String>, title: String) => Action::Share(id, title);
    stop_sharing() => Action::Share(None, String::new());
    open_cast() => Action::OpenCast;
    join_cast(code: String, id: String, title: String) => Action::JoinCast(code, id, title);
    select_device(kind: DeviceKind, id: Option<String>) => Action::SelectDevice(kind, id);
    retry_device(kind: DeviceKind) => Action::RetryDevice(kind);
    test_speaker() => Action::TestSpeaker;
    set_preview(on: bool) => Action::SetPreview(on);
    open_to_network() => Action::OpenToNetwork;
    close_to_network() => Action::CloseToNetwork;
    update_settings(patch: Box<SettingsPatch>) => Action::UpdateSettings(patch);
    clear_recents() => Action::ClearRecents;
    dismiss_notice(id: u32) => Action::DismissNotice(id);
    act_on_notice(id: u32, action: NoticeAction) => Action::ActOnNotice(id, action);
    set_statistics_open(open: bool) => Action::SetStatisticsOpen(open);
    set_full_screen(on: bool) => Action::SetFullScreen(on);
    set_window_title(title: String) => Action::SetWindowTitle(title);
    confirm_close(close: bool) => Action::ConfirmClose(close);
}

/// Every command, for the application's builder.
macro_rules! handler {
    () => {
        tauri::generate_handler![
            $crate::commands::ui_ready,
            $crate::commands::preview_invite,
            $crate::commands::open_lobby,
            $crate::commands::frame_socket,
            $crate::commands::list_screens,
            $crate::commands::confirm_server,
            $crate::commands::new_room,
            $crate::commands::close_lobby,
            $crate::commands::join,
            $crate::commands::cancel,
            $crate::commands::leave,
            $crate::commands::retry,
            $crate::commands::rejoin,
            $crate::commands::dismiss,
            $crate::commands::call_person,
            $crate::commands::call_name,
            $crate::commands::call_again,
            $crate::commands::answer_call,
            $crate::commands::decline_call,
            $crate::commands::open_chat,
            $crate::commands::close_chat,
            $crate::commands::send_text,
            $crate::commands::retry_text,
            $crate::commands::open_link,
            $crate::commands::set_server_token,
            $crate::commands::trust_certificate,
            $crate::commands::set_microphone,
            $crate::commands::set_camera,
            $crate::commands::share,
            $crate::commands::open_cast,
            $crate::commands::join_cast,
            $crate::commands::select_device,
            $crate::commands::retry_device,
            $crate::commands::test_speaker,
            $crate::commands::set_preview,
            $crate::commands::open_to_network,
            $crate::commands::close_to_network,
            $crate::commands::update_settings,
            $crate::commands::clear_recents,
            $crate::commands::dismiss_notice,
            $crate::commands::act_on_notice,
            $crate::commands::set_statistics_open,
            $crate::commands::set_full_screen,
            $crate::commands::set_window_title,
            $crate::commands::confirm_close,
            $crate::commands::incoming_ready,
            $crate::commands::silence_call,
            $crate::commands::sharing_ready,
            $crate::commands::stop_sharing,
        ]
    };
}
pub(crate) use handler;

#[cfg(test)]
mod tests {
    /// The names in a text that follow `before` and end at `after`.
    fn names(text: &'static str, before: &str, after: char) -> Vec<&'static str> {
        text.split(before)
            .skip(1)
            .filter_map(|rest| rest.split(after).next())
            .collect()
    }

    #[test]
    fn each_window_may_call_what_is_for_it_and_nothing_else() {
        let prefix = concat!("            $crate::", "commands::");
        let handled = names(include_str!("commands.rs"), prefix, ',');
        let main = names(
            include_str!("../permissions/main-window.toml"),
            "\n  \"",
            '"',
        );
        let incoming = names(
            include_str!("../permissions/incoming-window.toml"),
            "\n  \"",
            '"',
        );
        let sharing = names(
            include_str!("../permissions/sharing-window.toml"),
            "\n  \"",
            '"',
        );
        let only_incoming = ["incoming_ready", "silence_call"];
        assert_eq!(sharing, ["sharing_ready", "stop_sharing"]);
        assert!(!main.is_empty());
        assert_eq!(
            handled,
            [&main[..], &only_incoming[..], &sharing[..]].concat()
        );
        assert_eq!(
            incoming,
            [
                "incoming_ready",
                "silence_call",
                "answer_call",
                "decline_call"
            ]
        );
    }
}
