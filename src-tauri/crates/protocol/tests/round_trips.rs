//! What is sent is what is read, for any content; and no text at all makes the parsers panic.

mod cast;
mod directory;

use duet_protocol::{
    AudioState, ClientMessage, ErrorCode, Forward, IceServer, LeaveReason, ServerMessage,
    VideoState, parse_client, parse_server,
};
use proptest::option;
use proptest::prelude::*;

/// Any id that is valid and already trimmed.
fn id() -> impl Strategy<Value = String> {
    "[^\\p{Cc}\\u{2028}\\u{2029}\\u{202a}-\\u{202e}\\u{2066}-\\u{2069}\\s]{1,64}"
}

fn audio() -> impl Strategy<Value = AudioState> {
    prop::sample::select(vec![AudioState::On, AudioState::Muted, AudioState::None])
}

fn video() -> impl Strategy<Value = VideoState> {
    let all = vec![
        VideoState::On,
        VideoState::Off,
        VideoState::Lost,
        VideoState::Screen,
    ];
    prop::sample::select(all)
}

fn forward(msg: &'static str) -> impl Strategy<Value = Forward> {
    (id(), id(), id(), msg, option::of(id())).prop_map(
        |(room_id, uid, remote_uid, msg, session)| Forward {
            room_id,
            uid,
            remote_uid,
            msg,
            session,
        },
    )
}

fn client_message() -> impl Strategy<Value = ClientMessage> {
    let token = || option::of("[0-9a-f]{0,128}");
    prop_oneof![
        (
            id(),
            id(),
            option::of(id()),
            any::<bool>(),
            token(),
            token()
        )
            .prop_map(|(room_id, uid, name, resume, resume_token, token)| {
                ClientMessage::Join {
                    room_id,
                    uid,
                    name,
                    resume,
                    resume_token,
                    token,
                }
            }),
        forward("(?s).{1,200}").prop_map(ClientMessage::Offer),
        forward("(?s).{1,200}").prop_map(ClientMessage::Answer),
        forward("(?s).{0,200}").prop_map(ClientMessage::Candidate),
        (id(), id(), id(), audio(), video()).prop_map(
            |(room_id, uid, remote_uid, audio, video)| ClientMessage::MediaState {
                room_id,
                uid,
                remote_uid,
                audio,
                video,
            }
        ),
        (id(), id()).prop_map(|(room_id, uid)| ClientMessage::Leave { room_id, uid }),
        directory::client_message(),
        cast::client_message(),
        Just(ClientMessage::Keepalive),
    ]
}

fn ice_server() -> impl Strategy<Value = IceServer> {
    let urls = prop::collection::vec("(stun|turn):[a-z.]{1,20}", 1..3);
    (urls, option::of(".*"), option::of(".*")).prop_map(|(urls, username, credential)| IceServer {
        urls,
        username,
        credential,
    })
}

fn joined() -> impl Strategy<Value = ServerMessage> {
    let ice_servers = prop::collection::vec(ice_server(), 0..4);
    let token = option::of("[0-9a-f]{32}");
    let role = option::of(cast::role());
    (
        id(),
        id(),
        any::<u8>(),
        ice_servers,
        token,
        any::<bool>(),
        role,
    )
        .prop_map(
            |(room_id, uid, user_num, ice_servers, resume_token, resumed, role)| {
                ServerMessage::Joined {
                    room_id,
                    uid,
                    user_num,
                    ice_servers,
                    resume_token,
                    resumed,
                    role,
                }
            },
        )
}

fn server_message() -> impl Strategy<Value = ServerMessage> {
    let reason = prop::sample::select(vec![LeaveReason::Left, LeaveReason::Lost]);
    let code = prop::sample::select(vec![ErrorCode::BadMessage, ErrorCode::ServerDraining]);
    prop_oneof![
        joined(),
        (id(), option::of(id()))
            .prop_map(|(remote_uid, name)| ServerMessage::RespJoin { remote_uid, name }),
        (id(), option::of(id()))
            .prop_map(|(remote_uid, name)| ServerMessage::NewPeer { remote_uid, name }),
        (id(), any::<u8>())
            .prop_map(|(room_id, user_num)| ServerMessage::Full { room_id, user_num }),
        forward("(?s).{1,200}").prop_map(ServerMessage::Offer),
        forward("(?s).{1,200}").prop_map(ServerMessage::Answer),
        forward("(?s).{0,200}").prop_map(ServerMessage::Candidate),
        (id(), id(), id(), audio(), video()).prop_map(
            |(room_id, uid, remote_uid, audio, video)| ServerMessage::MediaState {
                room_id,
                uid,
                remote_uid,
                audio,
                video,
            }
        ),
        id().prop_map(|room_id| ServerMessage::Leaved { room_id }),
        (id(), reason)
            .prop_map(|(remote_uid, reason)| ServerMessage::PeerLeave { remote_uid, reason }),
        id().prop_map(|remote_uid| ServerMessage::PeerAway { remote_uid }),
        id().prop_map(|remote_uid| ServerMessage::PeerBack { remote_uid }),
        directory::server_message(),
        cast::server_message(),
        Just(ServerMessage::Keepalive),
        (code, ".*", option::of(".*"), option::of(id())).prop_map(
            |(code, message, reference, id)| ServerMessage::Error {
                code,
                message,
                reference,
                id,
            }
        ),
    ]
}

/// JSON of any shape, with the words of the protocol in it.
fn json() -> impl Strategy<Value = String> {
    let word = "(cmd|join|offer|candidate|roomId|uid|remoteUid|msg|name|resume|keepalive\
        |login|call|accept|message|presence|callId|to|media|content|id|lobby|success|users|.{0,8})";
    let leaf = prop_oneof![
        Just("null".to_owned()),
        any::<bool>().prop_map(|flag| flag.to_string()),
        any::<i64>().prop_map(|number| number.to_string()),
        word.prop_map(|text| serde_json::to_string(&text).expect("a string")),
    ];
    leaf.prop_recursive(6, 64, 6, move |inner| {
        let key = word.prop_map(|text| serde_json::to_string(&text).expect("a string"));
        let pair = (key, inner.clone()).prop_map(|(key, value)| format!("{key}:{value}"));
        prop_oneof![
            prop::collection::vec(inner, 0..6).prop_map(|all| format!("[{}]", all.join(","))),
            prop::collection::vec(pair, 0..6).prop_map(|all| format!("{{{}}}", all.join(","))),
        ]
    })
}

proptest! {
    #[test]
    fn client_messages(message in client_message()) {
        prop_assert_eq!(parse_client(&message.to_json()), Ok(message));
    }

    #[test]
    fn server_messages(message in server_message()) {
        prop_assert_eq!(parse_server(&message.to_json()), Ok(message));
    }

    #[test]
    fn any_text_is_taken_or_refused(text in any::<String>()) {
        let _ = (parse_client(&text), parse_server(&text));
    }

    #[test]
    fn any_json_is_taken_or_refused_and_the_refusal_can_be_sent(text in json()) {
        if let Err(fault) = parse_client(&text) {
            let answer = fault.to_message();
            prop_assert_eq!(parse_server(&answer.to_json()), Ok(answer));
        }
        let _ = parse_server(&text);
    }

    #[test]
    fn what_is_taken_is_valid_and_stays_what_it_is(text in json()) {
        if let Ok(message) = parse_client(&text) {
            prop_assert_eq!(parse_client(&message.to_json()), Ok(message));
        }
    }
}
