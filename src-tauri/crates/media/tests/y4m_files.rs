//! Y4M files: what is played, what is refused and with which words, and what is written.

use std::path::PathBuf;
use std::sync::Arc;

use duet_media::frame::VideoFrame;
use duet_media::y4m::{Y4mError, Y4mHeader, Y4mReader, Y4mWriter};
use proptest::prelude::*;

fn file(folder: &tempfile::TempDir, content: &[u8]) -> PathBuf {
    let path = folder.path().join("film.y4m");
    std::fs::write(&path, content).expect("written");
    path
}

fn open(content: &[u8]) -> Result<Y4mReader, Y4mError> {
    let folder = tempfile::tempdir().expect("folder");
    Y4mReader::open(&file(&folder, content))
}

#[test]
fn frames_come_in_order_and_again_after_a_rewind() {
    let mut content = b"YUV4MPEG2 W4 H2 F25:1 Ip A1:1 C420jpeg\n".to_vec();
    for value in 0..3 {
        content.extend_from_slice(if value == 1 {
            b"FRAME Ip\n"
        } else {
            b"FRAME\n"
        });
        content.extend_from_slice(&[value; 12]);
    }
    content.extend_from_slice(b"FRAME\nshort");
    let mut reader = open(&content).expect("opens");
    assert_eq!(
        *reader.header(),
        Y4mHeader {
            width: 4,
            height: 2,
            rate: (25, 1)
        }
    );
    let mut frame = Vec::new();
    for value in 0..3 {
        assert!(reader.read_frame(&mut frame).expect("reads"));
        assert_eq!(frame, [value; 12]);
    }
    assert!(
        !reader
            .read_frame(&mut frame)
            .expect("the short frame is the end")
    );
    reader.rewind().expect("rewinds");
    assert!(reader.skip_frame().expect("skips"));
    assert!(reader.read_frame(&mut frame).expect("reads"));
    assert_eq!(frame, [1; 12]);
}

#[test]
fn odd_sizes_round_their_chroma_up() {
    let header = Y4mHeader::parse("YUV4MPEG2 W5 H3").expect("parses");
    assert_eq!(header.frame_len(), 15 + 2 * 6);
    assert_eq!(header.rate, (30, 1));
}

#[test]
fn hostile_headers_are_refused_before_memory_is_taken() {
    let cases: [(&[u8], &str); 14] = [
        (b"", "not a YUV4MPEG2 file"),
        (b"RIFF....\n", "not a YUV4MPEG2 file"),
        (b"YUV4MPEG2 W4 H2", "not a YUV4MPEG2 file"),
        (b"YUV4MPEG2\n", "names no width"),
        (b"YUV4MPEG2 W4\n", "names no width or no height"),
        (b"YUV4MPEG2 W0 H2\n", "bad header field `W0`"),
        (b"YUV4MPEG2 W-4 H2\n", "bad header field `W-4`"),
        (b"YUV4MPEG2 W4294967296 H2\n", "bad header field"),
        (b"YUV4MPEG2 W4294967295 H4294967295\n", "too large"),
        (b"YUV4MPEG2 W16384 H16384\n", "too large"),
        (b"YUV4MPEG2 W4 H2 F30:0\n", "bad header field `F30:0`"),
        (b"YUV4MPEG2 W4 H2 C444\n", "colour space `444`"),
        (b"YUV4MPEG2 W4 H2 C420p10\n", "colour space `420p10`"),
        (b"YUV4MPEG2 W7680 H4320\nFRAME\nxx", "no frame"),
    ];
    for (content, words) in cases {
        let error = open(content).expect_err("refused").to_string();
        assert!(
            error.contains(words),
            "{error:?} for {:?}",
            String::from_utf8_lossy(content)
        );
    }
    let mut endless = b"YUV4MPEG2 W4 H2 X".to_vec();
    endless.resize(1 << 20, b'A');
    assert!(matches!(open(&endless), Err(Y4mError::NotY4m)));
}

#[test]
fn a_missing_frame_header_is_an_error() {
    let mut content = b"YUV4MPEG2 W4 H2\nFRAMEX\n".to_vec();
    content.extend_from_slice(&[0; 40]);
    let mut reader = open(&content).expect("opens");
    assert!(matches!(
        reader.read_frame(&mut Vec::new()),
        Err(Y4mError::NoFrameHeader)
    ));
}

#[test]
fn what_is_written_can_be_read() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("dump.y4m");
    let writer = Y4mWriter::create(&path, 30).expect("created");
    for value in [10_u8, 20, 30] {
        let (width, height) = if value == 20 { (32, 32) } else { (64, 32) };
        writer.write(&VideoFrame {
            width,
            height,
            data: Arc::from(vec![value; VideoFrame::i420_len(width, height)]),
            capture_ts_us: 0,
        });
    }
    assert_eq!(writer.dropped(), 0);
    drop(writer);
    let mut reader = Y4mReader::open(&path).expect("opens");
    assert_eq!(
        *reader.header(),
        Y4mHeader {
            width: 64,
            height: 32,
            rate: (30, 1)
        }
    );
    let mut frame = Vec::new();
    for value in [10, 20, 30] {
        assert!(reader.read_frame(&mut frame).expect("reads"));
        assert_eq!(frame[64 * 16 + 32], value, "the middle of the picture");
    }
    assert!(!reader.read_frame(&mut frame).expect("ends"));
}

proptest! {
    #[test]
    fn no_content_panics(content in proptest::collection::vec(any::<u8>(), 0..400), prefix in any::<bool>()) {
        let mut bytes = if prefix { b"YUV4MPEG2 W4 H2\n".to_vec() } else { Vec::new() };
        bytes.extend_from_slice(&content);
        if let Ok(mut reader) = open(&bytes) {
            let mut frame = Vec::new();
            while let Ok(true) = reader.read_frame(&mut frame) {}
        }
    }

    #[test]
    fn no_header_panics(line in "YUV4MPEG2( [WHFCIAX][0-9:a-z]{0,12}){0,6}") {
        if let Ok(header) = Y4mHeader::parse(&line) {
            prop_assert!(header.frame_len() <= 7680 * 4320 * 2);
        }
    }
}
