//! Connections that idle as those of Duet's own client do: a `keepalive` every five seconds, and back with the
//! client's own delays when the connection breaks.
//!
//! It prints a line when all are there, and another one each time that all are back.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::{Duration, Instant};

use anyhow::Result;
use clap::ValueEnum;
use duet_signaling::SignalingConfig;
use duet_signaling::backoff::Backoff;
use duet_testkit::dice::Dice;
use serde_json::json;

use crate::CrowdArgs;
use crate::connection::End;
use crate::latencies::Latencies;
use crate::net::{Hears, Net, Opened};

/// The close code of a server that stops.
const DRAINING: u16 = 4010;
/// Handshakes at a time, at first: these people come over hours.
const AT_ONCE: usize = 32;
/// Of a lobby.
const PEOPLE_IN_LOBBY: usize = 200;
const TICK: Duration = Duration::from_millis(5);

/// What people do before they idle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// In rooms of two.
    Rooms,
    /// Online under a name, in lobbies of 200.
    Lobbies,
}

#[derive(Debug, Default)]
struct Person {
    backoff: Backoff,
    is_there: bool,
    opened_at: Option<Instant>,
    broke_at: Option<Instant>,
}

#[derive(Debug)]
struct Crowd {
    kind: Kind,
    people: Vec<Person>,
    there: usize,
    returns: BinaryHeap<Reverse<(Instant, usize)>>,
    random: Dice,
    began_at: Instant,
    story: Story,
}

/// Since all were there.
#[derive(Debug, Default)]
struct Story {
    broke_at: Option<Instant>,
    first_back_at: Option<Instant>,
    /// From a connection's own end to being there again.
    back: Latencies,
    handshakes: Latencies,
    drained: u64,
    cut: u64,
    /// Tries that failed: nobody listened, no upgrade, broken.
    refused: u64,
    not_upgraded: u64,
    broken: u64,
}

pub(crate) fn run(args: &CrowdArgs) -> Result<()> {
    let limit = SignalingConfig::default();
    let mut net = Net::new(args.target, args.count)?;
    let mut crowd = Crowd::new(args);
    let mut connecting = BinaryHeap::new();
    let (mut begun, mut kept_alive) = (0, 0);
    loop {
        while begun < args.count && begun - crowd.there < AT_ONCE {
            net.open(begun)?;
            begun += 1;
        }
        let now = Instant::now();
        while let Some(index) = crowd.due(now) {
            net.open(index)?;
            connecting.push(Reverse((now + limit.connect_timeout, index, now)));
        }
        while let Some(Reverse((at, index, began_at))) = connecting.peek().copied() {
            if at > now {
                break;
            }
            connecting.pop();
            if crowd.gives_up(index, began_at) {
                net.close(index);
                crowd.ended(index, End::Broken);
            }
        }
        let share = limit.keepalive_interval.as_millis() / TICK.as_millis();
        let end = crowd.began_at.elapsed().as_millis() / TICK.as_millis();
        while kept_alive < end {
            kept_alive += 1;
            let first = (kept_alive % share) as usize;
            for index in (first..args.count).step_by(share as usize) {
                if crowd.is_there(index) {
                    net.say(index, br#"{"cmd":"keepalive"}"#);
                }
            }
        }
        net.flush(&mut crowd);
        net.poll(TICK, &mut crowd)?;
    }
}

impl Crowd {
    fn new(args: &CrowdArgs) -> Self {
        Self {
            kind: args.kind,
            people: (0..args.count).map(|_| Person::default()).collect(),
            there: 0,
            returns: BinaryHeap::new(),
            random: Dice::of_many(1),
            began_at: Instant::now(),
            story: Story::default(),
        }
    }

    /// Who comes back now.
    fn due(&mut self, now: Instant) -> Option<usize> {
        let Reverse((at, index)) = *self.returns.peek()?;
        if at > now {
            return None;
        }
        self.returns.pop();
        Some(index)
    }

    fn is_there(&self, index: usize) -> bool {
        self.people.get(index).is_some_and(|person| person.is_there)
    }

    /// Whether a try of that time still has no WebSocket.
    fn gives_up(&self, index: usize, began_at: Instant) -> bool {
        self.people.get(index).is_some_and(|person| {
            person.opened_at.is_none_or(|at| at < began_at)
                && !self
                    .returns
                    .iter()
                    .any(|Reverse((_, waiting))| *waiting == index)
        })
    }

    fn greeting(&self, index: usize) -> String {
        let uid = format!("{:032x}", index + 1);
        match self.kind {
            Kind::Rooms => json!({
                "cmd": "join", "roomId": format!("amber-fox-lunar-tulip-{:08}", index / 2),
                "uid": uid, "name": "Ann", "resume": true,
            }),
            Kind::Lobbies => json!({
                "cmd": "login", "lobby": format!("lobby {}", index / PEOPLE_IN_LOBBY),
                "uid": uid, "name": format!("Ann {index}"), "resume": true,
            }),
        }
        .to_string()
    }

    fn arrived(&mut self, index: usize) {
        let now = Instant::now();
        let Some(person) = self.people.get_mut(index) else {
            return;
        };
        if std::mem::replace(&mut person.is_there, true) {
            return;
        }
        self.there += 1;
        if let Some(broke_at) = person.broke_at {
            self.story.first_back_at.get_or_insert(now);
            self.story.back.note(now - broke_at);
        }
        if self.there == self.people.len() {
            std::mem::take(&mut self.story).print(self.there);
        }
    }
}

impl Hears for Crowd {
    fn upgraded(&mut self, opened: &mut Opened<'_>, index: usize) {
        self.story.handshakes.note(opened.took());
        opened.say(self.greeting(index).as_bytes());
        if let Some(person) = self.people.get_mut(index) {
            person.opened_at = Some(Instant::now());
        }
    }

    fn text(&mut self, index: usize, text: &[u8]) {
        if text.starts_with(br#"{"cmd":"joined""#) || text.starts_with(br#"{"cmd":"login""#) {
            self.arrived(index);
        }
    }

    fn ended(&mut self, index: usize, end: End) {
        let now = Instant::now();
        let random = self.random.next_number();
        let Some(person) = self.people.get_mut(index) else {
            return;
        };
        if std::mem::take(&mut person.is_there) {
            self.there -= 1;
            person.broke_at = Some(now);
            self.story.broke_at.get_or_insert(now);
            match end {
                End::Closed(_) => self.story.drained += 1,
                End::Refused | End::NotUpgraded | End::Broken => self.story.cut += 1,
            }
        } else {
            match end {
                End::Refused => self.story.refused += 1,
                End::NotUpgraded => self.story.not_upgraded += 1,
                End::Closed(_) | End::Broken => self.story.broken += 1,
            }
        }
        if let Some(opened_at) = person.opened_at.take() {
            person.backoff.connection_ended(now - opened_at);
        }
        let delay = match end {
            End::Closed(DRAINING) => person.backoff.draining_delay(random),
            End::Closed(_) | End::Refused | End::NotUpgraded | End::Broken => {
                person.backoff.next_delay(random)
            }
        };
        self.returns.push(Reverse((now + delay, index)));
    }
}

impl Story {
    fn print(mut self, count: usize) {
        let seconds = |from: Option<Instant>| from.map_or(0.0, |from| from.elapsed().as_secs_f64());
        let [back_p50, back_p95, back_max] = self.back.quantiles_ms([0.5, 0.95, 1.0]);
        let [open_p50, open_p99, open_max] = self.handshakes.quantiles_ms([0.5, 0.99, 1.0]);
        println!(
            "{}",
            json!({
                "there": count, "allBackSeconds": seconds(self.broke_at),
                "sinceFirstBackSeconds": seconds(self.first_back_at),
                "backP50": back_p50, "backP95": back_p95, "backMax": back_max,
                "handshakeP50": open_p50, "handshakeP99": open_p99, "handshakeMax": open_max,
                "drained": self.drained, "cut": self.cut, "refused": self.refused,
                "notUpgraded": self.not_upgraded, "broken": self.broken,
            })
        );
    }
}
