//! A cast before it is a place in a room: the code we show, or the code we have typed.

use duet_protocol::ClientMessage;

/// What of a cast is repeated.
#[derive(Debug, Default)]
pub(super) struct Casting {
    display: Option<Display>,
    entry: Option<Entry>,
}

/// The code we show, or want to show.
#[derive(Debug)]
struct Display {
    uid: String,
    name: Option<String>,
    access_token: Option<String>,
    /// The newest one; a `cast-code` brings it.
    resume_token: Option<String>,
    room_id: Option<String>,
    is_repeated: bool,
}

/// A code of somebody else's that we have sent and not been answered for.
#[derive(Debug)]
struct Entry {
    code: String,
    uid: String,
    name: Option<String>,
    access_token: Option<String>,
}

impl Casting {
    pub(super) fn open(
        &mut self,
        uid: String,
        name: Option<String>,
        resume_token: Option<String>,
        access_token: Option<String>,
    ) -> ClientMessage {
        let same = self.display.take().filter(|display| display.uid == uid);
        let kept_token = same.and_then(|display| display.resume_token);
        let display = self.display.insert(Display {
            uid,
            name,
            access_token,
            resume_token: resume_token.or(kept_token),
            room_id: None,
            is_repeated: false,
        });
        display.open()
    }

    pub(super) fn enter(
        &mut self,
        code: String,
        uid: String,
        name: Option<String>,
        access_token: Option<String>,
    ) -> ClientMessage {
        let entry = self.entry.insert(Entry {
            code,
            uid,
            name,
            access_token,
        });
        entry.join()
    }

    /// What is sent on every new connection.
    pub(super) fn repeated(&self) -> Option<ClientMessage> {
        let entry = self.entry.as_ref().map(Entry::join);
        entry.or_else(|| self.display.as_ref().map(Display::open))
    }

    pub(super) fn broken(&mut self) {
        if let Some(display) = &mut self.display {
            display.is_repeated = true;
        }
    }

    /// Ends both; the room and the uid of the code that was shown.
    pub(super) fn close(&mut self) -> Option<(String, String)> {
        self.entry = None;
        let display = self.display.take()?;
        Some((display.room_id?, display.uid))
    }

    pub(super) fn code_shown(&mut self, room_id: &str, resume_token: Option<&str>) {
        if let Some(display) = &mut self.display {
            display.room_id = Some(room_id.to_owned());
            display.resume_token = resume_token.map(str::to_owned);
            display.is_repeated = false;
        }
    }

    /// A code was used, ours or another's, and `uid` has a place: our name and access token in it.
    pub(super) fn seated(&mut self, uid: &str) -> Option<(Option<String>, Option<String>)> {
        let display = self.display.take_if(|display| display.uid == uid);
        let display = display.map(|display| (display.name, display.access_token));
        let entry = self.entry.take_if(|entry| entry.uid == uid);
        let entry = entry.map(|entry| (entry.name, entry.access_token));
        display.or(entry)
    }

    pub(super) fn is_display_repeated(&self) -> bool {
        self.display
            .as_ref()
            .is_some_and(|display| display.is_repeated)
    }

    pub(super) fn refuse_display(&mut self) {
        self.display = None;
    }

    pub(super) fn refuse_entry(&mut self) {
        self.entry = None;
    }
}

impl Display {
    fn open(&self) -> ClientMessage {
        ClientMessage::CastOpen {
            uid: self.uid.clone(),
            name: self.name.clone(),
            resume: true,
            resume_token: self.resume_token.clone(),
            token: self.access_token.clone(),
        }
    }
}

impl Entry {
    fn join(&self) -> ClientMessage {
        ClientMessage::CastJoin {
            code: self.code.clone(),
            uid: self.uid.clone(),
            name: self.name.clone(),
            resume: true,
            token: self.access_token.clone(),
        }
    }
}
