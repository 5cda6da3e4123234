//! Any message of the directory and any text.

use duet_protocol::{
    CallMedia, ClientMessage, LoginAnswer, LoginRefusal, Person, Presence, ServerMessage, Text,
    User,
};
use proptest::option;
use proptest::prelude::*;

use super::{ice_server, id};

fn media() -> impl Strategy<Value = CallMedia> {
    prop::sample::select(vec![CallMedia::Video, CallMedia::Audio])
}

fn content() -> impl Strategy<Value = String> {
    "(?s).{1,300}"
}

fn text() -> impl Strategy<Value = ClientMessage> {
    (any::<bool>(), id(), content(), id()).prop_map(|(is_to, receiver, content, id)| {
        let (to, room_id) = if is_to {
            (Some(receiver), None)
        } else {
            (None, Some(receiver))
        };
        ClientMessage::Message(Text {
            to,
            room_id,
            content,
            id,
        })
    })
}

pub(super) fn client_message() -> impl Strategy<Value = ClientMessage> {
    let token = || option::of("[0-9a-f]{0,128}");
    let login = (
        id(),
        id(),
        option::of(id()),
        any::<bool>(),
        token(),
        token(),
    );
    prop_oneof![
        login.prop_map(|(name, uid, lobby, resume, resume_token, token)| {
            ClientMessage::Login {
                name,
                uid,
                lobby,
                resume,
                resume_token,
                token,
            }
        }),
        Just(ClientMessage::Logout),
        (id(), media()).prop_map(|(to, media)| ClientMessage::Call { to, media }),
        id().prop_map(|call_id| ClientMessage::Accept { call_id }),
        id().prop_map(|call_id| ClientMessage::Decline { call_id }),
        id().prop_map(|call_id| ClientMessage::Cancel { call_id }),
        text(),
        Just(ClientMessage::IceServers),
    ]
}

fn users() -> impl Strategy<Value = Vec<User>> {
    let user = (id(), id(), any::<bool>());
    let user = user.prop_map(|(uid, name, busy)| User { uid, name, busy });
    prop::collection::vec(user, 0..4)
}

fn person() -> impl Strategy<Value = Person> {
    (id(), id()).prop_map(|(uid, name)| Person { uid, name })
}

fn login_answer() -> impl Strategy<Value = LoginAnswer> {
    let refusal = prop::sample::select(vec![
        LoginRefusal::NameTaken,
        LoginRefusal::NameInvalid,
        LoginRefusal::LobbyFull,
    ]);
    let ice_servers = prop::collection::vec(ice_server(), 0..4);
    let token = option::of("[0-9a-f]{32}");
    prop_oneof![
        (id(), users(), ice_servers, token, any::<bool>()).prop_map(
            |(uid, users, ice_servers, resume_token, resumed)| LoginAnswer::Accepted {
                uid,
                users,
                ice_servers,
                resume_token,
                resumed,
            }
        ),
        refusal.prop_map(LoginAnswer::Refused),
    ]
}

pub(super) fn server_message() -> impl Strategy<Value = ServerMessage> {
    prop_oneof![
        login_answer().prop_map(ServerMessage::Login),
        (users(), users(), users(), users()).prop_map(|(online, offline, busy, free)| {
            ServerMessage::Presence(Presence {
                online,
                offline,
                busy,
                free,
            })
        }),
        (id(), id()).prop_map(|(call_id, room_id)| ServerMessage::Ringing { call_id, room_id }),
        (id(), id(), person(), media()).prop_map(|(call_id, room_id, from, media)| {
            ServerMessage::Ring {
                call_id,
                room_id,
                from,
                media,
            }
        }),
        id().prop_map(|call_id| ServerMessage::Accept { call_id }),
        id().prop_map(|call_id| ServerMessage::Decline { call_id }),
        id().prop_map(|call_id| ServerMessage::Cancel { call_id }),
        id().prop_map(|call_id| ServerMessage::Busy { call_id }),
        id().prop_map(|call_id| ServerMessage::NoAnswer { call_id }),
        id().prop_map(|call_id| ServerMessage::Unavailable { call_id }),
        (id(), person()).prop_map(|(call_id, from)| ServerMessage::Missed { call_id, from }),
        (id(), option::of(id()), content(), id(), id()).prop_map(
            |(from, name, content, id, time)| ServerMessage::Message {
                from,
                name,
                content,
                id,
                time,
            }
        ),
        (id(), option::of(id())).prop_map(|(id, time)| ServerMessage::Delivered { id, time }),
        prop::collection::vec(ice_server(), 0..4)
            .prop_map(|ice_servers| ServerMessage::IceServers { ice_servers }),
    ]
}
