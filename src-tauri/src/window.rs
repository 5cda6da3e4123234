//! The window: Tauri's part, joined to the controller.

use std::sync::Arc;

use anyhow::Context;
use duet_engine::{DeviceConfig, EndpointConfig, Taps, VideoTap};
use duet_media::audio::{AudioSinkSpec, AudioSourceSpec, DEFAULT_DEVICE};
use duet_media::codec::VideoCodec;
use duet_media::source::VideoSourceSpec;
use tauri::{AppHandle, Emitter, Manager, WebviewUrl, WebviewWindowBuilder};
use tokio::sync::mpsc;

use crate::arguments::Arguments;
use crate::commands::{self, ControllerLink, UiCommand};
use crate::controller::{Controller, RingScreen, Start, Window, WindowEvent};
use crate::frames::{FrameServer, StreamId};
use crate::incoming_window::IncomingWindow;
use crate::machine;
use crate::notifications::Notifications;
use crate::profile::Profile;
use crate::settings::{self, Loaded, Stored};
use crate::sharing_window::SharingWindow;
use crate::view::{DeviceKind, Level, View};

pub(crate) const LABEL: &str = "main";
/// Commands of the page that may wait; a person cannot fill this.
const COMMANDS: usize = 64;

/// Opens the window and runs until it is closed.
pub(crate) fn run(arguments: Arguments) -> anyhow::Result<()> {
    #[cfg(target_os = "linux")]
    if machine::needs_plain_renderer() {
        return start_again();
    }
    let profile = Profile::take(arguments.profile.as_deref()).context("cannot open the profile")?;
    let (commands, commands_in) = mpsc::channel(COMMANDS);
    let (window_events, window_events_in) = mpsc::channel(COMMANDS);
    let closing = window_events.clone();
    let ringing = window_events.clone();
    #[cfg(unix)]
    let ending = window_events.clone();
    tauri::Builder::default()
        .manage(ControllerLink(commands))
        .invoke_handler(commands::handler!())
        .setup(move |app| {
            open_window(app.handle(), window_events)?;
            let channels = Channels {
                commands: commands_in,
                window_events: window_events_in,
            };
            #[cfg(unix)]
            tauri::async_runtime::spawn(end_when_told(ending));
            let handle = app.handle().clone();
            tauri::async_runtime::spawn(async move {
                if let Err(error) =
                    control(handle.clone(), arguments, profile, channels, ringing).await
                {
                    tracing::error!("{error:#}");
                    handle.exit(1);
                }
            });
            Ok(())
        })
        .build(tauri::generate_context!())
        .context("cannot start the application")?
        .run(move |_app, event| {
            // The controller ends the call and the servers first, then exits.
            if let tauri::RunEvent::ExitRequested {
                code: None, api, ..
            } = event
            {
                api.prevent_exit();
                // A full channel holds such a request already.
                let _ = closing.try_send(WindowEvent::CloseRequested);
            }
        });
    Ok(())
}

/// Replaces this process by itself with the variable that WebKit reads at its start.
#[cfg(target_os = "linux")]
fn start_again() -> anyhow::Result<()> {
    use std::os::unix::process::CommandExt;
    let program = std::env::current_exe().context("cannot find the program")?;
    let error = std::process::Command::new(program)
        .args(std::env::args_os().skip(1))
        .env("WEBKIT_DISABLE_DMABUF_RENDERER", "1")
        .exec();
    Err(error).context("cannot start the program")
}

/// Logging out and shutting down end programs with a signal: the call is left in good order then.
#[cfg(unix)]
async fn end_when_told(events: mpsc::Sender<WindowEvent>) {
    use tokio::signal::unix::{SignalKind, signal};
    let kinds = [SignalKind::terminate(), SignalKind::interrupt()];
    let [Ok(mut terminate), Ok(mut interrupt)] = kinds.map(signal) else {
        tracing::warn!("the system's signals cannot be followed");
        return;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    // A controller that is gone has ended already.
    let _ = events.send(WindowEvent::EndRequested).await;
}

#[derive(Debug)]
struct Channels {
    commands: mpsc::Receiver<UiCommand>,
    window_events: mpsc::Receiver<WindowEvent>,
}

fn open_window(app: &AppHandle, events: mpsc::Sender<WindowEvent>) -> tauri::Result<()> {
    let window = WebviewWindowBuilder::new(app, LABEL, WebviewUrl::App("index.html".into()))
        .title("Duet")
        .inner_size(1200.0, 800.0)
        .min_inner_size(480.0, 480.0)
        .on_navigation(is_own_page)
        .build()?;
    window.on_window_event(move |event| {
        if let tauri::WindowEvent::CloseRequested { api, .. } = event {
            api.prevent_close();
            // A full channel holds such a request already.
            let _ = events.try_send(WindowEvent::CloseRequested);
        }
    });
    reload_after_crash(&window)?;
    Ok(())
}

/// The page never leaves the application.
pub(crate) fn is_own_page(url: &tauri::Url) -> bool {
    match url.scheme() {
        "tauri" => true,
        "http" => url.host_str() == Some("tauri.localhost"),
        _ => false,
    }
}

/// A web process that died is started again with the page; the call runs on meanwhile, and the
/// page asks for the view when it is there.
#[cfg(target_os = "linux")]
fn reload_after_crash(window: &tauri::WebviewWindow) -> tauri::Result<()> {
    use webkit2gtk::WebViewExt;
    window.with_webview(|webview| {
        webview
            .inner()
            .connect_web_process_terminated(|view, reason| {
                tracing::warn!(?reason, "the web process ended and is started again");
                view.reload();
            });
    })
}

#[cfg(not(target_os = "linux"))]
fn reload_after_crash(_window: &tauri::WebviewWindow) -> tauri::Result<()> {
    Ok(())
}

async fn control(
    app: AppHandle,
    arguments: Arguments,
    profile: Profile,
    channels: Channels,
    events: mpsc::Sender<WindowEvent>,
) -> anyhow::Result<()> {
    let Loaded {
        mut stored,
        set_aside,
    } = settings::load(&profile.folder).context("cannot read the settings")?;
    if let Some(name) = &arguments.name {
        stored.settings.display_name.clone_from(name);
    }
    let frames = FrameServer::start()
        .await
        .context("cannot start the frame socket")?;
    let start = Start {
        profile: profile.folder.clone(),
        set_aside,
        endpoint: endpoint_config(&arguments, &stored, &frames),
        fixed_devices: fixed_devices(&arguments),
        stored,
        server_url: arguments.server,
        join: arguments.join.or(arguments.invite),
        renderer_hint: machine::renderer_hint(),
    };
    let window = TauriWindow {
        incoming: IncomingWindow::new(app.clone(), events.clone()),
        sharing: SharingWindow::new(app.clone()),
        notifications: Notifications::new(events),
        app,
    };
    let (controller, events) = Controller::start(start, window, frames).await?;
    if let Some(path) = arguments.report {
        tokio::spawn(crate::report::write_every_second(
            controller.endpoint(),
            path,
        ));
    }
    controller
        .run(channels.commands, channels.window_events, events)
        .await;
    drop(profile);
    Ok(())
}

fn endpoint_config(
    arguments: &Arguments,
    stored: &Stored,
    frames: &Arc<FrameServer>,
) -> EndpointConfig {
    let (local, remote) = (Arc::clone(frames), Arc::clone(frames));
    let tile = Arc::clone(frames);
    let default_device = || DEFAULT_DEVICE.to_owned();
    EndpointConfig {
        name: None,
        server: duet_engine::ServerConfig::default(),
        path: crate::controller::path_config(&stored.settings),
        devices: DeviceConfig {
            camera: arguments.camera.clone().unwrap_or(VideoSourceSpec::None),
            camera_format: crate::controller::video_format(stored.settings.camera_format),
            microphone: arguments
                .microphone
                .clone()
                .unwrap_or_else(|| AudioSourceSpec::Device(default_device())),
            speaker: arguments
                .speaker
                .clone()
                .unwrap_or_else(|| AudioSinkSpec::Device(default_device())),
        },
        video_codecs: VideoCodec::supported().to_vec(),
        microphone_on: stored.microphone_on,
        camera_on: stored.camera_on,
        taps: Taps {
            local_video: VideoTap::new(move |frame| local.publish(StreamId::Local, frame)),
            remote_video: VideoTap::new(move |frame| remote.publish(StreamId::Remote, frame)),
            remote_tile: VideoTap::new(move |frame| tile.publish(StreamId::RemoteTile, frame)),
            ..Taps::default()
        },
    }
}

fn fixed_devices(arguments: &Arguments) -> Vec<DeviceKind> {
    let given = [
        (arguments.camera.is_some(), DeviceKind::Camera),
        (arguments.microphone.is_some(), DeviceKind::Microphone),
        (arguments.speaker.is_some(), DeviceKind::Speaker),
    ];
    given
        .into_iter()
        .filter_map(|(is_given, kind)| is_given.then_some(kind))
        .collect()
}

/// The real window. What cannot be shown is logged: the call goes on without it.
struct TauriWindow {
    app: AppHandle,
    incoming: IncomingWindow,
    sharing: SharingWindow,
    notifications: Notifications,
}

impl TauriWindow {
    fn with(&self, act: impl FnOnce(tauri::WebviewWindow) -> tauri::Result<()>) {
        if let Some(window) = self.app.get_webview_window(LABEL)
            && let Err(error) = act(window)
        {
            tracing::warn!(%error, "the window did not obey");
        }
    }
}

impl Window for TauriWindow {
    fn show(&self, view: &View) {
        self.with(|window| window.emit_to(LABEL, "view", view));
    }

    fn level(&self, level: &Level) {
        self.with(|window| window.emit_to(LABEL, "level", level));
    }

    fn set_full_screen(&self, on: bool) {
        self.with(|window| window.set_fullscreen(on));
    }

    fn set_title(&self, title: &str) {
        self.with(|window| window.set_title(title));
    }

    fn set_left_out(&self, on: bool) {
        self.with(|window| window.set_content_protected(on));
    }

    fn show_marker(&self, text_percent: u16) {
        self.sharing.open(text_percent);
    }

    fn hide_marker(&self) {
        self.sharing.close();
    }

    fn raise(&self) {
        self.with(|window| {
            window.unminimize()?;
            window.show()?;
            window.set_focus()
        });
    }

    fn ring(&self, ring: &RingScreen) {
        // Somebody at work in Duet goes on with the keyboard; nobody else loses the focus.
        let main = self.app.get_webview_window(LABEL);
        let focused = main.is_some_and(|window| window.is_focused().unwrap_or(false));
        self.incoming.open(focused, ring.text_percent);
        self.notifications.ring(ring);
    }

    fn stop_ringing(&self) {
        self.incoming.close();
        self.notifications.withdraw();
    }

    fn open_link(&self, address: &str) -> bool {
        open::that_detached(address)
            .inspect_err(|error| tracing::warn!(%error, "no browser opened"))
            .is_ok()
    }

    fn close(&self) {
        self.app.exit(0);
    }
}
