//! Every message in both directions as it stands on the wire. A changed snapshot is a changed
//! protocol.

mod cast;
mod directory;

use duet_protocol::{
    AudioState, ClientMessage, ErrorCode, Forward, IceServer, LeaveReason, ServerMessage,
    VideoState, parse_client, parse_server,
};

fn forward(msg: &str, session: Option<&str>) -> Forward {
    Forward {
        room_id: "amber-fox".into(),
        uid: "u1".into(),
        remote_uid: "u2".into(),
        msg: msg.into(),
        session: session.map(str::to_owned),
    }
}

/// Every message a client may send, with and without what is optional.
fn client_messages() -> Vec<ClientMessage> {
    let mut messages = room_requests();
    messages.extend(directory::client_messages());
    messages.extend(cast::client_messages());
    messages.push(ClientMessage::Keepalive);
    messages
}

fn room_requests() -> Vec<ClientMessage> {
    vec![
        ClientMessage::Join {
            room_id: "amber-fox".into(),
            uid: "u1".into(),
            name: None,
            resume: false,
            resume_token: None,
            token: None,
        },
        ClientMessage::Join {
            room_id: "amber-fox".into(),
            uid: "u1".into(),
            name: Some("Ann".into()),
            resume: true,
            resume_token: Some("00112233445566778899aabbccddeeff".into()),
            token: Some("access".into()),
        },
        ClientMessage::Offer(forward(r#"{"type":"offer","sdp":"v=0\r\n"}"#, Some("s1"))),
        ClientMessage::Answer(forward(r#"{"type":"answer","sdp":"v=0\r\n"}"#, None)),
        ClientMessage::Candidate(forward(r#"{"candidate":"candidate:1"}"#, Some("s1"))),
        ClientMessage::Candidate(forward("", None)),
        ClientMessage::MediaState {
            room_id: "amber-fox".into(),
            uid: "u1".into(),
            remote_uid: "u2".into(),
            audio: AudioState::Muted,
            video: VideoState::Screen,
        },
        ClientMessage::Leave {
            room_id: "amber-fox".into(),
            uid: "u1".into(),
        },
    ]
}

/// Every message a server may send.
fn server_messages() -> Vec<ServerMessage> {
    let mut messages = joined_messages();
    messages.extend(room_messages());
    messages.extend(directory::server_messages());
    messages.extend(cast::server_messages());
    messages.extend(error_codes().map(|code| ServerMessage::Error {
        code,
        message: "for a person".into(),
        reference: Some("join".into()),
        id: None,
    }));
    messages.push(ServerMessage::Error {
        code: ErrorCode::BadMessage,
        message: "not JSON".into(),
        reference: None,
        id: None,
    });
    messages
}

fn joined_messages() -> Vec<ServerMessage> {
    let joined = |resumed, ice_servers| ServerMessage::Joined {
        room_id: "amber-fox".into(),
        uid: "u1".into(),
        user_num: 2,
        ice_servers,
        resume_token: Some("00112233445566778899aabbccddeeff".into()),
        resumed,
        role: None,
    };
    let stun = IceServer {
        urls: vec!["stun:stun.example.org".into()],
        username: None,
        credential: None,
    };
    let turn = IceServer {
        urls: vec![
            "turn:turn.example.org".into(),
            "turns:turn.example.org".into(),
        ],
        username: Some("1700000000:u1".into()),
        credential: Some("c2VjcmV0".into()),
    };
    vec![joined(false, vec![stun, turn]), joined(true, Vec::new())]
}

fn room_messages() -> Vec<ServerMessage> {
    let remote_uid = || "u2".to_owned();
    vec![
        ServerMessage::RespJoin {
            remote_uid: remote_uid(),
            name: Some("Bob".into()),
        },
        ServerMessage::RespJoin {
            remote_uid: remote_uid(),
            name: None,
        },
        ServerMessage::NewPeer {
            remote_uid: remote_uid(),
            name: Some("Bob".into()),
        },
        ServerMessage::NewPeer {
            remote_uid: remote_uid(),
            name: None,
        },
        ServerMessage::Full {
            room_id: "amber-fox".into(),
            user_num: 2,
        },
        ServerMessage::Offer(forward(r#"{"type":"offer","sdp":"v=0\r\n"}"#, Some("s1"))),
        ServerMessage::Answer(forward(r#"{"type":"answer","sdp":"v=0\r\n"}"#, None)),
        ServerMessage::Candidate(forward("", None)),
        ServerMessage::MediaState {
            room_id: "amber-fox".into(),
            uid: "u1".into(),
            remote_uid: remote_uid(),
            audio: AudioState::On,
            video: VideoState::Lost,
        },
        ServerMessage::Leaved {
            room_id: "amber-fox".into(),
        },
        ServerMessage::PeerLeave {
            remote_uid: remote_uid(),
            reason: LeaveReason::Left,
        },
        ServerMessage::PeerLeave {
            remote_uid: remote_uid(),
            reason: LeaveReason::Lost,
        },
        ServerMessage::PeerAway {
            remote_uid: remote_uid(),
        },
        ServerMessage::PeerBack {
            remote_uid: remote_uid(),
        },
        ServerMessage::Keepalive,
    ]
}

fn error_codes() -> impl Iterator<Item = ErrorCode> {
    [
        ErrorCode::UnknownCommand,
        ErrorCode::BadMessage,
        ErrorCode::UidMismatch,
        ErrorCode::UidTaken,
        ErrorCode::AlreadyInRoom,
        ErrorCode::NotInRoom,
        ErrorCode::NoSuchPeer,
        ErrorCode::RateLimited,
        ErrorCode::TooLarge,
        ErrorCode::Unavailable,
        ErrorCode::CastRefused,
        ErrorCode::NotAllowed,
        ErrorCode::ServerDraining,
    ]
    .into_iter()
}

#[test]
fn what_clients_send() {
    let lines: Vec<String> = client_messages()
        .iter()
        .map(ClientMessage::to_json)
        .collect();
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn what_servers_send() {
    let lines: Vec<String> = server_messages()
        .iter()
        .map(ServerMessage::to_json)
        .collect();
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn all_of_it_is_read_back() {
    for message in client_messages() {
        assert_eq!(parse_client(&message.to_json()), Ok(message));
    }
    for message in server_messages() {
        assert_eq!(parse_server(&message.to_json()), Ok(message));
    }
}

#[test]
fn every_word_and_media_state_has_its_spelling() {
    let audio = [AudioState::On, AudioState::Muted, AudioState::None];
    let video = [
        VideoState::On,
        VideoState::Off,
        VideoState::Lost,
        VideoState::Screen,
    ];
    insta::assert_json_snapshot!((audio, video));
}
