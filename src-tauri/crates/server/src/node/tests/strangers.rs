//! Nodes that are over, and nodes that are newer.

use std::net::Ipv4Addr;

use super::{Event, World, said};
use crate::address::AddressKey;
use crate::node::wire::Body;
use crate::node::{Envelope, NodeId};

const PEER: u64 = 2;

fn open(link: u64) -> Body {
    let address = AddressKey::from(Ipv4Addr::LOCALHOST);
    Body::Open { link, address }
}

/// What the peer says first.
fn first_words(world: &World) -> Envelope {
    said(PEER, world.node.me, open(1), [1, 1, 0])
}

fn hear(world: &mut World, envelope: &Envelope) {
    world.node.receive(world.at, envelope.clone());
    world.carry_out();
}

fn proxied(world: &World) -> usize {
    world.node.stats(world.at.now).expect("a cluster").proxied
}

fn stale(world: &World) -> u64 {
    world.node.stats(world.at.now).expect("a cluster").stale
}

#[test]
fn a_stranger_is_listened_to_when_redis_says_that_it_lives() {
    let mut world = World::new();
    let words = first_words(&world);
    world.over.push(words.from);
    for _ in 0..100 {
        hear(&mut world, &words);
    }
    assert_eq!((proxied(&world), stale(&world)), (0, 100));
    world.over.clear();
    hear(&mut world, &words);
    assert_eq!((proxied(&world), stale(&world)), (1, 100));
}

#[test]
fn what_somebody_said_who_is_dead_is_said_in_vain_however_often() {
    let mut world = World::new();
    // It went on to a session of its own, far above ours.
    let words = said(PEER, world.node.me, open(1), [700, 1, 0]);
    hear(&mut world, &words);
    let more = said(PEER, world.node.me, open(2), [700, 2, 0]);
    hear(&mut world, &more);
    assert_eq!(proxied(&world), 2);
    world.take(Event::Beaten {
        is_other_dead: true,
    });
    assert_eq!(proxied(&world), 0);
    // Even if Redis says that it lives, as somebody may have made it say.
    for _ in 0..100 {
        for words in [&words, &more] {
            hear(&mut world, words);
        }
    }
    assert_eq!(proxied(&world), 0);
    // If it lives after all, it hears of the higher session, and goes on there.
    let (session, _) = world.sessions[PEER as usize];
    assert!(session > 700, "{session}");
    let again = said(PEER, world.node.me, open(3), [session, 1, 0]);
    hear(&mut world, &again);
    assert_eq!(proxied(&world), 1);
}

#[test]
fn what_was_said_is_acted_on_once() {
    let mut world = World::new();
    let words = first_words(&world);
    let closing = said(PEER, world.node.me, Body::Broken { link: 1 }, [1, 2, 0]);
    let again = said(PEER, world.node.me, open(2), [1, 3, 0]);
    for words in [&words, &closing, &again] {
        hear(&mut world, words);
    }
    assert_eq!(proxied(&world), 1);
    for _ in 0..100 {
        for words in [&words, &closing, &again] {
            hear(&mut world, words);
        }
    }
    assert_eq!(proxied(&world), 1);
}

#[test]
fn an_earlier_life_is_not_listened_to_when_a_later_one_speaks() {
    let mut world = World::new();
    let early = first_words(&world);
    let mut late = early.clone();
    late.from = early.from.next();
    hear(&mut world, &late);
    assert_eq!(proxied(&world), 1);
    hear(&mut world, &early);
    assert_eq!((proxied(&world), stale(&world)), (1, 1));
    // What was for an earlier life of ours is not for us either.
    let mut old = late.clone();
    old.to = NodeId {
        epoch: world.node.me.epoch + 1,
        ..world.node.me
    };
    hear(&mut world, &old);
    assert_eq!((proxied(&world), stale(&world)), (1, 2));
}

#[test]
fn what_only_newer_nodes_say_is_passed_over_and_counted() {
    let mut world = World::new();
    let (from, to) = (
        NodeId {
            process: PEER,
            epoch: 1,
        },
        world.node.me,
    );
    let text = format!(
        r#"{{"version":2,"from":"{from}","to":"{to}","session":1,"first":1,"hue":"blue","ack":1,"bodies":[
            {{"Open":{{"link":1,"address":"127.0.0.1","weight":[1,{{"a":null}}]}}}},
            {{"Sing":{{"link":1,"song":{{"verses":[1,2,3]}}}}}}, "Hum", 7,
            {{"Send":{{"link":1,"message":{{"cmd":"wave","to":"b"}}}}}},
            {{"Handle":{{"link":1,"message":{{"cmd":"join","roomId":"r","uid":"b","mood":"good"}}}}}},
            {{"Open":{{"link":2,"address":"127.0.0.1"}}}}]}}"#
    );
    let envelope: Envelope = serde_json::from_str(&text).expect("it is understood");
    assert_eq!((envelope.version, envelope.bodies.len()), (2, 7));
    hear(&mut world, &envelope);
    let stats = world.node.stats(world.at.now).expect("a cluster");
    assert_eq!((stats.proxied, stats.unknown), (2, 4));
    // All of them have their numbers: nothing is asked for again, and what follows is understood.
    let next = said(PEER, to, open(3), [1, 8, 0]);
    hear(&mut world, &next);
    assert_eq!(proxied(&world), 3);
}
