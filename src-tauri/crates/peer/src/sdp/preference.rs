//! The order of formats in the `m=video` line.
//!
//! The library answers in the offerer's order and keeps that order in later offers of its own;
//! browsers answer in the offer's order and send the first format of the answer. So our own
//! preference is put first here, in answers and in offers.

use super::{join, lines, media_sections};
use crate::codec::{Codec, MediaKind};

/// The description with the formats of the wanted codecs first, in the order wanted; all others
/// keep their order behind them.
pub fn prefer_formats(sdp: &str, wanted: &[Codec]) -> String {
    let sections = media_sections(sdp);
    let mut index = 0;
    join(lines(sdp).map(|line| {
        if !line.starts_with("m=") {
            return line.to_owned();
        }
        let section = sections.get(index);
        index += 1;
        match section {
            Some(section) if section.kind == Some(MediaKind::Video) => {
                reorder(line, |payload_type| {
                    let codec = section.codec(payload_type)?;
                    wanted.iter().position(|w| *w == codec)
                })
            }
            Some(_) | None => line.to_owned(),
        }
    }))
}

fn reorder(media_line: &str, rank: impl Fn(u8) -> Option<usize>) -> String {
    let mut words = media_line.split(' ');
    let head: Vec<&str> = words.by_ref().take(3).collect();
    let mut formats: Vec<&str> = words.collect();
    formats.sort_by_key(|format| {
        let payload_type = format.parse::<u8>().ok();
        payload_type.and_then(&rank).unwrap_or(usize::MAX)
    });
    [head, formats].concat().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sdp::samples::{FIREFOX_OFFER, OUR_ANSWER};

    #[test]
    fn the_wanted_codec_comes_first_and_nothing_is_lost() {
        let video = |formats| format!("m=video 9 UDP/TLS/RTP/SAVPF {formats}\r\n");
        assert!(OUR_ANSWER.contains(&video("108 96 97 109")));
        let preferred = prefer_formats(OUR_ANSWER, &[Codec::Vp8, Codec::H264]);
        assert!(preferred.contains(&video("96 108 97 109")));
        assert!(preferred.contains("m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n"));
        let back = prefer_formats(&preferred, &[Codec::H264]);
        assert_eq!(back, OUR_ANSWER);
    }

    #[test]
    fn a_codec_that_is_not_there_changes_nothing() {
        assert_eq!(prefer_formats(FIREFOX_OFFER, &[Codec::H264]), FIREFOX_OFFER);
    }
}
