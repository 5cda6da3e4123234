//! Descriptions as Chromium 156 and Firefox ESR 153 made them with camera and microphone, and the
//! library's beside them. Only addresses were changed; names, keys and fingerprints were those of one
//! call.

/// Chromium's offer.
pub(crate) const CHROMIUM_OFFER: &str = include_str!("samples/chromium_offer.sdp");

/// Our answer to [`CHROMIUM_OFFER`], with H.264 preferred.
pub(crate) const OUR_ANSWER: &str = include_str!("samples/our_answer.sdp");

/// Our offer, with H.264 preferred.
pub(crate) const OUR_OFFER: &str = include_str!("samples/our_offer.sdp");

/// Chromium's answer to [`OUR_OFFER`].
pub(crate) const CHROMIUM_ANSWER: &str = include_str!("samples/chromium_answer.sdp");

/// Chromium's answer to an offer without a common video codec: the refused section has a transport
/// of its own.
pub(crate) const CHROMIUM_REJECTED_VIDEO_ANSWER: &str =
    include_str!("samples/chromium_rejected_video_answer.sdp");

/// Firefox's offer; no H.264 without its plug-in.
pub(crate) const FIREFOX_OFFER: &str = include_str!("samples/firefox_offer.sdp");

/// Firefox's answer to [`OUR_OFFER`].
pub(crate) const FIREFOX_ANSWER: &str = include_str!("samples/firefox_answer.sdp");

/// Firefox's answer to an offer with H.264 alone.
pub(crate) const FIREFOX_REJECTED_VIDEO_ANSWER: &str =
    include_str!("samples/firefox_rejected_video_answer.sdp");
