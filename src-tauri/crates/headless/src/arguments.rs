//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use duet_engine::{AccessToken, IcePolicy};
use duet_media::audio::{AudioSinkSpec, AudioSourceSpec};
use duet_media::codec::VideoCodec;
use duet_media::screen::ScreenTarget;
use duet_media::source::{VideoFormat, VideoSourceSpec};

/// An endpoint of one-to-one calls without a window.
#[derive(Debug, Parser)]
#[command(name = "duet-peer", version, args_conflicts_with_subcommands = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) task: Option<Task>,
    #[command(flatten)]
    pub(crate) call: CallArguments,
}

/// Something else than a call.
#[derive(Debug, Subcommand)]
pub(crate) enum Task {
    /// List cameras, microphones and speakers with their ids.
    Devices,
}

/// A call.
#[derive(Debug, Args)]
pub(crate) struct CallArguments {
    /// The signaling server, such as ws://127.0.0.1:7440/ws.
    #[arg(long, default_value = "ws://127.0.0.1:7440/ws")]
    pub(crate) server: String,
    /// SHA-256 fingerprint of the server's certificate, when nobody known vouches for it.
    #[arg(long)]
    pub(crate) trust: Vec<String>,
    /// What admits to a closed server: a line of `duet-server token`.
    #[arg(long, value_parser = AccessToken::new)]
    pub(crate) access_token: Option<AccessToken>,
    /// The room to join.
    #[arg(long, default_value = "")]
    pub(crate) room: String,
    /// Be a display: print a code for whoever wants to show a screen here, in place of joining a room.
    #[arg(long, conflicts_with_all = ["room", "cast_join"])]
    pub(crate) cast_open: bool,
    /// Show the screen or window of --camera on the display that shows this code.
    #[arg(long, value_name = "CODE", conflicts_with = "room")]
    pub(crate) cast_join: Option<String>,
    /// A screen or window to share in the call, from the beginning: screen:ID or window:ID.
    #[arg(long)]
    pub(crate) share: Option<ScreenTarget>,
    /// Be online under this name, to be called by others; in place of --room.
    #[arg(long, conflicts_with = "room")]
    pub(crate) login: Option<String>,
    /// The lobby of --login; the server's default without it.
    #[arg(long, requires = "login")]
    pub(crate) lobby: Option<String>,
    /// Call whoever is online under this name, as soon as they can be called.
    #[arg(long, requires = "login")]
    pub(crate) call: Option<String>,
    /// What to do when somebody calls.
    #[arg(long, default_value = "accept")]
    pub(crate) answer: Answer,
    /// Send this text to the other when the call connects.
    #[arg(long)]
    pub(crate) say: Option<String>,
    /// The name the other sees.
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// none, test, file:PATH.y4m, file:PATH.y4m?stamp, device:ID, screen:ID or window:ID.
    #[arg(long, default_value = "test")]
    pub(crate) camera: VideoSourceSpec,
    /// Size and rate of the picture.
    #[arg(long, default_value = "1280x720@30")]
    pub(crate) camera_format: VideoFormat,
    /// none, test, test:HERTZ, file:PATH.wav or device:ID.
    #[arg(long, default_value = "test")]
    pub(crate) microphone: AudioSourceSpec,
    /// none (decodes in real time, plays nothing) or device:ID.
    #[arg(long, default_value = "none")]
    pub(crate) speaker: AudioSinkSpec,
    /// Which paths may be used.
    #[arg(long, default_value = "all")]
    pub(crate) ice_policy: IcePolicyArgument,
    /// Prefer this codec, vp8 or h264.
    #[arg(long)]
    pub(crate) codec: Option<VideoCodec>,
    /// Seconds to wait for the call to connect.
    #[arg(long, default_value_t = 60.0, value_parser = seconds)]
    pub(crate) wait: f64,
    /// Seconds to stay, counted from connected; without it until the other leaves.
    #[arg(long, value_parser = seconds)]
    pub(crate) duration: Option<f64>,
    /// Write the report here.
    #[arg(long)]
    pub(crate) report: Option<PathBuf>,
    /// Write the received pictures here.
    #[arg(long)]
    pub(crate) dump_video: Option<PathBuf>,
    /// Write the received sound here.
    #[arg(long)]
    pub(crate) dump_audio: Option<PathBuf>,
}

/// What to do when somebody calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Answer {
    /// Take the call.
    Accept,
    /// Take it with the camera off.
    AcceptWithoutCamera,
    /// Refuse it.
    Decline,
}

/// Which paths may be used.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum IcePolicyArgument {
    /// All of them.
    All,
    /// Relays only.
    Relay,
}

impl From<IcePolicyArgument> for IcePolicy {
    fn from(argument: IcePolicyArgument) -> Self {
        match argument {
            IcePolicyArgument::All => Self::All,
            IcePolicyArgument::Relay => Self::Relay,
        }
    }
}

fn seconds(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(value) if (0.0..=1_000_000.0).contains(&value) => Ok(value),
        Ok(_) | Err(_) => Err("expected seconds, such as 10 or 2.5".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        use clap::CommandFactory;
        Arguments::command().debug_assert();
    }

    #[test]
    fn a_call_and_the_list_of_devices() {
        let call = [
            "duet-peer",
            "--room",
            "r",
            "--duration",
            "2.5",
            "--ice-policy",
            "relay",
        ];
        let call = Arguments::try_parse_from(call).expect("a call");
        assert_eq!(
            (call.call.room.as_str(), call.call.duration),
            ("r", Some(2.5))
        );
        let named = ["duet-peer", "--login", "Ann", "--call", "Ben"];
        let named = Arguments::try_parse_from(named).expect("a call by name");
        assert_eq!(named.call.call.as_deref(), Some("Ben"));
        assert!(Arguments::try_parse_from(["duet-peer", "--call", "Ben"]).is_err());
        let devices = Arguments::try_parse_from(["duet-peer", "devices"]).expect("devices");
        assert!(matches!(devices.task, Some(Task::Devices)));
        assert!(Arguments::try_parse_from(["duet-peer", "--wait", "-1"]).is_err());
    }
}
