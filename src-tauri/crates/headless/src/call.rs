//! One call from joining to leaving.

use std::process::ExitCode;
use std::time::Duration;

use duet_engine::call::{CallState, FailureCause};
use duet_engine::{
    DeviceConfig, Endpoint, EndpointConfig, EndpointEvent, PathConfig, ServerConfig, ShareEvent,
    Taps,
};
use duet_media::codec::VideoCodec;
use duet_media::source::VideoSourceSpec;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use crate::arguments::CallArguments;
use crate::best_window::BestWindow;
use crate::by_name::ByName;
use crate::dump::Dumps;
use crate::process_figures::ProcessFigures;
use crate::report::Report;

/// What the run has come to.
#[derive(Debug, Default)]
struct Progress {
    state: &'static str,
    connected: bool,
    /// The other left after the call had been connected.
    over: bool,
    error: Option<String>,
    by_name: ByName,
}

/// Joins, stays as long as asked, leaves, and writes the report.
pub(crate) async fn run(arguments: CallArguments) -> anyhow::Result<ExitCode> {
    let pictures = BestWindow::default();
    let dumps = Dumps::create(&arguments)?;
    let taps = dumps.taps(pictures.clone());
    let (endpoint, mut events) = Endpoint::start(config(&arguments, taps));
    if !enter(&endpoint, &arguments).await? {
        return Ok(ExitCode::from(2));
    }
    let mut progress = Progress::default();
    hold(&arguments, &endpoint, &mut events, &mut progress).await?;
    let figures = endpoint.figures().await.unwrap_or_default();
    // Left politely whatever happened; the state before it is what the report tells.
    endpoint.close().await?;
    dumps.complete();
    let connected = progress.connected;
    finish(
        &arguments,
        Report {
            state: progress.state.to_owned(),
            figures,
            video_received_best_3s_fps: pictures.fps(),
            by_name: progress.by_name,
            process: ProcessFigures::read(),
            error: progress.error,
        },
    )?;
    Ok(if connected {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Enters the room or the cast; false, and said why, if none is named.
async fn enter(endpoint: &Endpoint, arguments: &CallArguments) -> anyhow::Result<bool> {
    let room = arguments.room.trim();
    match (&arguments.cast_join, &arguments.camera) {
        (Some(code), VideoSourceSpec::Screen(target)) => {
            endpoint.join_cast(code, target.clone()).await?;
        }
        (Some(_), _) => {
            eprintln!("duet-peer: name a screen: --camera screen:0");
            return Ok(false);
        }
        (None, _) if arguments.cast_open => endpoint.open_cast().await?,
        (None, _) if !room.is_empty() => {
            endpoint.join(room).await?;
            if let Some(target) = &arguments.share {
                endpoint.share(Some(target.clone())).await?;
            }
        }
        (None, _) if arguments.login.is_some() => ByName::begin(arguments, endpoint).await?,
        (None, _) => {
            eprintln!("duet-peer: name a room, --room ID, or be online, --login NAME");
            return Ok(false);
        }
    }
    Ok(true)
}

fn config(arguments: &CallArguments, taps: Taps) -> EndpointConfig {
    // The wished one first; the others stay, so that there always is a common one.
    let mut video_codecs = VideoCodec::supported().to_vec();
    video_codecs.sort_by_key(|codec| Some(*codec) != arguments.codec);
    EndpointConfig {
        name: arguments.name.clone(),
        server: ServerConfig {
            url: arguments.server.clone(),
            trusted_fingerprints: arguments.trust.clone(),
            access: arguments.access_token.clone(),
        },
        path: PathConfig {
            ice_servers: Vec::new(),
            ice_policy: arguments.ice_policy.into(),
        },
        devices: DeviceConfig {
            camera: arguments.camera.clone(),
            camera_format: arguments.camera_format,
            microphone: arguments.microphone.clone(),
            speaker: arguments.speaker.clone(),
        },
        video_codecs,
        microphone_on: true,
        camera_on: true,
        taps,
    }
}

/// Follows the call until its time is over or it cannot come about.
async fn hold(
    arguments: &CallArguments,
    endpoint: &Endpoint,
    events: &mut mpsc::Receiver<EndpointEvent>,
    progress: &mut Progress,
) -> anyhow::Result<()> {
    let give_up = Instant::now() + Duration::from_secs_f64(arguments.wait);
    let mut end: Option<Instant> = None;
    let mut asked_to_end = std::pin::pin!(asked_to_end());
    loop {
        let deadline = match (progress.connected, end) {
            (true, end) => end,
            (false, _) => Some(give_up),
        };
        tokio::select! {
            event = events.recv() => match event {
                Some(EndpointEvent::State(state)) => {
                    let was_connected = progress.connected;
                    follow(&state, progress);
                    if progress.connected && !was_connected {
                        progress.by_name.connected(arguments, endpoint).await?;
                        end = arguments.duration.map(|time| Instant::now() + Duration::from_secs_f64(time));
                    }
                    let waits_the_rest_out = end.is_some();
                    if progress.error.is_some() || (progress.over && !waits_the_rest_out) {
                        return Ok(());
                    }
                }
                Some(EndpointEvent::CastCode { code, .. }) => println!("code {code}"),
                Some(EndpointEvent::Share(ShareEvent::Ended { code: Some(code) })) => {
                    eprintln!("duet-peer: the screen is not shown: {code}");
                }
                Some(event) => {
                    let by_name = &mut progress.by_name;
                    progress.error = by_name.follow(arguments, endpoint, &event).await?;
                    if progress.error.is_some() {
                        return Ok(());
                    }
                }
                None => return Ok(()),
            },
            () = until(deadline) => {
                if !progress.connected {
                    progress.error = Some(format!(
                        "not connected within {} s: is somebody else in the room?",
                        arguments.wait
                    ));
                }
                return Ok(());
            }
            () = &mut asked_to_end => return Ok(()),
        }
    }
}

/// Ends with Ctrl-C, or with the signal that ends programs politely: the other shall be told.
async fn asked_to_end() {
    #[cfg(unix)]
    if let Ok(mut terminate) =
        tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())
    {
        tokio::select! {
            _ = terminate.recv() => return,
            _ = tokio::signal::ctrl_c() => return,
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}

fn follow(state: &CallState, progress: &mut Progress) {
    progress.state = state.word();
    eprintln!("duet-peer: {}", state.word());
    match state {
        CallState::Connected { .. } => progress.connected = true,
        CallState::PeerLeft { .. } => progress.over = true,
        // Only the other can have ended a call by name: we end with the program.
        CallState::Left { named: Some(_), .. } => progress.over = true,
        CallState::Unanswered { cause, .. } => {
            progress.by_name.unanswered = Some(cause.code());
            progress.error = Some(format!("the call was not answered: {}", cause.code()));
        }
        CallState::Full { .. } => {
            progress.error = Some("the room is full: two people are in it".to_owned());
        }
        CallState::Failed { cause, .. } => progress.error = Some(failure(*cause)),
        CallState::Idle
        | CallState::Calling { .. }
        | CallState::Joining { .. }
        | CallState::WaitingForPeer { .. }
        | CallState::Negotiating { .. }
        | CallState::Reconnecting { .. }
        | CallState::Left { named: None, .. } => {}
    }
}

fn failure(cause: FailureCause) -> String {
    match cause {
        FailureCause::ServerUnreachable(Some(problem)) => {
            format!(
                "the server cannot be reached ({}): check --server",
                problem.0
            )
        }
        FailureCause::ServerUnreachable(None) => {
            "the server does not answer: check --server".to_owned()
        }
        FailureCause::Server(problem) => format!("the server ended the session ({})", problem.0),
        FailureCause::Refused(code) => format!("the server refused: {code:?}"),
        FailureCause::NegotiationTimeout => {
            "no path to the other was found: a TURN server may help".to_owned()
        }
        FailureCause::WrongCertificate => {
            "the other has another certificate than announced: somebody may stand between"
                .to_owned()
        }
        FailureCause::NoRelay => {
            "only relays may be used, and the server names none: --ice-policy all, or a server with TURN"
                .to_owned()
        }
        FailureCause::ConnectionLost => "the connection was lost for too long".to_owned(),
    }
}

fn finish(arguments: &CallArguments, report: Report) -> anyhow::Result<()> {
    if let Some(error) = &report.error {
        eprintln!("duet-peer: {error}");
    }
    if let Some(path) = &arguments.report {
        report.write(path)?;
    }
    Ok(())
}

async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}
