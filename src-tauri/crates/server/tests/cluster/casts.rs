//! A display on one node, its presenter on another.

use duet_protocol::{CastRole, ClientMessage, ErrorCode, LeaveReason, ServerMessage};
use duet_server::Server;

use super::redis_rig::Redis;
use crate::cast::{Shown, cast_join, cast_open};
use crate::client::{Client, eventually, forward, leave};

async fn display(node: &Server, uid: &str) -> (Client, Shown) {
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
async fn when_the_keeper_of_codes_ends_its_displays_get_others() {
    let Some(redis) = Redis::start("cluster::casts::the_keeper_ends").await else {
        return;
    };
    let mut nodes = redis.nodes(2).await;
    let _keeper = display(&nodes[1], "k").await;
    let (mut wall, shown) = display(&nodes[0], "d").await;
    nodes.remove(1).shutdown().await;
    // 4010: come again, to whichever node answers.
    assert_eq!(wall.close_code().await, Some(4010));
    let (_wall, other) = loop {
        let mut client = Client::connect(&nodes[0]).await;
        client.send(&cast_open("d", Some(&shown.token))).await;
        match client.next().await {
            ServerMessage::CastCode { code, .. } => break (client, code),
            // The dead node's books are kept for a moment.
            ServerMessage::Error { .. } => tokio::time::sleep(SHORTLY).await,
            other => panic!("not a code: {other:?}"),
        }
    };
    assert_ne!(other, shown.code);
}

const SHORTLY: std::time::Duration = std::time::Duration::from_millis(100);
