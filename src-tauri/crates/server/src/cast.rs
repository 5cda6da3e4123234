//! The books of casts: which display shows which code, until when, and how often somebody guessed.
//!
//! A code that is wrong, used or expired is in no book, so all three are the same look-up that finds
//! nothing; the table hashes with a secret key of its own, so its time tells nothing about codes that
//! are there. A display has one code at a time, and none when its connection is gone.

use std::collections::{BTreeSet, HashMap};
use std::time::{Duration, Instant};

use duet_protocol::{CastCode, generate_token};

use crate::address::AddressKey;
use crate::budget::AddressBudget;
use crate::pace::TokenBucket;
use crate::rooms::ConnectionId;
use crate::tokens::ResumeTokens;

/// The settings of casts.
#[derive(Debug, Clone)]
pub struct CastConfig {
    /// How long a code is good.
    pub code_lifetime: Duration,
    /// Wrong codes from one address in a minute.
    pub guesses_per_minute: u32,
    /// Wrong codes from everybody in a minute.
    pub guesses_per_minute_overall: u32,
}

impl Default for CastConfig {
    fn default() -> Self {
        Self {
            code_lifetime: duet_protocol::limits::CAST_CODE_LIFETIME,
            guesses_per_minute: 5,
            guesses_per_minute_overall: 1000,
        }
    }
}

/// A display that shows a code.
#[derive(Debug)]
pub(crate) struct Display {
    pub(crate) connection: ConnectionId,
    pub(crate) code: CastCode,
    pub(crate) room_id: String,
    /// Whether its place is kept when the connection breaks.
    pub(crate) resume: bool,
    pub(crate) tokens: ResumeTokens,
    expires_at: Instant,
}

/// All casts to which nobody has come yet. What comes after is a room.
#[derive(Debug)]
pub(crate) struct Casts {
    config: CastConfig,
    /// By uid.
    displays: HashMap<String, Display>,
    uids: HashMap<CastCode, String>,
    /// When whose code is over.
    expiries: BTreeSet<(Instant, String)>,
    guesses: AddressBudget,
    all_guesses: Option<TokenBucket>,
}

impl Casts {
    pub(crate) fn new(config: CastConfig) -> Self {
        Self {
            guesses: AddressBudget::new(config.guesses_per_minute),
            config,
            displays: HashMap::new(),
            uids: HashMap::new(),
            expiries: BTreeSet::new(),
            all_guesses: None,
        }
    }

    /// How long a code is good.
    pub(crate) fn code_lifetime(&self) -> Duration {
        self.config.code_lifetime
    }

    pub(crate) fn len(&self) -> usize {
        self.displays.len()
    }

    /// The displays, by uid and by connection.
    pub(crate) fn uids(&self) -> Vec<String> {
        self.displays.keys().cloned().collect()
    }

    pub(crate) fn connections(&self) -> Vec<ConnectionId> {
        let displays = self.displays.values();
        displays.map(|display| display.connection).collect()
    }

    pub(crate) fn display_of(&self, uid: &str) -> Option<&Display> {
        self.displays.get(uid)
    }

    /// Gives a display a code, a new one if it has one already; `presented` is the token it came with.
    pub(crate) fn open(
        &mut self,
        now: Instant,
        uid: &str,
        connection: ConnectionId,
        resume: bool,
        presented: Option<&str>,
    ) {
        let before = self.remove(uid);
        let (room_id, mut tokens, resumed) = match before {
            Some(display) => (display.room_id, display.tokens, display.resume),
            None => (generate_token(), ResumeTokens::new(), false),
        };
        if presented.is_some() {
            tokens.rotate(presented);
        }
        let display = Display {
            connection,
            code: self.unused_code(),
            room_id,
            resume: resume || resumed || presented.is_some(),
            tokens,
            expires_at: now + self.config.code_lifetime,
        };
        self.insert(uid.to_owned(), display);
    }

    /// The display that shows this code, other than one's own, with its uid; the code is used up.
    pub(crate) fn take(
        &mut self,
        code: Option<CastCode>,
        own_uid: &str,
    ) -> Option<(String, Display)> {
        let uid = self.uids.get(&code?)?.clone();
        if uid == own_uid {
            return None;
        }
        let display = self.remove(&uid)?;
        Some((uid, display))
    }

    pub(crate) fn remove(&mut self, uid: &str) -> Option<Display> {
        let display = self.displays.remove(uid)?;
        self.uids.remove(&display.code);
        self.expiries.remove(&(display.expires_at, uid.to_owned()));
        Some(display)
    }

    /// Gives the next display whose code is over another one; returns its uid.
    pub(crate) fn poll_renewed(&mut self, now: Instant) -> Option<String> {
        let (expires_at, uid) = self.expiries.first()?.clone();
        if expires_at > now {
            return None;
        }
        let mut display = self.remove(&uid)?;
        display.code = self.unused_code();
        display.expires_at = now + self.config.code_lifetime;
        self.insert(uid.clone(), display);
        Some(uid)
    }

    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        let expiry = self.expiries.first().map(|(expires_at, _)| *expires_at);
        let times = [expiry, self.guesses.next_cleaning()];
        times.into_iter().flatten().min()
    }

    /// Whether a code from this address will be looked at.
    pub(crate) fn may_guess(&mut self, now: Instant, address: AddressKey) -> bool {
        let has_left = |bucket: &mut TokenBucket| bucket.has_token(now);
        self.guesses.has_left(now, address) && self.all_guesses.as_mut().is_none_or(has_left)
    }

    /// A code was wrong.
    pub(crate) fn note_guess(&mut self, now: Instant, address: AddressKey) {
        self.guesses.note(now, address);
        let overall = f64::from(self.config.guesses_per_minute_overall.max(1));
        let bucket = self
            .all_guesses
            .get_or_insert_with(|| TokenBucket::new(overall / 60.0, overall, now));
        // An empty bucket stays empty: the next code is refused before it is looked at.
        let _ = bucket.take(now);
    }

    pub(crate) fn forget_old(&mut self, now: Instant) {
        self.guesses.forget_old(now);
    }

    fn insert(&mut self, uid: String, display: Display) {
        self.uids.insert(display.code, uid.clone());
        self.expiries.insert((display.expires_at, uid.clone()));
        self.displays.insert(uid, display);
    }

    fn unused_code(&self) -> CastCode {
        loop {
            let code = CastCode::generate();
            if !self.uids.contains_key(&code) {
                return code;
            }
        }
    }
}
