//! Which candidates are let through to ICE (RFC 8839, section 5.1).
//!
//! A candidate makes us send packets to an address of the other side's choosing, so their number,
//! length and form are bounded before the library sees them.

use serde::Deserialize;

/// Candidates taken for one description; more are refused.
pub const MAX_CANDIDATES: usize = 64;
const MAX_MESSAGE_BYTES: usize = 2_048;
const MAX_CANDIDATE_BYTES: usize = 512;

/// Why a candidate was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CandidateRefused {
    /// Over a size limit.
    #[error("too long")]
    TooLong,
    /// More than [`MAX_CANDIDATES`].
    #[error("too many")]
    TooMany,
    /// Not of the form of RFC 8839.
    #[error("malformed")]
    Malformed,
}

/// The JSON of `RTCIceCandidateInit`.
#[derive(Deserialize)]
struct Init {
    candidate: String,
}

/// Checks the JSON of a candidate. `Ok(None)` is one to ignore: the end of the list, or a
/// transport we do not use.
pub fn check_candidate(message: &str) -> Result<Option<&str>, CandidateRefused> {
    if message.len() > MAX_MESSAGE_BYTES {
        return Err(CandidateRefused::TooLong);
    }
    let trimmed = message.trim();
    if trimmed.is_empty() || trimmed == "null" {
        return Ok(None);
    }
    let init: Init = serde_json::from_str(trimmed).map_err(|_| CandidateRefused::Malformed)?;
    if init.candidate.is_empty() {
        return Ok(None);
    }
    if init.candidate.len() > MAX_CANDIDATE_BYTES {
        return Err(CandidateRefused::TooLong);
    }
    let udp = check_line(&init.candidate).ok_or(CandidateRefused::Malformed)?;
    Ok(udp.then_some(trimmed))
}

/// `host`, `srflx`, `prflx` or `relay` of a candidate line.
pub fn candidate_type(line: &str) -> Option<&str> {
    let mut words = line.split(' ').skip(6);
    (words.next() == Some("typ"))
        .then(|| words.next())
        .flatten()
}

/// The candidate line without the address of ours behind it, which serves diagnostics only
/// (RFC 8839, section 5.1): nothing that a description in text may be without.
pub fn hide_related(line: &str) -> String {
    let mut hidden: Vec<&str> = Vec::new();
    for word in line.split(' ') {
        hidden.push(match hidden.last() {
            Some(&"raddr") => "0.0.0.0",
            Some(&"rport") => "0",
            Some(_) | None => word,
        });
    }
    hidden.join(" ")
}

/// Whether it is UDP; `None` if it is no candidate at all.
fn check_line(line: &str) -> Option<bool> {
    if line.chars().any(char::is_control) {
        return None;
    }
    let value = line.strip_prefix("candidate:").unwrap_or(line);
    let words: Vec<&str> = value.split(' ').collect();
    if words.len() < 8 || words.len() > 40 {
        return None;
    }
    let component: u8 = words[1].parse().ok()?;
    let _priority: u32 = words[3].parse().ok()?;
    let port: u16 = words[5].parse().ok()?;
    let known_type = matches!(words[7], "host" | "srflx" | "prflx" | "relay");
    let well_formed = (1..=2).contains(&component)
        && !words[0].is_empty()
        && words[0].len() <= 32
        && !words[4].is_empty()
        && words[6] == "typ"
        && known_type;
    let udp = words[2].eq_ignore_ascii_case("udp");
    (well_formed && (port != 0 || !udp)).then_some(udp && component == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST: &str = "candidate:842163049 1 udp 1677729535 192.0.2.7 46154 typ srflx raddr 0.0.0.0 rport 0 generation 0 ufrag EsAw network-cost 999";

    fn json(candidate: &str) -> String {
        serde_json::json!({"candidate": candidate, "sdpMid": "0", "sdpMLineIndex": 0}).to_string()
    }

    #[test]
    fn the_address_behind_a_candidate_is_hidden() {
        let line =
            "candidate:1 1 udp 5 192.0.2.7 46154 typ relay raddr 10.0.0.2 rport 4711 ufrag E";
        let hidden = "candidate:1 1 udp 5 192.0.2.7 46154 typ relay raddr 0.0.0.0 rport 0 ufrag E";
        assert_eq!(hide_related(line), hidden);
        assert_eq!(hide_related(hidden), hidden);
    }

    #[test]
    fn browsers_candidates_pass() {
        let local = "candidate:2 1 UDP 2122187007 7f3c-11.local 55123 typ host";
        for candidate in [HOST, local] {
            let message = json(candidate);
            assert_eq!(check_candidate(&message), Ok(Some(message.as_str())));
        }
        assert_eq!(candidate_type(HOST), Some("srflx"));
    }

    #[test]
    fn the_end_of_the_list_and_tcp_are_ignored() {
        let tcp = "candidate:1 1 tcp 1518280447 192.0.2.7 9 typ host tcptype active";
        for message in ["", "null", "  ", &json(""), &json(tcp)] {
            assert_eq!(check_candidate(message), Ok(None), "{message}");
        }
    }

    #[test]
    fn malformed_and_oversized_ones_are_refused() {
        let long = format!("{HOST} {}", "x".repeat(600));
        assert_eq!(
            check_candidate(&json(&long)),
            Err(CandidateRefused::TooLong)
        );
        let huge = "x".repeat(5_000);
        assert_eq!(check_candidate(&huge), Err(CandidateRefused::TooLong));
        let broken = [
            "{",
            "[]",
            &json("candidate:1 1 udp"),
            &json("candidate:1 1 udp 99999999999 192.0.2.7 1000 typ host"),
            &json("candidate:1 1 udp 1 192.0.2.7 0 typ host"),
            &json("candidate:1 9 udp 1 192.0.2.7 1000 typ host"),
            &json("candidate:1 1 udp 1 192.0.2.7 1000 typ host\r\na=x"),
            &json("candidate:1 1 udp 1 192.0.2.7 1000 kind host"),
        ];
        for message in broken {
            assert_eq!(
                check_candidate(message),
                Err(CandidateRefused::Malformed),
                "{message}"
            );
        }
    }
}
