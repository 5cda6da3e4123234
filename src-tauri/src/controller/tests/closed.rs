//! Closed servers: what an invite or a token of one's own opens.

use duet_server::{AccessKeys, Grant, Role};

use super::*;
use crate::view::{CastView, CommandErrorCode, Failure, LoginProblem, Presence, SettingsPatch};

fn keys() -> AccessKeys {
    AccessKeys::parse("0123456789abcdef0123456789abcdef").expect("a key")
}

/// For this room alone, for this role alone, or for everything.
fn token(room: Option<&str>, role: Option<Role>) -> String {
    keys().issue(&Grant {
        exp: u64::MAX,
        room_id: room.map(str::to_owned),
        name: None,
        role,
    })
}

async fn closed_server() -> Server {
    let config = duet_server::ServerConfig {
        access: Some(keys()),
        ..duet_server::ServerConfig::loopback()
    };
    Server::bind(config).await.expect("a server")
}

fn invite(server: &Server, token: &str) -> String {
    format!("duet://{}/lunch#t={token}", server.local_addrs()[0])
}

async fn goes_online(person: &Person, name: &str) {
    let patch = SettingsPatch {
        display_name: Some(name.to_owned()),
        online: Some(true),
        ..SettingsPatch::default()
    };
    person.does(Action::UpdateSettings(Box::new(patch))).await;
}

fn is_online(view: &View) -> bool {
    view.people.presence == Presence::Online
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invite_opens_a_closed_server_and_is_handed_on() {
    let server = closed_server().await;
    let invite = invite(&server, &token(Some("lunch"), None));
    let mut stranger = Person::opens(&server).await;
    stranger.joins("Eve").await;
    stranger
        .until("refused", |view| {
            matches!(&view.call, CallView::Failed { failure: Failure::Refused { server_code, .. }, .. } if server_code == "not-allowed")
        })
        .await;
    let mut ada = Person::opens(&server).await;
    let result = ada.types(&invite).await;
    assert!(matches!(result, InviteResult::Room { room_id } if room_id == "lunch"));
    ada.enters("Ada").await;
    let view = ada
        .until("alone, with an invite that opens the door", |view| {
            matches!(&view.call, CallView::WaitingForPeer { invite_url, .. } if *invite_url == invite)
        })
        .await;
    assert!(!view.server.has_token, "it is for that room alone");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_opens_the_directory_and_displays_and_is_remembered() {
    let server = closed_server().await;
    let mut ada = Person::opens(&server).await;
    goes_online(&ada, "Ada").await;
    let problem = LoginProblem::NotAllowed;
    ada.until("refused", |view| {
        view.people.presence == Presence::Refused { problem }
    })
    .await;
    let refused = ada
        .tries(Action::SetServerToken("no token at all".to_owned()))
        .await;
    assert_eq!(
        refused.map_err(|error| error.code),
        Err(CommandErrorCode::Invalid)
    );
    let token = token(None, None);
    ada.does(Action::SetServerToken(format!(" {token} "))).await;
    let view = ada.until("online", is_online).await;
    assert!(view.server.has_token);
    let stored = settings::load(ada.profile.path()).expect("settings").stored;
    assert_eq!(stored.token_for(&server.url()), Some(token.as_str()));

    ada.does(Action::OpenCast).await;
    ada.until("a display", |view| {
        matches!(view.cast, Some(CastView::Display { code: Some(_) }))
    })
    .await;
    ada.does(Action::Leave).await;
    // A room needs no invite either; its own invites do not give the token away.
    ada.joins("Ada").await;
    let view = ada
        .until("alone", |view| {
            matches!(view.call, CallView::WaitingForPeer { .. })
        })
        .await;
    assert!(
        matches!(&view.call, CallView::WaitingForPeer { invite_url, .. } if !invite_url.contains('#'))
    );
    ada.does(Action::SetServerToken(String::new())).await;
    ada.until("without a token", |view| !view.server.has_token)
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invite_for_the_whole_server_brings_its_token_once() {
    let server = closed_server().await;
    let mut ada = Person::opens(&server).await;
    goes_online(&ada, "Ada").await;
    let first = token(None, None);
    ada.types(&invite(&server, &token(None, Some(Role::Guest))))
        .await;
    ada.types(&invite(&server, &first)).await;
    ada.until("online", is_online).await;
    ada.types(&invite(&server, "eyJleHAiOjF9.AAAA")).await;
    let stored = settings::load(ada.profile.path()).expect("settings").stored;
    assert_eq!(stored.token_for(&server.url()), Some(first.as_str()));
}
