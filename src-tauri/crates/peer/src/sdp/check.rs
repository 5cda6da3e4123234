//! What a description from the other side must have before the library sees it.
//!
//! Threats: a downgrade to plain RTP, to SDES keys in the signaling or to a weak fingerprint, a
//! missing fingerprint, and sheer size. RFC 8827 (section 6.5) wants DTLS-SRTP and nothing else;
//! RFC 8122 (section 5) names the hashes, of which SHA-1 and MD5 are refused here even beside a
//! good one.

use super::{is_rejected, lines};

/// The protocol's limit for a description.
pub const MAX_DESCRIPTION_BYTES: usize = 32 * 1_024;
const MAX_SECTIONS: usize = 16;

/// Offer or answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DescriptionKind {
    /// An offer.
    Offer,
    /// An answer.
    Answer,
}

/// Why a description was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DescriptionRefused {
    /// Over a limit of size or number.
    #[error("too large")]
    TooLarge,
    /// Another type than asked for (an offer as an answer, say).
    #[error("wrong type")]
    WrongType,
    /// It has no media section.
    #[error("no media")]
    NoMedia,
    /// A transport other than DTLS-SRTP.
    #[error("not UDP/TLS/RTP/SAVPF")]
    Profile,
    /// Keys in the description (RFC 4568).
    #[error("keys in the description")]
    Sdes,
    /// A section has no fingerprint.
    #[error("no fingerprint")]
    NoFingerprint,
    /// A fingerprint of a weak hash, or one that is none.
    #[error("weak or malformed fingerprint")]
    WeakFingerprint,
    /// Sections of one transport name different certificates.
    #[error("fingerprints differ")]
    FingerprintsDiffer,
    /// `a=setup` is missing or not allowed here (RFC 8842, section 5).
    #[error("no usable DTLS role")]
    Setup,
    /// ICE credentials are missing or too short (RFC 8839, section 5.4).
    #[error("no usable ICE credentials")]
    IceCredentials,
    /// RTP and RTCP on two ports.
    #[error("no rtcp-mux")]
    RtcpMux,
}

/// Checks a description from the other side.
pub fn check_description(sdp: &str, kind: DescriptionKind) -> Result<(), DescriptionRefused> {
    if sdp.len() > MAX_DESCRIPTION_BYTES {
        return Err(DescriptionRefused::TooLarge);
    }
    if lines(sdp).any(|line| line.starts_with("a=crypto:")) {
        return Err(DescriptionRefused::Sdes);
    }
    let (session, sections) = split(sdp);
    if sections.is_empty() {
        return Err(DescriptionRefused::NoMedia);
    }
    let candidates = lines(sdp).filter(|line| line.starts_with("a=candidate:"));
    if sections.len() > MAX_SECTIONS || candidates.count() > super::MAX_CANDIDATES {
        return Err(DescriptionRefused::TooLarge);
    }
    let mut certificate: Option<Vec<String>> = None;
    for section in sections.iter().filter(|section| !is_rejected(section[0])) {
        check_profile(section)?;
        let found = fingerprints(&session, section)?;
        match &certificate {
            None => certificate = Some(found),
            Some(first) if *first == found => {}
            Some(_) => return Err(DescriptionRefused::FingerprintsDiffer),
        }
        check_setup(&session, section, kind)?;
        check_ice(&session, section)?;
    }
    Ok(())
}

/// Session lines, then the lines of each section with its `m=` line first.
fn split(sdp: &str) -> (Vec<&str>, Vec<Vec<&str>>) {
    let mut session = Vec::new();
    let mut sections: Vec<Vec<&str>> = Vec::new();
    for line in lines(sdp) {
        if line.starts_with("m=") {
            sections.push(vec![line]);
        } else if let Some(section) = sections.last_mut() {
            section.push(line);
        } else {
            session.push(line);
        }
    }
    (session, sections)
}

fn check_profile(section: &[&str]) -> Result<(), DescriptionRefused> {
    let mut words = section[0].split(' ');
    let media = words.next().unwrap_or_default();
    let profile = words.nth(1).unwrap_or_default();
    let right = match media {
        "m=audio" | "m=video" => profile == "UDP/TLS/RTP/SAVPF",
        "m=application" => profile == "UDP/DTLS/SCTP",
        _ => false,
    };
    if !right {
        return Err(DescriptionRefused::Profile);
    }
    if media != "m=application" && !section.contains(&"a=rtcp-mux") {
        return Err(DescriptionRefused::RtcpMux);
    }
    Ok(())
}

fn fingerprints(session: &[&str], section: &[&str]) -> Result<Vec<String>, DescriptionRefused> {
    let of = |lines: &[&str]| -> Vec<String> {
        let values = lines
            .iter()
            .filter_map(|line| line.strip_prefix("a=fingerprint:"));
        values.map(str::to_ascii_lowercase).collect()
    };
    let own = of(section);
    let mut found = if own.is_empty() { of(session) } else { own };
    if found.is_empty() {
        return Err(DescriptionRefused::NoFingerprint);
    }
    if !found.iter().all(|value| is_strong(value)) {
        return Err(DescriptionRefused::WeakFingerprint);
    }
    found.sort();
    found.dedup();
    Ok(found)
}

fn is_strong(fingerprint: &str) -> bool {
    let Some((hash, digest)) = fingerprint.split_once(' ') else {
        return false;
    };
    let bytes = match hash {
        "sha-256" => 32,
        "sha-384" => 48,
        "sha-512" => 64,
        _ => return false,
    };
    let octets: Vec<&str> = digest.split(':').collect();
    octets.len() == bytes
        && octets
            .iter()
            .all(|octet| octet.len() == 2 && octet.bytes().all(|b| b.is_ascii_hexdigit()))
}

fn check_setup(
    session: &[&str],
    section: &[&str],
    kind: DescriptionKind,
) -> Result<(), DescriptionRefused> {
    let of = |lines: &[&str]| -> Vec<String> {
        let values = lines
            .iter()
            .filter_map(|line| line.strip_prefix("a=setup:"));
        values.map(str::to_owned).collect()
    };
    let own = of(section);
    let found = if own.is_empty() { of(session) } else { own };
    let allowed: &[&str] = match kind {
        DescriptionKind::Offer => &["actpass", "active", "passive"],
        DescriptionKind::Answer => &["active", "passive"],
    };
    match found.as_slice() {
        [one] if allowed.contains(&one.as_str()) => Ok(()),
        _ => Err(DescriptionRefused::Setup),
    }
}

fn check_ice(session: &[&str], section: &[&str]) -> Result<(), DescriptionRefused> {
    let length = |name: &str| {
        let mut lines = section.iter().chain(session);
        lines
            .find_map(|line| line.strip_prefix(name))
            .map_or(0, str::len)
    };
    let usable =
        (4..=256).contains(&length("a=ice-ufrag:")) && (22..=256).contains(&length("a=ice-pwd:"));
    if usable {
        Ok(())
    } else {
        Err(DescriptionRefused::IceCredentials)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sdp::samples::{
        CHROMIUM_ANSWER, CHROMIUM_OFFER, CHROMIUM_REJECTED_VIDEO_ANSWER, FIREFOX_ANSWER,
        FIREFOX_OFFER, FIREFOX_REJECTED_VIDEO_ANSWER, OUR_ANSWER, OUR_OFFER,
    };

    fn offer(sdp: &str) -> Result<(), DescriptionRefused> {
        check_description(sdp, DescriptionKind::Offer)
    }

    #[test]
    fn real_descriptions_pass() {
        for sdp in [CHROMIUM_OFFER, FIREFOX_OFFER, OUR_OFFER] {
            assert_eq!(offer(sdp), Ok(()));
        }
        for answer in [
            OUR_ANSWER,
            CHROMIUM_ANSWER,
            CHROMIUM_REJECTED_VIDEO_ANSWER,
            FIREFOX_ANSWER,
            FIREFOX_REJECTED_VIDEO_ANSWER,
        ] {
            assert_eq!(check_description(answer, DescriptionKind::Answer), Ok(()));
        }
    }

    #[test]
    fn plain_and_sdes_transports_are_refused() {
        for profile in [
            "RTP/AVP",
            "RTP/SAVPF",
            "RTP/AVPF",
            "UDP/TLS/RTP/SAVP",
            "TCP/TLS/RTP/SAVPF",
        ] {
            let sdp = CHROMIUM_OFFER.replace("UDP/TLS/RTP/SAVPF", profile);
            assert_eq!(offer(&sdp), Err(DescriptionRefused::Profile), "{profile}");
        }
        let sdes = format!("{CHROMIUM_OFFER}a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:AAAA\r\n");
        assert_eq!(offer(&sdes), Err(DescriptionRefused::Sdes));
        let two_ports = CHROMIUM_OFFER.replace("a=rtcp-mux\r\n", "");
        assert_eq!(offer(&two_ports), Err(DescriptionRefused::RtcpMux));
    }

    #[test]
    fn weak_missing_and_differing_fingerprints_are_refused() {
        for weak in ["sha-1", "md5", "sha-224", "null", "md2"] {
            let sdp = CHROMIUM_OFFER.replace("sha-256", weak);
            assert_eq!(
                offer(&sdp),
                Err(DescriptionRefused::WeakFingerprint),
                "{weak}"
            );
        }
        let without: Vec<&str> = lines(CHROMIUM_OFFER)
            .filter(|line| !line.starts_with("a=fingerprint"))
            .collect();
        let sdp = super::super::join(without);
        assert_eq!(offer(&sdp), Err(DescriptionRefused::NoFingerprint));
        let sdp = CHROMIUM_OFFER.replacen("sha-256 BF", "sha-256 BE", 1);
        assert_eq!(offer(&sdp), Err(DescriptionRefused::FingerprintsDiffer));
        let beside =
            CHROMIUM_OFFER.replacen("a=setup", "a=fingerprint:sha-1 00:11:22\r\na=setup", 1);
        assert_eq!(offer(&beside), Err(DescriptionRefused::WeakFingerprint));
    }

    #[test]
    fn setup_tricks_are_refused() {
        for role in ["holdconn", "both", ""] {
            let sdp = CHROMIUM_OFFER.replace("setup:actpass", &format!("setup:{role}"));
            assert_eq!(offer(&sdp), Err(DescriptionRefused::Setup), "{role}");
        }
        let undecided = OUR_ANSWER.replace("setup:active", "setup:actpass");
        let checked = check_description(&undecided, DescriptionKind::Answer);
        assert_eq!(checked, Err(DescriptionRefused::Setup));
        let twice = CHROMIUM_OFFER.replacen("a=setup", "a=setup:active\r\na=setup", 1);
        assert_eq!(offer(&twice), Err(DescriptionRefused::Setup));
    }

    #[test]
    fn size_and_number_are_bounded() {
        let long = format!(
            "{CHROMIUM_OFFER}a=x:{}\r\n",
            "y".repeat(MAX_DESCRIPTION_BYTES)
        );
        assert_eq!(offer(&long), Err(DescriptionRefused::TooLarge));
        let start = |media| CHROMIUM_OFFER.find(media).unwrap();
        let section = &CHROMIUM_OFFER[start("m=audio")..start("m=video")];
        let many = format!("{CHROMIUM_OFFER}{}", section.repeat(MAX_SECTIONS));
        assert!(many.len() < MAX_DESCRIPTION_BYTES);
        assert_eq!(offer(&many), Err(DescriptionRefused::TooLarge));
        assert_eq!(offer("v=0\r\n"), Err(DescriptionRefused::NoMedia));
        let short = CHROMIUM_OFFER.replace("a=ice-pwd:", "a=ice-pwd-x:");
        assert_eq!(offer(&short), Err(DescriptionRefused::IceCredentials));
    }
}
