//! Which `join` is repeated, with which token. No socket.

use duet_protocol::{AccessToken, ClientMessage, ErrorCode, ServerMessage};
use duet_signaling::membership::{Membership, Verdict};

use crate::bench::{ROOM, join};

fn joined(token: &str) -> ServerMessage {
    ServerMessage::Joined {
        role: None,
        room_id: ROOM.to_owned(),
        uid: "ann".to_owned(),
        user_num: 1,
        ice_servers: Vec::new(),
        resume_token: Some(token.to_owned()),
        resumed: false,
    }
}

fn error(code: ErrorCode) -> ServerMessage {
    ServerMessage::Error {
        code,
        message: String::new(),
        reference: Some("join".to_owned()),
        id: None,
    }
}

fn token_of(message: Option<ClientMessage>) -> Option<String> {
    match message.expect("a join is repeated") {
        ClientMessage::Join {
            resume: true,
            resume_token,
            ..
        } => resume_token,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_newest_token_is_used_and_resume_is_always_asked_for() {
    let mut membership = Membership::default();
    assert_eq!(token_of(Some(membership.outgoing(join("ann")))), None);
    assert_eq!(token_of(membership.opened().pop()), None);
    for token in ["t1", "t2"] {
        membership.incoming(&joined(token));
        membership.broken();
        assert_eq!(token_of(membership.opened().pop()).as_deref(), Some(token));
    }
    let again = membership.outgoing(join("ann"));
    assert_eq!(token_of(Some(again)).as_deref(), Some("t2"));
}

#[test]
fn what_admits_goes_with_every_join_and_login() {
    let token = AccessToken::new("abc.def").expect("a token");
    let mut membership = Membership::with_access(Some(token));
    let access_of = |message: Option<ClientMessage>| match message.expect("a message") {
        ClientMessage::Join { token, .. } | ClientMessage::Login { token, .. } => token,
        other => panic!("{other:?}"),
    };
    let first = membership.outgoing(join("ann"));
    assert_eq!(access_of(Some(first)).as_deref(), Some("abc.def"));
    membership.broken();
    let again = membership.opened().pop();
    assert_eq!(access_of(again).as_deref(), Some("abc.def"));
    let login = ClientMessage::Login {
        name: "Ann".into(),
        uid: "ann".into(),
        lobby: None,
        resume: false,
        resume_token: None,
        token: None,
    };
    let login = membership.outgoing(login);
    assert_eq!(access_of(Some(login)).as_deref(), Some("abc.def"));
}

#[test]
fn another_uid_does_not_get_the_token() {
    let mut membership = Membership::default();
    membership.outgoing(join("ann"));
    membership.incoming(&joined("t1"));
    assert_eq!(token_of(Some(membership.outgoing(join("carl")))), None);
}

#[test]
fn leave_full_and_refusal_end_it() {
    let ends = [
        ServerMessage::Full {
            room_id: ROOM.to_owned(),
            user_num: 2,
        },
        error(ErrorCode::NotAllowed),
        error(ErrorCode::UidTaken),
    ];
    for end in ends {
        let mut membership = Membership::default();
        membership.outgoing(join("ann"));
        assert_eq!(membership.incoming(&end), Verdict::PassOn);
        assert_eq!(membership.opened().pop(), None, "{end:?}");
    }
    let mut membership = Membership::default();
    membership.outgoing(join("ann"));
    let leave = membership.leave().pop().expect("a place may be held");
    membership.outgoing(leave);
    assert_eq!(membership.opened().pop(), None);
    assert_eq!(membership.leave(), []);
}

#[test]
fn a_place_of_ours_that_is_refused_is_tried_later() {
    for code in [
        ErrorCode::UidTaken,
        ErrorCode::RateLimited,
        ErrorCode::Unavailable,
    ] {
        let mut membership = Membership::default();
        membership.outgoing(join("ann"));
        membership.incoming(&joined("t1"));
        membership.broken();
        assert_eq!(membership.incoming(&error(code)), Verdict::TryLater(code));
        assert_eq!(token_of(membership.opened().pop()).as_deref(), Some("t1"));
    }
}
