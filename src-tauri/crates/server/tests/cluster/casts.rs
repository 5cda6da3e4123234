//! A display on one node, its presenter on another: codes, and how often somebody may guess one.

use std::time::Duration;

use duet_protocol::{CastRole, ClientMessage, ErrorCode, LeaveReason, ServerMessage};
use duet_server::{Server, ServerConfig, Timing};

use super::redis_rig::{Redis, is_connected, next_that, roomy};
use crate::cast::{Shown, cast_join, cast_open};
use crate::client::{Client, eventually, forward, leave};

pub(super) async fn display(node: &Server, uid: &str) -> (Client, Shown) {
    let mut client = Client::connect(node).await;
    client.send(&cast_open(uid, None)).await;
    let shown = client.expect_code().await;
    (client, shown)
}

#[tokio::test]
async fn a_code_is_found_from_every_node_and_used_up_on_all() {
    let Some(redis) = Redis::start("cluster::casts::a_code_is_found").await else {
        return;
    };
    let nodes = redis.nodes(3).await;
    // The third node keeps the codes, so neither of the two is where it is decided.
    let _keeper = display(&nodes[2], "k").await;
    let (mut display, shown) = display(&nodes[0], "d").await;
    let mut presenter = Client::connect(&nodes[1]).await;
    presenter.send(&cast_join(&shown.code, "p")).await;
    presenter.expect_role(CastRole::Presenter).await;
    display.expect_role(CastRole::Display).await;
    assert!(
        matches!(presenter.next().await, ServerMessage::NewPeer { remote_uid, name } if remote_uid == "d" && name.as_deref() == Some("Wall"))
    );
    assert!(
        matches!(display.next().await, ServerMessage::RespJoin { remote_uid, .. } if remote_uid == "p")
    );
    let offer = forward(&shown.room, "p", "d", "{}");
    presenter.send(&ClientMessage::Offer(offer.clone())).await;
    assert_eq!(display.next().await, ServerMessage::Offer(offer));
    for node in &nodes {
        let mut late = Client::connect(node).await;
        late.send(&cast_join(&shown.code, "q")).await;
        late.expect_error(ErrorCode::CastRefused, "cast-join").await;
    }
    presenter.send(&leave(&shown.room, "p")).await;
    assert!(matches!(
        presenter.next().await,
        ServerMessage::Leaved { .. }
    ));
    let left = ServerMessage::PeerLeave {
        remote_uid: "p".into(),
        reason: LeaveReason::Left,
    };
    assert_eq!(display.next().await, left);
}

#[tokio::test]
async fn a_display_that_goes_takes_its_code_with_it() {
    let Some(redis) = Redis::start("cluster::casts::a_display_that_goes").await else {
        return;
    };
    let nodes = redis.nodes(2).await;
    let _keeper = display(&nodes[1], "k").await;
    let (mut one, first) = display(&nodes[0], "d").await;
    let (two, second) = display(&nodes[0], "e").await;
    one.send(&leave(&first.room, "d")).await;
    assert!(matches!(one.next().await, ServerMessage::Leaved { .. }));
    drop(two);
    eventually("only the keeper's own display is left", || {
        nodes[1].stats().displays == 1
    })
    .await;
    let mut presenter = Client::connect(&nodes[0]).await;
    for code in [&first.code, &second.code] {
        presenter.send(&cast_join(code, "p")).await;
        presenter
            .expect_error(ErrorCode::CastRefused, "cast-join")
            .await;
    }
}

#[tokio::test]
async fn a_code_is_renewed_on_every_node() {
    let Some(redis) = Redis::start("cluster::casts::renewed").await else {
        return;
    };
    let config = ServerConfig {
        timing: Timing {
            cast_code_lifetime: Duration::from_secs(1),
            ..Timing::default()
        },
        ..roomy()
    };
    let nodes = redis.nodes_with(2, config).await;
    let mut keeper = Client::connect(&nodes[1]).await;
    keeper.send(&cast_open("k", None)).await;
    assert!(matches!(
        keeper.next().await,
        ServerMessage::CastCode { .. }
    ));
    let mut wall = Client::connect(&nodes[0]).await;
    wall.send(&cast_open("d", None)).await;
    let mut codes = Vec::new();
    for _ in 0..3 {
        match wall.next().await {
            ServerMessage::CastCode { code, .. } => codes.push(code),
            other => panic!("not a code: {other:?}"),
        }
    }
    codes.dedup();
    assert_eq!(codes.len(), 3);
    for node in &nodes {
        let mut presenter = Client::connect(node).await;
        presenter.send(&cast_join(&codes[0], "p")).await;
        presenter
            .expect_error(ErrorCode::CastRefused, "cast-join")
            .await;
    }
}

/// Rounds in which presenters race for a code.
const ROUNDS: usize = 200;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_who_type_a_code_at_once_one_gets_the_display() {
    let Some(redis) = Redis::start("cluster::casts::race").await else {
        return;
    };
    let config = ServerConfig {
        cast_guesses_per_minute: u32::MAX,
        cast_guesses_per_minute_overall: u32::MAX,
        ..roomy()
    };
    let nodes = redis.nodes_with(4, config).await;
    let _keeper = display(&nodes[3], "k").await;
    let mut wall = Client::connect(&nodes[0]).await;
    let mut racers = Vec::new();
    for node in &nodes {
        racers.push(Client::connect(node).await);
    }
    for round in 0..ROUNDS {
        wall.send(&cast_open("d", None)).await;
        let shown = wall.expect_code().await;
        let tries = racers.iter_mut().enumerate().map(|(n, racer)| {
            let cast_join = cast_join(&shown.code, &format!("p{n}"));
            async move {
                racer.send(&cast_join).await;
                racer.next().await
            }
        });
        let answers = futures_util::future::join_all(tries).await;
        let is_in = |answer: &ServerMessage| matches!(answer, ServerMessage::Joined { .. });
        let is_refused = |answer: &ServerMessage| {
            matches!(
                answer,
                ServerMessage::Error {
                    code: ErrorCode::CastRefused,
                    ..
                }
            )
        };
        let count =
            |what: &dyn Fn(&ServerMessage) -> bool| answers.iter().filter(|a| what(a)).count();
        assert_eq!(
            (count(&is_in), count(&is_refused)),
            (1, 3),
            "{round}: {answers:?}"
        );
        let winner = answers.iter().position(is_in).expect("there is one");
        let room = &shown.room;
        racers[winner]
            .send(&leave(room, &format!("p{winner}")))
            .await;
        wall.send(&leave(room, "d")).await;
        let is_leaved = |m: &ServerMessage| matches!(m, ServerMessage::Leaved { .. });
        next_that(&mut racers[winner], "left", is_leaved).await;
        next_that(&mut wall, "left", is_leaved).await;
    }
}

#[tokio::test]
async fn guesses_are_counted_for_all_nodes_together() {
    let Some(redis) = Redis::start("cluster::casts::guesses").await else {
        return;
    };
    let by_address = ServerConfig::loopback();
    let overall = ServerConfig {
        cast_guesses_per_minute: 1000,
        cast_guesses_per_minute_overall: 5,
        ..ServerConfig::loopback()
    };
    for config in [by_address, overall] {
        let nodes = redis.nodes_with(3, config).await;
        let (mut wall, shown) = display(&nodes[0], "d").await;
        for guess in 0..5 {
            let mut guesser = Client::connect(&nodes[guess % 3]).await;
            guesser.send(&cast_join("0000-0000", "g")).await;
            guesser
                .expect_error(ErrorCode::CastRefused, "cast-join")
                .await;
        }
        for node in &nodes {
            let mut other = Client::connect(node).await;
            other.send(&cast_join(&shown.code, "p")).await;
            other
                .expect_error(ErrorCode::RateLimited, "cast-join")
                .await;
        }
        wall.assert_quiet().await;
        for node in nodes {
            node.shutdown().await;
        }
    }
}

#[tokio::test]
async fn a_display_that_joins_a_room_anywhere_shows_no_code() {
    let Some(redis) = Redis::start("cluster::casts::joins").await else {
        return;
    };
    let nodes = redis.nodes(3).await;
    // Whose the rooms are, and whose the codes: the display's own node, or another one.
    for (round, keeper) in [1, 0].into_iter().enumerate() {
        let (kept, _) = display(&nodes[keeper], "k").await;
        for owner in [0, 1, 2] {
            let room = format!("room-{round}-{owner}");
            let mut host = Client::connect(&nodes[owner]).await;
            host.join(&room, "h").await;
            let uid = format!("d-{round}-{owner}");
            let (mut wall, shown) = display(&nodes[0], &uid).await;
            wall.join(&room, &uid).await;
            eventually("its code is none", || nodes[keeper].stats().displays == 1).await;
            let mut presenter = Client::connect(&nodes[2]).await;
            presenter.send(&cast_join(&shown.code, "p")).await;
            // Five wrong codes are the budget of an address; both rounds stay within one each.
            presenter
                .expect_error(ErrorCode::CastRefused, "cast-join")
                .await;
        }
        drop(kept);
        eventually("nobody keeps codes", || {
            nodes[keeper]
                .cluster()
                .is_some_and(|cluster| cluster.owned == 0)
        })
        .await;
    }
}

#[tokio::test]
async fn without_redis_codes_are_found_where_they_are_kept_and_refused_elsewhere() {
    let Some(mut redis) = Redis::start("cluster::casts::without_redis").await else {
        return;
    };
    let nodes = redis.nodes(2).await;
    let (mut near, shown) = display(&nodes[1], "n").await;
    let (mut far, _) = display(&nodes[0], "f").await;
    redis.kill();
    for node in &nodes {
        eventually("Redis is missed", || !is_connected(node)).await;
    }
    // Its keeper is out of reach: it is sent to come again, and told how it is.
    assert_eq!(far.close_code().await, Some(4010));
    let mut other = Client::connect(&nodes[0]).await;
    for message in [cast_open("f", None), cast_join(&shown.code, "p")] {
        other.send(&message).await;
        other
            .expect_error(ErrorCode::Unavailable, message.command())
            .await;
    }
    let mut presenter = Client::connect(&nodes[1]).await;
    presenter.send(&cast_join(&shown.code, "p")).await;
    presenter.expect_role(CastRole::Presenter).await;
    near.expect_role(CastRole::Display).await;
    redis.start_again().await;
    for node in &nodes {
        eventually("Redis is back", || is_connected(node)).await;
    }
    let (_far, _) = display(&nodes[0], "f").await;
}
