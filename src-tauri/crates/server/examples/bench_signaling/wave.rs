//! Rooms at one rate, open loop: everything is said when it is due, whatever the server has answered by then,
//! and a latency runs from the time at which the text was due.

use std::collections::VecDeque;
use std::ops::Range;
use std::time::{Duration, Instant};

use anyhow::Result;
use memchr::memmem;

use crate::connection::End;
use crate::latencies::Latencies;
use crate::net::{Hears, Net, Opened};
use crate::processor::Processor;
use crate::script::{self, FORWARDED_IN_ROOM, Line, STAMP, Texts};
use crate::speaker::Speaker;

/// Before latencies count.
const WARM_UP: Duration = Duration::from_millis(500);
/// A server that is this late will not catch up.
const HOPELESS: Duration = Duration::from_millis(500);
/// What may still come after the last line.
const PATIENCE: Duration = Duration::from_secs(2);
/// Lines said before looking at what came.
const LINES_AT_ONCE: usize = 32;

/// What is to be done.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan<'a> {
    pub(crate) rooms_per_second: f64,
    /// Sets the rooms apart from those of other waves: places in those may still be kept.
    pub(crate) wave: u32,
    pub(crate) seconds: f64,
    pub(crate) lines: &'a [Line],
    pub(crate) texts: &'a Texts,
    /// The server's.
    pub(crate) pid: u32,
}

/// What came of it.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) forward: Latencies,
    /// How late lines were said.
    pub(crate) late: Latencies,
    /// Rooms in which all that had to come came.
    pub(crate) whole: u64,
    pub(crate) rooms: u64,
    /// Texts that say that something was refused.
    pub(crate) refusals: u64,
    /// What broke it off: the connections are in the middle of something.
    pub(crate) fault: Option<String>,
    /// The server's, in the time that counts.
    pub(crate) processor: Processor,
    /// Ours.
    pub(crate) own: Processor,
}

/// Two connections and the room they are in.
#[derive(Debug, Default, Clone)]
struct Pair {
    joined: u32,
    met: u32,
    forwarded: u32,
    leaved: u32,
}

impl Pair {
    fn is_whole(&self) -> bool {
        let Self {
            joined,
            met,
            forwarded,
            leaved,
        } = *self;
        (joined, met, forwarded, leaved) == (2, 2, FORWARDED_IN_ROOM, 2)
    }
}

#[derive(Debug)]
struct Wave {
    began_at: Instant,
    counted: Range<Duration>,
    pairs: Vec<Pair>,
    free: VecDeque<usize>,
    finished: u64,
    whole: u64,
    refusals: u64,
    fault: Option<String>,
    forward: Latencies,
    worst: Duration,
}

/// Runs rooms over connections of which 2n and 2n + 1 belong together.
pub(crate) fn run(net: &mut Net, uids: &[String], plan: Plan<'_>) -> Result<Outcome> {
    let counted = WARM_UP..WARM_UP + Duration::from_secs_f64(plan.seconds);
    let rooms = (plan.rooms_per_second * counted.end.as_secs_f64()) as u64;
    let mut wave = Wave::new(uids.len() / 2, counted.clone());
    let mut speaker = Speaker::new(plan, uids);
    let mut late = Latencies::default();
    let (mut before, mut processor) = (None, None);
    let mut ends_at = None;
    loop {
        let now = wave.began_at.elapsed();
        if now >= counted.start && before.is_none() {
            before = Some(both(plan.pid)?);
        }
        if now >= counted.end && processor.is_none() {
            processor = Some(both(plan.pid)?);
        }
        for _ in 0..LINES_AT_ONCE {
            match speaker.next(rooms) {
                Some((due, line, room)) if due <= now => {
                    if !speaker.say(net, &mut wave.free, line, room, due) {
                        wave.note_fault(|| "every connection is in a room".to_owned());
                    }
                    if counted.contains(&due) {
                        late.note(wave.began_at.elapsed().saturating_sub(due));
                    }
                }
                Some(_) => break,
                None => {
                    ends_at.get_or_insert(now + PATIENCE);
                    break;
                }
            }
        }
        net.flush(&mut wave);
        net.poll(Duration::ZERO, &mut wave)?;
        if wave.finished == rooms {
            break;
        }
        if wave.worst > HOPELESS {
            wave.note_fault(|| format!("a text took more than {HOPELESS:?}"));
        }
        if ends_at.is_some_and(|at| now > at) {
            wave.note_fault(|| format!("not over {PATIENCE:?} after the last line"));
        }
        if wave.fault.is_some() {
            break;
        }
    }
    let now = both(plan.pid)?;
    let (before, after) = (before.unwrap_or(now), processor.unwrap_or(now));
    Ok(Outcome {
        forward: wave.forward,
        late,
        whole: wave.whole,
        rooms,
        refusals: wave.refusals,
        fault: wave.fault,
        processor: after.0.since(before.0),
        own: after.1.since(before.1),
    })
}

fn both(pid: u32) -> Result<(Processor, Processor)> {
    Ok((Processor::of(pid)?, Processor::of(std::process::id())?))
}

impl Wave {
    fn new(pairs: usize, counted: Range<Duration>) -> Self {
        Self {
            began_at: Instant::now(),
            counted,
            pairs: vec![Pair::default(); pairs],
            free: (0..pairs).collect(),
            finished: 0,
            whole: 0,
            refusals: 0,
            fault: None,
            forward: Latencies::default(),
            worst: Duration::ZERO,
        }
    }

    fn note_fault(&mut self, what: impl FnOnce() -> String) {
        self.fault.get_or_insert_with(what);
    }

    fn forwarded(&mut self, text: &[u8]) {
        let stamp = memmem::rfind(text, STAMP).and_then(|at| text.get(at + STAMP.len()..));
        let Some(due) = stamp.and_then(script::due) else {
            return self.note_fault(|| "a forwarded text without its stamp".to_owned());
        };
        let latency = self.began_at.elapsed().saturating_sub(due);
        self.worst = self.worst.max(latency);
        if self.counted.contains(&due) {
            self.forward.note(latency);
        }
    }
}

impl Hears for Wave {
    fn upgraded(&mut self, _: &mut Opened<'_>, _: usize) {
        self.note_fault(|| "two upgrades of one connection".to_owned());
    }

    fn text(&mut self, index: usize, text: &[u8]) {
        let command = text.strip_prefix(br#"{"cmd":""#).unwrap_or_default();
        let end = memchr::memchr(b'"', command).unwrap_or(0);
        let Some(pair) = self.pairs.get_mut(index / 2) else {
            return;
        };
        match command.get(..end).unwrap_or_default() {
            b"offer" | b"answer" | b"candidate" => {
                pair.forwarded += 1;
                self.forwarded(text);
            }
            b"joined" => pair.joined += 1,
            b"resp-join" | b"new-peer" => pair.met += 1,
            b"leaved" => {
                pair.leaved += 1;
                if pair.leaved == 2 {
                    self.whole += u64::from(pair.is_whole());
                    *pair = Pair::default();
                    self.finished += 1;
                    self.free.push_back(index / 2);
                }
            }
            b"peer-leave" | b"keepalive" => {}
            // Out of turn: a server that is late hears a side before the other.
            b"error" => self.refusals += 1,
            _ => self.note_fault(|| String::from_utf8_lossy(text).into_owned()),
        }
    }

    fn ended(&mut self, _: usize, end: End) {
        self.note_fault(|| format!("a connection ended: {end:?}"));
    }
}
