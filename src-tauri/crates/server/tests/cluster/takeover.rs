//! A name has one holder: nobody takes it over, from whichever node, at whatever moment.

use duet_protocol::{ClientMessage, ErrorCode, LoginAnswer, LoginRefusal, ServerMessage, Text};
use duet_server::{Server, ServerConfig, Timing};

use super::redis_rig::{Redis, next_that, roomy};
use crate::client::{Client, eventually};
use crate::lobby::{login, login_with_token};

/// In all.
const TRIES: usize = 1_000;
const THIEVES: usize = 10;

/// Two nodes whose lobbies are told nothing, so that answers are all that comes.
async fn nodes(redis: &Redis) -> Vec<Server> {
    let config = ServerConfig {
        timing: Timing {
            presence_interval: std::time::Duration::from_secs(3600),
            ..Timing::default()
        },
        ..roomy()
    };
    redis.patient_nodes(2, config).await
}

fn is_refused(answer: &ServerMessage) -> bool {
    let is_name = ServerMessage::Login(LoginAnswer::Refused(LoginRefusal::NameTaken));
    *answer == is_name
        || matches!(
            answer,
            ServerMessage::Error {
                code: ErrorCode::UidTaken,
                ..
            }
        )
}

fn is_answer(message: &ServerMessage) -> bool {
    matches!(
        message,
        ServerMessage::Login(_) | ServerMessage::Error { .. }
    )
}

/// Half a dozen ways to say that one is Ann, from every node at once; how many were tried.
async fn try_all(nodes: &[Server], round: usize, used: &[String]) -> usize {
    let token = used.get(round % used.len().max(1)).map(String::as_str);
    let stranger = duet_protocol::generate_token();
    let mut tries = Vec::new();
    for thief in 0..THIEVES {
        let uid = format!("thief-{round}-{thief}");
        let message = match thief % 5 {
            0 => login("Ann", &uid),
            1 => login("  ANN ", &uid),
            2 => login_with_token("Ann", "ann", Some(&stranger)),
            3 => login_with_token("Ann", "ann", token),
            // A good token of somebody else's uid.
            _ => login_with_token("Ann", &uid, token),
        };
        let node = &nodes[(thief / 5 + round) % nodes.len()];
        tries.push(async move {
            let mut client = Client::connect(node).await;
            client.send(&message).await;
            let answer = next_that(&mut client, "an answer", is_answer).await;
            assert!(is_refused(&answer), "{message:?}: {answer:?}");
        });
    }
    let tried = tries.len();
    futures_util::future::join_all(tries).await;
    tried
}

#[tokio::test]
async fn a_thousand_tries_to_take_a_name_over_fail() {
    let Some(redis) = Redis::start("cluster::takeover::thousand").await else {
        return;
    };
    let nodes = nodes(&redis).await;
    // The lobby is decided on the second node, Ann is on the first.
    let _host = Client::logged_in(&nodes[1], "Host", "host").await;
    let mut ann = Client::connect(&nodes[0]).await;
    let mut current = ann.login_resumable("Ann", "ann", None).await.token;
    let (mut used, mut tried) = (Vec::new(), 0);
    let mut round = 0;
    while tried < TRIES {
        round += 1;
        tried += try_all(&nodes, round, &used).await;
        // In the gap, when nobody holds the name by a connection.
        drop(ann);
        let logins = || nodes[1].stats().logins;
        eventually("her login is kept", || logins() == 2).await;
        tried += try_all(&nodes, round, &used).await;
        // She comes back, at the other node each time, while others try.
        let node = &nodes[round % 2];
        let mut next = Client::connect(node).await;
        let (resumed, more) = tokio::join!(
            next.login_resumable("Ann", "ann", Some(&current)),
            try_all(&nodes, round, &used)
        );
        tried += more;
        assert!(resumed.resumed, "she is Ann still");
        // Answered by who decides about the lobby, which has heard from her now: her last token is used up.
        next.send(&ClientMessage::Message(Text {
            to: Some("nobody".into()),
            room_id: None,
            content: "x".into(),
            id: "1".into(),
        }))
        .await;
        next.expect_error(ErrorCode::Unavailable, "message").await;
        used.push(std::mem::replace(&mut current, resumed.token));
        ann = next;
    }
    ann.assert_quiet().await;
    assert_eq!(nodes[1].stats().logins, 2);
    println!("{tried} tries to take a name over, 0 succeeded");
}

#[tokio::test]
async fn of_those_who_race_for_a_free_name_one_gets_it() {
    let Some(redis) = Redis::start("cluster::takeover::race").await else {
        return;
    };
    let nodes = nodes(&redis).await;
    for round in 0..100 {
        let name = format!("Name {round}");
        let tries = (0..4).map(|n| {
            let (node, name) = (&nodes[n % 2], &name);
            async move {
                let mut client = Client::connect(node).await;
                client.send(&login(name, &format!("{round}-{n}"))).await;
                let answer = next_that(&mut client, "an answer", is_answer).await;
                (client, answer)
            }
        });
        let answers = futures_util::future::join_all(tries).await;
        let refused = answers.iter().filter(|(_, answer)| is_refused(answer));
        assert_eq!(refused.count(), 3, "one of four");
        let accepted = answers.iter().filter(|(_, answer)| {
            matches!(answer, ServerMessage::Login(LoginAnswer::Accepted { .. }))
        });
        assert_eq!(accepted.count(), 1, "one of four");
    }
}
