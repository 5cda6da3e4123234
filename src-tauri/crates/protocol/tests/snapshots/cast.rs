//! The messages of a cast, with and without what is optional.

use duet_protocol::{CastRole, ClientMessage, ServerMessage};

pub(super) fn client_messages() -> Vec<ClientMessage> {
    vec![
        ClientMessage::CastOpen {
            uid: "u1".into(),
            name: None,
            resume: false,
            resume_token: None,
            token: None,
        },
        ClientMessage::CastOpen {
            uid: "u1".into(),
            name: Some("Meeting room".into()),
            resume: true,
            resume_token: Some("00112233445566778899aabbccddeeff".into()),
            token: Some("access".into()),
        },
        ClientMessage::CastJoin {
            code: "0A1B-C10Z".into(),
            uid: "u2".into(),
            name: None,
            resume: false,
            token: None,
        },
        ClientMessage::CastJoin {
            code: "what was typed".into(),
            uid: "u2".into(),
            name: Some("Ann".into()),
            resume: true,
            token: Some("access".into()),
        },
    ]
}

pub(super) fn server_messages() -> Vec<ServerMessage> {
    let token = || Some("00112233445566778899aabbccddeeff".to_owned());
    let joined = |role| ServerMessage::Joined {
        room_id: "r1".into(),
        uid: "u1".into(),
        user_num: 2,
        ice_servers: Vec::new(),
        resume_token: token(),
        resumed: false,
        role: Some(role),
    };
    vec![
        ServerMessage::CastCode {
            code: "0A1B-C10Z".into(),
            room_id: "r1".into(),
            expires_in: 120,
            resume_token: token(),
        },
        ServerMessage::CastCode {
            code: "0A1B-C10Z".into(),
            room_id: "r1".into(),
            expires_in: 120,
            resume_token: None,
        },
        joined(CastRole::Display),
        joined(CastRole::Presenter),
    ]
}
