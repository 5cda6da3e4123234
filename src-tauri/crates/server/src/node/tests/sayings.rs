//! What nodes and clients may say, sense and nonsense.

use std::net::Ipv4Addr;

use duet_protocol::{
    CastRole, ClientMessage, Forward, LoginAnswer, Presence, ServerMessage, Text, User,
};
use proptest::prelude::*;

use crate::address::AddressKey;
use crate::exchange::LoginTicket;
use crate::node::wire::Body;
use crate::rooms::{MemberTicket, PlaceTicket};

/// Good and bad, and few enough to meet each other.
fn word() -> impl Strategy<Value = String> {
    const WORDS: &[&str] = &["r", "R", "a", "b", "c", "main", "", " ", "\u{200d}", "t"];
    prop_oneof![
        9 => prop::sample::select(WORDS).prop_map(str::to_owned),
        1 => Just("x".repeat(300)),
    ]
}

pub(super) fn number() -> impl Strategy<Value = u64> {
    prop_oneof![4 => 0..6_u64, 1 => any::<u64>()]
}

pub(super) fn client_message() -> impl Strategy<Value = ClientMessage> {
    let forward = |(room_id, uid, remote_uid, msg)| Forward {
        room_id,
        uid,
        remote_uid,
        msg,
        session: None,
    };
    let words = || (word(), word(), word(), word());
    prop_oneof![
        (word(), word(), prop::option::of(word()), any::<bool>()).prop_map(
            |(room_id, uid, name, resume)| ClientMessage::Join {
                room_id,
                uid,
                name,
                resume,
                resume_token: None,
                token: None,
            }
        ),
        (word(), word(), prop::option::of(word()), any::<bool>()).prop_map(
            |(name, uid, lobby, resume)| ClientMessage::Login {
                name,
                uid,
                lobby,
                resume,
                resume_token: None,
                token: None,
            }
        ),
        words().prop_map(move |words| ClientMessage::Offer(forward(words))),
        words().prop_map(|(to, room_id, content, id)| {
            ClientMessage::Message(Text {
                to: Some(to),
                room_id: Some(room_id),
                content,
                id,
            })
        }),
        (word(), word()).prop_map(|(room_id, uid)| ClientMessage::Leave { room_id, uid }),
        word().prop_map(|call_id| ClientMessage::Accept { call_id }),
        (word(), any::<bool>()).prop_map(|(uid, resume)| ClientMessage::CastOpen {
            uid,
            name: None,
            resume,
            resume_token: Some("t".into()),
            token: None,
        }),
        (word(), word()).prop_map(|(code, uid)| ClientMessage::CastJoin {
            code,
            uid,
            name: None,
            resume: true,
            token: None,
        }),
        Just(ClientMessage::Logout),
    ]
}

fn role() -> impl Strategy<Value = Option<CastRole>> {
    prop::option::of(prop::sample::select(vec![
        CastRole::Display,
        CastRole::Presenter,
    ]))
}

fn server_message() -> impl Strategy<Value = ServerMessage> {
    let users = || {
        let user = (word(), word(), any::<bool>());
        let user = user.prop_map(|(uid, name, busy)| User { uid, name, busy });
        prop::collection::vec(user, 0..3)
    };
    prop_oneof![
        (word(), word(), any::<bool>(), role()).prop_map(|(room_id, uid, resumed, role)| {
            ServerMessage::Joined {
                room_id,
                uid,
                user_num: 1,
                ice_servers: Vec::new(),
                resume_token: Some("t".into()),
                resumed,
                role,
            }
        }),
        (word(), word()).prop_map(|(code, room_id)| ServerMessage::CastCode {
            code,
            room_id,
            expires_in: 120,
            resume_token: Some("t".into()),
        }),
        (word(), users()).prop_map(|(uid, users)| {
            ServerMessage::Login(LoginAnswer::Accepted {
                uid,
                users,
                ice_servers: Vec::new(),
                resume_token: None,
                resumed: false,
            })
        }),
        (users(), users()).prop_map(|(online, offline)| ServerMessage::Presence(Presence {
            online,
            offline,
            ..Presence::default()
        })),
        (word(), word()).prop_map(|(call_id, room_id)| ServerMessage::Ringing { call_id, room_id }),
        word().prop_map(|call_id| ServerMessage::Unavailable { call_id }),
    ]
}

fn place() -> impl Strategy<Value = PlaceTicket> {
    let words = (word(), prop::option::of(word()), word());
    let member = (words, any::<bool>(), role()).prop_map(|((uid, name, room_id), resume, role)| {
        MemberTicket {
            uid,
            name,
            room_id,
            resume,
            token: "t".into(),
            role,
        }
    });
    let members = prop::collection::vec(member, 0..4);
    (word(), word(), members).prop_map(|(key, uid, members)| PlaceTicket { key, uid, members })
}

fn login() -> impl Strategy<Value = LoginTicket> {
    (word(), word(), word(), any::<bool>()).prop_map(|(uid, name, lobby, resume)| LoginTicket {
        uid,
        name,
        lobby,
        resume,
        token: "t".into(),
    })
}

pub(super) fn body() -> impl Strategy<Value = Body> {
    let address = AddressKey::from(Ipv4Addr::LOCALHOST);
    prop_oneof![
        3 => number().prop_map(move |link| Body::Open { link, address }),
        6 => (number(), client_message()).prop_map(|(link, message)| Body::Handle { link, message }),
        4 => (number(), server_message()).prop_map(|(link, message)| Body::Send { link, message }),
        1 => (number(), client_message())
            .prop_map(|(link, message)| Body::Bounced { link, message }),
        2 => (number(), place()).prop_map(|(link, ticket)| Body::AdoptPlace { link, ticket }),
        2 => (number(), place()).prop_map(|(link, ticket)| Body::Vouch { link, ticket }),
        2 => (number(), login()).prop_map(|(link, ticket)| Body::AdoptLogin { link, ticket }),
        2 => (number(), login()).prop_map(|(link, ticket)| Body::VouchLogin { link, ticket }),
        1 => (number(), any::<bool>())
            .prop_map(|(link, spends_login)| Body::Heard { link, spends_login }),
        1 => (number(), any::<bool>())
            .prop_map(|(link, is_elsewhere)| Body::Elsewhere { link, is_elsewhere }),
        1 => (number(), word()).prop_map(|(link, name)| Body::Name { link, name }),
        1 => number().prop_map(|link| Body::Broken { link }),
        1 => number().prop_map(|link| Body::Arrived { link }),
        1 => (number(), any::<u16>()).prop_map(|(link, code)| Body::Close { link, code }),
        1 => number().prop_map(|link| Body::LostPlace { link }),
        1 => number().prop_map(|link| Body::LostLogin { link }),
        1 => number().prop_map(|link| Body::NoLink { link }),
    ]
}
