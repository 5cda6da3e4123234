//! The order of formats in the `m=video` line.
//!
//! The library answers in the offerer's order; browsers send the first format of the answer. So
//! our own preference is put first here.

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
    use crate::sdp::samples::OUR_ANSWER;

    #[test]
    fn the_wanted_codec_comes_first_and_nothing_is_lost() {
        assert!(OUR_ANSWER.contains("m=video 9 UDP/TLS/RTP/SAVPF 96 97 102 103\r\n"));
        let preferred = prefer_formats(OUR_ANSWER, &[Codec::H264, Codec::Vp8]);
        assert!(preferred.contains("m=video 9 UDP/TLS/RTP/SAVPF 102 96 97 103\r\n"));
        assert!(preferred.contains("m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n"));
        let back = prefer_formats(OUR_ANSWER, &[Codec::Vp8]);
        assert_eq!(back, OUR_ANSWER);
    }
}
