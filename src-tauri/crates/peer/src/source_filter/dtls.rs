//! DTLS record headers (RFC 6347, section 4.1), as far as the filter must know them.

const HEADER_BYTES: usize = 13;
const ALERT: u8 = 21;

/// What a datagram's records are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Records {
    /// All of a later epoch: encrypted and authenticated.
    Protected,
    /// At least one of epoch 0, none an alert.
    Plain,
    /// At least one alert of epoch 0.
    PlainAlert,
    /// Not whole records of DTLS 1.0 or 1.2.
    Malformed,
}

/// By the first byte (RFC 7983, section 7).
pub(super) fn looks_like_dtls(datagram: &[u8]) -> bool {
    datagram
        .first()
        .is_some_and(|byte| (20..=63).contains(byte))
}

pub(super) fn records(mut datagram: &[u8]) -> Records {
    let mut found = Records::Protected;
    while !datagram.is_empty() {
        let Some(header) = datagram.first_chunk::<HEADER_BYTES>() else {
            return Records::Malformed;
        };
        let known_type = (20..=24).contains(&header[0]);
        let known_version = header[1] == 0xfe && (header[2] == 0xff || header[2] == 0xfd);
        let length = usize::from(u16::from_be_bytes([header[11], header[12]]));
        let Some(rest) = datagram.get(HEADER_BYTES + length..) else {
            return Records::Malformed;
        };
        if !known_type || !known_version {
            return Records::Malformed;
        }
        let epoch = u16::from_be_bytes([header[3], header[4]]);
        if epoch == 0 {
            let alert = header[0] == ALERT || found == Records::PlainAlert;
            found = if alert {
                Records::PlainAlert
            } else {
                Records::Plain
            };
        }
        datagram = rest;
    }
    found
}

/// Whether a datagram says that a certificate was refused (`bad_certificate`, RFC 5246, section
/// 7.2.2): also what the library sends when the fingerprint is another one.
pub(super) fn refuses_certificate(datagram: &[u8]) -> bool {
    const BAD_CERTIFICATE: u8 = 42;
    is_fatal_alert(datagram) && datagram.get(HEADER_BYTES + 1) == Some(&BAD_CERTIFICATE)
}

/// Whether a datagram ends the handshake: its first record is a fatal alert of epoch 0 (RFC 5246,
/// section 7.2).
pub(super) fn is_fatal_alert(datagram: &[u8]) -> bool {
    const FATAL: u8 = 2;
    looks_like_dtls(datagram)
        && records(datagram) == Records::PlainAlert
        && datagram[0] == ALERT
        && datagram.get(HEADER_BYTES) == Some(&FATAL)
}

#[cfg(test)]
pub(super) fn record(content_type: u8, epoch: u16, body: &[u8]) -> Vec<u8> {
    let mut record = vec![content_type, 0xfe, 0xfd];
    record.extend_from_slice(&epoch.to_be_bytes());
    record.extend_from_slice(&[0; 6]);
    record.extend_from_slice(&(body.len() as u16).to_be_bytes());
    record.extend_from_slice(body);
    record
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_fatal_alerts_end_a_handshake() {
        assert!(is_fatal_alert(&record(21, 0, &[2, 42])));
        assert!(refuses_certificate(&record(21, 0, &[2, 42])));
        assert!(!refuses_certificate(&record(21, 0, &[2, 40])));
        assert!(
            !is_fatal_alert(&record(21, 0, &[1, 0])),
            "close_notify is a warning"
        );
        assert!(!is_fatal_alert(&record(21, 1, &[2, 42])), "encrypted");
        assert!(!is_fatal_alert(&record(22, 0, &[2, 42])));
    }

    #[test]
    fn the_worst_record_of_a_datagram_counts() {
        let handshake = record(22, 0, &[1; 40]);
        let finished = record(22, 1, &[2; 40]);
        let alert = record(21, 0, &[2, 40]);
        assert_eq!(records(&finished), Records::Protected);
        assert_eq!(
            records(&[handshake.clone(), finished.clone()].concat()),
            Records::Plain
        );
        assert_eq!(
            records(&[alert, handshake.clone()].concat()),
            Records::PlainAlert
        );
        assert_eq!(records(&handshake[..20]), Records::Malformed);
        let mut wrong_version = finished;
        wrong_version[1] = 3;
        assert_eq!(records(&wrong_version), Records::Malformed);
    }
}
