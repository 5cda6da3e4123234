//! What a description says about its media: formats, streams, extensions, credentials.
//!
//! Read from the text that was applied, since it alone says which payload types are in force.

use super::{is_rejected, lines};
use crate::codec::{Codec, MediaKind};
use crate::config::Direction;

/// One payload type of a section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Format {
    /// RTP payload type.
    pub payload_type: u8,
    /// Encoding name of `a=rtpmap`.
    pub name: String,
    /// Clock rate in Hz.
    pub clock_rate_hz: u32,
    /// Format parameters, empty if none.
    pub parameters: String,
    /// `a=rtcp-fb` values.
    pub feedback: Vec<String>,
}

impl Format {
    /// One parameter of `a=fmtp`.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.split(';').find_map(|pair| {
            let (key, value) = pair.trim().split_once('=')?;
            key.eq_ignore_ascii_case(name).then_some(value)
        })
    }

    /// Whether both stand for one configuration, whatever their payload types. For H.264 that is
    /// the packetization mode and the profile without the level (RFC 6184, section 8.2.2).
    pub fn is_same_as(&self, other: &Format) -> bool {
        self.name.eq_ignore_ascii_case(&other.name)
            && self.clock_rate_hz == other.clock_rate_hz
            && (!self.name.eq_ignore_ascii_case("H264")
                || (self.packetization_mode() == other.packetization_mode()
                    && self
                        .h264_profile()
                        .eq_ignore_ascii_case(other.h264_profile())))
    }

    /// RFC 6184, section 8.1: 0 if absent.
    fn packetization_mode(&self) -> &str {
        self.parameter("packetization-mode").unwrap_or("0")
    }

    /// `profile_idc` and `profile-iop` in hexadecimal; plain baseline if absent (RFC 6184, section
    /// 8.1).
    fn h264_profile(&self) -> &str {
        let id = self.parameter("profile-level-id").unwrap_or_default();
        id.get(..4).unwrap_or("4200")
    }
}

/// One `m=` section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaSection {
    /// `None` for data channels and what else there may be.
    pub kind: Option<MediaKind>,
    /// `a=mid`.
    pub mid: Option<String>,
    /// Port 0.
    pub rejected: bool,
    /// As the writer of the description sees it.
    pub direction: Direction,
    /// In the order of the `m=` line.
    pub formats: Vec<Format>,
    /// `a=extmap`: id and URI.
    pub extensions: Vec<(u8, String)>,
    /// `a=ssrc`: each stream once, repairs included.
    pub streams: Vec<u32>,
    /// `a=ssrc-group:FID`: original and repair stream.
    pub repair_streams: Vec<(u32, u32)>,
}

impl MediaSection {
    /// The codec of a payload type. H.264 counts only in packetization mode 1, the one we send.
    pub fn codec(&self, payload_type: u8) -> Option<Codec> {
        let format = self.format(payload_type)?;
        let codec = Codec::from_encoding_name(&format.name)?;
        let other_mode = codec == Codec::H264 && format.packetization_mode() != "1";
        (!other_mode).then_some(codec)
    }

    /// The retransmission payload type of a payload type (RFC 4588, section 8.6).
    pub fn repair_of(&self, payload_type: u8) -> Option<u8> {
        self.formats
            .iter()
            .find(|format| original_of(format) == Some(payload_type))
            .map(|format| format.payload_type)
    }

    /// Every retransmission payload type with the one it repairs.
    pub fn repairs(&self) -> impl Iterator<Item = (u8, u8)> + '_ {
        self.formats
            .iter()
            .filter_map(|format| Some((format.payload_type, original_of(format)?)))
    }

    /// A payload type's line.
    pub fn format(&self, payload_type: u8) -> Option<&Format> {
        self.formats.iter().find(|f| f.payload_type == payload_type)
    }
}

/// Every section, in order.
pub fn media_sections(sdp: &str) -> Vec<MediaSection> {
    let mut sections: Vec<MediaSection> = Vec::new();
    for line in lines(sdp) {
        if let Some(media) = line.strip_prefix("m=") {
            sections.push(section(media, line));
        } else if let (Some(section), Some(attribute)) =
            (sections.last_mut(), line.strip_prefix("a="))
        {
            read_attribute(section, attribute);
        }
    }
    let directions = super::directions(sdp);
    for (section, direction) in sections.iter_mut().zip(directions) {
        section.direction = direction;
    }
    sections
}

/// User name fragment and password of a description's transport.
#[derive(Clone, PartialEq, Eq)]
pub struct IceCredentials {
    /// `a=ice-ufrag`.
    pub user_fragment: String,
    /// `a=ice-pwd`.
    pub password: String,
}

impl std::fmt::Debug for IceCredentials {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("IceCredentials")
    }
}

/// The first credentials of the description; with one bundle there are no others.
pub fn ice_credentials(sdp: &str) -> Option<IceCredentials> {
    let value = |name: &str| lines(sdp).find_map(|line| line.strip_prefix(name));
    Some(IceCredentials {
        user_fragment: value("a=ice-ufrag:")?.to_owned(),
        password: value("a=ice-pwd:")?.to_owned(),
    })
}

fn section(media: &str, line: &str) -> MediaSection {
    let mut words = media.split(' ');
    let kind = match words.next() {
        Some("audio") => Some(MediaKind::Audio),
        Some("video") => Some(MediaKind::Video),
        Some(_) | None => None,
    };
    let formats = words.skip(2).filter_map(|word| word.parse::<u8>().ok());
    MediaSection {
        kind,
        mid: None,
        rejected: is_rejected(line),
        direction: Direction::SendRecv,
        formats: formats
            .map(|payload_type| Format {
                payload_type,
                name: String::new(),
                clock_rate_hz: 0,
                parameters: String::new(),
                feedback: Vec::new(),
            })
            .collect(),
        extensions: Vec::new(),
        streams: Vec::new(),
        repair_streams: Vec::new(),
    }
}

fn read_attribute(section: &mut MediaSection, attribute: &str) {
    let Some((name, value)) = attribute.split_once(':') else {
        return;
    };
    match name {
        "mid" => section.mid = Some(value.to_owned()),
        "rtpmap" => read_rtpmap(section, value),
        "fmtp" => {
            if let Some((format, rest)) = format_and_rest(section, value) {
                format.parameters = rest;
            }
        }
        "rtcp-fb" => {
            if let Some((format, rest)) = format_and_rest(section, value) {
                format.feedback.push(rest);
            }
        }
        "extmap" => {
            let id = value
                .split([' ', '/'])
                .next()
                .and_then(|id| id.parse().ok());
            if let (Some(id), Some(uri)) = (id, value.split(' ').nth(1)) {
                section.extensions.push((id, uri.to_owned()));
            }
        }
        "ssrc" => {
            let ssrc = value.split(' ').next().and_then(|word| word.parse().ok());
            if let Some(ssrc) = ssrc.filter(|ssrc| !section.streams.contains(ssrc)) {
                section.streams.push(ssrc);
            }
        }
        "ssrc-group" => {
            let mut words = value.split(' ');
            let fid = words.next() == Some("FID");
            let mut ssrc = || words.next().and_then(|word| word.parse().ok());
            if let (true, Some(original), Some(repair)) = (fid, ssrc(), ssrc()) {
                section.repair_streams.push((original, repair));
            }
        }
        _ => {}
    }
}

fn read_rtpmap(section: &mut MediaSection, value: &str) {
    if let Some((format, rest)) = format_and_rest(section, value) {
        let mut parts = rest.split('/');
        format.name = parts.next().unwrap_or_default().to_owned();
        format.clock_rate_hz = parts.next().and_then(|rate| rate.parse().ok()).unwrap_or(0);
    }
}

fn format_and_rest<'a>(
    section: &'a mut MediaSection,
    value: &str,
) -> Option<(&'a mut Format, String)> {
    let (payload_type, rest) = value.split_once(' ')?;
    let payload_type: u8 = payload_type.parse().ok()?;
    let formats = section.formats.iter_mut();
    let format = formats
        .into_iter()
        .find(|f| f.payload_type == payload_type)?;
    Some((format, rest.to_owned()))
}

fn original_of(format: &Format) -> Option<u8> {
    if !format.name.eq_ignore_ascii_case("rtx") {
        return None;
    }
    format.parameter("apt")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sdp::samples::{CHROMIUM_OFFER, FIREFOX_OFFER, OUR_ANSWER};

    #[test]
    fn formats_repairs_and_streams_of_chromium_are_read() {
        let sections = media_sections(CHROMIUM_OFFER);
        assert_eq!(sections.len(), 2);
        assert_eq!(sections[0].kind, Some(MediaKind::Audio));
        assert_eq!(sections[0].codec(111), Some(Codec::Opus));
        let video = &sections[1];
        assert_eq!(video.codec(96), Some(Codec::Vp8));
        assert_eq!(video.repair_of(96), Some(97));
        assert_eq!(video.codec(108), Some(Codec::H264));
        assert_eq!(video.codec(114), None, "packetization mode 0");
        assert_eq!(video.codec(98), None, "VP9");
        assert_eq!(video.streams, [2_166_299_399, 864_208_989]);
        assert_eq!(video.repair_streams, [(2_166_299_399, 864_208_989)]);
        let vp8 = video.format(96).unwrap();
        assert!(vp8.feedback.contains(&"nack pli".into()));
        assert!(video.extensions.contains(&(3, transport_cc())));
    }

    #[test]
    fn formats_repairs_and_streams_of_firefox_are_read() {
        let video = &media_sections(FIREFOX_OFFER)[1];
        assert_eq!(video.codec(120), Some(Codec::Vp8));
        assert_eq!(video.repair_of(120), Some(124));
        assert_eq!(video.repair_streams, [(2_662_275_612, 90_225_810)]);
        assert!(video.extensions.contains(&(7, transport_cc())));
    }

    fn transport_cc() -> String {
        crate::codec::TRANSPORT_CC_URI.to_owned()
    }

    #[test]
    fn h264_formats_differ_by_profile_and_mode_but_not_by_level() {
        let video = &media_sections(CHROMIUM_OFFER)[1];
        let ours = &media_sections(OUR_ANSWER)[1];
        let own = ours.format(108).unwrap();
        let same = video.formats.iter().filter(|format| own.is_same_as(format));
        let same: Vec<u8> = same.map(|format| format.payload_type).collect();
        assert_eq!(same, [108]);
        let mut level = own.clone();
        level.parameters = level.parameters.replace("42e01f", "42E034");
        assert!(own.is_same_as(&level));
    }

    #[test]
    fn credentials_are_found() {
        let credentials = ice_credentials(OUR_ANSWER).unwrap();
        assert_eq!(credentials.user_fragment, "ARBiSHucRrBUqNXk");
        assert_eq!(credentials.password, "JEraKNvvHDlxyHrzUjFUeDUtXAvzwUHV");
    }
}
