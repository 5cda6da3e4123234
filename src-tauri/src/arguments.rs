//! The command line: for tests, for the demo and for a second person on one machine.

use std::path::PathBuf;

use clap::Parser;
use duet_media::audio::{AudioSinkSpec, AudioSourceSpec};
use duet_media::source::VideoSourceSpec;

/// One-to-one video calls.
#[derive(Debug, Clone, Default, Parser)]
#[command(name = "duet", version)]
pub struct Arguments {
    /// An invite, as the system hands it over.
    pub invite: Option<String>,
    /// Where settings are kept; the default is the first profile that no other Duet uses.
    #[arg(long)]
    pub profile: Option<PathBuf>,
    /// The signaling server, in place of the settings'.
    #[arg(long)]
    pub server: Option<String>,
    /// Join this room at once.
    #[arg(long)]
    pub join: Option<String>,
    /// The name the other sees.
    #[arg(long)]
    pub name: Option<String>,
    /// In place of a camera: test, file:PATH.y4m, device:ID or none.
    #[arg(long)]
    pub camera: Option<VideoSourceSpec>,
    /// In place of a microphone: test:HERTZ, file:PATH.wav, device:ID or none.
    #[arg(long)]
    pub microphone: Option<AudioSourceSpec>,
    /// In place of a speaker: device:ID or none.
    #[arg(long)]
    pub speaker: Option<AudioSinkSpec>,
    /// Write what the call measures to this file, once a second.
    #[arg(long)]
    pub report: Option<PathBuf>,
}
