//! Being online, calls by name and texts, with a real server and real engines.

use super::*;
use crate::view::{
    CallMedia, EndedBy, LoginProblem, MessageState, NoticeAction, PersonState, Presence,
    RecentKind, SettingsPatch, UnansweredReason,
};

impl Person {
    async fn goes_online(&self, name: &str) {
        self.does(Action::UpdateSettings(Box::new(SettingsPatch {
            display_name: Some(name.to_owned()),
            online: Some(true),
            ..SettingsPatch::default()
        })))
        .await;
    }

    /// Waits until somebody is online and can be called; gives their uid.
    async fn finds(&mut self, name: &str) -> String {
        let is_it = |person: &&crate::view::PersonView| {
            person.name == name && person.state == PersonState::Available
        };
        let view = self
            .until("somebody to call", |view| {
                view.people.list.iter().any(|person| is_it(&person))
            })
            .await;
        let person = view.people.list.iter().find(is_it).expect("listed");
        person.uid.clone()
    }

    async fn calls(&mut self, name: &str, media: CallMedia) {
        let uid = self.finds(name).await;
        self.does(Action::CallPerson(uid, media)).await;
    }

    async fn rings(&mut self) -> RingScreen {
        let ring = async {
            let ring = self.rings.wait_for(Option::is_some).await;
            ring.expect("the controller runs").clone()
        };
        let ring = tokio::time::timeout(PATIENCE, ring).await;
        ring.expect("it rings").expect("a ring")
    }
}

async fn two_online(server: &Server) -> (Person, Person) {
    let (ada, ben) = (Person::opens(server).await, Person::opens(server).await);
    ada.goes_online("Ada").await;
    ben.goes_online("Ben").await;
    (ada, ben)
}

fn unanswered(view: &View) -> Option<UnansweredReason> {
    match &view.call {
        CallView::Unanswered { reason, .. } => Some(*reason),
        _ => None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_listed_before_they_want_to_be() {
    let server = server().await;
    let (ada, mut ben) = (Person::opens(&server).await, Person::opens(&server).await);
    ben.goes_online("Ben").await;
    let view = ben
        .until("online", |view| view.people.presence == Presence::Online)
        .await;
    assert!(view.people.list.is_empty());
    assert_eq!(
        ada.views.borrow().as_ref().map(|view| view.people.presence),
        Some(Presence::Off)
    );
    ada.goes_online("Ada").await;
    ben.finds("Ada").await;
    // It is remembered, and can be taken back.
    let stored = settings::load(ada.profile.path()).expect("settings").stored;
    assert!(stored.settings.online);
    ada.does(Action::UpdateSettings(Box::new(SettingsPatch {
        online: Some(false),
        ..SettingsPatch::default()
    })))
    .await;
    ben.until("alone", |view| view.people.list.is_empty()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_taken_name_is_said_and_another_one_helps() {
    let server = server().await;
    let (mut ada, mut other) = (Person::opens(&server).await, Person::opens(&server).await);
    other.goes_online("").await;
    let problem = LoginProblem::NoName;
    other
        .until("asked for a name", |view| {
            view.people.presence == Presence::Refused { problem }
        })
        .await;
    ada.goes_online("Ada").await;
    ada.until("online", |view| view.people.presence == Presence::Online)
        .await;
    other.goes_online("ada").await;
    let problem = LoginProblem::NameTaken;
    other
        .until("refused", |view| {
            view.people.presence == Presence::Refused { problem }
        })
        .await;
    other.goes_online("Ada the second").await;
    ada.finds("Ada the second").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_declined_call_is_told_and_called_again() {
    let server = server().await;
    let (mut ada, mut ben) = two_online(&server).await;
    ada.calls("Ben", CallMedia::Video).await;
    ada.until("ringing there", |view| {
        matches!(&view.call, CallView::Calling { ringing_since_ms: Some(_), name, .. } if name == "Ben")
    })
    .await;
    let ring = ben.rings().await;
    assert_eq!((ring.name.as_str(), ring.media), ("Ada", CallMedia::Video));
    ben.does(Action::DeclineCall).await;
    ada.until("declined", |view| {
        unanswered(view) == Some(UnansweredReason::Declined)
    })
    .await;
    ben.rings
        .wait_for(Option::is_none)
        .await
        .expect("it is quiet");
    let view = ben
        .until("remembered", |view| !view.recents.is_empty())
        .await;
    assert_eq!(view.recents[0].kind, RecentKind::CalledYou);

    // The second time without a picture, and with an answer.
    ada.does(Action::Dismiss).await;
    ada.calls("Ben", CallMedia::Audio).await;
    ben.rings().await;
    ben.does(Action::AnswerCall(true)).await;
    for person in [&mut ada, &mut ben] {
        let view = person.until("connected", is_connected).await;
        assert!(!view.camera.on, "a call by voice starts without the camera");
    }
    ben.does(Action::Leave).await;
    let view = ada
        .until("told who ended it", |view| {
            matches!(
                &view.call,
                CallView::Left {
                    ended_by: EndedBy::Peer,
                    by_name: true,
                    ..
                }
            )
        })
        .await;
    assert!(view.camera.on, "the camera is again as it was chosen");
    assert_eq!(view.recents[0].kind, RecentKind::Called);
    assert!(view.recents[0].duration_ms.is_some());
    ada.finds("Ben").await;
    ada.does(Action::CallAgain).await;
    ben.rings().await;
    ada.does(Action::Cancel).await;
    let view = ben
        .until("missed", |view| view.recents[0].kind == RecentKind::Missed)
        .await;
    assert!(view.incoming.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn do_not_disturb_shows_nothing_and_remembers() {
    let server = server().await;
    let (mut ada, mut ben) = two_online(&server).await;
    ben.does(Action::UpdateSettings(Box::new(SettingsPatch {
        do_not_disturb: Some(true),
        ..SettingsPatch::default()
    })))
    .await;
    ada.calls("Ben", CallMedia::Video).await;
    ada.until("ringing there", |view| {
        matches!(
            &view.call,
            CallView::Calling {
                ringing_since_ms: Some(_),
                ..
            }
        )
    })
    .await;
    // Which comes behind the ring: that it was heard there is no sign of in this window.
    ben.until("Ada is busy", |view| {
        let mut people = view.people.list.iter();
        people.any(|person| person.name == "Ada" && person.state == PersonState::Busy)
    })
    .await;
    let is_shown = |view: &View| view.incoming.is_some();
    let shows = ben.views.borrow().as_ref().is_some_and(is_shown);
    assert!(!shows, "it shows");
    // Who wants to be disturbed again sees what rings at that moment.
    ben.does(Action::UpdateSettings(Box::new(SettingsPatch {
        do_not_disturb: Some(false),
        ..SettingsPatch::default()
    })))
    .await;
    ben.until("shown in the main window", |view| {
        view.incoming
            .as_ref()
            .is_some_and(|incoming| incoming.banner)
    })
    .await;
    ada.does(Action::Cancel).await;
    let view = ben.until("missed", |view| !view.recents.is_empty()).await;
    assert_eq!(view.recents[0].kind, RecentKind::Missed);
    assert!(!ben.rings.has_changed().expect("it runs"), "nothing rang");
}

#[tokio::test(flavor = "multi_thread")]
async fn closing_the_window_silences_and_does_not_decline() {
    let server = server().await;
    let (mut ada, mut ben) = two_online(&server).await;
    ada.calls("Ben", CallMedia::Video).await;
    let ring = ben.rings().await;
    ben.window_events
        .send(WindowEvent::RingWindowClosed)
        .await
        .expect("it runs");
    ben.until("shown in the main window", |view| {
        view.incoming
            .as_ref()
            .is_some_and(|incoming| incoming.banner)
    })
    .await;
    // The notification still answers; one of another call does not.
    for call_id in ["another".to_owned(), ring.call_id] {
        let answer = RingAnswer::WithoutCamera;
        let event = WindowEvent::NotificationAnswered { call_id, answer };
        ben.window_events.send(event).await.expect("it runs");
    }
    let view = ben.until("connected", is_connected).await;
    assert!(!view.camera.on && view.incoming.is_none());
    assert_eq!(ben.around.borrow().raised, 1, "the call comes up");
    ben.window_events
        .send(WindowEvent::NotificationOpened)
        .await
        .expect("it runs");
    ben.until_around("up again", |around| around.raised == 2)
        .await;
    let view = ada.until("connected", is_connected).await;
    assert!(view.camera.on);
}

#[tokio::test(flavor = "multi_thread")]
async fn texts_reach_people_before_and_in_a_call() {
    let server = server().await;
    let (mut ada, mut ben) = two_online(&server).await;
    let uid = ada.finds("Ben").await;
    ada.does(Action::OpenChat(Some(uid))).await;
    ada.does(Action::SendText("<b>hello</b> \u{202e}there".to_owned()))
        .await;
    let last = |view: &View| view.chat.as_ref()?.messages.last().cloned();
    let view = ada
        .until("delivered", |view| {
            last(view).is_some_and(|message| message.state == MessageState::Delivered)
        })
        .await;
    let sent = last(&view).expect("there");
    let view = ben
        .until("a badge", |view| {
            view.people.list.iter().any(|person| person.unread == 1)
        })
        .await;
    let is_text = |notice: &&crate::view::Notice| matches!(&notice.data, NoticeData::TextArrived { name, .. } if name == "Ada");
    let notice = view.notices.iter().find(is_text).expect("told");
    assert_eq!(notice.actions, [NoticeAction::Open]);
    ben.does(Action::ActOnNotice(notice.id, NoticeAction::Open))
        .await;
    let view = ben.until("read", |view| view.chat.is_some()).await;
    assert!(!view.notices.iter().any(|notice| is_text(&notice)));
    let chat = view.chat.expect("open");
    assert_eq!(chat.messages[0].text, "<b>hello</b> there");
    // One clock: the server's.
    assert_eq!(chat.messages[0].time_ms, sent.time_ms);
    assert_eq!(view.people.list[0].unread, 0);

    // In the call the same conversation goes on through the room.
    ada.calls("Ben", CallMedia::Audio).await;
    ben.rings().await;
    ben.does(Action::AnswerCall(false)).await;
    ben.until("connected", is_connected).await;
    let view = ada.until("connected", is_connected).await;
    assert!(view.chat.is_none(), "a panel of Home does not stay open");
    ben.does(Action::OpenChat(None)).await;
    ben.does(Action::SendText("in the call".to_owned())).await;
    ada.until("a badge on the button", |view| view.call_unread == 1)
        .await;
    ada.does(Action::OpenChat(None)).await;
    let view = ada
        .until("open", |view| view.call_unread == 0 && view.chat.is_some())
        .await;
    let chat = view.chat.expect("open");
    assert!(chat.in_call);
    assert_eq!(
        chat.messages.last().map(|message| message.text.as_str()),
        Some("in the call")
    );

    // What was written stays in reach: after the call, without the other, and without the server.
    ben.does(Action::Leave).await;
    ben.does(Action::Dismiss).await;
    ada.window_events
        .send(WindowEvent::EndRequested)
        .await
        .expect("it runs");
    let is_there = |view: &View| view.people.list.len() == 1 && view.people.list[0].name == "Ada";
    let is_offline =
        |view: &View| is_there(view) && view.people.list[0].state == PersonState::Offline;
    let view = ben.until("an offline Ada", is_offline).await;
    server.shutdown().await;
    ben.until("offline as well", |view| {
        view.people.presence != Presence::Online && is_offline(view)
    })
    .await;
    let uid = view.people.list[0].uid.clone();
    ben.does(Action::OpenChat(Some(uid))).await;
    let view = ben.until("open", |view| view.chat.is_some()).await;
    let chat = view.chat.expect("open");
    assert!(!chat.in_call && chat.messages.len() == 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_who_declined_can_be_written_to() {
    let server = server().await;
    let (mut ada, mut ben) = two_online(&server).await;
    ada.calls("Ben", CallMedia::Video).await;
    ben.rings().await;
    ben.does(Action::DeclineCall).await;
    let view = ada
        .until("declined", |view| {
            unanswered(view) == Some(UnansweredReason::Declined)
        })
        .await;
    let CallView::Unanswered { uid, .. } = view.call else {
        panic!("another state");
    };
    ada.does(Action::OpenChat(uid)).await;
    ada.does(Action::SendText("later?".to_owned())).await;
    ada.until("delivered", |view| {
        let last = view.chat.as_ref().and_then(|chat| chat.messages.last());
        last.is_some_and(|message| message.state == MessageState::Delivered)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missed_voice_call_is_called_back_as_one_however_the_name_is_written() {
    let server = server().await;
    let (mut ada, mut ben) = two_online(&server).await;
    ada.calls("Ben", CallMedia::Audio).await;
    ben.rings().await;
    ada.does(Action::Cancel).await;
    let view = ben.until("missed", |view| !view.recents.is_empty()).await;
    assert_eq!(view.recents[0].media, CallMedia::Audio);
    ada.does(Action::Dismiss).await;
    ben.finds("Ada").await;
    let call = Action::CallName("ADA".to_owned(), view.recents[0].media);
    ben.does(call).await;
    assert_eq!(ada.rings().await.media, CallMedia::Audio);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_undelivered_text_says_why() {
    let server = server().await;
    let (mut ada, ben) = two_online(&server).await;
    let uid = ada.finds("Ben").await;
    ada.does(Action::OpenChat(Some(uid))).await;
    ben.window_events
        .send(WindowEvent::EndRequested)
        .await
        .expect("it runs");
    ada.until("alone", |view| view.people.list.is_empty()).await;
    ada.does(Action::SendText("are you there?".to_owned()))
        .await;
    let failed = |view: &View| {
        let last = view
            .chat
            .as_ref()
            .and_then(|chat| chat.messages.last().cloned());
        last.filter(|message| matches!(message.state, MessageState::Failed { .. }))
    };
    let view = ada.until("told", |view| failed(view).is_some()).await;
    let message = failed(&view).expect("it failed");
    ada.does(Action::RetryText(message.id)).await;
    let view = ada.until("told again", |view| failed(view).is_some()).await;
    assert_eq!(view.chat.map(|chat| chat.messages.len()), Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn links_are_looked_at_again_before_they_open() {
    let server = server().await;
    let ada = Person::opens(&server).await;
    ada.does(Action::OpenLink("https://example.org/a".to_owned()))
        .await;
    assert_eq!(*ada.links.borrow(), "https://example.org/a");
    let (reply, done) = oneshot::channel();
    let command = UiCommand::Act(Action::OpenLink("file:///etc/passwd".to_owned()), reply);
    ada.commands.send(command).await.expect("it runs");
    assert!(done.await.expect("an answer").is_err());
    assert_eq!(*ada.links.borrow(), "https://example.org/a");
}
