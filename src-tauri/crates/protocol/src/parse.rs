//! From the text of a frame to a checked message, or to the fault it is.
//!
//! The order matters: depth is measured before anything is parsed, `cmd` is looked up before the
//! fields are read (so an unknown command of a newer client is never called malformed), and ids come
//! out trimmed. Sizes of whole messages are the transport's business, before the text is here.

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use thiserror::Error;

use crate::check::{Problem, check_client, check_server};
use crate::limits::{MAX_ID_CHARS, MAX_JSON_DEPTH};
use crate::message::{ClientMessage, ErrorCode, Forward, ServerMessage};

/// Why a client's message was not taken.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ClientFault {
    /// A well-formed message whose `cmd` this server does not know.
    #[error("no message has this cmd")]
    UnknownCommand {
        /// The `cmd`, shortened to 64 characters.
        command: String,
    },
    /// Not a JSON object, a field missing, of a wrong type, or out of bounds.
    #[error("{reason}")]
    Malformed {
        /// The `cmd`, if it could be read.
        command: Option<String>,
        /// For a person; holds nothing of the message's values.
        reason: String,
    },
    /// A field is larger than it may be.
    #[error("{field} is larger than {limit_bytes} bytes")]
    TooLarge {
        /// The `cmd`.
        command: String,
        /// The field.
        field: &'static str,
        /// What it may hold.
        limit_bytes: usize,
    },
}

impl ClientFault {
    /// Whether it counts towards the ten faults that end a connection (4001).
    #[must_use]
    pub const fn is_counted(&self) -> bool {
        match self {
            Self::UnknownCommand { .. } => false,
            Self::Malformed { .. } | Self::TooLarge { .. } => true,
        }
    }

    /// The answer to the client.
    #[must_use]
    pub fn to_message(&self) -> ServerMessage {
        let (code, reference) = match self {
            Self::UnknownCommand { command } => (ErrorCode::UnknownCommand, Some(command.clone())),
            Self::Malformed { command, .. } => (ErrorCode::BadMessage, command.clone()),
            Self::TooLarge { command, .. } => (ErrorCode::TooLarge, Some(command.clone())),
        };
        ServerMessage::Error {
            code,
            message: self.to_string(),
            reference,
            id: None,
        }
    }
}

/// Why a server's message was not taken. A client ignores such messages.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ServerFault {
    /// A `cmd` of a newer server.
    #[error("the server sent a command this client does not know")]
    UnknownCommand,
    /// Not what the protocol says.
    #[error("the server sent a malformed message: {0}")]
    Malformed(String),
}

/// Reads a client's message. Ids and names come out trimmed.
///
/// # Errors
/// The fault, ready to be answered with [`ClientFault::to_message`].
pub fn parse_client(text: &str) -> Result<ClientMessage, ClientFault> {
    let malformed = |command: Option<&str>, reason: String| ClientFault::Malformed {
        command: command.map(str::to_owned),
        reason,
    };
    if let Some(message) = parse_forward(text) {
        return checked(message);
    }
    let value = parse_object(text).map_err(|reason| malformed(None, reason))?;
    let command = command_of(&value).map_err(|reason| malformed(None, reason))?;
    if !ClientMessage::COMMANDS.contains(&command.as_str()) {
        return Err(ClientFault::UnknownCommand { command });
    }
    let message = read_fields(value).map_err(|reason| malformed(Some(&command), reason))?;
    checked(message)
}

fn checked(mut message: ClientMessage) -> Result<ClientMessage, ClientFault> {
    let problem = match check_client(&mut message) {
        Ok(()) => return Ok(message),
        Err(problem) => problem,
    };
    let command = message.command().to_owned();
    Err(match problem {
        Problem::Malformed(reason) => ClientFault::Malformed {
            command: Some(command),
            reason,
        },
        Problem::TooLarge { field, limit_bytes } => ClientFault::TooLarge {
            command,
            field,
            limit_bytes,
        },
    })
}

/// Offers, answers and candidates are nearly all that a server reads: they are read without a tree of values
/// in between. None for anything that is not plainly one of them; then the long way says what it is.
fn parse_forward(text: &str) -> Option<ClientMessage> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Fields<'a> {
        #[serde(borrow)]
        cmd: Cow<'a, str>,
        room_id: String,
        uid: String,
        remote_uid: String,
        #[serde(deserialize_with = "crate::wire::null_as_empty")]
        msg: String,
        session: Option<String>,
    }
    // A list would do for a struct as well, but is no message.
    if !text.trim_start().starts_with('{') || is_deeper_than(text, MAX_JSON_DEPTH) {
        return None;
    }
    let fields: Fields<'_> = serde_json::from_str(text).ok()?;
    let forward = Forward {
        room_id: fields.room_id,
        uid: fields.uid,
        remote_uid: fields.remote_uid,
        msg: fields.msg,
        session: fields.session,
    };
    match &*fields.cmd {
        "offer" => Some(ClientMessage::Offer(forward)),
        "answer" => Some(ClientMessage::Answer(forward)),
        "candidate" => Some(ClientMessage::Candidate(forward)),
        _ => None,
    }
}

/// Reads a server's message with the same suspicion.
///
/// # Errors
/// What is wrong; the client ignores the message.
pub fn parse_server(text: &str) -> Result<ServerMessage, ServerFault> {
    let value = parse_object(text).map_err(ServerFault::Malformed)?;
    let command = command_of(&value).map_err(ServerFault::Malformed)?;
    if !ServerMessage::COMMANDS.contains(&command.as_str()) {
        return Err(ServerFault::UnknownCommand);
    }
    let mut message: ServerMessage = read_fields(value).map_err(ServerFault::Malformed)?;
    check_server(&mut message).map_err(|problem| ServerFault::Malformed(problem.into_reason()))?;
    Ok(message)
}

/// Whether a message keeps the bounds of [`parse_client`], for one that came another way. Ids and names
/// come out trimmed.
#[must_use]
pub fn recheck_client(message: &mut ClientMessage) -> bool {
    check_client(message).is_ok()
}

/// The same for [`parse_server`].
#[must_use]
pub fn recheck_server(message: &mut ServerMessage) -> bool {
    check_server(message).is_ok()
}

fn parse_object(text: &str) -> Result<Value, String> {
    if is_deeper_than(text, MAX_JSON_DEPTH) {
        return Err(format!("nested deeper than {MAX_JSON_DEPTH}"));
    }
    let value: Value = serde_json::from_str(text).map_err(|_| "not JSON".to_owned())?;
    if value.is_object() {
        Ok(value)
    } else {
        Err("not a JSON object".to_owned())
    }
}

fn command_of(value: &Value) -> Result<String, String> {
    match value.get("cmd") {
        Some(Value::String(command)) => Ok(command.chars().take(MAX_ID_CHARS).collect()),
        Some(_) => Err("cmd is not a string".to_owned()),
        None => Err("cmd is missing".to_owned()),
    }
}

/// The error of serde names fields and types; what it quotes of the message is cut away.
fn read_fields<T: DeserializeOwned>(value: Value) -> Result<T, String> {
    serde_json::from_value(value).map_err(|error| {
        let text = error.to_string();
        if text.starts_with("missing field") {
            text
        } else {
            "a field is of the wrong type".to_owned()
        }
    })
}

/// Counts brackets outside strings, without parsing. Text that is no JSON may be miscounted; the
/// parser, which has a bound of its own, refuses it anyway.
fn is_deeper_than(text: &str, limit: usize) -> bool {
    // Few brackets cannot be deep, wherever they are; this much is counted several bytes at a time.
    let brackets = text
        .bytes()
        .map(|byte| usize::from(matches!(byte, b'{' | b'[')));
    if brackets.sum::<usize>() <= limit {
        return false;
    }
    let (mut depth, mut in_string, mut escaped) = (0usize, false, false);
    for byte in text.bytes() {
        if in_string {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_string = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > limit {
            return true;
        }
    }
    false
}
