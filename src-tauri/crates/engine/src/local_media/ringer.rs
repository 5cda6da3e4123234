//! The speaker that rings. It may be another one than that of the calls, and is open only while it rings.

use std::sync::Arc;

use duet_media::audio::{
    AudioError, AudioSinkSpec, DEFAULT_DEVICE, OpenAudioSink, RingTone, open_audio_sink,
};
use tokio::sync::mpsc;

use super::keeper::{Keeper, OpenDevice};
use crate::event::DeviceKind;

/// Rings on the speaker it is asked to want. Its reports go nowhere: that a ring cannot be heard is
/// seen, because whoever is called is shown it as well.
pub(super) fn keeper() -> Keeper<AudioSinkSpec> {
    let (reports, _) = mpsc::channel(1);
    Keeper::start(DeviceKind::Speaker, reports, |spec, _report| {
        open(spec)
            .or_else(|error| {
                tracing::info!(%error, "the speaker for the ring is not there; the default rings");
                open(&AudioSinkSpec::Device(DEFAULT_DEVICE.to_owned()))
            })
            .map(|sink| Box::new(sink) as OpenDevice)
            .map_err(|error| {
                tracing::warn!(%error, "nothing can ring");
                error.code()
            })
    })
}

fn open(spec: &AudioSinkSpec) -> Result<OpenAudioSink, AudioError> {
    let mut tone = RingTone::incoming();
    open_audio_sink(
        spec,
        Box::new(move |block| {
            block.samples.fill(0.0);
            tone.mix_into(&mut block.samples);
        }),
        Arc::new(|_| {}),
    )
}
