//! Texts: to anyone online, in a room without any directory, and those that reach nobody.

use duet_engine::EndpointEvent;
use duet_engine::call::{ReceivedText, TextEvent, TextTarget, Undelivered};

use crate::common::{Person, server, two_in_a_call};

impl Person {
    async fn says(&self, to: TextTarget, id: &str, content: &str) {
        let sent = self.endpoint.send_text(to, id, content).await;
        sent.expect("runs");
    }

    async fn reads(&mut self) -> ReceivedText {
        self.take("text", |event| match event {
            EndpointEvent::Text(TextEvent::Received(text)) => Some(text.clone()),
            _ => None,
        })
        .await
    }

    /// What came of a text.
    async fn learns_of(&mut self, id: &str) -> Result<(), Undelivered> {
        self.take("the fate of a text", |event| match event {
            EndpointEvent::Text(TextEvent::Delivered { id: about, .. }) if about == id => {
                Some(Ok(()))
            }
            EndpointEvent::Text(TextEvent::Undelivered { id: about, reason }) if about == id => {
                Some(Err(*reason))
            }
            _ => None,
        })
        .await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn to_anyone_online_and_back() {
    let server = server().await;
    let mut ana = Person::online(&server, "Ana").await;
    let mut ben = Person::online(&server, "Ben").await;
    let to_ben = TextTarget::User(ana.finds("Ben").await);
    ana.says(to_ben.clone(), "1", "Half past <b>three</b>?\n🫖")
        .await;
    let text = ben.reads().await;
    assert_eq!(text.content, "Half past <b>three</b>?\n🫖");
    assert_eq!(text.from.name.as_deref(), Some("Ana"));
    assert!(text.time.ends_with('Z') && text.id == "1");
    assert_eq!(ana.learns_of("1").await, Ok(()));
    ben.says(TextTarget::User(text.from.uid), "1", "Yes").await;
    assert_eq!(ana.reads().await.content, "Yes");

    let longest = "x".repeat(4096);
    ana.says(to_ben.clone(), "2", &longest).await;
    assert_eq!(ana.learns_of("2").await, Ok(()));
    for (id, content, reason) in [
        ("3", format!("{longest}x"), Undelivered::TooLarge),
        ("4", String::new(), Undelivered::Invalid),
        (" 5", "5".to_owned(), Undelivered::Invalid),
    ] {
        ana.says(to_ben.clone(), id, &content).await;
        assert_eq!(ana.learns_of(id).await, Err(reason));
    }
    let nobody = TextTarget::User("nobody".to_owned());
    ana.says(nobody, "6", "Hello?").await;
    assert_eq!(ana.learns_of("6").await, Err(Undelivered::Unavailable));
    ana.says(TextTarget::Peer, "7", "Hello?").await;
    assert_eq!(ana.learns_of("7").await, Err(Undelivered::Unavailable));
}

#[tokio::test(flavor = "multi_thread")]
async fn many_at_once_are_fewer_than_disturb_a_call() {
    let server = server().await;
    let mut ana = Person::online(&server, "Ana").await;
    let _ben = Person::online(&server, "Ben").await;
    let to_ben = TextTarget::User(ana.finds("Ben").await);
    for number in 0..40 {
        ana.says(to_ben.clone(), &number.to_string(), "!").await;
    }
    let mut delivered = 0;
    for _ in 0..40 {
        match ana.learns_of_any().await {
            Ok(()) => delivered += 1,
            Err(reason) => assert_eq!(reason, Undelivered::TooFast),
        }
    }
    assert!((20..40).contains(&delivered), "{delivered}");
}

impl Person {
    /// Refusals of our own overtake answers of the server.
    async fn learns_of_any(&mut self) -> Result<(), Undelivered> {
        self.take("the fate of a text", |event| match event {
            EndpointEvent::Text(TextEvent::Delivered { .. }) => Some(Ok(())),
            EndpointEvent::Text(TextEvent::Undelivered { reason, .. }) => Some(Err(*reason)),
            _ => None,
        })
        .await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn in_a_room_without_a_directory_and_offline() {
    let server = server().await;
    let (mut ana, mut ben) = two_in_a_call(&server).await;
    ana.says(TextTarget::Peer, "a", "In the call").await;
    assert_eq!(ben.reads().await.content, "In the call");
    assert_eq!(ana.learns_of("a").await, Ok(()));
    ana.endpoint.leave().await.expect("runs");
    ana.says(TextTarget::Peer, "b", "After it").await;
    assert_eq!(ana.learns_of("b").await, Err(Undelivered::Unavailable));
    let somebody = TextTarget::User("somebody".to_owned());
    ana.says(somebody, "c", "After it").await;
    assert_eq!(ana.learns_of("c").await, Err(Undelivered::Offline));
}
