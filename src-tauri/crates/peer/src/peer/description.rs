//! Session descriptions as the browser's JSON, `{"type": …, "sdp": …}`.

use rtc::peer_connection::sdp::RTCSessionDescription;
use serde::{Deserialize, Serialize};

use crate::error::PeerError;
use crate::sdp::{DescriptionKind, DescriptionRefused, MAX_DESCRIPTION_BYTES, check_description};

#[derive(Serialize, Deserialize)]
struct Json {
    #[serde(rename = "type")]
    kind: String,
    sdp: String,
}

/// Reads and checks a description of the other side; gives its text.
pub(super) fn read(message: &str, kind: DescriptionKind) -> Result<String, PeerError> {
    // Escapes may double the size on the wire.
    if message.len() > 2 * MAX_DESCRIPTION_BYTES {
        return Err(DescriptionRefused::TooLarge.into());
    }
    let json: Json = serde_json::from_str(message).map_err(|_| PeerError::NotJson)?;
    if json.kind != name(kind) {
        return Err(DescriptionRefused::WrongType.into());
    }
    check_description(&json.sdp, kind)?;
    Ok(json.sdp)
}

/// The JSON of a description of ours.
pub(super) fn write(sdp: String, kind: DescriptionKind) -> Result<String, PeerError> {
    let json = Json {
        kind: name(kind).to_owned(),
        sdp,
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
