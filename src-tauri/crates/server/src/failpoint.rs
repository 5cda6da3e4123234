//! Places where a test makes the server panic. Only in unit tests: a program that is shipped has none.

use duet_protocol::ClientMessage;

/// In a text that a connection reads, before it is judged.
pub(crate) const WHILE_READING: &str = "panic-while-reading";
/// The id of a text message, with the books half changed and locked.
pub(crate) const UNDER_THE_LOCK: &str = "panic-under-the-lock";

pub(crate) fn while_reading(text: &str) {
    assert!(!text.contains(WHILE_READING), "a failpoint");
}

pub(crate) fn under_the_lock(message: &ClientMessage) {
    let ClientMessage::Message(text) = message else {
        return;
    };
    assert!(text.id != UNDER_THE_LOCK, "a failpoint");
}
