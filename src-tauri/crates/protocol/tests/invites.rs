//! Invites: made, read, and refused.

use duet_protocol::{AccessToken, Invite, InviteError, InviteScheme, InviteSecret, RoomId};
use proptest::prelude::*;

fn room(text: &str) -> RoomId {
    RoomId::parse(text).expect("a room id")
}

#[test]
fn both_shapes_are_made_and_read() {
    let secret = InviteSecret::new("k3y").expect("a secret");
    let https = Invite::new(
        InviteScheme::Https,
        "Calls.Example.org",
        room("amber-fox"),
        Some(secret),
    );
    let https = https.expect("an invite");
    assert_eq!(https.to_link(), "https://calls.example.org/r/amber-fox#k3y");
    assert_eq!(https.server_url(), "wss://calls.example.org/ws");
    assert_eq!(Invite::parse(&https.to_link()), Ok(https));
    let duet = Invite::new(
        InviteScheme::Duet,
        "192.168.1.5:7440",
        room("Room 7 / b"),
        None,
    );
    let duet = duet.expect("an invite");
    assert_eq!(duet.to_link(), "duet://192.168.1.5:7440/Room%207%20%2F%20b");
    assert_eq!(Invite::parse(&duet.to_link()), Ok(duet));
}

#[test]
fn the_secret_is_in_the_link_and_nowhere_else() {
    let invite = Invite::parse("https://calls.example.org/r/amber-fox#k3y").expect("an invite");
    assert_eq!(
        invite.secret.as_ref().map(InviteSecret::expose),
        Some("k3y")
    );
    assert!(!invite.server_url().contains("k3y"));
    assert!(!format!("{invite:?}").contains("k3y"));
}

#[test]
fn an_invite_carries_what_admits_to_a_closed_server() {
    let link = "https://calls.example.org/r/amber-fox#t=eyJ9.a-_b";
    let invite = Invite::parse(link).expect("an invite");
    assert_eq!(
        invite.access.as_ref().map(AccessToken::expose),
        Some("eyJ9.a-_b")
    );
    assert_eq!(invite.secret, None);
    assert_eq!(invite.to_link(), link);
    assert!(!invite.server_url().contains("eyJ9") && !format!("{invite:?}").contains("eyJ9"));
    let both = "duet://calls.example.org/amber-fox#t=eyJ9.a-_b&k3y";
    let invite = Invite::parse(both).expect("an invite");
    assert_eq!(
        invite.secret.as_ref().map(InviteSecret::expose),
        Some("k3y")
    );
    assert_eq!(invite.to_link(), both);
    let long = "a".repeat(2049);
    for broken in [
        "t=",
        "t=&k",
        "t=a%20b",
        "t=a&",
        "t=a&t=b",
        "t=a=b",
        &format!("t={long}"),
    ] {
        let link = format!("https://calls.example.org/r/amber-fox#{broken}");
        assert_eq!(Invite::parse(&link), Err(InviteError::Secret), "{broken}");
    }
    assert_eq!(InviteSecret::new("t=x"), Err(InviteError::Secret));
}

#[test]
fn plain_websockets_are_for_local_servers_only() {
    for (link, url) in [
        ("duet://192.168.1.5:7000/r", "ws://192.168.1.5:7000/ws"),
        ("duet://10.0.0.1/r", "ws://10.0.0.1:7440/ws"),
        ("duet://localhost/r", "ws://localhost:7440/ws"),
        ("duet://studio.local/r", "ws://studio.local:7440/ws"),
        ("duet://[fe80::1]:7440/r", "ws://[fe80::1]:7440/ws"),
        ("duet://[::1]/r", "ws://[::1]:7440/ws"),
        ("duet://calls.example.org/r", "wss://calls.example.org/ws"),
        ("duet://203.0.113.9:7440/r", "wss://203.0.113.9:7440/ws"),
        (
            "duet://localhost.example.org/r",
            "wss://localhost.example.org/ws",
        ),
        ("https://192.168.1.5/r/r", "wss://192.168.1.5/ws"),
        (
            "https://calls.example.org:443/r/r",
            "wss://calls.example.org/ws",
        ),
    ] {
        assert_eq!(Invite::parse(link).expect(link).server_url(), url, "{link}");
    }
}

#[test]
fn everything_else_is_refused() {
    for text in [
        "",
        "amber-fox",
        "http://calls.example.org/r/amber-fox",
        "wss://calls.example.org/r/amber-fox",
        "javascript://calls.example.org/r/amber-fox",
        "https://calls.example.org/",
        "https://calls.example.org/r/",
        "https://calls.example.org/x/amber-fox",
        "https://calls.example.org/r/amber-fox/more",
        "https://calls.example.org/r/amber-fox?server=evil.example",
        "https://me@calls.example.org/r/amber-fox",
        "https://me:pw@calls.example.org/r/amber-fox",
        "https:///r/amber-fox",
        "duet:amber-fox",
        "duet:///amber-fox",
        "duet://calls.example.org",
        "duet://calls.example.org/",
        "duet://calls.example.org/r/amber-fox",
        "duet://calls.example.org:0/amber-fox",
        "duet://calls.example.org:99999/amber-fox",
        "duet://calls example/amber-fox",
        "duet://calls.example.org/%ff",
    ] {
        assert_eq!(Invite::parse(text), Err(InviteError::NotAnInvite), "{text}");
    }
    let control = Invite::parse("duet://calls.example.org/a%00b");
    assert!(matches!(control, Err(InviteError::Room(_))));
    let blank = Invite::parse("duet://calls.example.org/r#a%20b c");
    assert!(blank.is_ok() || matches!(blank, Err(InviteError::Secret)));
}

#[test]
fn hosts_are_hosts() {
    for host in ["", "a/b", "a?b", "a#b", "me@a", "a b", "a:99999"] {
        let invite = Invite::new(InviteScheme::Duet, host, room("r"), None);
        assert_eq!(invite, Err(InviteError::NotAnInvite), "{host}");
    }
    let dots = Invite::new(InviteScheme::Https, "a.example", room(".."), None);
    assert_eq!(dots, Err(InviteError::NotExpressible));
}

proptest! {
    #[test]
    fn every_room_id_survives_its_link(text in "\\PC{1,64}", is_https in any::<bool>()) {
        let Ok(room_id) = RoomId::parse(&text) else { return Ok(()) };
        let scheme = if is_https { InviteScheme::Https } else { InviteScheme::Duet };
        match Invite::new(scheme, "calls.example.org:8443", room_id, None) {
            Ok(invite) => prop_assert_eq!(Invite::parse(&invite.to_link()), Ok(invite)),
            Err(error) => prop_assert_eq!(error, InviteError::NotExpressible),
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text in any::<String>(), host in any::<String>()) {
        let _ = Invite::parse(&text);
        let _ = Invite::parse(&format!("duet://{text}"));
        let _ = Invite::new(InviteScheme::Duet, &host, room("r"), None);
    }
}
