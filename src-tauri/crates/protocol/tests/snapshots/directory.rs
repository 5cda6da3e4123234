//! The messages of the directory and of texts, with and without what is optional.

use duet_protocol::{
    CallMedia, ClientMessage, IceServer, LoginAnswer, LoginRefusal, Person, Presence,
    ServerMessage, Text, User,
};

fn call_id() -> String {
    "c1".into()
}

fn user(uid: &str, name: &str, busy: bool) -> User {
    User {
        uid: uid.into(),
        name: name.into(),
        busy,
    }
}

fn ann() -> Person {
    Person {
        uid: "u1".into(),
        name: "Ann".into(),
    }
}

pub(super) fn client_messages() -> Vec<ClientMessage> {
    let text = |to: Option<&str>, room_id: Option<&str>| {
        ClientMessage::Message(Text {
            to: to.map(str::to_owned),
            room_id: room_id.map(str::to_owned),
            content: "Hello\n\"you\"".into(),
            id: "m1".into(),
        })
    };
    vec![
        ClientMessage::Login {
            name: "Ann".into(),
            uid: "u1".into(),
            lobby: None,
            resume: false,
            resume_token: None,
            token: None,
        },
        ClientMessage::Login {
            name: "Ann".into(),
            uid: "u1".into(),
            lobby: Some("office".into()),
            resume: true,
            resume_token: Some("00112233445566778899aabbccddeeff".into()),
            token: Some("access".into()),
        },
        ClientMessage::Logout,
        ClientMessage::Call {
            to: "u2".into(),
            media: CallMedia::Video,
        },
        ClientMessage::Call {
            to: "u2".into(),
            media: CallMedia::Audio,
        },
        ClientMessage::Accept { call_id: call_id() },
        ClientMessage::Decline { call_id: call_id() },
        ClientMessage::Cancel { call_id: call_id() },
        text(Some("u2"), None),
        text(None, Some("amber-fox")),
        ClientMessage::IceServers,
    ]
}

pub(super) fn server_messages() -> Vec<ServerMessage> {
    let mut messages = lobby_messages();
    messages.extend(call_messages());
    messages.extend(text_messages());
    messages
}

fn lobby_messages() -> Vec<ServerMessage> {
    let stun = IceServer {
        urls: vec!["stun:stun.example.org".into()],
        username: None,
        credential: None,
    };
    let accepted = |users, ice_servers, resumed| {
        ServerMessage::Login(LoginAnswer::Accepted {
            uid: "u1".into(),
            users,
            ice_servers,
            resume_token: Some("00112233445566778899aabbccddeeff".into()),
            resumed,
        })
    };
    let refused = |code| ServerMessage::Login(LoginAnswer::Refused(code));
    vec![
        accepted(
            vec![user("u2", "Bob", false), user("u3", "Carl", true)],
            vec![stun.clone()],
            false,
        ),
        accepted(Vec::new(), Vec::new(), true),
        refused(LoginRefusal::NameTaken),
        refused(LoginRefusal::NameInvalid),
        refused(LoginRefusal::LobbyFull),
        ServerMessage::Presence(Presence {
            online: vec![user("u1", "Ann", false)],
            offline: vec![user("u2", "Bob", false)],
            busy: vec![user("u3", "Carl", true), user("u4", "Dora", true)],
            free: vec![user("u5", "Emil", false)],
        }),
        ServerMessage::Presence(Presence::default()),
        ServerMessage::IceServers {
            ice_servers: vec![stun],
        },
    ]
}

fn call_messages() -> Vec<ServerMessage> {
    let ring = |media| ServerMessage::Ring {
        call_id: call_id(),
        room_id: "r1".into(),
        from: ann(),
        media,
    };
    vec![
        ServerMessage::Ringing {
            call_id: call_id(),
            room_id: "r1".into(),
        },
        ring(CallMedia::Video),
        ring(CallMedia::Audio),
        ServerMessage::Accept { call_id: call_id() },
        ServerMessage::Decline { call_id: call_id() },
        ServerMessage::Cancel { call_id: call_id() },
        ServerMessage::Busy { call_id: call_id() },
        ServerMessage::NoAnswer { call_id: call_id() },
        ServerMessage::Unavailable { call_id: call_id() },
        ServerMessage::Missed {
            call_id: call_id(),
            from: ann(),
        },
    ]
}

fn text_messages() -> Vec<ServerMessage> {
    let message = |name: Option<&str>| ServerMessage::Message {
        from: "u1".into(),
        name: name.map(str::to_owned),
        content: "Hello\n\"you\"".into(),
        id: "m1".into(),
        time: "2026-11-21T08:05:04.250Z".into(),
    };
    vec![
        message(Some("Ann")),
        message(None),
        ServerMessage::Delivered {
            id: "m1".into(),
            time: None,
        },
        ServerMessage::Delivered {
            id: "m1".into(),
            time: Some("2026-11-21T08:05:04.250Z".into()),
        },
        ServerMessage::Error {
            code: duet_protocol::ErrorCode::Unavailable,
            message: "for a person".into(),
            reference: Some("message".into()),
            id: Some("m1".into()),
        },
    ]
}
