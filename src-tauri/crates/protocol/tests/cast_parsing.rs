//! How single faults of a cast's messages are told apart.

use duet_protocol::{ClientMessage, ErrorCode, ServerMessage, parse_client, parse_server};

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
        r#"{"cmd":"cast-open"}"#,
        r#"{"cmd":"cast-open","uid":""}"#,
        r#"{"cmd":"cast-open","uid":"u","name":""}"#,
        r#"{"cmd":"cast-open","uid":"u","resumeToken":7}"#,
        r#"{"cmd":"cast-join","uid":"u"}"#,
        r#"{"cmd":"cast-join","code":12345678,"uid":"u"}"#,
        r#"{"cmd":"cast-join","code":"0A1B-C10Z"}"#,
    ] {
        assert_eq!(code_of(text), ErrorCode::BadMessage, "{text}");
    }
    let long = "0".repeat(65);
    let text = format!(r#"{{"cmd":"cast-join","code":"{long}","uid":"u"}}"#);
    assert_eq!(code_of(&text), ErrorCode::TooLarge);
}

#[test]
fn a_code_that_cannot_be_is_left_to_the_server_to_refuse() {
    for code in ["", "hello", "0A1B-C10", "🔑"] {
        let text = format!(r#"{{"cmd":"cast-join","code":"{code}","uid":"u"}}"#);
        let message = parse_client(&text).expect("well-formed");
        assert!(matches!(message, ClientMessage::CastJoin { code: kept, .. } if kept == code));
    }
}

#[test]
fn nothing_but_a_code_is_shown_in_large_type() {
    let message = |code: &str| {
        format!(r#"{{"cmd":"cast-code","code":"{code}","roomId":"r","expiresIn":120}}"#)
    };
    let read = parse_server(&message("oaib c1lz")).expect("a code");
    assert!(matches!(read, ServerMessage::CastCode { code, .. } if code == "0A1B-C11Z"));
    for code in ["", "Call 555-0100 now"] {
        assert!(parse_server(&message(code)).is_err(), "{code}");
    }
}
