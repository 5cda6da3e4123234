//! The two options of OpenH264 that change at run time and that its safe wrapper lacks.
#![allow(unsafe_code)]

use std::ffi::c_float;

use openh264::encoder::Encoder;
use openh264_sys2::{
    ENCODER_OPTION, ENCODER_OPTION_BITRATE, ENCODER_OPTION_FRAME_RATE, ENCODER_OPTION_MAX_BITRATE,
    SBitrateInfo, SPATIAL_LAYER_0, SPATIAL_LAYER_ALL,
};

use super::CodecError;

/// Changes the target rate of a running encoder. The ceiling is moved first when the rate rises
/// and last when it falls, because OpenH264 refuses a rate above its ceiling.
pub(super) fn set_bitrate(
    encoder: &mut Encoder,
    from_bps: u32,
    to_bps: u32,
) -> Result<(), CodecError> {
    let bitrate = i32::try_from(to_bps).unwrap_or(i32::MAX);
    let ceiling = bitrate.saturating_mul(3) / 2;
    let mut options = [
        (ENCODER_OPTION_MAX_BITRATE, SPATIAL_LAYER_0, ceiling),
        (ENCODER_OPTION_BITRATE, SPATIAL_LAYER_ALL, bitrate),
    ];
    if to_bps < from_bps {
        options.reverse();
    }
    for (option, layer, bitrate) in &mut options {
        let mut info = SBitrateInfo {
            iLayer: *layer,
            iBitrate: *bitrate,
        };
        set_option(encoder, *option, &mut info)?;
    }
    Ok(())
}

/// Tells a running encoder how many pictures a second to expect.
pub(super) fn set_frame_rate(encoder: &mut Encoder, frames: f32) -> Result<(), CodecError> {
    let mut frames: c_float = frames;
    set_option(encoder, ENCODER_OPTION_FRAME_RATE, &mut frames)
}

fn set_option<T>(
    encoder: &mut Encoder,
    option: ENCODER_OPTION,
    value: &mut T,
) -> Result<(), CodecError> {
    // SAFETY: called with the type that each option takes (the two functions above), after the
    // encoder was initialised; OpenH264 reads the value during the call and keeps no pointer.
    let result = unsafe {
        encoder
            .raw_api()
            .set_option(option, std::ptr::from_mut(value).cast())
    };
    if result == 0 {
        Ok(())
    } else {
        Err(CodecError::Encode(format!("option {option}: {result}")))
    }
}
