//! libvpx's VP8 behind safe calls: the only code of this crate that talks to libvpx.
//!
//! Each context is boxed, owned by one value and used through `&mut`, so by one thread at a time;
//! libvpx keeps no global state that is not guarded by its own `once`. C structs that hold Rust
//! enums are never read before libvpx has filled them (`MaybeUninit`), and the kind of a packet is
//! read as a number, because a newer libvpx may know kinds that the bindings do not.
#![allow(unsafe_code)]

use std::ffi::{CStr, c_int, c_uint};
use std::mem::MaybeUninit;
use std::ptr;

use vpx_sys as vpx;

use super::{CodecError, Plane, VideoFrame, copy_i420};

/// What the encoder needs to know to start.
#[derive(Debug, Clone, Copy)]
pub(super) struct EncoderConfig {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) bitrate_kbps: u32,
    /// Realtime speed, −16 (fastest) … −1.
    pub(super) cpu_used: i32,
    /// Largest key frame in per cent of an average frame.
    pub(super) max_intra_percent: u32,
    /// Text and lines in place of people.
    pub(super) is_screen: bool,
}

/// One encoded frame, copied out.
pub(super) struct Packet {
    pub(super) data: Vec<u8>,
    pub(super) key_frame: bool,
}

/// A VP8 encoder of one fixed size.
pub(super) struct Encoder {
    context: Box<vpx::vpx_codec_ctx_t>,
    config: vpx::vpx_codec_enc_cfg_t,
}

// SAFETY: the context is reachable only through this value, needs `&mut` for every call, and
// libvpx ties it to no thread.
unsafe impl Send for Encoder {}

impl Encoder {
    pub(super) fn new(wanted: EncoderConfig) -> Result<Self, CodecError> {
        let config = encoder_config(wanted)?;
        let mut context = Box::new(MaybeUninit::<vpx::vpx_codec_ctx_t>::zeroed());
        // SAFETY: `context` and `config` live through the call; libvpx clears and fills the
        // context and copies the configuration; the interface pointer is static.
        let result = unsafe {
            vpx::vpx_codec_enc_init_ver(
                context.as_mut_ptr(),
                vpx::vpx_codec_vp8_cx(),
                &raw const config,
                0,
                vpx::VPX_ENCODER_ABI_VERSION as c_int,
            )
        };
        started(result)?;
        // SAFETY: initialised by the successful call above.
        let context = unsafe { context.assume_init() };
        let mut encoder = Self { context, config };
        use vpx::vp8e_enc_control_id as id;
        encoder.control(id::VP8E_SET_CPUUSED, wanted.cpu_used)?;
        // Static background costs no bits below this difference; a screen has no noise.
        let threshold = if wanted.is_screen { 100 } else { 1 };
        encoder.control(id::VP8E_SET_STATIC_THRESHOLD, threshold)?;
        // The denoiser costs a millisecond and blurs faces; cameras denoise themselves.
        encoder.control(id::VP8E_SET_NOISE_SENSITIVITY, 0)?;
        // One token partition: one thread decodes it anyway, and partitions cost bytes.
        encoder.control(id::VP8E_SET_TOKEN_PARTITIONS, 0)?;
        encoder.control(id::VP8E_SET_SCREEN_CONTENT_MODE, wanted.is_screen.into())?;
        let percent = c_int::try_from(wanted.max_intra_percent).unwrap_or(c_int::MAX);
        encoder.control(id::VP8E_SET_MAX_INTRA_BITRATE_PCT, percent)?;
        Ok(encoder)
    }

    /// Changes the target rate from the next frame on.
    pub(super) fn set_bitrate_kbps(&mut self, bitrate_kbps: u32) -> Result<(), CodecError> {
        self.config.rc_target_bitrate = bitrate_kbps;
        // SAFETY: the context is initialised; libvpx checks and copies the configuration.
        let result = unsafe {
            vpx::vpx_codec_enc_config_set(&raw mut *self.context, &raw const self.config)
        };
        check(result, &self.context).map_err(CodecError::Encode)
    }

    /// Encodes a picture of the configured size. Times in 1/90000 s; `pts` must grow.
    pub(super) fn encode(
        &mut self,
        frame: &VideoFrame,
        pts: i64,
        duration: u32,
        force_key_frame: bool,
    ) -> Result<Option<Packet>, CodecError> {
        if (frame.width, frame.height) != (self.config.g_w, self.config.g_h)
            || frame.data.len() != VideoFrame::i420_len(frame.width, frame.height)
        {
            return Err(CodecError::Size {
                width: frame.width,
                height: frame.height,
            });
        }
        let image = wrap_image(frame)?;
        let flags = if force_key_frame {
            vpx::VPX_EFLAG_FORCE_KF
        } else {
            0
        };
        // SAFETY: the image points into `frame`, whose length was checked and which outlives the
        // call; the encoder only reads it.
        let result = unsafe {
            vpx::vpx_codec_encode(
                &raw mut *self.context,
                &raw const image,
                pts,
                duration.into(),
                flags.into(),
                vpx::VPX_DL_REALTIME.into(),
            )
        };
        check(result, &self.context).map_err(CodecError::Encode)?;
        Ok(self.take_packet())
    }

    fn control(&mut self, id: vpx::vp8e_enc_control_id, value: c_int) -> Result<(), CodecError> {
        // SAFETY: every control used here takes one int (or unsigned int) by value.
        let result = unsafe { vpx::vpx_codec_control_(&raw mut *self.context, id as c_int, value) };
        check(result, &self.context).map_err(|detail| CodecError::Start {
            codec: "VP8",
            detail,
        })
    }

    /// Collects what the last call produced: with no lag and one partition output, one frame.
    fn take_packet(&mut self) -> Option<Packet> {
        let mut iterator: vpx::vpx_codec_iter_t = ptr::null();
        let mut found: Option<Packet> = None;
        loop {
            // SAFETY: the iterator starts null and goes back unchanged, as libvpx demands.
            let packet =
                unsafe { vpx::vpx_codec_get_cx_data(&raw mut *self.context, &raw mut iterator) };
            if packet.is_null() {
                return found;
            }
            // SAFETY: libvpx returned a valid packet; the kind is read as a plain number.
            let kind = unsafe { (&raw const (*packet).kind).cast::<u32>().read() };
            if kind != vpx::vpx_codec_cx_pkt_kind::VPX_CODEC_CX_FRAME_PKT as u32 {
                continue;
            }
            // SAFETY: of this kind, so `frame` is the union's live member; its buffer holds `sz`
            // bytes until the next call on the context, and is copied now.
            let (data, flags) = unsafe {
                let frame = &(*packet).data.frame;
                let bytes = std::slice::from_raw_parts(frame.buf.cast::<u8>(), frame.sz as usize);
                (bytes, frame.flags)
            };
            let key_frame = flags & vpx::VPX_FRAME_IS_KEY != 0;
            match &mut found {
                Some(packet) => packet.data.extend_from_slice(data),
                None if data.is_empty() => {}
                None => {
                    found = Some(Packet {
                        data: data.to_vec(),
                        key_frame,
                    });
                }
            }
        }
    }
}

impl Drop for Encoder {
    fn drop(&mut self) {
        // SAFETY: initialised in `new`, destroyed once, here.
        unsafe { vpx::vpx_codec_destroy(&raw mut *self.context) };
    }
}

/// A VP8 decoder.
pub(super) struct Decoder {
    context: Box<vpx::vpx_codec_ctx_t>,
}

// SAFETY: as for `Encoder`.
unsafe impl Send for Decoder {}

impl Decoder {
    pub(super) fn new() -> Result<Self, CodecError> {
        let config = vpx::vpx_codec_dec_cfg_t {
            threads: 1,
            w: 0,
            h: 0,
        };
        let mut context = Box::new(MaybeUninit::<vpx::vpx_codec_ctx_t>::zeroed());
        // SAFETY: as in `Encoder::new`; libvpx copies `config`.
        let result = unsafe {
            vpx::vpx_codec_dec_init_ver(
                context.as_mut_ptr(),
                vpx::vpx_codec_vp8_dx(),
                &raw const config,
                0,
                vpx::VPX_DECODER_ABI_VERSION as c_int,
            )
        };
        started(result)?;
        // SAFETY: initialised by the successful call above.
        let context = unsafe { context.assume_init() };
        Ok(Self { context })
    }

    /// Decodes one frame and copies the picture out.
    pub(super) fn decode(&mut self, data: &[u8]) -> Result<Option<VideoFrame>, CodecError> {
        let length = c_uint::try_from(data.len())
            .map_err(|_| CodecError::Decode("frame too large".into()))?;
        // SAFETY: `data` is valid for `length` bytes and only read during the call.
        let result = unsafe {
            vpx::vpx_codec_decode(
                &raw mut *self.context,
                data.as_ptr(),
                length,
                ptr::null_mut(),
                0,
            )
        };
        check(result, &self.context).map_err(CodecError::Decode)?;
        let mut iterator: vpx::vpx_codec_iter_t = ptr::null();
        // SAFETY: the iterator starts null; one picture at most comes of one VP8 frame.
        let image = unsafe { vpx::vpx_codec_get_frame(&raw mut *self.context, &raw mut iterator) };
        if image.is_null() {
            return Ok(None);
        }
        copy_image(image).map(Some)
    }
}

impl Drop for Decoder {
    fn drop(&mut self) {
        // SAFETY: initialised in `new`, destroyed once, here.
        unsafe { vpx::vpx_codec_destroy(&raw mut *self.context) };
    }
}

/// The library's defaults with ours on top. Rate control as libwebrtc sets it, with two
/// differences: key frames only on request, and no error resilience, because every frame refers
/// to the one before it and a loss that is not repaired needs a key frame anyway.
fn encoder_config(wanted: EncoderConfig) -> Result<vpx::vpx_codec_enc_cfg_t, CodecError> {
    let mut config = MaybeUninit::<vpx::vpx_codec_enc_cfg_t>::zeroed();
    // SAFETY: libvpx fills the whole structure when it returns OK.
    let mut config = unsafe {
        let result =
            vpx::vpx_codec_enc_config_default(vpx::vpx_codec_vp8_cx(), config.as_mut_ptr(), 0);
        started(result)?;
        config.assume_init()
    };
    config.g_w = wanted.width;
    config.g_h = wanted.height;
    config.g_threads = 1;
    config.g_timebase.num = 1;
    config.g_timebase.den = 90_000;
    config.g_error_resilient = 0;
    config.g_lag_in_frames = 0;
    config.g_pass = vpx::vpx_enc_pass::VPX_RC_ONE_PASS;
    config.rc_end_usage = vpx::vpx_rc_mode::VPX_CBR;
    config.rc_target_bitrate = wanted.bitrate_kbps;
    config.rc_dropframe_thresh = 30;
    config.rc_resize_allowed = 0;
    // Finer than that, nobody sees a difference on a screen, and a still one would never be done.
    config.rc_min_quantizer = if wanted.is_screen { 10 } else { 2 };
    // Beyond this, small text cannot be read; pictures are left out instead.
    config.rc_max_quantizer = if wanted.is_screen { 36 } else { 56 };
    config.rc_undershoot_pct = 100;
    config.rc_overshoot_pct = 15;
    config.rc_buf_initial_sz = 500;
    config.rc_buf_optimal_sz = 600;
    config.rc_buf_sz = 1_000;
    config.kf_mode = vpx::vpx_kf_mode::VPX_KF_DISABLED;
    Ok(config)
}

fn wrap_image(frame: &VideoFrame) -> Result<vpx::vpx_image_t, CodecError> {
    let mut image = MaybeUninit::<vpx::vpx_image_t>::zeroed();
    // SAFETY: the pointer stays valid as long as `frame`; libvpx computes the planes of a packed
    // I420 picture (alignment 1, even size), which is exactly how a `VideoFrame` lies in memory,
    // and it never writes through it while encoding.
    unsafe {
        let wrapped = vpx::vpx_img_wrap(
            image.as_mut_ptr(),
            vpx::vpx_img_fmt_t::VPX_IMG_FMT_I420,
            frame.width,
            frame.height,
            1,
            frame.data.as_ptr().cast_mut(),
        );
        if wrapped.is_null() {
            return Err(CodecError::Encode(
                "the picture could not be wrapped".into(),
            ));
        }
        Ok(image.assume_init())
    }
}

fn copy_image(image: *const vpx::vpx_image_t) -> Result<VideoFrame, CodecError> {
    // SAFETY: libvpx returned the image and keeps it until the next call; numbers are read field
    // by field, so that no enum is touched.
    let (width, height, planes, strides) =
        unsafe { ((*image).d_w, (*image).d_h, (*image).planes, (*image).stride) };
    super::check_size(width & !1, height & !1)?;
    let plane = |index: usize, rows: usize, columns: usize| -> Result<Plane<'_>, CodecError> {
        let stride = usize::try_from(strides[index]).unwrap_or(0);
        if planes[index].is_null() || stride < columns {
            return Err(CodecError::Decode("a plane is missing".into()));
        }
        let length = stride * (rows - 1) + columns;
        // SAFETY: a plane of `rows` rows lies `stride` apart, the last one `columns` long; libvpx
        // pads its buffers beyond that.
        let data = unsafe { std::slice::from_raw_parts(planes[index], length) };
        Ok(Plane { data, stride })
    };
    let (columns, rows) = (width as usize, height as usize);
    let (half_columns, half_rows) = (columns.div_ceil(2), rows.div_ceil(2));
    let planes = [
        plane(0, rows, columns)?,
        plane(1, half_rows, half_columns)?,
        plane(2, half_rows, half_columns)?,
    ];
    copy_i420(width, height, planes)
}

fn started(result: vpx::vpx_codec_err_t) -> Result<(), CodecError> {
    if result == vpx::vpx_codec_err_t::VPX_CODEC_OK {
        return Ok(());
    }
    Err(CodecError::Start {
        codec: "VP8",
        detail: describe(result),
    })
}

fn check(result: vpx::vpx_codec_err_t, context: &vpx::vpx_codec_ctx_t) -> Result<(), String> {
    if result == vpx::vpx_codec_err_t::VPX_CODEC_OK {
        return Ok(());
    }
    let detail = context.err_detail;
    if detail.is_null() {
        return Err(describe(result));
    }
    // SAFETY: libvpx's details are NUL-terminated and live as long as the context.
    let detail = unsafe { CStr::from_ptr(detail) };
    Err(format!(
        "{}: {}",
        describe(result),
        detail.to_string_lossy()
    ))
}

fn describe(error: vpx::vpx_codec_err_t) -> String {
    // SAFETY: returns a static, NUL-terminated string for every value.
    let text = unsafe { CStr::from_ptr(vpx::vpx_codec_err_to_string(error)) };
    text.to_string_lossy().into_owned()
}
