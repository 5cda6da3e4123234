//! The codecs offered, with the payload types and parameters every peer and browser understands.
//!
//! Payload types are fixed here for our own offers; in an answer the offerer's numbers are used,
//! so the numbers in force are always read from the session descriptions (`negotiated`).

use rtc::peer_connection::configuration::media_engine::{
    MIME_TYPE_H264, MIME_TYPE_OPUS, MIME_TYPE_RTX, MIME_TYPE_VP8, MediaEngine,
};
use rtc::rtp_transceiver::rtp_sender::{
    RTCPFeedback, RTCRtpCodec, RTCRtpCodecParameters, RTCRtpHeaderExtensionCapability, RtpCodecKind,
};

use crate::error::PeerError;

/// The two media of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MediaKind {
    /// The microphone.
    Audio,
    /// The camera.
    Video,
}

/// The streams that each side can send.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StreamKind {
    /// The microphone.
    Audio,
    /// The camera, or the screen that is shown in its place.
    Video,
    /// The camera beside a shared screen: small, and in a section of its own.
    Tile,
}

impl StreamKind {
    /// Which medium it is.
    pub fn media(self) -> MediaKind {
        match self {
            StreamKind::Audio => MediaKind::Audio,
            StreamKind::Video | StreamKind::Tile => MediaKind::Video,
        }
    }
}

/// A video codec that can be offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum VideoCodec {
    /// VP8 (RFC 7741).
    Vp8,
    /// H.264 constrained baseline, packetization mode 1 (RFC 6184).
    H264,
}

/// The codec of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Codec {
    /// VP8 (RFC 7741).
    Vp8,
    /// H.264 (RFC 6184).
    H264,
    /// Opus (RFC 7587).
    Opus,
}

impl Codec {
    /// Which medium it carries.
    pub fn kind(self) -> MediaKind {
        match self {
            Codec::Vp8 | Codec::H264 => MediaKind::Video,
            Codec::Opus => MediaKind::Audio,
        }
    }

    /// Ticks of the RTP clock in a second.
    pub fn clock_rate_hz(self) -> u32 {
        match self {
            Codec::Vp8 | Codec::H264 => 90_000,
            Codec::Opus => 48_000,
        }
    }

    /// The codec of an encoding name in `a=rtpmap` (RFC 8866, section 6.6), if it is one of ours.
    pub(crate) fn from_encoding_name(name: &str) -> Option<Self> {
        [
            (Codec::Vp8, "VP8"),
            (Codec::H264, "H264"),
            (Codec::Opus, "opus"),
        ]
        .into_iter()
        .find(|(_, known)| name.eq_ignore_ascii_case(known))
        .map(|(codec, _)| codec)
    }

    pub(crate) fn mime_type(self) -> &'static str {
        match self {
            Codec::Vp8 => MIME_TYPE_VP8,
            Codec::H264 => MIME_TYPE_H264,
            Codec::Opus => MIME_TYPE_OPUS,
        }
    }
}

impl From<VideoCodec> for Codec {
    fn from(codec: VideoCodec) -> Self {
        match codec {
            VideoCodec::Vp8 => Codec::Vp8,
            VideoCodec::H264 => Codec::H264,
        }
    }
}

/// Opus as it is offered.
pub(crate) fn opus_parameters() -> RTCRtpCodecParameters {
    RTCRtpCodecParameters {
        rtp_codec: RTCRtpCodec {
            mime_type: MIME_TYPE_OPUS.into(),
            clock_rate: 48_000,
            channels: 2,
            sdp_fmtp_line: "minptime=10;useinbandfec=1".into(),
            rtcp_feedback: vec![feedback("transport-cc", "")],
        },
        payload_type: 111,
    }
}

/// A video codec as it is offered.
pub(crate) fn video_parameters(codec: VideoCodec) -> RTCRtpCodecParameters {
    let (mime_type, sdp_fmtp_line, payload_type) = match codec {
        VideoCodec::Vp8 => (MIME_TYPE_VP8, "", 96),
        VideoCodec::H264 => (
            MIME_TYPE_H264,
            "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f",
            102,
        ),
    };
    RTCRtpCodecParameters {
        rtp_codec: RTCRtpCodec {
            mime_type: mime_type.into(),
            clock_rate: 90_000,
            channels: 0,
            sdp_fmtp_line: sdp_fmtp_line.into(),
            rtcp_feedback: vec![
                feedback("ccm", "fir"),
                feedback("nack", ""),
                feedback("nack", "pli"),
                feedback("transport-cc", ""),
            ],
        },
        payload_type,
    }
}

/// The retransmission format (RFC 4588) of a video codec.
pub(crate) fn rtx_parameters(codec: VideoCodec) -> RTCRtpCodecParameters {
    let payload_type = video_parameters(codec).payload_type;
    RTCRtpCodecParameters {
        rtp_codec: RTCRtpCodec {
            mime_type: MIME_TYPE_RTX.into(),
            clock_rate: 90_000,
            channels: 0,
            sdp_fmtp_line: format!("apt={payload_type}"),
            rtcp_feedback: vec![],
        },
        payload_type: payload_type + 1,
    }
}

/// Everything of the transceiver's list: each codec followed by its retransmission format.
pub(crate) fn video_preferences(codecs: &[VideoCodec]) -> Vec<RTCRtpCodecParameters> {
    codecs
        .iter()
        .flat_map(|&codec| [video_parameters(codec), rtx_parameters(codec)])
        .collect()
}

/// A media engine that knows Opus, the given video codecs and the header extensions in use.
pub(crate) fn media_engine(codecs: &[VideoCodec]) -> Result<MediaEngine, PeerError> {
    let mut engine = MediaEngine::default();
    engine
        .register_codec(opus_parameters(), RtpCodecKind::Audio)
        .map_err(PeerError::library)?;
    for parameters in video_preferences(codecs) {
        engine
            .register_codec(parameters, RtpCodecKind::Video)
            .map_err(PeerError::library)?;
    }
    for kind in [RtpCodecKind::Audio, RtpCodecKind::Video] {
        for uri in [MID_URI, TRANSPORT_CC_URI] {
            engine
                .register_header_extension(
                    RTCRtpHeaderExtensionCapability { uri: uri.into() },
                    kind,
                    None,
                )
                .map_err(PeerError::library)?;
        }
    }
    Ok(engine)
}

/// RFC 9143, section 15.
const MID_URI: &str = "urn:ietf:params:rtp-hdrext:sdes:mid";
/// draft-holmer-rmcat-transport-wide-cc-extensions-01.
pub(crate) const TRANSPORT_CC_URI: &str =
    "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01";

fn feedback(typ: &str, parameter: &str) -> RTCPFeedback {
    RTCPFeedback {
        typ: typ.into(),
        parameter: parameter.into(),
    }
}
