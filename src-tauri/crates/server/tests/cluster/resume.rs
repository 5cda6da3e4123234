//! Coming back to another node.

use duet_protocol::ServerMessage;

use super::redis_rig::Redis;
use crate::client::{Client, join_with_token};

#[tokio::test]
async fn a_place_is_taken_back_at_another_node() {
    let Some(redis) = Redis::start("cluster::resume::place").await else {
        return;
    };
    let nodes = redis.nodes(3).await;
    for (room, first, second) in [("own", "a", "b"), ("other", "c", "d")] {
        let mut elder = Client::connect(&nodes[0]).await;
        elder.join_resumable(room, first, None).await;
        let mut younger = Client::connect(&nodes[1]).await;
        let joined = younger.join_resumable(room, second, None).await;
        younger.next().await;
        assert!(matches!(elder.next().await, ServerMessage::NewPeer { .. }));
        drop(younger);
        assert!(matches!(elder.next().await, ServerMessage::PeerAway { .. }));
        let mut younger = Client::connect(&nodes[2]).await;
        let back = younger
            .join_resumable(room, second, Some(&joined.token))
            .await;
        assert!(back.resumed);
        assert!(matches!(
            younger.next().await,
            ServerMessage::RespJoin { .. }
        ));
        assert!(matches!(elder.next().await, ServerMessage::PeerBack { .. }));
    }
}

#[tokio::test]
async fn who_comes_back_before_the_break_is_noticed_replaces_the_old_connection() {
    let Some(redis) = Redis::start("cluster::resume::replaced").await else {
        return;
    };
    let nodes = redis.nodes(2).await;
    let mut old = Client::connect(&nodes[0]).await;
    let first = old.join_resumable("r", "a", None).await;
    let mut new = Client::connect(&nodes[1]).await;
    let second = new.join_resumable("r", "a", Some(&first.token)).await;
    assert!(second.resumed);
    assert_eq!(old.close_code().await, Some(4003));
    let mut newest = Client::connect(&nodes[0]).await;
    let third = newest.join_resumable("r", "a", Some(&second.token)).await;
    assert!(third.resumed);
    assert_eq!(new.close_code().await, Some(4003));
    // A token that was used is dead with the first message behind it.
    newest.assert_quiet().await;
    let mut thief = Client::connect(&nodes[1]).await;
    thief
        .send(&join_with_token("r", "a", Some(&second.token)))
        .await;
    thief
        .expect_error(duet_protocol::ErrorCode::UidTaken, "join")
        .await;
}

#[tokio::test]
async fn a_login_is_taken_back_at_another_node() {
    let Some(redis) = Redis::start("cluster::resume::login").await else {
        return;
    };
    let nodes = redis.nodes(3).await;
    let _host = Client::logged_in(&nodes[0], "Host", "h").await;
    let mut ann = Client::connect(&nodes[1]).await;
    let first = ann.login_resumable("Ann", "a", None).await;
    drop(ann);
    let mut ann = Client::connect(&nodes[2]).await;
    let second = ann.login_resumable("Ann", "a", Some(&first.token)).await;
    assert!(second.resumed);
    let mut thief = Client::connect(&nodes[1]).await;
    thief.send(&crate::lobby::login("Ann", "x")).await;
    assert!(matches!(
        thief.next().await,
        ServerMessage::Login(duet_protocol::LoginAnswer::Refused(_))
    ));
}
