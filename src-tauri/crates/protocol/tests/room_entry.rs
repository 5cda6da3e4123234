//! The room field takes what people have: a room id, a link, or the whole message with the link.

use duet_protocol::{InviteError, RoomEntry, parse_room_entry};
use proptest::prelude::*;

fn room_of(text: &str) -> String {
    match parse_room_entry(text).unwrap_or_else(|error| panic!("{error}: {text}")) {
        RoomEntry::Room(room_id) => room_id.to_string(),
        RoomEntry::Invite(invite) => format!("{} @ {}", invite.room_id, invite.host()),
    }
}

#[test]
fn a_typed_room_is_normalised() {
    assert_eq!(room_of("  Amber Fox RIVER \n"), "amber-fox-river");
    assert_eq!(room_of("r/7"), "r/7");
}

#[test]
fn an_invite_is_found_in_what_was_pasted() {
    for text in [
        "https://calls.example.org/r/amber-fox",
        " HTTPS://calls.example.org/r/amber-fox\n",
        "Come here: https://calls.example.org/r/amber-fox.",
        "(<https://calls.example.org/r/amber-fox>)",
        "see https://example.org/ first, then duet://calls.example.org/amber-fox!",
        "来吧：https://calls.example.org/r/amber-fox。",
        "“duet://calls.example.org/amber-fox”",
    ] {
        assert_eq!(room_of(text), "amber-fox @ calls.example.org", "{text}");
    }
}

#[test]
fn a_link_that_is_no_invite_is_never_a_room() {
    for text in [
        "https://example.org/",
        "ftp://calls.example.org/amber-fox",
        "room://x",
    ] {
        assert_eq!(
            parse_room_entry(text),
            Err(InviteError::NotAnInvite),
            "{text}"
        );
    }
    assert!(parse_room_entry("").is_err());
    assert!(parse_room_entry(&"x".repeat(65)).is_err());
    assert_eq!(
        parse_room_entry(&"x ".repeat(8000)),
        Err(InviteError::TooLong)
    );
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in any::<String>()) {
        let _ = parse_room_entry(&text);
        let _ = parse_room_entry(&format!("{text}https://{text}"));
    }
}
