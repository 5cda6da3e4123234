//! The speaker that rings. It may be another one than that of the calls, and is open only while it rings.

use std::sync::Arc;

use duet_media::audio::{
    AudioError, AudioSinkSpec, DEFAULT_DEVICE, OpenAudioSink, RingTone, open_audio_sink,
};
use tokio::sync::mpsc;

use super::keeper::{Keeper, OpenDevice, Report};
use super::{MediaNotice, tell_audio};
use crate::event::DeviceKind;

/// Rings on the speaker it is asked to want, or on the default where that is not there. What cannot ring at
/// all is reported, and tried again when devices come or go.
pub(super) fn keeper(notices: &mpsc::Sender<MediaNotice>) -> Keeper<AudioSinkSpec> {
    Keeper::start(DeviceKind::Ringer, notices.clone(), |spec, report| {
        open(spec, report.clone())
            .or_else(|error| {
                tracing::info!(%error, "the speaker for the ring is not there; the default rings");
                let default = AudioSinkSpec::Device(DEFAULT_DEVICE.to_owned());
                open(&default, report)
            })
            .map(|sink| Box::new(sink) as OpenDevice)
            .map_err(|error| {
                tracing::warn!(%error, "nothing can ring");
                error.code()
            })
    })
}

fn open(spec: &AudioSinkSpec, report: Report) -> Result<OpenAudioSink, AudioError> {
    let mut tone = RingTone::incoming();
    open_audio_sink(
        spec,
        Box::new(move |block| {
            block.samples.fill(0.0);
            tone.mix_into(&mut block.samples);
        }),
        Arc::new(move |event| tell_audio(&report, &event)),
    )
}
