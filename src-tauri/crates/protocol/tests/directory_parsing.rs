//! How single faults of the directory's messages and of texts are told apart.

use duet_protocol::limits::{LOBBY_PLACES, MAX_TEXT_BYTES};
use duet_protocol::{
    ClientMessage, ErrorCode, LoginAnswer, LoginRefusal, ServerMessage, Text, parse_client,
    parse_server,
};

fn code_of(text: &str) -> ErrorCode {
    let fault = parse_client(text).expect_err(text);
    match fault.to_message() {
        ServerMessage::Error { code, .. } => code,
        other => panic!("not an error: {other:?}"),
    }
}

#[test]
fn fields_that_are_missing_or_out_of_bounds_are_malformed() {
    for text in [
        r#"{"cmd":"login"}"#,
        r#"{"cmd":"login","name":"Ann"}"#,
        r#"{"cmd":"login","name":7,"uid":"a"}"#,
        r#"{"cmd":"login","name":"Ann","uid":" "}"#,
        r#"{"cmd":"login","name":"Ann","uid":"a","lobby":""}"#,
        r#"{"cmd":"login","name":"Ann","uid":"a","lobby":"x\u0000"}"#,
        r#"{"cmd":"call","to":"b"}"#,
        r#"{"cmd":"call","to":"b","media":"smell"}"#,
        r#"{"cmd":"call","media":"video"}"#,
        r#"{"cmd":"accept"}"#,
        r#"{"cmd":"decline","callId":""}"#,
        r#"{"cmd":"cancel","callId":7}"#,
        r#"{"cmd":"message","to":"b","content":"hi"}"#,
        r#"{"cmd":"message","content":"hi","id":"1"}"#,
        r#"{"cmd":"message","to":"b","roomId":"r","content":"hi","id":"1"}"#,
        r#"{"cmd":"message","to":"b","content":"","id":"1"}"#,
        r#"{"cmd":"message","to":"b","content":["hi"],"id":"1"}"#,
    ] {
        assert_eq!(code_of(text), ErrorCode::BadMessage, "{text}");
    }
    let long_lobby = "x".repeat(65);
    let text = format!(r#"{{"cmd":"login","name":"Ann","uid":"a","lobby":"{long_lobby}"}}"#);
    assert_eq!(code_of(&text), ErrorCode::BadMessage);
}

#[test]
fn a_name_that_cannot_be_is_left_to_the_server_to_refuse() {
    for name in ["", "a\\u0007", &"x".repeat(65), "\\u202eann"] {
        let text = format!(r#"{{"cmd":"login","name":"{name}","uid":"a"}}"#);
        assert!(parse_client(&text).is_ok(), "{text}");
    }
    let text = r#"{"cmd":"login","name":"  Ann ","uid":" a ","lobby":" Office "}"#;
    let expected = ClientMessage::Login {
        name: "Ann".into(),
        uid: "a".into(),
        lobby: Some("Office".into()),
        resume: false,
        resume_token: None,
        token: None,
    };
    assert_eq!(parse_client(text), Ok(expected));
}

#[test]
fn a_text_holds_four_kib_and_stays_as_it_was_typed() {
    let text_of = |content: &str| {
        let content = serde_json::to_string(content).expect("a string");
        format!(r#"{{"cmd":"message","to":"b","content":{content},"id":"1"}}"#)
    };
    assert!(parse_client(&text_of(&"x".repeat(MAX_TEXT_BYTES))).is_ok());
    let larger = text_of(&"x".repeat(MAX_TEXT_BYTES + 1));
    assert_eq!(code_of(&larger), ErrorCode::TooLarge);
    // Bytes, not characters.
    assert_eq!(code_of(&text_of(&"字".repeat(2000))), ErrorCode::TooLarge);
    let typed = "  two\n\tlines <b>\u{202e} ";
    let Ok(ClientMessage::Message(Text { content, .. })) = parse_client(&text_of(typed)) else {
        panic!("not a text");
    };
    assert_eq!(content, typed);
}

#[test]
fn a_client_forgives_a_newer_directory() {
    let refused = parse_server(r#"{"cmd":"login","success":false,"code":"moon-phase"}"#);
    let unknown = ServerMessage::Login(LoginAnswer::Refused(LoginRefusal::Unknown));
    assert_eq!(refused, Ok(unknown.clone()));
    let wordless = parse_server(r#"{"cmd":"login","success":false}"#);
    assert_eq!(wordless, Ok(unknown));
    let sparse = parse_server(r#"{"cmd":"login","success":true,"uid":"a"}"#);
    let Ok(ServerMessage::Login(LoginAnswer::Accepted { users, .. })) = sparse else {
        panic!("{sparse:?}");
    };
    assert!(users.is_empty());
    assert!(parse_server(r#"{"cmd":"login","success":true}"#).is_err());
}

#[test]
fn a_client_does_not_trust_a_directory() {
    let many: Vec<String> = (0..500)
        .map(|n| format!(r#"{{"uid":"u{n}","name":"n{n}"}}"#))
        .collect();
    let presence = format!(r#"{{"cmd":"presence","online":[{}]}}"#, many.join(","));
    let Ok(ServerMessage::Presence(presence)) = parse_server(&presence) else {
        panic!("no presence");
    };
    assert_eq!(presence.online.len(), LOBBY_PLACES);
    let rude =
        r#"{"cmd":"presence","busy":[{"uid":"a","name":"x\u202e"},{"uid":"b","name":"Bob"}]}"#;
    let Ok(ServerMessage::Presence(presence)) = parse_server(rude) else {
        panic!("no presence");
    };
    assert_eq!(presence.busy.len(), 1);
    let ring = r#"{"cmd":"ring","callId":"c","roomId":"r","from":{"uid":"a","name":"\n"},"media":"audio"}"#;
    assert!(parse_server(ring).is_err());
    let huge = "x".repeat(MAX_TEXT_BYTES + 1);
    let text = format!(r#"{{"cmd":"message","from":"a","content":"{huge}","id":"1","time":"t"}}"#);
    assert!(parse_server(&text).is_err());
}
