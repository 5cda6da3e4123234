//! What the call must know of a description or candidate to tell old ones from new ones.
//!
//! Peers that send no `session` are told apart by ufrag (one ICE generation) and fingerprint (one
//! PeerConnection: browsers make a certificate for each). Nothing else of the SDP is read here.

use serde_json::Value;

use crate::input::DescriptionKind;

/// What identifies a remote description.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Identity {
    /// The `ice-ufrag` of its first media section (all are bundled).
    pub(crate) ufrag: String,
    /// The first DTLS fingerprint, hash name included, in lower case.
    pub(crate) fingerprint: String,
}

impl Identity {
    /// Reads the JSON of a session description; none if it is not a usable one of this kind.
    pub(crate) fn of_description(kind: DescriptionKind, msg: &str) -> Option<Self> {
        let value: Value = serde_json::from_str(msg).ok()?;
        let expected_type = match kind {
            DescriptionKind::Offer => "offer",
            DescriptionKind::Answer => "answer",
        };
        if value.get("type")?.as_str()? != expected_type {
            return None;
        }
        let sdp = value.get("sdp")?.as_str()?;
        Some(Self {
            ufrag: attribute(sdp, "ice-ufrag")?.to_owned(),
            fingerprint: attribute(sdp, "fingerprint")?.to_ascii_lowercase(),
        })
    }
}

/// A remote candidate, as far as it matters here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RemoteCandidate {
    /// Its JSON; none ends the list.
    pub(crate) json: Option<String>,
    /// Whose it is, if it says so.
    pub(crate) ufrag: Option<String>,
}

impl RemoteCandidate {
    /// Reads the `msg` of a candidate; none if it is neither a candidate nor the end of the list.
    pub(crate) fn parse(msg: &str) -> Option<Self> {
        let end = Self {
            json: None,
            ufrag: None,
        };
        if msg.trim().is_empty() {
            return Some(end);
        }
        let value: Value = serde_json::from_str(msg).ok()?;
        if value.is_null() || value.as_str() == Some("") {
            return Some(end);
        }
        let line = value.get("candidate").and_then(Value::as_str);
        let ufrag = value
            .get("usernameFragment")
            .and_then(Value::as_str)
            .map(str::to_owned)
            .or_else(|| line.and_then(ufrag_of_line));
        match line {
            None => value.is_object().then_some(end),
            Some("") => Some(Self { json: None, ufrag }),
            Some(_) => Some(Self {
                json: Some(msg.to_owned()),
                ufrag,
            }),
        }
    }
}

fn attribute<'a>(sdp: &'a str, name: &str) -> Option<&'a str> {
    sdp.lines().find_map(|line| {
        line.trim()
            .strip_prefix("a=")?
            .strip_prefix(name)?
            .strip_prefix(':')
            .map(str::trim)
            .filter(|value| !value.is_empty())
    })
}

/// `candidate:… ufrag XXXX …`, an extension browsers write.
fn ufrag_of_line(line: &str) -> Option<String> {
    let mut words = line.split_ascii_whitespace();
    words.find(|word| *word == "ufrag")?;
    words.next().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_ufrag_and_fingerprint() {
        let msg =
            r#"{"type":"offer","sdp":"v=0\r\na=fingerprint:sha-256 AB:CD\r\na=ice-ufrag:x1\r\n"}"#;
        let identity = Identity::of_description(DescriptionKind::Offer, msg).unwrap();
        assert_eq!(identity.ufrag, "x1");
        assert_eq!(identity.fingerprint, "sha-256 ab:cd");
        assert_eq!(
            Identity::of_description(DescriptionKind::Answer, msg),
            None,
            "an offer is no answer"
        );
    }

    #[test]
    fn a_description_without_ice_or_dtls_is_none() {
        for msg in [
            "",
            "null",
            "{}",
            r#"{"type":"offer"}"#,
            r#"{"type":"offer","sdp":7}"#,
            r#"{"type":"offer","sdp":"a=ice-ufrag:x"}"#,
            r#"{"type":"offer","sdp":"a=ice-ufrag:\r\na=fingerprint:sha-256 A"}"#,
        ] {
            assert_eq!(Identity::of_description(DescriptionKind::Offer, msg), None);
        }
    }

    #[test]
    fn candidates_say_whose_they_are() {
        let by_field = r#"{"candidate":"candidate:1 1 udp 1 h 9 typ host","usernameFragment":"u"}"#;
        let by_line = r#"{"candidate":"candidate:1 1 udp 1 h 9 typ host ufrag u"}"#;
        for msg in [by_field, by_line] {
            let candidate = RemoteCandidate::parse(msg).unwrap();
            assert_eq!(candidate.ufrag.as_deref(), Some("u"));
            assert_eq!(candidate.json.as_deref(), Some(msg));
        }
    }

    #[test]
    fn every_form_of_the_end_of_the_list() {
        for msg in ["", " ", "null", "\"\"", "{}", r#"{"candidate":""}"#] {
            let candidate = RemoteCandidate::parse(msg).unwrap();
            assert_eq!(candidate.json, None, "{msg:?}");
        }
        assert_eq!(RemoteCandidate::parse("{"), None);
        assert_eq!(RemoteCandidate::parse("7"), None);
    }
}
