//! The channel over a bus that loses, doubles and reorders, and whose ends give each other up.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;

/// What happens on the way.
#[derive(Debug, Clone, Copy)]
enum Fate {
    Say {
        from_left: bool,
    },
    /// The datagram at this place of what is under way arrives; perhaps it also stays.
    Arrive {
        index: usize,
        is_doubled: bool,
    },
    Lose {
        index: usize,
    },
    Wait {
        ms: u64,
    },
    /// One end gives the other up.
    BreakOff {
        left: bool,
    },
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        6 => any::<bool>().prop_map(|from_left| Fate::Say { from_left }),
        8 => (any::<usize>(), any::<bool>())
            .prop_map(|(index, is_doubled)| Fate::Arrive { index, is_doubled }),
        2 => any::<usize>().prop_map(|index| Fate::Lose { index }),
        3 => (1..3000_u64).prop_map(|ms| Fate::Wait { ms }),
        1 => any::<bool>().prop_map(|left| Fate::BreakOff { left }),
    ]
}

/// Both ends, and what is under way between them.
struct Pair {
    now: Instant,
    ends: [Channel; 2],
    next_session: u64,
    next_link: u64,
    under_way: Vec<(usize, Envelope)>,
    /// What each end was told since it last learned of a break.
    heard: [Vec<u64>; 2],
    breaks: [usize; 2],
}

impl Pair {
    fn new() -> Self {
        let id = |process| NodeId { process, epoch: 1 };
        Self {
            now: Instant::now(),
            ends: [Channel::new(id(1), id(2), 1), Channel::new(id(2), id(1), 1)],
            next_session: 2,
            next_link: 1,
            under_way: Vec::new(),
            heard: [Vec::new(), Vec::new()],
            breaks: [0, 0],
        }
    }

    fn take(&mut self, fate: Fate) {
        match fate {
            Fate::Say { from_left } => {
                let link = self.next_link;
                self.next_link += 1;
                self.ends[usize::from(!from_left)].send(self.now, Body::Broken { link });
            }
            Fate::Arrive { index, is_doubled } if !self.under_way.is_empty() => {
                let index = index % self.under_way.len();
                let (to, envelope) = self.under_way[index].clone();
                if !is_doubled {
                    self.under_way.remove(index);
                }
                self.arrive(to, envelope);
            }
            Fate::Lose { index } if !self.under_way.is_empty() => {
                let index = index % self.under_way.len();
                self.under_way.remove(index);
            }
            Fate::Arrive { .. } | Fate::Lose { .. } => {}
            Fate::Wait { ms } => self.now += Duration::from_millis(ms),
            Fate::BreakOff { left } => self.break_off(usize::from(!left)),
        }
        for (end, channel) in self.ends.iter_mut().enumerate() {
            let envelopes = channel.poll(self.now);
            self.under_way
                .extend(envelopes.into_iter().map(|e| (1 - end, e)));
        }
    }

    fn break_off(&mut self, end: usize) {
        self.ends[end].break_off(self.now, self.next_session);
        self.next_session += 1;
        self.heard[end].clear();
        self.breaks[end] += 1;
    }

    fn arrive(&mut self, to: usize, envelope: Envelope) {
        let mut received = self.ends[to].receive(self.now, envelope.clone());
        if received.is_broken {
            assert!(received.bodies.is_empty(), "nothing comes with a break");
            self.break_off(to);
            received = self.ends[to].receive(self.now, envelope);
            assert!(!received.is_broken, "a break is told once");
        }
        for body in received.bodies {
            let Body::Broken { link } = body else {
                panic!("never said: {body:?}");
            };
            let last = self.heard[to].last().copied();
            assert!(last.is_none_or(|last| last < link), "{link} after {last:?}");
            self.heard[to].push(link);
        }
    }

    /// The bus is good from now on: everything arrives, until nothing is under way.
    fn calm(&mut self) {
        for _ in 0..200 {
            self.take(Fate::Wait { ms: 500 });
            for (to, envelope) in std::mem::take(&mut self.under_way) {
                self.arrive(to, envelope);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

    #[test]
    fn everything_arrives_once_and_in_order_or_both_learn_of_a_break(
        fates in prop::collection::vec(fate(), 1..120)
    ) {
        let mut pair = Pair::new();
        for fate in fates {
            pair.take(fate);
        }
        pair.calm();
        // What is said now arrives, whatever was before.
        let breaks = pair.breaks;
        let first = pair.next_link;
        for _ in 0..20 {
            pair.take(Fate::Say { from_left: true });
            pair.take(Fate::Say { from_left: false });
        }
        pair.calm();
        prop_assert_eq!(pair.breaks, breaks, "no break without a cause");
        for (end, skipped) in [(1, 0), (0, 1)] {
            let expected: Vec<u64> = (0..20).map(|n| first + skipped + 2 * n).collect();
            let heard = &pair.heard[end];
            prop_assert_eq!(&heard[heard.len() - 20..], &expected[..]);
        }
        prop_assert!(pair.ends.iter().all(|end| end.waiting.is_empty()));
    }

    #[test]
    fn without_a_break_nothing_is_lost(
        fates in prop::collection::vec(
            fate().prop_filter("no breaks", |fate| !matches!(fate, Fate::BreakOff { .. })),
            1..120,
        )
    ) {
        let mut pair = Pair::new();
        for fate in fates {
            pair.take(fate);
        }
        pair.calm();
        let heard = pair.heard[0].len() + pair.heard[1].len();
        prop_assert_eq!(heard as u64, pair.next_link - 1);
        prop_assert_eq!(pair.breaks, [0, 0]);
    }
}

#[test]
fn who_takes_nothing_for_long_is_hopeless() {
    let mut pair = Pair::new();
    pair.take(Fate::Say { from_left: true });
    assert!(!pair.ends[0].is_hopeless(pair.now));
    pair.take(Fate::Wait { ms: 6_001 });
    assert!(pair.ends[0].is_hopeless(pair.now));
    pair.calm();
    assert!(!pair.ends[0].is_hopeless(pair.now));
}

#[test]
fn who_has_nothing_to_say_learns_of_a_break_too() {
    let mut pair = Pair::new();
    pair.take(Fate::Say { from_left: true });
    pair.calm();
    assert_eq!(pair.heard[1], [1]);
    pair.take(Fate::BreakOff { left: true });
    pair.calm();
    assert_eq!(pair.breaks, [1, 1]);
    assert!(pair.heard[1].is_empty());
    pair.take(Fate::Say { from_left: false });
    pair.calm();
    assert_eq!((pair.breaks, &pair.heard[0]), ([1, 1], &vec![2]));
}

#[test]
fn two_that_give_each_other_up_at_once_come_to_rest() {
    let mut pair = Pair::new();
    for from_left in [true, false, true, false] {
        pair.take(Fate::Say { from_left });
    }
    pair.take(Fate::BreakOff { left: false });
    pair.take(Fate::BreakOff { left: true });
    pair.calm();
    let breaks = pair.breaks;
    for from_left in [true, false] {
        pair.take(Fate::Say { from_left });
    }
    pair.calm();
    assert_eq!(pair.breaks, breaks);
    assert_eq!(pair.heard, [vec![6], vec![5]]);
}

#[test]
fn numbers_that_nobody_honest_sends_do_no_harm() {
    for (session, first, ack) in [
        (u64::MAX, u64::MAX, Some(u64::MAX)),
        (1, u64::MAX, Some(0)),
        (1, 0, Some(u64::MAX)),
        (0, 0, None),
    ] {
        let mut pair = Pair::new();
        pair.take(Fate::Say { from_left: true });
        let envelope = Envelope {
            version: Envelope::VERSION,
            from: pair.ends[0].peer,
            to: pair.ends[0].me,
            session,
            first,
            bodies: vec![Body::Broken { link: 1 }; 3],
            ack,
        };
        if pair.ends[0].receive(pair.now, envelope.clone()).is_broken {
            pair.break_off(0);
            pair.ends[0].receive(pair.now, envelope);
        }
        pair.break_off(0);
        pair.ends[0].poll(pair.now);
    }
}
