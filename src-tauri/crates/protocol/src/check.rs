//! The fields of parsed messages: trimmed, and held to their limits.

use crate::cast_code::CastCode;
use crate::field::check_id;
use crate::limits::{
    LOBBY_PLACES, MAX_ACCESS_TOKEN_BYTES, MAX_CAST_CODE_BYTES, MAX_ICE_SERVERS,
    MAX_RESUME_TOKEN_BYTES, MAX_SDP_BYTES, MAX_TEXT_BYTES,
};
use crate::message::{ClientMessage, Forward, LoginAnswer, Person, ServerMessage, Text, User};

/// What is wrong with a field.
pub(crate) enum Problem {
    Malformed(String),
    TooLarge {
        field: &'static str,
        limit_bytes: usize,
    },
}

impl Problem {
    /// For a person; holds nothing of the values.
    pub(crate) fn into_reason(self) -> String {
        match self {
            Self::Malformed(reason) => reason,
            Self::TooLarge { field, limit_bytes } => {
                format!("{field} is larger than {limit_bytes} bytes")
            }
        }
    }
}

/// Trims and checks the fields of a client's message.
pub(crate) fn check_client(message: &mut ClientMessage) -> Result<(), Problem> {
    match message {
        ClientMessage::Join {
            room_id,
            uid,
            name,
            resume: _,
            resume_token,
            token,
        } => {
            trim_id("roomId", room_id)?;
            trim_id("uid", uid)?;
            trim_name(name)?;
            check_resume_token(resume_token.as_deref())?;
            check_access_token(token.as_deref())
        }
        ClientMessage::Offer(forward) | ClientMessage::Answer(forward) => {
            check_description(forward)
        }
        ClientMessage::Candidate(forward) => check_forward(forward),
        ClientMessage::MediaState {
            room_id,
            uid,
            remote_uid,
            audio: _,
            video: _,
        } => {
            trim_id("roomId", room_id)?;
            trim_id("uid", uid)?;
            trim_id("remoteUid", remote_uid)
        }
        ClientMessage::Leave { room_id, uid } => {
            trim_id("roomId", room_id)?;
            trim_id("uid", uid)
        }
        ClientMessage::Login {
            name,
            uid,
            lobby,
            resume: _,
            resume_token,
            token,
        } => {
            trim_id("uid", uid)?;
            // A bad name is the person's, not the program's: the server answers `name-invalid`.
            let _ = trim_id("name", name);
            if let Some(lobby) = lobby {
                trim_id("lobby", lobby)?;
            }
            check_resume_token(resume_token.as_deref())?;
            check_access_token(token.as_deref())
        }
        ClientMessage::CastOpen {
            uid,
            name,
            resume: _,
            resume_token,
            token,
        } => {
            trim_id("uid", uid)?;
            trim_name(name)?;
            check_resume_token(resume_token.as_deref())?;
            check_access_token(token.as_deref())
        }
        ClientMessage::CastJoin {
            code,
            uid,
            name,
            resume: _,
            token,
        } => {
            // What is no code is the person's mistake, not the program's: `cast-refused`.
            check_size("code", Some(code), MAX_CAST_CODE_BYTES)?;
            trim_id("uid", uid)?;
            trim_name(name)?;
            check_access_token(token.as_deref())
        }
        ClientMessage::Call { to, media: _ } => trim_id("to", to),
        ClientMessage::Accept { call_id }
        | ClientMessage::Decline { call_id }
        | ClientMessage::Cancel { call_id } => trim_id("callId", call_id),
        ClientMessage::Message(text) => check_text(text),
        ClientMessage::Logout | ClientMessage::IceServers | ClientMessage::Keepalive => Ok(()),
    }
}

/// Trims and checks the fields of a server's message. What would cost more than it is worth is repaired.
pub(crate) fn check_server(message: &mut ServerMessage) -> Result<(), Problem> {
    match message {
        ServerMessage::Joined {
            room_id,
            uid,
            user_num: _,
            ice_servers,
            resume_token,
            resumed: _,
            role: _,
        } => {
            trim_id("roomId", room_id)?;
            trim_id("uid", uid)?;
            ice_servers.truncate(MAX_ICE_SERVERS);
            check_resume_token(resume_token.as_deref())
        }
        ServerMessage::RespJoin { remote_uid, name }
        | ServerMessage::NewPeer { remote_uid, name } => {
            trim_id("remoteUid", remote_uid)?;
            // A bad name must not cost the call: the screen shows none.
            if trim_name(name).is_err() {
                *name = None;
            }
            Ok(())
        }
        ServerMessage::Full { room_id, .. } | ServerMessage::Leaved { room_id } => {
            trim_id("roomId", room_id)
        }
        ServerMessage::Offer(forward) | ServerMessage::Answer(forward) => {
            check_description(forward)
        }
        ServerMessage::Candidate(forward) => check_forward(forward),
        ServerMessage::MediaState {
            room_id,
            uid,
            remote_uid,
            audio: _,
            video: _,
        } => {
            trim_id("roomId", room_id)?;
            trim_id("uid", uid)?;
            trim_id("remoteUid", remote_uid)
        }
        ServerMessage::PeerLeave { remote_uid, .. }
        | ServerMessage::PeerAway { remote_uid }
        | ServerMessage::PeerBack { remote_uid } => trim_id("remoteUid", remote_uid),
        ServerMessage::Login(answer) => check_login_answer(answer),
        ServerMessage::Presence(presence) => {
            keep_valid(&mut presence.online);
            keep_valid(&mut presence.offline);
            keep_valid(&mut presence.busy);
            keep_valid(&mut presence.free);
            Ok(())
        }
        ServerMessage::Ringing { call_id, room_id } => {
            trim_id("callId", call_id)?;
            trim_id("roomId", room_id)
        }
        ServerMessage::Ring {
            call_id,
            room_id,
            from,
            media: _,
        } => {
            trim_id("callId", call_id)?;
            trim_id("roomId", room_id)?;
            trim_person(from)
        }
        ServerMessage::Missed { call_id, from } => {
            trim_id("callId", call_id)?;
            trim_person(from)
        }
        ServerMessage::Accept { call_id }
        | ServerMessage::Decline { call_id }
        | ServerMessage::Cancel { call_id }
        | ServerMessage::Busy { call_id }
        | ServerMessage::NoAnswer { call_id }
        | ServerMessage::Unavailable { call_id } => trim_id("callId", call_id),
        ServerMessage::CastCode {
            code,
            room_id,
            expires_in: _,
            resume_token,
        } => {
            // What is shown in large type is a code, or nothing.
            let checked = CastCode::parse(code);
            let checked = checked.ok_or_else(|| Problem::Malformed("code is none".into()))?;
            *code = checked.to_string();
            trim_id("roomId", room_id)?;
            check_resume_token(resume_token.as_deref())
        }
        ServerMessage::Message {
            from,
            name,
            content,
            id,
            time,
        } => {
            trim_id("from", from)?;
            trim_id("id", id)?;
            trim_id("time", time)?;
            if trim_name(name).is_err() {
                *name = None;
            }
            check_content(content)
        }
        ServerMessage::Delivered { id, time } => {
            if time
                .as_mut()
                .is_some_and(|time| trim_id("time", time).is_err())
            {
                *time = None;
            }
            trim_id("id", id)
        }
        ServerMessage::IceServers { ice_servers } => {
            ice_servers.truncate(MAX_ICE_SERVERS);
            Ok(())
        }
        ServerMessage::Keepalive | ServerMessage::Error { .. } => Ok(()),
    }
}

fn check_login_answer(answer: &mut LoginAnswer) -> Result<(), Problem> {
    match answer {
        LoginAnswer::Accepted {
            uid,
            users,
            ice_servers,
            resume_token,
            resumed: _,
        } => {
            trim_id("uid", uid)?;
            keep_valid(users);
            ice_servers.truncate(MAX_ICE_SERVERS);
            check_resume_token(resume_token.as_deref())
        }
        LoginAnswer::Refused(_) => Ok(()),
    }
}

/// Leaves out whom no honest server could list, and more than a lobby holds.
fn keep_valid(users: &mut Vec<User>) {
    users.retain_mut(|user| {
        trim_id("uid", &mut user.uid).is_ok() && trim_id("name", &mut user.name).is_ok()
    });
    users.truncate(LOBBY_PLACES);
}

fn trim_person(person: &mut Person) -> Result<(), Problem> {
    trim_id("uid", &mut person.uid)?;
    trim_id("name", &mut person.name)
}

fn check_text(text: &mut Text) -> Result<(), Problem> {
    match (&mut text.to, &mut text.room_id) {
        (Some(to), None) => trim_id("to", to)?,
        (None, Some(room_id)) => trim_id("roomId", room_id)?,
        (Some(_), Some(_)) => {
            return Err(Problem::Malformed(
                "to and roomId exclude each other".into(),
            ));
        }
        (None, None) => return Err(Problem::Malformed("to or roomId is missing".into())),
    }
    trim_id("id", &mut text.id)?;
    check_content(&text.content)
}

fn check_content(content: &str) -> Result<(), Problem> {
    if content.is_empty() {
        return Err(Problem::Malformed("content is empty".into()));
    }
    check_size("content", Some(content), MAX_TEXT_BYTES)
}

fn check_description(forward: &mut Forward) -> Result<(), Problem> {
    if forward.msg.is_empty() {
        return Err(Problem::Malformed("msg is empty".into()));
    }
    check_forward(forward)
}

fn check_forward(forward: &mut Forward) -> Result<(), Problem> {
    trim_id("roomId", &mut forward.room_id)?;
    trim_id("uid", &mut forward.uid)?;
    trim_id("remoteUid", &mut forward.remote_uid)?;
    if let Some(session) = &mut forward.session {
        trim_id("session", session)?;
    }
    check_size("msg", Some(&forward.msg), MAX_SDP_BYTES)
}

fn trim_id(field: &'static str, text: &mut String) -> Result<(), Problem> {
    let trimmed = check_id(text).map_err(|error| Problem::Malformed(format!("{field} {error}")))?;
    if trimmed.len() != text.len() {
        *text = trimmed.to_owned();
    }
    Ok(())
}

fn trim_name(name: &mut Option<String>) -> Result<(), Problem> {
    match name {
        Some(name) => trim_id("name", name),
        None => Ok(()),
    }
}

fn check_resume_token(token: Option<&str>) -> Result<(), Problem> {
    check_size("resumeToken", token, MAX_RESUME_TOKEN_BYTES)
}

fn check_access_token(token: Option<&str>) -> Result<(), Problem> {
    check_size("token", token, MAX_ACCESS_TOKEN_BYTES)
}

fn check_size(field: &'static str, text: Option<&str>, limit_bytes: usize) -> Result<(), Problem> {
    if text.is_some_and(|text| text.len() > limit_bytes) {
        return Err(Problem::TooLarge { field, limit_bytes });
    }
    Ok(())
}
