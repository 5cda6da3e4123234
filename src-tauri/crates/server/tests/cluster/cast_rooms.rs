//! The rooms of casts, after the code: resume at any node, and nodes that end.

use duet_protocol::{CastRole, ClientMessage, ErrorCode, ServerMessage};
use duet_server::Server;

use super::casts::display;
use super::redis_rig::{Redis, join_when_possible, next_that};
use crate::cast::{Shown, cast_join, cast_open};
use crate::client::{Client, forward, join, join_with_token};

/// Display and presenter in their room on two nodes, introductions read; the third decides about it.
async fn casting(nodes: &[Server]) -> ((Client, String), (Client, String), Shown) {
    let (mut wall, shown) = display(&nodes[0], "d").await;
    let mut presenter = Client::connect(&nodes[1]).await;
    presenter.send(&cast_join(&shown.code, "p")).await;
    let presenting = presenter.expect_role(CastRole::Presenter).await;
    let showing = wall.expect_role(CastRole::Display).await;
    assert!(matches!(
        presenter.next().await,
        ServerMessage::NewPeer { .. }
    ));
    assert!(matches!(wall.next().await, ServerMessage::RespJoin { .. }));
    ((wall, showing), (presenter, presenting), shown)
}

async fn assert_shut(nodes: &[Server], room: &str) {
    for node in nodes {
        let mut stranger = Client::connect(node).await;
        let answer = join_when_possible(&mut stranger, &join(room, "s")).await;
        let is_refused = matches!(
            answer,
            ServerMessage::Error {
                code: ErrorCode::NotAllowed,
                ..
            }
        );
        assert!(is_refused, "{answer:?}");
    }
}

async fn assert_passes(room: &str, presenter: &mut Client, wall: &mut Client) {
    let offer = forward(room, "p", "d", "{}");
    presenter.send(&ClientMessage::Offer(offer.clone())).await;
    let is_it = |m: &ServerMessage| *m == ServerMessage::Offer(offer.clone());
    next_that(wall, "the offer", is_it).await;
}

#[tokio::test]
async fn both_come_back_at_another_node_in_their_roles() {
    let Some(redis) = Redis::start("cluster::cast_rooms::resume").await else {
        return;
    };
    let nodes = redis.nodes(4).await;
    let _keeper = display(&nodes[2], "k").await;
    let ((wall, showing), (mut presenter, presenting), shown) = casting(&nodes).await;
    drop(wall);
    assert!(matches!(
        presenter.next().await,
        ServerMessage::PeerAway { .. }
    ));
    let mut wall = Client::connect(&nodes[3]).await;
    wall.send(&join_with_token(&shown.room, "d", Some(&showing)))
        .await;
    wall.expect_role(CastRole::Display).await;
    assert!(matches!(wall.next().await, ServerMessage::RespJoin { .. }));
    assert!(matches!(
        presenter.next().await,
        ServerMessage::PeerBack { .. }
    ));
    drop(presenter);
    assert!(matches!(wall.next().await, ServerMessage::PeerAway { .. }));
    let mut presenter = Client::connect(&nodes[0]).await;
    presenter
        .send(&join_with_token(&shown.room, "p", Some(&presenting)))
        .await;
    presenter.expect_role(CastRole::Presenter).await;
    assert_passes(&shown.room, &mut presenter, &mut wall).await;
    assert_shut(&nodes, &shown.room).await;
}

#[tokio::test]
async fn a_display_that_never_heard_of_its_presenter_comes_back_at_another_node() {
    let Some(redis) = Redis::start("cluster::cast_rooms::never_heard").await else {
        return;
    };
    let nodes = redis.nodes(3).await;
    let _keeper = display(&nodes[2], "k").await;
    let ((wall, _), (mut presenter, _), shown) = casting(&nodes).await;
    drop(wall);
    let mut wall = Client::connect(&nodes[1]).await;
    wall.send(&cast_open("d", Some(&shown.token))).await;
    wall.expect_role(CastRole::Display).await;
    assert_passes(&shown.room, &mut presenter, &mut wall).await;
}

#[tokio::test]
async fn a_cast_goes_on_when_the_node_that_decides_about_it_ends() {
    let Some(redis) = Redis::start("cluster::cast_rooms::ends").await else {
        return;
    };
    let mut nodes = redis.nodes(3).await;
    let _keeper = display(&nodes[2], "k").await;
    let ((mut wall, _), (mut presenter, presenting), shown) = casting(&nodes).await;
    nodes.remove(2).shutdown().await;
    for client in [&mut wall, &mut presenter] {
        let back = |m: &ServerMessage| matches!(m, ServerMessage::PeerBack { .. });
        next_that(client, "the other is back", back).await;
    }
    assert_passes(&shown.room, &mut presenter, &mut wall).await;
    assert_shut(&nodes, &shown.room).await;
    // The next owner knows who is what.
    drop(presenter);
    let mut presenter = Client::connect(&nodes[0]).await;
    let again = join_with_token(&shown.room, "p", Some(&presenting));
    match join_when_possible(&mut presenter, &again).await {
        ServerMessage::Joined { role, .. } => assert_eq!(role, Some(CastRole::Presenter)),
        other => panic!("not back: {other:?}"),
    }
    assert_passes(&shown.room, &mut presenter, &mut wall).await;
}

#[tokio::test]
async fn when_the_keeper_of_codes_ends_its_displays_get_others() {
    let Some(redis) = Redis::start("cluster::cast_rooms::the_keeper_ends").await else {
        return;
    };
    let mut nodes = redis.nodes(2).await;
    let _keeper = display(&nodes[1], "k").await;
    let (mut wall, shown) = display(&nodes[0], "d").await;
    nodes.remove(1).shutdown().await;
    // 4010: come again, to whichever node answers.
    assert_eq!(wall.close_code().await, Some(4010));
    let mut wall = Client::connect(&nodes[0]).await;
    match join_when_possible(&mut wall, &cast_open("d", Some(&shown.token))).await {
        ServerMessage::CastCode { code, .. } => assert_ne!(code, shown.code),
        other => panic!("not a code: {other:?}"),
    }
}
