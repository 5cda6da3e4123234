//! What the last completed offer and answer allow, for senders and interceptors to look up.
//!
//! Written by the negotiation, read for every packet; the payload types in it come from the text
//! of the descriptions (see [`crate::sdp`]).

use std::collections::{HashMap, HashSet};

use parking_lot::RwLock;

use crate::codec::{Codec, MediaKind, StreamKind, TRANSPORT_CC_URI};
use crate::sdp::{Format, MediaSection, media_sections};

/// The codec we send one stream with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SendCodec {
    /// Which.
    pub codec: Codec,
    /// Its payload type.
    pub payload_type: u8,
    /// The payload type of its retransmissions, if negotiated.
    pub repair_payload_type: Option<u8>,
}

/// What a received payload type means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// A media packet.
    Media(Codec),
    /// A retransmission of a packet of this payload type and codec.
    Repair(u8, Codec),
}

/// The table; one lock for a few words, taken once a packet.
#[derive(Debug, Default)]
pub(crate) struct Negotiated {
    state: RwLock<State>,
}

#[derive(Debug, Default)]
struct State {
    audio: Option<SendCodec>,
    video: Option<SendCodec>,
    tile: Option<SendCodec>,
    /// The other sends pictures in a section beside the first.
    tile_arrives: bool,
    /// The other's streams in such sections.
    tile_streams: HashSet<u32>,
    received: HashMap<u8, Meaning>,
    sent: HashMap<u8, Meaning>,
    original_of: HashMap<u32, u32>,
    transport_cc_id: Option<u8>,
}

impl Negotiated {
    /// Takes over a completed exchange; `wanted` is our order of preference.
    pub(crate) fn update(&self, local: &str, remote: &str, wanted: &[Codec]) {
        let (local, remote) = (media_sections(local), media_sections(remote));
        let mut state = State::default();
        let mut has_video = false;
        for (ours, theirs) in local.iter().zip(&remote) {
            let Some(kind) = ours.kind else { continue };
            // The first section of pictures is the main one, even where it is rejected.
            let stream = match kind {
                MediaKind::Audio => StreamKind::Audio,
                MediaKind::Video if std::mem::replace(&mut has_video, true) => StreamKind::Tile,
                MediaKind::Video => StreamKind::Video,
            };
            if ours.rejected || theirs.rejected {
                continue;
            }
            state.read_formats(ours, theirs);
            let sends = ours.direction.sends() && theirs.direction.receives();
            let codec = sends.then(|| send_codec(ours, theirs, wanted)).flatten();
            let slot = match stream {
                StreamKind::Audio => &mut state.audio,
                StreamKind::Video => &mut state.video,
                StreamKind::Tile => &mut state.tile,
            };
            *slot = slot.or(codec);
            if stream == StreamKind::Tile {
                state.tile_streams.extend(&theirs.streams);
                state.tile_arrives |= ours.direction.receives() && theirs.direction.sends();
            }
        }
        *self.state.write() = state;
    }

    /// What to send a stream with; `None` while it may not be sent.
    pub(crate) fn send_codec(&self, stream: StreamKind) -> Option<SendCodec> {
        let state = self.state.read();
        match stream {
            StreamKind::Audio => state.audio,
            StreamKind::Video => state.video,
            StreamKind::Tile => state.tile,
        }
    }

    /// Whether the other's stream is in a section of pictures beside the first.
    pub(crate) fn is_tile(&self, ssrc: u32) -> bool {
        self.state.read().tile_streams.contains(&ssrc)
    }

    /// Which of the other's streams it is.
    pub(crate) fn stream_of(&self, ssrc: u32, codec: Codec) -> StreamKind {
        match codec.kind() {
            MediaKind::Audio => StreamKind::Audio,
            MediaKind::Video if self.is_tile(ssrc) => StreamKind::Tile,
            MediaKind::Video => StreamKind::Video,
        }
    }

    /// Whether the other sends pictures beside the first.
    pub(crate) fn tile_arrives(&self) -> bool {
        self.state.read().tile_arrives
    }

    /// What a payload type in a packet from the other side means.
    pub(crate) fn received(&self, payload_type: u8) -> Option<Meaning> {
        self.state.read().received.get(&payload_type).copied()
    }

    /// What a payload type of ours means.
    pub(crate) fn sent(&self, payload_type: u8) -> Option<Meaning> {
        self.state.read().sent.get(&payload_type).copied()
    }

    /// The stream a repair stream belongs to, if the description said so.
    pub(crate) fn original_of(&self, repair_ssrc: u32) -> Option<u32> {
        self.state.read().original_of.get(&repair_ssrc).copied()
    }

    /// The id of the transport-wide sequence number in packets we send.
    pub(crate) fn transport_cc_id(&self) -> Option<u8> {
        self.state.read().transport_cc_id
    }
}

impl State {
    /// The other side sends with the numbers in our description, we with those in theirs.
    fn read_formats(&mut self, ours: &MediaSection, theirs: &MediaSection) {
        for (section, table) in [(ours, &mut self.received), (theirs, &mut self.sent)] {
            for format in &section.formats {
                if let Some(codec) = section.codec(format.payload_type) {
                    table.insert(format.payload_type, Meaning::Media(codec));
                }
            }
            for (repair, original) in section.repairs() {
                if let Some(codec) = section.codec(original) {
                    table.insert(repair, Meaning::Repair(original, codec));
                }
            }
        }
        for (original, repair) in &theirs.repair_streams {
            self.original_of.insert(*repair, *original);
        }
        let known = |section: &MediaSection| {
            let mut extensions = section.extensions.iter();
            extensions
                .find(|(_, uri)| uri == TRANSPORT_CC_URI)
                .map(|(id, _)| *id)
        };
        if known(ours).is_some() {
            self.transport_cc_id = self.transport_cc_id.or(known(theirs));
        }
    }
}

/// Only what both descriptions have may be sent (RFC 3264, section 7). A browser offers H.264 in
/// several profiles and our answer takes one of them: it throws away packets of the others. The same
/// payload type is an agreement too, since one profile has several spellings (RFC 6184, table 5).
fn send_codec(ours: &MediaSection, theirs: &MediaSection, wanted: &[Codec]) -> Option<SendCodec> {
    wanted.iter().find_map(|&codec| {
        let of = |section: &MediaSection, format: &Format| {
            section.codec(format.payload_type) == Some(codec)
        };
        let agreed =
            |format: &&Format| {
                of(theirs, format)
                    && ours.formats.iter().filter(|own| of(ours, own)).any(|own| {
                        own.payload_type == format.payload_type || own.is_same_as(format)
                    })
            };
        let format = theirs.formats.iter().find(agreed)?;
        Some(SendCodec {
            codec,
            payload_type: format.payload_type,
            repair_payload_type: theirs.repair_of(format.payload_type),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sdp::samples::{
        CHROMIUM_ANSWER, CHROMIUM_OFFER, FIREFOX_ANSWER, OUR_ANSWER, OUR_OFFER,
    };

    const WANTED: [Codec; 3] = [Codec::H264, Codec::Vp8, Codec::Opus];

    #[test]
    fn the_wanted_codec_is_sent_with_the_others_numbers() {
        let table = Negotiated::default();
        table.update(OUR_ANSWER, CHROMIUM_OFFER, &WANTED);
        assert_eq!(video(&table), (Codec::H264, 108, Some(109)));
        assert_eq!(
            table.send_codec(StreamKind::Audio).unwrap().payload_type,
            111
        );
        assert_eq!(table.received(96), Some(Meaning::Media(Codec::Vp8)));
        assert_eq!(table.received(97), Some(Meaning::Repair(96, Codec::Vp8)));
        assert_eq!(table.original_of(864_208_989), Some(2_166_299_399));
        assert_eq!(table.transport_cc_id(), Some(3));
    }

    /// Chromium offers 102 first, in a profile that our answer does not have, and drops what comes
    /// with it.
    #[test]
    fn h264_is_sent_in_the_profile_of_the_answer() {
        let first = media_sections(CHROMIUM_OFFER)[1].formats[2].clone();
        assert_eq!((first.payload_type, first.name.as_str()), (102, "H264"));
        assert!(media_sections(OUR_ANSWER)[1].format(102).is_none());
        let table = Negotiated::default();
        table.update(OUR_ANSWER, CHROMIUM_OFFER, &WANTED);
        assert_eq!(video(&table).1, 108);
        let other_numbers = OUR_ANSWER
            .replace("108", "126")
            .replace("=42e01f", "=42E034");
        table.update(&other_numbers, CHROMIUM_OFFER, &WANTED);
        assert_eq!(video(&table).1, 108, "number and level may differ");
        let other_profile = other_numbers.replace("=42E0", "=640c");
        table.update(&other_profile, CHROMIUM_OFFER, &WANTED);
        assert_eq!(video(&table).0, Codec::Vp8, "no common H.264");
    }

    #[test]
    fn browsers_answers_to_our_offer_are_followed() {
        let table = Negotiated::default();
        table.update(OUR_OFFER, CHROMIUM_ANSWER, &WANTED);
        assert_eq!(video(&table), (Codec::H264, 102, Some(103)));
        let other_spelling = CHROMIUM_ANSWER.replace("=42e01f", "=42c01f");
        table.update(OUR_OFFER, &other_spelling, &WANTED);
        assert_eq!(video(&table).1, 102);
        table.update(OUR_OFFER, FIREFOX_ANSWER, &WANTED);
        assert_eq!(video(&table), (Codec::Vp8, 96, Some(97)));
    }

    fn video(table: &Negotiated) -> (Codec, u8, Option<u8>) {
        let sent = table.send_codec(StreamKind::Video).unwrap();
        (sent.codec, sent.payload_type, sent.repair_payload_type)
    }

    #[test]
    fn what_the_other_side_does_not_receive_is_not_sent() {
        let table = Negotiated::default();
        let offer = CHROMIUM_OFFER.replacen("a=sendrecv", "a=sendonly", 1);
        table.update(OUR_ANSWER, &offer, &WANTED);
        assert_eq!(table.send_codec(StreamKind::Audio), None);
        assert!(table.send_codec(StreamKind::Video).is_some());
        let rejected = OUR_ANSWER.replace("m=video 9", "m=video 0");
        table.update(&rejected, CHROMIUM_OFFER, &WANTED);
        assert_eq!(table.send_codec(StreamKind::Video), None);
    }

    /// Two sections of pictures: the first stays the main one, whichever way the second goes.
    #[test]
    fn a_second_section_of_pictures_is_the_tile() {
        let table = Negotiated::default();
        let second = |sdp: &str, direction: &str, streams: [&str; 2]| {
            let video = &sdp[sdp.find("m=video").expect("video")..];
            let [one, two] = streams;
            let video = video
                .replace("a=sendrecv", direction)
                .replace("2166299399", one)
                .replace("864208989", two);
            format!("{sdp}{video}")
        };
        let ours = second(OUR_ANSWER, "a=recvonly", ["1", "2"]);
        let theirs = second(CHROMIUM_OFFER, "a=sendonly", ["77", "78"]);
        table.update(&ours, &theirs, &WANTED);
        assert!(table.send_codec(StreamKind::Video).is_some());
        assert_eq!(table.send_codec(StreamKind::Tile), None);
        assert!(table.tile_arrives());
        assert_eq!(table.stream_of(77, Codec::Vp8), StreamKind::Tile);
        assert_eq!(
            table.stream_of(2_166_299_399, Codec::Vp8),
            StreamKind::Video
        );
        assert_eq!(table.original_of(78), Some(77));

        let ours = second(OUR_ANSWER, "a=sendonly", ["1", "2"]);
        let theirs = second(CHROMIUM_OFFER, "a=recvonly", ["77", "78"]);
        table.update(&ours, &theirs, &WANTED);
        assert!(table.send_codec(StreamKind::Tile).is_some());
        assert!(!table.tile_arrives());
        table.update(OUR_ANSWER, CHROMIUM_OFFER, &WANTED);
        assert_eq!(table.send_codec(StreamKind::Tile), None);
    }
}
