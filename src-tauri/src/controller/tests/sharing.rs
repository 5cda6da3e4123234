//! Showing a screen, as far as no screen is needed for it: the marker, and what clears it.

use duet_server::TlsFiles;

use super::*;
use crate::view::{CastView, Failure, ShareView};

/// No screen has this id.
const NOWHERE: &str = "screen:nowhere";

fn shows(view: &View) -> bool {
    view.share.is_some()
}

/// Shares what cannot be opened, until that is over: how it was around the window from then on.
async fn shares_in_vain(person: &mut Person, id: &str) -> Vec<Around> {
    let before = person.asked.borrow().len();
    let share = Action::Share(Some(id.to_owned()), "Minutes".to_owned());
    person.does(share).await;
    let is_over = |asked: &Vec<Around>| {
        let since = &asked[before..];
        let was_marked = since.iter().any(|around| around.marker);
        was_marked && since.last().is_some_and(|around| !around.marker)
    };
    let over = tokio::time::timeout(PATIENCE, person.asked.wait_for(is_over)).await;
    let asked = over.expect("the marker comes and goes");
    asked.expect("the controller runs")[before..].to_vec()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_marker_comes_with_the_share_and_goes_with_it() {
    let server = server().await;
    let (mut ada, _ben) = two_in_a_call(&server).await;
    let around = shares_in_vain(&mut ada, NOWHERE).await;
    assert!(
        around.iter().any(|around| around.left_out && around.marker),
        "our own window is in the picture of the screen: {around:?}"
    );
    let last = around.last().expect("it is over");
    assert!(!last.left_out, "still left out: {around:?}");
    ada.until("told", |view| {
        let ended = |data: &NoticeData| matches!(data, NoticeData::ShareEnded { .. });
        !shows(view) && view.notices.iter().any(|notice| ended(&notice.data))
    })
    .await;

    // A picture of another window has ours in it in no case.
    let around = shares_in_vain(&mut ada, "window:1").await;
    assert!(
        around.iter().all(|around| !around.left_out),
        "left out for a window: {around:?}"
    );
    assert!(is_connected(ada.views.borrow().as_ref().expect("a view")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_share_that_comes_too_late_is_answered_and_marks_nothing() {
    let server = server().await;
    let (mut ada, ben) = two_in_a_call(&server).await;
    // The call ends for the engine before the page hears of it.
    let (leave, share) = (
        Action::Leave,
        Action::Share(Some(NOWHERE.to_owned()), "Minutes".to_owned()),
    );
    let (first, second) = tokio::join!(ada.tries(leave), ada.tries(share));
    first.expect("it leaves");
    second.expect("it is taken");
    ada.until("left, and showing nothing", |view| {
        matches!(view.call, CallView::Left { .. }) && !shows(view)
    })
    .await;
    ada.until_around("without a marker", |around| {
        !around.marker && !around.left_out
    })
    .await;
    drop(ben);
}

/// A controller that nobody runs.
async fn at_rest(
    profile: &TempDir,
    server_url: String,
) -> (Controller<Recorder>, mpsc::Receiver<EndpointEvent>) {
    let frames = FrameServer::start().await.expect("a frame socket");
    let start = start(profile.path().to_owned(), server_url);
    let started = Controller::start(start, Recorder::deaf(), frames).await;
    started.expect("it starts")
}

fn minutes() -> ShareView {
    ShareView {
        id: NOWHERE.to_owned(),
        title: "Minutes".to_owned(),
        is_screen: true,
        is_open: false,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn stopping_clears_a_marker_of_before() {
    let server = server().await;
    let profile = tempfile::tempdir().expect("a folder");
    let (mut controller, mut events) = at_rest(&profile, server.url()).await;
    controller.view.share = Some(minutes());
    controller.window.show_marker(100);
    let stop = Action::Share(None, String::new());
    controller.act(stop).await.expect("it is done");
    while controller.view.share.is_some() {
        let event = tokio::time::timeout(PATIENCE, events.recv()).await;
        let event = event.expect("the engine answers").expect("it runs");
        controller.endpoint_event(event).await;
    }
    assert_eq!(*controller.window.around.borrow(), Around::default());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_trusted_for_a_presenter_leads_back_to_the_code() {
    let server = server().await;
    let profile = tempfile::tempdir().expect("a folder");
    let (mut controller, _events) = at_rest(&profile, server.url()).await;
    let fingerprint = "00:11".to_owned();
    controller.failed_certificate = Some(fingerprint.clone());
    controller.view.cast = Some(CastView::Presenter);
    controller.view.call = CallView::Failed {
        room_id: String::new(),
        failure: Failure::UntrustedCertificate {
            host: "duet.example".to_owned(),
            sha256_fingerprint: fingerprint.clone(),
        },
    };
    let trust = Action::TrustCertificate(fingerprint.clone());
    controller.act(trust).await.expect("it is done");
    assert_eq!(controller.view.call, CallView::Idle);
    let trusted = controller.stored.fingerprints_of(&server.url());
    assert_eq!(trusted, [fingerprint]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_trusted_for_a_display_brings_its_code() {
    let folder = tempfile::tempdir().expect("a folder");
    let key = rcgen::KeyPair::generate().expect("a key");
    let names = vec!["127.0.0.1".to_owned()];
    let certificate =
        rcgen::CertificateParams::new(names).and_then(|names| names.self_signed(&key));
    let files = TlsFiles {
        certificate: folder.path().join("cert.pem"),
        key: folder.path().join("key.pem"),
    };
    std::fs::write(&files.certificate, certificate.expect("signed").pem()).expect("written");
    std::fs::write(&files.key, key.serialize_pem()).expect("written");
    let config = duet_server::ServerConfig {
        tls: Some(files),
        ..duet_server::ServerConfig::loopback()
    };
    let server = Server::bind(config).await.expect("a server");
    let mut wall = Person::opens(&server).await;
    wall.does(Action::OpenCast).await;
    let view = wall
        .until("refused", |view| {
            matches!(view.call, CallView::Failed { .. })
        })
        .await;
    let CallView::Failed {
        failure: Failure::UntrustedCertificate {
            sha256_fingerprint, ..
        },
        ..
    } = view.call
    else {
        panic!("another failure: {:?}", view.call);
    };
    wall.does(Action::TrustCertificate(sha256_fingerprint))
        .await;
    wall.until("a code", |view| {
        matches!(view.cast, Some(CastView::Display { code: Some(_) }))
    })
    .await;
}

#[test]
fn what_programs_call_themselves_is_cleaned() {
    let source = duet_media::screen::ScreenSource {
        target: duet_media::screen::ScreenTarget::Window("1".to_owned()),
        title: "bill\u{202e}cod.exe\n\u{200b}".to_owned(),
        app: "\u{feff}editor\t".to_owned(),
        width: 1,
        height: 1,
    };
    let shown = super::screen::screen_view(source);
    assert_eq!(
        (shown.title.as_str(), shown.app.as_str()),
        ("billcod.exe", "editor")
    );
}
