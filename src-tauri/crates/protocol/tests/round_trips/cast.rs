//! Any message of a cast.

use duet_protocol::{CastRole, ClientMessage, ServerMessage};
use proptest::option;
use proptest::prelude::*;

use super::id;

pub(super) fn role() -> impl Strategy<Value = CastRole> {
    prop::sample::select(vec![CastRole::Display, CastRole::Presenter])
}

pub(super) fn client_message() -> impl Strategy<Value = ClientMessage> {
    let token = || option::of("[0-9a-f]{0,128}");
    let open = (id(), option::of(id()), any::<bool>(), token(), token());
    let join = (
        "[ -~]{0,64}",
        id(),
        option::of(id()),
        any::<bool>(),
        token(),
    );
    prop_oneof![
        open.prop_map(|(uid, name, resume, resume_token, token)| {
            ClientMessage::CastOpen {
                uid,
                name,
                resume,
                resume_token,
                token,
            }
        }),
        join.prop_map(|(code, uid, name, resume, token)| ClientMessage::CastJoin {
            code,
            uid,
            name,
            resume,
            token,
        }),
    ]
}

pub(super) fn server_message() -> impl Strategy<Value = ServerMessage> {
    let code = "[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}";
    (code, id(), any::<u32>(), option::of("[0-9a-f]{32}")).prop_map(
        |(code, room_id, expires_in, resume_token)| ServerMessage::CastCode {
            code,
            room_id,
            expires_in,
            resume_token,
        },
    )
}
