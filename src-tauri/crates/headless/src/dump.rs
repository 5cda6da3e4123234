//! What was received, counted and into files: pictures as YUV4MPEG2, sound as WAV. Writing happens on
//! threads of the writers, which lose data rather than hold the call up.

use std::path::Path;
use std::time::Instant;

use anyhow::Context;
use duet_engine::{AudioTap, Taps, VideoTap};
use duet_media::wav::WavWriter;
use duet_media::y4m::Y4mWriter;

use crate::arguments::CallArguments;
use crate::best_window::BestWindow;

/// The taps that count pictures and write the files the person asked for.
pub(crate) fn taps(arguments: &CallArguments, pictures: BestWindow) -> anyhow::Result<Taps> {
    let mut taps = Taps {
        remote_video: VideoTap::new({
            let pictures = pictures.clone();
            move |_| pictures.note(Instant::now())
        }),
        ..Taps::default()
    };
    if let Some(path) = &arguments.dump_video {
        let rate = arguments.camera_format.frames_per_second;
        let writer = Y4mWriter::create(path, rate).with_context(|| cannot_write(path))?;
        taps.remote_video = VideoTap::new(move |frame| {
            pictures.note(Instant::now());
            writer.write(&frame);
        });
    }
    if let Some(path) = &arguments.dump_audio {
        let writer = WavWriter::create(path).with_context(|| cannot_write(path))?;
        taps.remote_audio = AudioTap::new(move |block| writer.write(block));
    }
    Ok(taps)
}

fn cannot_write(path: &Path) -> String {
    format!("cannot write {}", path.display())
}
