//! Texts: the conversations of this run. They live in memory alone and are gone with the application:
//! nothing is written to disk, and a restart of Duet is the way to forget them.
//!
//! A conversation belongs to a uid, not to a name: a name that is free again may be somebody else's.

use duet_engine::call::{ReceivedText, TextEvent, TextTarget, Undelivered};
use duet_protocol::generate_uid;

use super::calls::ignore_closed;
use super::{Controller, Window, neutral, now_ms, server_time};
use crate::commands::Done;
use crate::view::{
    CallView, ChatView, CommandError, CommandErrorCode, MessageState, MessageView, NoticeAction,
    NoticeData, NoticeLevel, SendProblem,
};

/// The protocol's limit for a text, in bytes of UTF-8.
const MAX_TEXT_LEN: usize = 4096;
/// Conversations kept; the one that was silent longest goes.
const CONVERSATIONS: usize = 32;
/// Texts of a conversation, and their bytes: the whole view travels with every change.
const MESSAGES: usize = 200;
const MESSAGE_BYTES: usize = 64 * 1024;

/// Everything that was written in this run.
#[derive(Debug, Default)]
pub(super) struct Chats {
    /// The one spoken in last comes last.
    list: Vec<Conversation>,
    /// Whose is open.
    open: Option<String>,
    next_id: u32,
}

#[derive(Debug)]
struct Conversation {
    uid: String,
    name: Option<String>,
    messages: Vec<Message>,
    unread: u32,
}

#[derive(Debug)]
struct Message {
    shown: MessageView,
    /// The id that the answer will name.
    sent_as: Option<String>,
}

impl Chats {
    /// Texts of this person that were not looked at.
    pub(super) fn unread(&self, uid: &str) -> u32 {
        self.list
            .iter()
            .find(|known| known.uid == uid)
            .map_or(0, |known| known.unread)
    }

    /// With whom a text went either way, the last one first.
    pub(super) fn written(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        let written = self.list.iter().rev();
        let written = written.filter(|known| !known.messages.is_empty());
        written.map(|known| (known.uid.as_str(), known.name.as_deref()))
    }

    fn of(&mut self, uid: &str, name: Option<&str>) -> &mut Conversation {
        let known = self.list.iter().position(|known| known.uid == uid);
        let mut conversation = match known {
            Some(index) => self.list.remove(index),
            None => Conversation {
                uid: uid.to_owned(),
                name: None,
                messages: Vec::new(),
                unread: 0,
            },
        };
        if let Some(name) = name {
            conversation.name = Some(name.to_owned());
        }
        if self.list.len() >= CONVERSATIONS {
            let is_open = |known: &Conversation| self.open.as_ref() == Some(&known.uid);
            let oldest = self.list.iter().position(|known| !is_open(known));
            self.list.remove(oldest.unwrap_or(0));
        }
        self.list.push(conversation);
        let last = self.list.len() - 1;
        &mut self.list[last]
    }

    fn add(
        &mut self,
        uid: &str,
        name: Option<&str>,
        text: String,
        time_ms: i64,
        state: MessageState,
    ) -> u32 {
        self.next_id = self.next_id.wrapping_add(1);
        let id = self.next_id;
        let conversation = self.of(uid, name);
        conversation.messages.push(Message {
            shown: MessageView {
                id,
                text,
                time_ms,
                state,
            },
            sent_as: None,
        });
        let bytes = |messages: &[Message]| -> usize {
            messages
                .iter()
                .map(|message| message.shown.text.len())
                .sum()
        };
        while conversation.messages.len() > MESSAGES
            || bytes(&conversation.messages) > MESSAGE_BYTES
        {
            conversation.messages.remove(0);
        }
        id
    }

    fn message(&mut self, is_it: impl Fn(&Message) -> bool) -> Option<(String, &mut Message)> {
        self.list.iter_mut().find_map(|known| {
            let uid = known.uid.clone();
            let message = known.messages.iter_mut().find(|message| is_it(message))?;
            Some((uid, message))
        })
    }
}

impl<W: Window> Controller<W> {
    pub(super) fn text_event(&mut self, event: TextEvent) {
        match event {
            TextEvent::Received(text) => self.text_received(&text),
            TextEvent::Delivered { id, time } => {
                let time_ms = time.as_deref().and_then(server_time::unix_ms);
                self.text_answered(&id, MessageState::Delivered, time_ms);
            }
            TextEvent::Undelivered { id, reason } => {
                let problem = match reason {
                    Undelivered::Unavailable => SendProblem::Unavailable,
                    Undelivered::Offline => SendProblem::Offline,
                    Undelivered::Invalid => SendProblem::Invalid,
                    Undelivered::TooLarge => SendProblem::TooLarge,
                    Undelivered::TooFast => SendProblem::TooFast,
                    Undelivered::Unknown => SendProblem::Unknown,
                };
                self.text_answered(&id, MessageState::Failed { problem }, None);
            }
        }
        self.show_chat();
    }

    fn text_received(&mut self, text: &ReceivedText) {
        let uid = &text.from.uid;
        let name = text.from.name.as_deref().map(neutral::name);
        let time_ms = server_time::unix_ms(&text.time).unwrap_or_else(now_ms);
        let content = neutral::text(&text.content);
        self.chats.add(
            uid,
            name.as_deref(),
            content,
            time_ms,
            MessageState::Received,
        );
        if self.chats.open.as_ref() == Some(uid) {
            return;
        }
        self.chats.of(uid, None).unread += 1;
        if self.room_peer() != Some(uid) {
            let name = self.chats.of(uid, None).name.clone().unwrap_or_default();
            // One notice for a person, however much they write.
            self.withdraw_text_notice(uid);
            let uid = uid.clone();
            self.notify(
                NoticeLevel::Info,
                NoticeData::TextArrived { uid, name },
                vec![NoticeAction::Open],
            );
        }
    }

    fn withdraw_text_notice(&mut self, from: &str) {
        self.withdraw(|data| matches!(data, NoticeData::TextArrived { uid, .. } if uid == from));
    }

    /// From here on our own text shows the server's time too: two clocks would put an answer before its question.
    fn text_answered(&mut self, sent_as: &str, state: MessageState, time_ms: Option<i64>) {
        let is_it = |message: &Message| message.sent_as.as_deref() == Some(sent_as);
        if let Some((_, message)) = self.chats.message(is_it) {
            message.shown.state = state;
            message.shown.time_ms = time_ms.unwrap_or(message.shown.time_ms);
            message.sent_as = None;
        }
    }

    /// Who is in the room with us. The end of a call leaves a name for its last screen, and nobody there.
    fn room_peer(&self) -> Option<&str> {
        match self.view.call {
            CallView::Negotiating { .. }
            | CallView::Connected { .. }
            | CallView::Reconnecting { .. } => self.peer_uid.as_deref(),
            CallView::Idle
            | CallView::Calling { .. }
            | CallView::Unanswered { .. }
            | CallView::Joining { .. }
            | CallView::WaitingForPeer { .. }
            | CallView::PeerLeft { .. }
            | CallView::Full { .. }
            | CallView::Failed { .. }
            | CallView::Left { .. } => None,
        }
    }

    /// Opens the conversation with somebody; none means the other person of the call.
    pub(super) fn open_chat(&mut self, uid: Option<String>) -> Done {
        let uid = uid.or_else(|| self.peer_uid.clone());
        let uid = uid.ok_or_else(|| not_now("there is nobody to write to"))?;
        let listed = self.people.iter().find(|user| user.uid == uid);
        let name = match listed {
            Some(user) => Some(neutral::name(&user.name)),
            None if self.peer_uid.as_ref() == Some(&uid) => self.peer.name.clone(),
            None => None,
        };
        let conversation = self.chats.of(&uid, name.as_deref());
        conversation.unread = 0;
        self.withdraw_text_notice(&uid);
        self.chats.open = Some(uid);
        self.show_chat();
        Ok(())
    }

    pub(super) fn close_chat(&mut self) {
        self.chats.open = None;
        self.show_chat();
    }

    /// Sends a text to the person of the open conversation.
    pub(super) async fn send_text(&mut self, text: &str) -> Done {
        let uid = self.chats.open.clone();
        let uid = uid.ok_or_else(|| not_now("no conversation is open"))?;
        let text = neutral::text(text.trim());
        if text.is_empty() || text.len() > MAX_TEXT_LEN {
            return Err(CommandError {
                code: CommandErrorCode::Invalid,
                detail: "a text has 1 to 4096 bytes".to_owned(),
            });
        }
        let id = self
            .chats
            .add(&uid, None, text, now_ms(), MessageState::Sending);
        self.dispatch(id).await;
        Ok(())
    }

    /// Sends a text that was not delivered once more.
    pub(super) async fn retry_text(&mut self, id: u32) -> Done {
        let failed = |message: &Message| {
            message.shown.id == id && matches!(message.shown.state, MessageState::Failed { .. })
        };
        let Some((_, message)) = self.chats.message(failed) else {
            return Err(not_now("this text did not fail"));
        };
        message.shown.state = MessageState::Sending;
        message.shown.time_ms = now_ms();
        self.dispatch(id).await;
        Ok(())
    }

    async fn dispatch(&mut self, id: u32) {
        let Some((uid, message)) = self.chats.message(|message| message.shown.id == id) else {
            return;
        };
        let sent_as = generate_uid();
        message.sent_as = Some(sent_as.clone());
        let text = message.shown.text.clone();
        let to = if self.room_peer() == Some(&uid) {
            TextTarget::Peer
        } else {
            TextTarget::User(uid)
        };
        ignore_closed(self.endpoint.send_text(to, sent_as, text).await);
        self.show_chat();
    }

    /// Puts what is known of the conversations into the view.
    pub(super) fn show_chat(&mut self) {
        let peer = self.room_peer().map(str::to_owned);
        let peer = peer.as_deref();
        let open = self.chats.open.as_deref();
        let conversation = self
            .chats
            .list
            .iter()
            .find(|known| Some(known.uid.as_str()) == open);
        self.view.chat = conversation.map(|known| ChatView {
            uid: known.uid.clone(),
            name: known.name.clone(),
            messages: known
                .messages
                .iter()
                .map(|message| message.shown.clone())
                .collect(),
            in_call: peer == Some(known.uid.as_str()),
        });
        self.view.call_unread = peer.map_or(0, |uid| self.chats.unread(uid));
        self.list_people();
    }

    /// A conversation opened beside one screen does not stay open beside another.
    pub(super) fn chat_follows_call(&mut self, before: &CallView) {
        let talks = |call: &CallView| {
            matches!(
                call,
                CallView::Connected { .. } | CallView::Reconnecting { .. }
            )
        };
        if talks(before) != talks(&self.view.call) {
            self.chats.open = None;
        }
        self.show_chat();
    }
}

fn not_now(detail: &str) -> CommandError {
    CommandError {
        code: CommandErrorCode::NotNow,
        detail: detail.to_owned(),
    }
}
