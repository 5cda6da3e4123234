//! Being listed: presence both ways, taken names, a server that goes and comes, another server.

use duet_engine::EndpointEvent;
use duet_engine::call::{CallState, DirectoryStatus};
use duet_server::{Server, ServerConfig};

use crate::common::{Person, server};

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_and_goes_is_seen_by_the_others() {
    let server = server().await;
    let mut ana = Person::online(&server, "Ana").await;
    let mut ben = Person::online(&server, "Ben").await;
    ana.finds("Ben").await;
    ben.endpoint.set_directory(None).await.expect("runs");
    ben.until("the end", |event| {
        matches!(event, EndpointEvent::Directory(DirectoryStatus::Off))
    })
    .await;
    ana.knows("that Ben is gone", <[_]>::is_empty).await;
    ben.logs_in(&server.url(), "Benedict").await;
    ana.finds("Benedict").await;
    ben.logs_in(&server.url(), "Ben").await;
    let users = ana
        .knows("the new name", |users| {
            users.iter().any(|user| user.name == "Ben")
        })
        .await;
    assert_eq!(users.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_online_first_connects() {
    let server = server().await;
    let mut ana = Person::new(&server);
    ana.logs_in(&server.url(), "Ana").await;
    let first = ana
        .take("status", |event| match event {
            EndpointEvent::Directory(status) => Some(status.clone()),
            _ => None,
        })
        .await;
    assert_eq!(first, DirectoryStatus::Connecting);
    ana.knows("itself to be online", |_| true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_taken_name_is_refused_and_had_when_it_is_free() {
    let server = server().await;
    let ana = Person::online(&server, "Ana").await;
    let mut other = Person::new(&server);
    other.logs_in(&server.url(), "ANA").await;
    let refusal = DirectoryStatus::Refused {
        code: "name-taken",
        retries: true,
    };
    other
        .until(
            "refusal",
            |event| matches!(event, EndpointEvent::Directory(status) if *status == refusal),
        )
        .await;
    ana.endpoint.close().await.expect("runs");
    other.knows("itself to be online", |_| true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_restart_of_the_server_everybody_is_online_again() {
    let server = server().await;
    let address = server.local_addrs()[0];
    let mut ana = Person::online(&server, "Ana").await;
    let mut ben = Person::online(&server, "Ben").await;
    ana.finds("Ben").await;
    server.shutdown().await;
    for person in [&mut ana, &mut ben] {
        person
            .until("the loss", |event| {
                matches!(event, EndpointEvent::Directory(DirectoryStatus::Connecting))
            })
            .await;
    }
    let _server = Server::bind(ServerConfig::new(vec![address]))
        .await
        .expect("the same port");
    ana.finds("Ben").await;
    ben.finds("Ana").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_room_on_another_server_pauses_being_listed() {
    let (home, elsewhere) = (server().await, server().await);
    let mut ana = Person::online(&home, "Ana").await;
    let mut ben = Person::new(&elsewhere);
    ben.logs_in(&home.url(), "Ben").await;
    ana.finds("Ben").await;
    ben.joins().await;
    ben.until("the pause", |event| {
        matches!(event, EndpointEvent::Directory(DirectoryStatus::Paused))
    })
    .await;
    ben.until_state("waiting", |state| {
        matches!(state, CallState::WaitingForPeer { .. })
    })
    .await;
    ana.knows("that Ben is gone", <[_]>::is_empty).await;
    ben.endpoint.leave().await.expect("runs");
    ana.finds("Ben").await;
    ben.finds("Ana").await;
}
