//! Who says what next, over all rooms of a wave.

use std::collections::VecDeque;
use std::time::Duration;

use crate::net::Net;
use crate::script::{Line, Say, Side, Texts, Voices};
use crate::wave::Plan;

/// Says the lines of all rooms in the order in which they are due.
#[derive(Debug)]
pub(crate) struct Speaker<'a> {
    plan: Plan<'a>,
    uids: &'a [String],
    /// For each line of the script, the room in which it is due next.
    next_rooms: Vec<u64>,
    /// The pair of every room so far.
    pairs: Vec<usize>,
    text: Vec<u8>,
}

impl<'a> Speaker<'a> {
    pub(crate) fn new(plan: Plan<'a>, uids: &'a [String]) -> Self {
        Self {
            plan,
            uids,
            next_rooms: vec![0; plan.lines.len()],
            pairs: Vec::new(),
            text: Vec::new(),
        }
    }

    /// The line that is due next, and its room.
    pub(crate) fn next(&self, rooms: u64) -> Option<(Duration, usize, u64)> {
        let due = |line: usize, room: u64| {
            let begins = Duration::from_secs_f64(room as f64 / self.plan.rooms_per_second);
            begins
                + self
                    .plan
                    .lines
                    .get(line)
                    .map_or(Duration::MAX, |line| line.at)
        };
        let left = self.next_rooms.iter().enumerate();
        left.filter(|(_, room)| **room < rooms)
            .map(|(line, room)| (due(line, *room), line, *room))
            .min()
    }

    /// False if there is nobody to say it.
    pub(crate) fn say(
        &mut self,
        net: &mut Net,
        free: &mut VecDeque<usize>,
        line: usize,
        room: u64,
        due: Duration,
    ) -> bool {
        let Some(Line { side, say, .. }) = self.plan.lines.get(line).copied() else {
            return false;
        };
        if let Some(next) = self.next_rooms.get_mut(line) {
            *next += 1;
        }
        if (say, side) == (Say::Join, Side::First) {
            let Some(pair) = free.pop_front() else {
                return false;
            };
            self.pairs.push(pair);
        }
        let Some(pair) = self.pairs.get(room as usize) else {
            return false;
        };
        let (first, second) = (pair * 2, pair * 2 + 1);
        let (own, other) = match side {
            Side::First => (first, second),
            Side::Second => (second, first),
        };
        let (Some(uid), Some(remote_uid)) = (self.uids.get(own), self.uids.get(other)) else {
            return false;
        };
        let room = format!("amber-fox-{:04}-tulip-{room:08}", self.plan.wave);
        let voices = Voices {
            room: &room,
            uid,
            remote_uid,
        };
        let texts = self.plan.texts;
        let text = &mut self.text;
        let times = if let Say::Candidates(count) = say {
            count
        } else {
            1
        };
        for _ in 0..times {
            text.clear();
            match say {
                Say::Join => Texts::join(text, voices),
                Say::Offer => texts.offer(text, voices, due),
                Say::Answer => texts.answer(text, voices, due),
                Say::Candidates(_) => texts.candidate(text, voices, due),
                Say::Leave => Texts::leave(text, voices),
            }
            net.say(own, text);
        }
        true
    }
}
