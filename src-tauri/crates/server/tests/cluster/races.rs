//! Three come to one room at once, at several nodes: two get in, always.

use std::time::Instant;

use duet_protocol::ServerMessage;
use duet_server::Server;

use super::redis_rig::{Redis, join_when_possible, roomy};
use crate::client::{Client, join, leave};

/// Races in all, unless `DUET_CLUSTER_RACES` says how many.
const RACES: usize = 10_000;
/// Threes that race side by side.
const THREES: usize = 20;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_three_who_race_for_a_room_two_get_in() {
    let Some(redis) = Redis::start("cluster::races::three").await else {
        return;
    };
    let nodes = redis.patient_nodes(4, roomy()).await;
    let races =
        std::env::var("DUET_CLUSTER_RACES").map_or(RACES, |races| races.parse().expect("a number"));
    let started = Instant::now();
    let threes = (0..THREES).map(|three| {
        let nodes: Vec<&Server> = (0..3).map(|n| &nodes[(three + n) % nodes.len()]).collect();
        race(three, nodes, races / THREES)
    });
    let refused: usize = futures_util::future::join_all(threes)
        .await
        .into_iter()
        .sum();
    let took = started.elapsed();
    assert_eq!(
        refused,
        races / THREES * THREES,
        "one of three is refused each time"
    );
    println!(
        "{races} races of three on {} nodes took {took:.1?}",
        nodes.len()
    );
}

/// Returns how many were refused.
async fn race(three: usize, nodes: Vec<&Server>, rounds: usize) -> usize {
    let mut clients = Vec::new();
    for node in &nodes {
        clients.push(Client::connect(node).await);
    }
    let mut refused = 0;
    for round in 0..rounds {
        let room = format!("room-{three}-{round}");
        let tries = clients.iter_mut().enumerate().map(|(n, client)| {
            let join = join(&room, &format!("{three}-{n}"));
            async move { join_when_possible(client, &join).await }
        });
        let answers = futures_util::future::join_all(tries).await;
        let is_in = |answer: &ServerMessage| matches!(answer, ServerMessage::Joined { .. });
        let entered: Vec<bool> = answers.iter().map(is_in).collect();
        assert_eq!(
            entered.iter().filter(|is_in| **is_in).count(),
            2,
            "{answers:?}"
        );
        let is_full = |answer: &ServerMessage| matches!(answer, ServerMessage::Full { .. });
        refused += answers.iter().filter(|answer| is_full(answer)).count();
        for (n, client) in clients.iter_mut().enumerate() {
            if entered[n] {
                client.send(&leave(&room, &format!("{three}-{n}"))).await;
                let is_leaved = |m: &ServerMessage| matches!(m, ServerMessage::Leaved { .. });
                super::redis_rig::next_that(client, "left", is_leaved).await;
            }
        }
        // What the others were told of those who left first.
        for client in &mut clients {
            client.send(&duet_protocol::ClientMessage::Keepalive).await;
            let is_answer = |m: &ServerMessage| matches!(m, ServerMessage::Keepalive);
            super::redis_rig::next_that(client, "the answer", is_answer).await;
        }
    }
    refused
}
