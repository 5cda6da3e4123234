//! Everything a server decides, without I/O: rooms, directory, calls, texts and casts.
//!
//! Calls go in, what to send and whom to close comes out, like at the rooms alone; `now` is a parameter,
//! and so is the time of day, which only texts carry. The rooms know nothing of the directory: they keep
//! the uids, say whose connection or place changed, and let nobody into a room that is reserved. The
//! directory is the books. The flows between the two are here: `login`, `calling`, `answering`, `text`. The codes of
//! casts are books of their own, and `cast` the flows between them and the rooms.
//!
//! Invariants, checked by a model test: a name has one holder and is never taken over; a call is in one
//! state, and ends; nobody gets into its room, and nothing passes there, before it is accepted; who is
//! shown as busy is in a call or a room, or away for 120 s at most.

mod admission;
mod adopt;
mod answering;
mod calling;
mod cast;
mod login;
mod text;

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant, SystemTime};

use duet_protocol::{ClientMessage, ErrorCode, ServerMessage};

use crate::access::{AccessKeys, Grant};
use crate::address::AddressKey;
pub use crate::cast::CastConfig;
use crate::cast::Casts;
use crate::directory::Directory;
pub use crate::directory::DirectoryConfig;
use crate::rooms::{ConnectionId, Output, Presence, Rooms, RoomsConfig};
pub(crate) use adopt::{Key, LoginTicket};
pub(crate) use text::undelivered;

/// How long the room of a call that nobody accepted stays shut.
const SHUT_ROOM_TIME: Duration = Duration::from_secs(120);

/// All that a server knows.
#[derive(Debug)]
pub struct Exchange {
    rooms: Rooms,
    directory: Directory,
    /// Connections with a place in a room of another node.
    elsewhere: HashSet<ConnectionId>,
    casts: Casts,
    /// Those of a closed server.
    access: Option<AccessKeys>,
    /// What the tokens of connections admitted to.
    grants: HashMap<ConnectionId, Grant>,
}

/// How much it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Rooms with a place taken or kept.
    pub rooms: usize,
    /// Places taken or kept.
    pub members: usize,
    /// People logged in, kept ones included.
    pub logins: usize,
    /// Calls that ring or were just accepted.
    pub calls: usize,
    /// Displays that show a code.
    pub displays: usize,
    /// Rooms that are shut, or for two alone.
    pub reserved_rooms: usize,
    /// Uids that belong to somebody.
    pub uids: usize,
}

impl Exchange {
    /// Nobody is there yet.
    #[must_use]
    pub fn new(rooms: RoomsConfig, directory: DirectoryConfig, casts: CastConfig) -> Self {
        let mut rooms = Rooms::new(rooms);
        rooms.watch();
        Self {
            rooms,
            directory: Directory::new(directory),
            elsewhere: HashSet::new(),
            casts: Casts::new(casts),
            access: None,
            grants: HashMap::new(),
        }
    }

    /// A connection was opened.
    pub fn connected(&mut self, id: ConnectionId, address: AddressKey) {
        self.rooms.connected(id, address);
    }

    /// A frame with text came, whatever it says.
    pub fn heard(&mut self, id: ConnectionId) {
        self.rooms.heard(id);
    }

    /// A checked message came from a connection; `wall` is the time of day.
    pub fn handle(
        &mut self,
        now: Instant,
        wall: SystemTime,
        id: ConnectionId,
        mut message: ClientMessage,
    ) {
        if !self.rooms.is_connected(id) || !self.admits(now, wall, id, &mut message) {
            return;
        }
        self.use_up_token(id, &message);
        match message {
            ClientMessage::Leave { ref room_id, .. } if self.close_cast(id, room_id) => {}
            ClientMessage::Join { .. }
            | ClientMessage::Offer(_)
            | ClientMessage::Answer(_)
            | ClientMessage::Candidate(_)
            | ClientMessage::MediaState { .. }
            | ClientMessage::Leave { .. }
            | ClientMessage::Keepalive => self.rooms.handle(now, id, message),
            ClientMessage::Login {
                name,
                uid,
                lobby,
                resume,
                resume_token,
                token: _,
            } => {
                let request = login::Request {
                    name,
                    uid,
                    lobby,
                    resume,
                    resume_token,
                };
                self.login(now, id, request);
            }
            ClientMessage::Logout => self.logout(now, id),
            ClientMessage::Call { to, media } => self.call(now, id, &to, media),
            ClientMessage::Accept { call_id } => self.accept(now, id, call_id),
            ClientMessage::Decline { call_id } => self.decline(now, id, call_id),
            ClientMessage::Cancel { call_id } => self.cancel(now, id, call_id),
            ClientMessage::CastOpen {
                uid,
                name,
                resume,
                resume_token,
                token: _,
            } => {
                let opening = cast::Opening {
                    uid,
                    name,
                    resume,
                    resume_token,
                };
                self.cast_open(now, id, opening);
            }
            ClientMessage::CastJoin {
                code,
                uid,
                name,
                resume,
                token: _,
            } => {
                let entry = cast::Entry {
                    code,
                    uid,
                    name,
                    resume,
                };
                self.cast_join(now, id, entry);
            }
            ClientMessage::Message(text) => self.text(wall, id, text),
            ClientMessage::IceServers => self.renew_ice_servers(id),
        }
        self.settle(now);
    }

    /// A connection ended, by whatever cause.
    pub fn broken(&mut self, now: Instant, id: ConnectionId) {
        self.elsewhere.remove(&id);
        self.grants.remove(&id);
        self.rooms.broken(now, id);
        self.settle(now);
    }

    /// Does what is due.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.rooms.handle_timeout(now);
        self.settle(now);
        while let Some(uid) = self.directory.poll_expired(now) {
            self.end_login(now, &uid);
        }
        while let Some(call_id) = self.directory.calls.poll_overdue(now) {
            self.overdue(now, &call_id);
        }
        self.reopen_rooms(now);
        for (to, presence) in self.directory.take_announcements(now) {
            self.rooms.send(to, ServerMessage::Presence(presence));
        }
        self.renew_codes(now);
        self.directory.call_budget.forget_old(now);
    }

    /// When [`Exchange::handle_timeout`] has something to do.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        let times = [
            self.rooms.poll_timeout(),
            self.directory.poll_timeout(),
            self.casts.poll_timeout(),
        ];
        times.into_iter().flatten().min()
    }

    /// The next thing to do.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.rooms.poll_output()
    }

    /// What it holds at the moment.
    #[must_use]
    pub fn counts(&self) -> Counts {
        Counts {
            rooms: self.rooms.room_count(),
            members: self.rooms.member_count(),
            logins: self.directory.login_count(),
            calls: self.directory.calls.len(),
            displays: self.casts.len(),
            reserved_rooms: self.rooms.reservation_count(),
            uids: self.rooms.uid_count(),
        }
    }

    /// The uid of a connection that is logged in.
    fn logged_in(&self, id: ConnectionId) -> Option<String> {
        let uid = self.rooms.uid_of(id)?;
        let login = self.directory.login_of(uid)?;
        (login.presence == Presence::Here(id)).then(|| uid.to_owned())
    }

    /// The client has got the answer to its login. A `join` behind the `login` says nothing about
    /// that: who comes back sends both at once.
    fn use_up_token(&mut self, id: ConnectionId, message: &ClientMessage) {
        if matches!(
            message,
            ClientMessage::Join { .. } | ClientMessage::Login { .. }
        ) {
            return;
        }
        if let Some(uid) = self.logged_in(id)
            && let Some(login) = self.directory.login_mut(&uid)
        {
            login.tokens.forget_previous();
        }
    }

    /// Follows what changed in the rooms: connections that are gone, places taken and given up.
    fn settle(&mut self, now: Instant) {
        while let Some(uid) = self.rooms.poll_moved() {
            let login = self.directory.login_of(&uid);
            let believed = login.and_then(|login| login.presence.connection());
            if believed.is_some() && believed != self.rooms.connection_of(&uid) {
                self.login_broken(now, &uid);
            }
            self.follow_call(now, &uid);
            self.follow_cast(&uid);
            self.update_busy(now, &uid);
        }
    }

    /// Somebody cannot be called while they are in a call or a room, whichever, or away.
    fn update_busy(&mut self, now: Instant, uid: &str) {
        let Some(login) = self.directory.login_of(uid) else {
            return;
        };
        let is_away = login.presence.connection().is_none();
        let is_busy = is_away || self.is_occupied(uid);
        self.directory.set_busy(now, uid, is_busy);
    }

    /// Who a connection is, if it has said so.
    #[must_use]
    pub(crate) fn uid_of(&self, id: ConnectionId) -> Option<&str> {
        self.rooms.uid_of(id)
    }

    fn is_occupied(&self, uid: &str) -> bool {
        self.directory.calls.of(uid).is_some() || self.has_place(uid)
    }

    /// Whether somebody is in a room, here or elsewhere.
    fn has_place(&self, uid: &str) -> bool {
        let is_elsewhere = |id| self.elsewhere.contains(&id);
        self.rooms.place_of(uid).is_some()
            || self.rooms.connection_of(uid).is_some_and(is_elsewhere)
    }

    fn renew_ice_servers(&mut self, id: ConnectionId) {
        // Who is nobody here gets no credentials.
        if self.rooms.uid_of(id).is_none() {
            return self.rooms.refuse(id, "ice-servers", ErrorCode::NotAllowed);
        }
        let ice_servers = self.rooms.ice_servers();
        self.rooms
            .send(id, ServerMessage::IceServers { ice_servers });
    }
}
