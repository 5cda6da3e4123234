//! The filter's rules, one test each.

use rtc::crypto::default_provider;
use rtc::stun::attributes::ATTR_USERNAME;
use rtc::stun::integrity::MessageIntegrity;
use rtc::stun::message::{
    BINDING_REQUEST, BINDING_SUCCESS, CLASS_INDICATION, CLASS_REQUEST, METHOD_ALLOCATE,
    METHOD_DATA, Message, MessageType, Setter, TransactionId as StunId,
};
use rtc::stun::textattrs::TextAttribute;
use rtc::stun::xoraddr::XorMappedAddress;

use super::super::dtls::record;
use super::*;

const SRTP: &[u8] = &[0x80, 96, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 9, 9, 9, 9];

fn credentials(name: &str) -> IceCredentials {
    IceCredentials {
        user_fragment: name.into(),
        password: format!("{name}-password-of-22-chars"),
    }
}

fn address(port: u16) -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 7], port))
}

/// A message as ICE writes them.
fn stun(typ: MessageType, id: u8, name: Option<&str>, signer: Option<&IceCredentials>) -> Vec<u8> {
    let provider = default_provider().unwrap();
    let mut message = Message::default();
    let mut setters: Vec<Box<dyn Setter + '_>> = vec![Box::new(typ), Box::new(StunId([id; 12]))];
    if let Some(name) = name {
        setters.push(Box::new(TextAttribute::new(ATTR_USERNAME, name.into())));
    }
    if let Some(signer) = signer {
        let integrity = MessageIntegrity::new_short_term_integrity_with_provider(
            signer.password.clone(),
            provider.crypto(),
        );
        setters.push(Box::new(integrity));
    }
    message.build(&setters).unwrap();
    message.raw.clone()
}

fn filter() -> FilterCore {
    let mut filter = FilterCore::default();
    filter.set_local_credentials(credentials("ours"));
    filter.set_remote_credentials(credentials("theirs"));
    filter
}

fn validated(now: Instant) -> FilterCore {
    let mut filter = filter();
    let request = stun(
        BINDING_REQUEST,
        1,
        Some("ours:theirs"),
        Some(&credentials("ours")),
    );
    assert_eq!(filter.judge(now, address(1_000), &request), Verdict::Pass);
    filter
}

#[test]
fn media_passes_after_a_signed_request_from_its_address_only() {
    let now = Instant::now();
    let mut filter = filter();
    assert_eq!(filter.judge(now, address(1_000), SRTP), Verdict::Refuse);
    let mut filter = validated(now);
    assert_eq!(filter.judge(now, address(1_000), SRTP), Verdict::Pass);
    assert_eq!(filter.judge(now, address(1_001), SRTP), Verdict::Refuse);
    let hello = record(22, 0, &[1; 60]);
    assert_eq!(filter.judge(now, address(1_001), &hello), Verdict::Refuse);
}

#[test]
fn unsigned_wrongly_signed_and_foreign_requests_validate_nothing() {
    let now = Instant::now();
    let mut filter = filter();
    let ours = credentials("ours");
    let forged = [
        stun(BINDING_REQUEST, 1, Some("ours:theirs"), None),
        stun(
            BINDING_REQUEST,
            2,
            Some("ours:theirs"),
            Some(&credentials("guess")),
        ),
        stun(BINDING_REQUEST, 3, Some("other:theirs"), Some(&ours)),
        stun(BINDING_REQUEST, 4, None, Some(&ours)),
        stun(BINDING_SUCCESS, 5, None, Some(&credentials("theirs"))),
    ];
    for message in forged {
        assert_eq!(filter.judge(now, address(1_000), &message), Verdict::Pass);
        assert_eq!(filter.judge(now, address(1_000), SRTP), Verdict::Refuse);
    }
}

#[test]
fn a_signed_response_to_our_request_validates_and_times_the_path() {
    let now = Instant::now();
    let mut filter = filter();
    let theirs = credentials("theirs");
    let request = stun(BINDING_REQUEST, 7, Some("theirs:ours"), Some(&theirs));
    filter.on_send(now, address(1_000), &request);
    let response = stun(BINDING_SUCCESS, 7, None, Some(&theirs));
    let later = now + Duration::from_millis(30);
    filter.judge(later, address(2_000), &response);
    assert_eq!(filter.judge(later, address(2_000), SRTP), Verdict::Refuse);
    filter.judge(later, address(1_000), &response);
    assert_eq!(filter.judge(later, address(1_000), SRTP), Verdict::Pass);
    assert_eq!(filter.round_trip(), Some(Duration::from_millis(30)));
}

#[test]
fn plain_records_end_with_the_handshake() {
    let now = Instant::now();
    let mut filter = validated(now);
    let handshake = record(22, 0, &[1; 60]);
    let alert = record(21, 0, &[2, 40]);
    let protected = record(23, 1, &[0; 40]);
    let before = validated(now).judge(now, address(1_000), &alert);
    assert_eq!(
        before,
        Verdict::Pass,
        "the library must learn of a failed handshake"
    );
    filter.on_connected(now);
    assert_eq!(filter.judge(now, address(1_000), &alert), Verdict::Refuse);
    assert_eq!(filter.judge(now, address(1_000), &handshake), Verdict::Pass);
    filter.on_peer_finished(now);
    assert_eq!(
        filter.judge(now, address(1_000), &handshake),
        Verdict::Refuse
    );
    assert_eq!(filter.judge(now, address(1_000), &protected), Verdict::Pass);
}

#[test]
fn the_grace_for_lost_flights_ends_without_media_too() {
    let now = Instant::now();
    let mut filter = validated(now);
    filter.on_connected(now);
    let handshake = record(22, 0, &[1; 60]);
    let late = now + HANDSHAKE_GRACE + Duration::from_millis(1);
    assert_eq!(
        filter.judge(late, address(1_000), &handshake),
        Verdict::Refuse
    );
}

#[test]
fn a_fatal_alert_of_either_side_fails_a_running_handshake_only() {
    let now = Instant::now();
    let alert = record(21, 0, &[2, 42]);
    let mut sending = validated(now);
    sending.on_send(now, address(1_000), &alert);
    assert!(sending.handshake_failed());
    let mut receiving = validated(now);
    receiving.judge(now, address(9_999), &alert);
    assert!(!receiving.handshake_failed(), "a stranger's");
    receiving.judge(now, address(1_000), &alert);
    assert!(receiving.handshake_failed());
    let mut connected = validated(now);
    connected.on_connected(now);
    connected.judge(now, address(1_000), &alert);
    assert!(!connected.handshake_failed());
}

#[test]
fn an_ice_restart_keeps_the_old_path_and_opens_the_new() {
    let now = Instant::now();
    let mut filter = validated(now);
    let fresh = credentials("fresh");
    filter.set_local_credentials(fresh.clone());
    let request = stun(BINDING_REQUEST, 9, Some("fresh:theirs"), Some(&fresh));
    filter.judge(now, address(3_000), &request);
    assert_eq!(filter.judge(now, address(3_000), SRTP), Verdict::Pass);
    assert_eq!(filter.judge(now, address(1_000), SRTP), Verdict::Pass);
}

#[test]
fn relayed_data_passes_from_our_relay_and_a_validated_peer_only() {
    let now = Instant::now();
    let mut filter = validated(now);
    let indication = |from: SocketAddr| {
        let mut message = Message::default();
        let typ = MessageType::new(METHOD_DATA, CLASS_INDICATION);
        message.set_type(typ);
        message.transaction_id = StunId([3; 12]);
        message.write_header();
        let peer = XorMappedAddress {
            ip: from.ip(),
            port: from.port(),
        };
        peer.add_to_as(&mut message, ATTR_XOR_PEER).unwrap();
        message.add(rtc::stun::attributes::ATTR_DATA, SRTP);
        message.raw.clone()
    };
    let channel_data = [0x40, 0x00, 0x00, 0x04, 0x80, 0, 0, 0];
    let relay = address(3_478);
    assert_eq!(filter.judge(now, relay, &channel_data), Verdict::Refuse);
    assert_eq!(
        filter.judge(now, relay, &indication(address(1_000))),
        Verdict::Refuse
    );
    let allocate = stun(
        MessageType::new(METHOD_ALLOCATE, CLASS_REQUEST),
        8,
        None,
        None,
    );
    filter.on_send(now, relay, &allocate);
    assert_eq!(filter.judge(now, relay, &channel_data), Verdict::Pass);
    assert_eq!(
        filter.judge(now, relay, &indication(address(1_000))),
        Verdict::Pass
    );
    assert_eq!(
        filter.judge(now, relay, &indication(address(1_009))),
        Verdict::Refuse
    );
}

const ATTR_XOR_PEER: rtc::stun::attributes::AttrType = rtc::stun::attributes::ATTR_XOR_PEER_ADDRESS;
