//! How single faults of a message are told apart.

use duet_protocol::limits::{MAX_ACCESS_TOKEN_BYTES, MAX_RESUME_TOKEN_BYTES, MAX_SDP_BYTES};
use duet_protocol::{
    ClientFault, ClientMessage, CloseReason, ErrorCode, LeaveReason, ServerFault, ServerMessage,
    parse_client, parse_server,
};

fn code_of(text: &str) -> ErrorCode {
    let fault = parse_client(text).expect_err(text);
    match fault.to_message() {
        ServerMessage::Error { code, .. } => code,
        other => panic!("not an error: {other:?}"),
    }
}

#[test]
fn an_unknown_command_is_no_fault_however_its_fields_look() {
    for text in [
        r#"{"cmd":"dance"}"#,
        r#"{"cmd":"JOIN","roomId":7}"#,
        r#"{"cmd":""}"#,
    ] {
        let fault = parse_client(text).expect_err(text);
        assert!(
            matches!(fault, ClientFault::UnknownCommand { .. }),
            "{text}"
        );
        assert!(!fault.is_counted());
    }
    let long = format!(r#"{{"cmd":"{}"}}"#, "x".repeat(1000));
    let Err(ClientFault::UnknownCommand { command }) = parse_client(&long) else {
        panic!("known?");
    };
    assert_eq!(command.len(), 64);
}

/// Forwarded messages are read on a way of their own, which must not be a laxer one.
#[test]
fn what_is_forwarded_is_read_like_everything_else() {
    let fields =
        r#""cmd":"candidate","roomId":" r ","uid":"a","remoteUid":"b","msg":null,"later":[{}]"#;
    let Ok(ClientMessage::Candidate(forward)) = parse_client(&format!("{{{fields}}}")) else {
        panic!("a candidate");
    };
    assert_eq!(
        (
            forward.room_id.as_str(),
            forward.msg.as_str(),
            forward.session
        ),
        ("r", "", None)
    );
    for bad in [
        r#"["candidate","r","a","b","m",null]"#,
        r#"{"cmd":"candidate","roomId":"r","uid":"a","remoteUid":"b"}"#,
        r#"{"cmd":"candidate","roomId":"r","uid":7,"remoteUid":"b","msg":"m"}"#,
        r#"{"cmd":"candidate","roomId":"","uid":"a","remoteUid":"b","msg":"m"}"#,
        r#"{"cmd":"offer","roomId":"r","uid":"a","remoteUid":"b","msg":null}"#,
        r#"{"cmd":"offer","roomId":"r","uid":"a","remoteUid":"b","msg":"m"} x"#,
    ] {
        assert_eq!(code_of(bad), ErrorCode::BadMessage, "{bad}");
    }
    let deep = format!(
        r#"{{{fields},"deep":{}{}}}"#,
        "[".repeat(16),
        "]".repeat(16)
    );
    assert_eq!(code_of(&deep), ErrorCode::BadMessage);
    let large = "x".repeat(MAX_SDP_BYTES + 1);
    let large =
        format!(r#"{{"cmd":"answer","roomId":"r","uid":"a","remoteUid":"b","msg":"{large}"}}"#);
    assert_eq!(code_of(&large), ErrorCode::TooLarge);
}

#[test]
fn everything_else_that_cannot_be_read_is() {
    for text in [
        "",
        "null",
        "[]",
        r#""keepalive""#,
        "{}",
        r#"{"cmd":null}"#,
        r#"{"cmd":"join","roomId":"r"}"#,
        r#"{"cmd":"join","roomId":"","uid":"a"}"#,
        r#"{"cmd":"join","roomId":"r","uid":"a\u0000"}"#,
        r#"{"cmd":"join","roomId":"r","uid":"a","name":""}"#,
        r#"{"cmd":"join","roomId":"r","uid":"a","resume":"yes"}"#,
        r#"{"cmd":"offer","roomId":"r","uid":"a","remoteUid":"b","msg":""}"#,
        r#"{"cmd":"offer","roomId":"r","uid":"a","remoteUid":"b","msg":{}}"#,
        r#"{"cmd":"candidate","roomId":"r","uid":"a","remoteUid":"b"}"#,
        r#"{"cmd":"media-state","roomId":"r","uid":"a","remoteUid":"b","audio":"loud","video":"on"}"#,
    ] {
        assert_eq!(code_of(text), ErrorCode::BadMessage, "{text}");
        assert!(parse_client(text).expect_err(text).is_counted());
    }
    let long = format!(
        r#"{{"cmd":"leave","roomId":"{}","uid":"a"}}"#,
        "x".repeat(65)
    );
    assert_eq!(code_of(&long), ErrorCode::BadMessage);
}

#[test]
fn large_fields_have_a_code_of_their_own() {
    let with = |field: &str, bytes: usize| {
        let filler = "x".repeat(bytes);
        match field {
            "msg" => format!(
                r#"{{"cmd":"offer","roomId":"r","uid":"a","remoteUid":"b","msg":"{filler}"}}"#
            ),
            field => format!(r#"{{"cmd":"join","roomId":"r","uid":"a","{field}":"{filler}"}}"#),
        }
    };
    for (field, limit_bytes) in [
        ("msg", MAX_SDP_BYTES),
        ("resumeToken", MAX_RESUME_TOKEN_BYTES),
        ("token", MAX_ACCESS_TOKEN_BYTES),
    ] {
        assert!(parse_client(&with(field, limit_bytes)).is_ok(), "{field}");
        assert_eq!(
            code_of(&with(field, limit_bytes + 1)),
            ErrorCode::TooLarge,
            "{field}"
        );
    }
}

#[test]
fn ids_come_out_trimmed_and_null_is_absent() {
    let text = r#"{"cmd":"join","roomId":" Amber Fox ","uid":"\ta ","name":null,"x":[1]}"#;
    let expected = ClientMessage::Join {
        room_id: "Amber Fox".into(),
        uid: "a".into(),
        name: None,
        resume: false,
        resume_token: None,
        token: None,
    };
    assert_eq!(parse_client(text), Ok(expected));
}

#[test]
fn brackets_inside_strings_are_not_depth() {
    let msg = "[{".repeat(100) + "\\\"" + &"[".repeat(100);
    let text = format!(r#"{{"cmd":"offer","roomId":"r","uid":"a","remoteUid":"b","msg":"{msg}"}}"#);
    assert!(parse_client(&text).is_ok());
}

#[test]
fn an_error_message_quotes_nothing_of_the_message() {
    let secret = "ufrag-4711";
    for text in [
        format!(r#"{{"cmd":"join","roomId":["{secret}"],"uid":"a"}}"#),
        format!(r#"{{"cmd":"join","roomId":"r","uid":"a","resume":"{secret}"}}"#),
        format!(r#"{{"cmd":"join","roomId":"{secret}"#),
    ] {
        let answer = parse_client(&text).expect_err(&text).to_message().to_json();
        assert!(!answer.contains(secret), "{answer}");
    }
}

#[test]
fn a_client_forgives_a_newer_server() {
    assert_eq!(
        parse_server(r#"{"cmd":"lobby"}"#),
        Err(ServerFault::UnknownCommand)
    );
    let error = parse_server(r#"{"cmd":"error","code":"moon-phase","message":"wait"}"#);
    assert!(matches!(
        error,
        Ok(ServerMessage::Error {
            code: ErrorCode::Unknown,
            ..
        })
    ));
    let left = parse_server(r#"{"cmd":"peer-leave","remoteUid":"b","reason":"abducted"}"#);
    assert!(matches!(
        left,
        Ok(ServerMessage::PeerLeave {
            reason: LeaveReason::Lost,
            ..
        })
    ));
    let joined = r#"{"cmd":"joined","roomId":"r","uid":"a","userNum":1,
        "iceServers":[{"urls":"stun:s.example.org"}]}"#;
    let Ok(ServerMessage::Joined {
        ice_servers,
        resume_token,
        resumed,
        ..
    }) = parse_server(joined)
    else {
        panic!("not joined");
    };
    assert_eq!(ice_servers[0].urls, ["stun:s.example.org"]);
    assert_eq!((resume_token, resumed), (None, false));
}

#[test]
fn a_client_does_not_trust_a_server() {
    let many: Vec<String> = (0..100)
        .map(|n| format!(r#"{{"urls":["stun:{n}"]}}"#))
        .collect();
    let joined = format!(
        r#"{{"cmd":"joined","roomId":"r","uid":"a","userNum":1,"iceServers":[{}]}}"#,
        many.join(",")
    );
    let Ok(ServerMessage::Joined { ice_servers, .. }) = parse_server(&joined) else {
        panic!("not joined");
    };
    assert_eq!(ice_servers.len(), 16);
    let rude = r#"{"cmd":"new-peer","remoteUid":"b","name":"a\u202eb"}"#;
    let nameless = ServerMessage::NewPeer {
        remote_uid: "b".into(),
        name: None,
    };
    assert_eq!(parse_server(rude), Ok(nameless));
    assert!(parse_server(r#"{"cmd":"new-peer","remoteUid":"\n"}"#).is_err());
}

#[test]
fn close_codes_are_found_again() {
    for reason in CloseReason::ALL {
        assert_eq!(CloseReason::from_code(reason.code()), Some(reason));
        assert!(reason.text().len() <= 123, "a close frame holds no more");
    }
    assert_eq!(CloseReason::from_code(4999), None);
}
