//! Session descriptions as the browser's JSON, `{"type": …, "sdp": …}`.
//!
//! A member `"tile": true` beside the two says that its sender shows a second picture beside the
//! first. Browsers and other clients ignore it, and get no second picture: many pages show whatever
//! stream came last in the place of the one before.

use rtc::peer_connection::sdp::RTCSessionDescription;
use serde::{Deserialize, Serialize};

use crate::error::PeerError;
use crate::sdp::{DescriptionKind, DescriptionRefused, MAX_DESCRIPTION_BYTES, check_description};

#[derive(Serialize, Deserialize)]
struct Json {
    #[serde(rename = "type")]
    kind: String,
    sdp: String,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    tile: bool,
}

/// A description of the other side.
pub(super) struct Read {
    /// Its text.
    pub(super) sdp: String,
    /// Who wrote it shows a second picture.
    pub(super) shows_tile: bool,
}

/// Reads and checks a description of the other side.
pub(super) fn read(message: &str, kind: DescriptionKind) -> Result<Read, PeerError> {
    // Escapes may double the size on the wire.
    if message.len() > 2 * MAX_DESCRIPTION_BYTES {
        return Err(DescriptionRefused::TooLarge.into());
    }
    let json: Json = serde_json::from_str(message).map_err(|_| PeerError::NotJson)?;
    if json.kind != name(kind) {
        return Err(DescriptionRefused::WrongType.into());
    }
    check_description(&json.sdp, kind)?;
    Ok(Read {
        sdp: json.sdp,
        shows_tile: json.tile,
    })
}

/// The JSON of a description of ours; `tile` says that we show a second picture.
pub(super) fn write(sdp: String, kind: DescriptionKind, tile: bool) -> Result<String, PeerError> {
    let json = Json {
        kind: name(kind).to_owned(),
        sdp,
        tile,
    };
    serde_json::to_string(&json).map_err(|_| PeerError::NotJson)
}

/// For the library.
pub(super) fn for_library(
    sdp: String,
    kind: DescriptionKind,
) -> Result<RTCSessionDescription, PeerError> {
    let description = match kind {
        DescriptionKind::Offer => RTCSessionDescription::offer(sdp),
        DescriptionKind::Answer => RTCSessionDescription::answer(sdp),
    };
    description.map_err(PeerError::library)
}

/// A rollback, which has no text.
pub(super) fn rollback() -> Result<RTCSessionDescription, PeerError> {
    serde_json::from_str(r#"{"type":"rollback","sdp":""}"#).map_err(PeerError::library)
}

fn name(kind: DescriptionKind) -> &'static str {
    match kind {
        DescriptionKind::Offer => "offer",
        DescriptionKind::Answer => "answer",
    }
}
