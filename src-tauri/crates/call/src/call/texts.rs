//! Texts on their way: checked before they are sent, few enough to disturb nothing, each with a fate.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use duet_protocol::limits::MAX_TEXT_BYTES;
use duet_protocol::{ClientMessage, ErrorCode, Text, check_id};

use super::Call;
use crate::output::Output;
use crate::text::{TextEvent, TextTarget, Undelivered};
use crate::timing::{MAX_WAITING_TEXTS, TEXT_BURST, TEXT_TIMEOUT, TEXTS_PER_SECOND};

/// What was sent and not answered, and how much may be sent.
#[derive(Debug, Default)]
pub(super) struct Texts {
    /// Oldest first, with the time at which their fate counts as unknown.
    waiting: VecDeque<(String, Instant)>,
    /// When the budget would be whole again; none as long as nothing was sent.
    whole_at: Option<Instant>,
}

impl Texts {
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.waiting.front().map(|(_, due)| *due)
    }

    fn is_waiting(&self, id: &str) -> bool {
        self.waiting.iter().any(|(waiting, _)| waiting == id)
    }

    /// Takes one text from the budget, if there is one.
    fn spend(&mut self, now: Instant) -> bool {
        let each = Duration::from_secs(1) / TEXTS_PER_SECOND;
        let whole_at = self.whole_at.map_or(now, |at| at.max(now)) + each;
        let may = whole_at <= now + each * TEXT_BURST && self.waiting.len() < MAX_WAITING_TEXTS;
        if may {
            self.whole_at = Some(whole_at);
        }
        may
    }

    fn answered(&mut self, id: &str) -> bool {
        let before = self.waiting.len();
        self.waiting.retain(|(waiting, _)| waiting != id);
        self.waiting.len() < before
    }
}

impl Call {
    pub(super) fn send_text(&mut self, now: Instant, to: TextTarget, id: String, content: String) {
        match self.checked_text(now, to, &id, content) {
            Ok(text) => {
                self.texts.waiting.push_back((id, now + TEXT_TIMEOUT));
                self.signal(ClientMessage::Message(text));
            }
            Err(reason) => self.undelivered(id, reason),
        }
    }

    fn checked_text(
        &mut self,
        now: Instant,
        to: TextTarget,
        id: &str,
        content: String,
    ) -> Result<Text, Undelivered> {
        if check_id(id) != Ok(id) || content.is_empty() || self.texts.is_waiting(id) {
            return Err(Undelivered::Invalid);
        }
        if content.len() > MAX_TEXT_BYTES {
            return Err(Undelivered::TooLarge);
        }
        if !self.server.is_open() {
            return Err(Undelivered::Offline);
        }
        let (to, room_id) = match to {
            TextTarget::Peer if self.can_signal() => (None, Some(self.room_id())),
            TextTarget::Peer => return Err(Undelivered::Unavailable),
            TextTarget::User(uid) if self.listing.is_online() || self.is_remote(&uid) => {
                (Some(uid), None)
            }
            TextTarget::User(_) => return Err(Undelivered::Offline),
        };
        if !self.texts.spend(now) {
            return Err(Undelivered::TooFast);
        }
        Ok(Text {
            to,
            room_id,
            content,
            id: id.to_owned(),
        })
    }

    pub(super) fn text_delivered(&mut self, id: String, time: Option<String>) {
        if self.texts.answered(&id) {
            self.push(Output::Text(TextEvent::Delivered { id, time }));
        }
    }

    /// An `error` in answer to `message`.
    pub(super) fn text_refused(&mut self, code: ErrorCode, id: Option<String>) {
        let reason = match code {
            ErrorCode::TooLarge => Undelivered::TooLarge,
            ErrorCode::RateLimited => Undelivered::TooFast,
            ErrorCode::BadMessage => Undelivered::Invalid,
            ErrorCode::UnknownCommand
            | ErrorCode::UidMismatch
            | ErrorCode::UidTaken
            | ErrorCode::AlreadyInRoom
            | ErrorCode::NotInRoom
            | ErrorCode::NoSuchPeer
            | ErrorCode::Unavailable
            | ErrorCode::CastRefused
            | ErrorCode::NotAllowed
            | ErrorCode::ServerDraining
            | ErrorCode::Unknown => Undelivered::Unavailable,
        };
        // Without an id it is about the oldest: the server answers in order.
        let oldest = || self.texts.waiting.front().map(|(oldest, _)| oldest.clone());
        if let Some(id) = id.or_else(oldest)
            && self.texts.answered(&id)
        {
            self.undelivered(id, reason);
        }
    }

    pub(super) fn texts_lost(&mut self) {
        for (id, _) in std::mem::take(&mut self.texts.waiting) {
            self.undelivered(id, Undelivered::Unknown);
        }
    }

    pub(super) fn expire_texts(&mut self, now: Instant) {
        while let Some((id, _)) = self.texts.waiting.pop_front_if(|(_, due)| *due <= now) {
            self.undelivered(id, Undelivered::Unknown);
        }
    }

    fn undelivered(&mut self, id: String, reason: Undelivered) {
        self.push(Output::Text(TextEvent::Undelivered { id, reason }));
    }
}
