//! The workload: what two clients say in a room, and when, counted from the room's beginning.
//!
//! Two joins, an offer, an answer, twenty candidates from each side, two leaves: 46 messages, 42 of them
//! forwarded. The times are those of two clients 20 ms apart; the candidates come in the groups in which a
//! browser finds them: those of its own interfaces at once with the description, those of a STUN server a
//! round trip later, those of a relay two later. Every forwarded text carries the time at which it was due, so
//! that a late sender makes nothing look faster.

use std::time::Duration;

/// One of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    First,
    Second,
}

/// What is said at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Say {
    Join,
    Offer,
    Answer,
    Candidates(u8),
    Leave,
}

/// Something due.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Line {
    pub(crate) at: Duration,
    pub(crate) side: Side,
    pub(crate) say: Say,
}

/// Offer, answer and candidates.
pub(crate) const FORWARDED_IN_ROOM: u32 = 42;
/// In the field `session`, before the time at which the text was due, in nanoseconds.
pub(crate) const STAMP: &[u8] = b"T=";
const STAMP_DIGITS: usize = 16;

const GROUPS: [(u64, u8); 3] = [(0, 10), (50, 5), (100, 5)];
const OFFER_MS: u64 = 40;
const ANSWER_MS: u64 = 70;
const LEAVE_MS: u64 = 300;

/// The lines of a room, in order. `singly` spreads the candidates, 5 ms apart.
pub(crate) fn lines(singly: bool) -> Vec<Line> {
    let mut lines = vec![
        line(0, Side::First, Say::Join),
        line(20, Side::Second, Say::Join),
        line(OFFER_MS, Side::First, Say::Offer),
        line(ANSWER_MS, Side::Second, Say::Answer),
        line(LEAVE_MS, Side::First, Say::Leave),
        line(LEAVE_MS, Side::Second, Say::Leave),
    ];
    for (side, from) in [(Side::First, OFFER_MS), (Side::Second, ANSWER_MS)] {
        match singly {
            true => lines.extend((1..=20).map(|n| line(from + 5 * n, side, Say::Candidates(1)))),
            false => lines.extend(
                GROUPS.map(|(after, count)| line(from + after, side, Say::Candidates(count))),
            ),
        }
    }
    // Stable, so a description stays before the candidates of the same time.
    lines.sort_by_key(|line| line.at);
    lines
}

fn line(at_ms: u64, side: Side, say: Say) -> Line {
    let at = Duration::from_millis(at_ms);
    Line { at, side, say }
}

/// Who speaks to whom, and where.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Voices<'a> {
    pub(crate) room: &'a str,
    pub(crate) uid: &'a str,
    pub(crate) remote_uid: &'a str,
}

/// Makes the texts.
#[derive(Debug)]
pub(crate) struct Texts {
    /// The values of `msg`, as they stand in JSON.
    offer: String,
    answer: String,
    candidate: String,
}

impl Texts {
    /// Descriptions and candidates as browsers make them.
    pub(crate) fn new() -> Self {
        Self {
            offer: in_json(&description("offer")),
            answer: in_json(&description("answer")),
            candidate: in_json(&candidate()),
        }
    }

    pub(crate) fn join(out: &mut Vec<u8>, voices: Voices<'_>) {
        put(out, r#"{"cmd":"join","roomId":""#, voices.room);
        put(out, r#"","uid":""#, voices.uid);
        put(out, r#"","name":"Ann","resume":true}"#, "");
    }

    pub(crate) fn leave(out: &mut Vec<u8>, voices: Voices<'_>) {
        put(out, r#"{"cmd":"leave","roomId":""#, voices.room);
        put(out, r#"","uid":""#, voices.uid);
        put(out, r#""}"#, "");
    }

    pub(crate) fn offer(&self, out: &mut Vec<u8>, voices: Voices<'_>, due: Duration) {
        forward(out, "offer", voices, &self.offer, due);
    }

    pub(crate) fn answer(&self, out: &mut Vec<u8>, voices: Voices<'_>, due: Duration) {
        forward(out, "answer", voices, &self.answer, due);
    }

    pub(crate) fn candidate(&self, out: &mut Vec<u8>, voices: Voices<'_>, due: Duration) {
        forward(out, "candidate", voices, &self.candidate, due);
    }
}

fn forward(out: &mut Vec<u8>, command: &str, voices: Voices<'_>, msg: &str, due: Duration) {
    put(out, r#"{"cmd":""#, command);
    put(out, r#"","roomId":""#, voices.room);
    put(out, r#"","uid":""#, voices.uid);
    put(out, r#"","remoteUid":""#, voices.remote_uid);
    put(out, r#"","msg":"#, msg);
    put(out, r#","session":"T="#, "");
    let mut digits = [b'0'; STAMP_DIGITS];
    let mut left = due.as_nanos();
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (left % 10) as u8;
        left /= 10;
    }
    out.extend_from_slice(&digits);
    out.extend_from_slice(br#""}"#);
}

fn put(out: &mut Vec<u8>, text: &str, value: &str) {
    out.extend_from_slice(text.as_bytes());
    out.extend_from_slice(value.as_bytes());
}

/// When a text was due that begins behind [`STAMP`].
pub(crate) fn due(stamped: &[u8]) -> Option<Duration> {
    let digits = std::str::from_utf8(stamped.get(..STAMP_DIGITS)?).ok()?;
    digits.parse().ok().map(Duration::from_nanos)
}

fn in_json(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn candidate() -> String {
    r#"{"candidate":"candidate:842163049 1 udp 1677729535 203.0.113.77 46154 typ srflx raddr 10.20.30.17 rport 46154 generation 0 ufrag EsAw network-id 1 network-cost 999","sdpMid":"0","sdpMLineIndex":0,"usernameFragment":"EsAw"}"#
        .to_owned()
}

/// Sound and picture with the lines that browsers write: about 3 KB.
fn description(kind: &str) -> String {
    let mut sdp = String::from(
        "v=0\r\no=- 4215775240449105457 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1\r\n\
         a=extmap-allow-mixed\r\na=msid-semantic: WMS 2f2a8c1e-7f0d-4f1c-9c6a-0d6b5f0f2a11\r\n",
    );
    media(&mut sdp, "audio", 0, &[111, 63, 9, 0, 8, 13, 110, 126]);
    media(
        &mut sdp,
        "video",
        1,
        &[96, 97, 98, 99, 100, 101, 102, 103, 104, 105],
    );
    serde_json::json!({"type": kind, "sdp": sdp}).to_string()
}

fn media(sdp: &mut String, kind: &str, mid: u8, payload_types: &[u8]) {
    let list: Vec<String> = payload_types.iter().map(u8::to_string).collect();
    let list = list.join(" ");
    sdp.push_str(&format!(
        "m={kind} 9 UDP/TLS/RTP/SAVPF {list}\r\nc=IN IP4 0.0.0.0\r\na=rtcp:9 IN IP4 0.0.0.0\r\n\
         a=ice-ufrag:EsAw\r\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\na=ice-options:trickle\r\n\
         a=fingerprint:sha-256 7B:8B:F0:65:5F:78:E2:51:3B:AC:6F:F3:3F:46:1B:35:DC:B8:5F:64:1A:24:C2:43:F0:A1:58:D0:A1:2C:19:08\r\n\
         a=setup:actpass\r\na=mid:{mid}\r\na=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid\r\n\
         a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01\r\n\
         a=sendrecv\r\na=msid:2f2a8c1e-7f0d-4f1c-9c6a-0d6b5f0f2a11 {kind}\r\na=rtcp-mux\r\na=rtcp-rsize\r\n"
    ));
    for number in payload_types {
        sdp.push_str(&format!(
            "a=rtpmap:{number} VP8/90000\r\na=rtcp-fb:{number} nack pli\r\na=fmtp:{number} minptime=10;useinbandfec=1\r\n"
        ));
    }
}
