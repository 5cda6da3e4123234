//! The system's notification of an incoming call.
//!
//! On Linux it carries the answers as actions, brings Duet up when it is clicked elsewhere, and goes when the call does. On Windows and macOS it
//! only tells: the libraries at hand can neither take it back nor answer through it, and the window
//! beside it can do both. The name stands in the summary, which holds no markup; the body is ours.

use notify_rust::Notification;
use tokio::sync::{mpsc, oneshot};

use crate::controller::{RingScreen, WindowEvent};
use crate::view::CallMedia;
use crate::words::word;

/// Shows one notification at a time. What cannot be shown is logged: there are the window and the tone.
#[derive(Debug)]
pub(crate) struct Notifications {
    events: mpsc::Sender<WindowEvent>,
    /// Dropping it withdraws the notification that is shown.
    shown: parking_lot::Mutex<Option<oneshot::Sender<()>>>,
}

impl Notifications {
    /// Nothing is shown yet.
    pub(crate) fn new(events: mpsc::Sender<WindowEvent>) -> Self {
        Self {
            events,
            shown: parking_lot::Mutex::default(),
        }
    }

    /// Tells of a call.
    pub(crate) fn ring(&self, ring: &RingScreen) {
        let mut notification = Notification::new();
        let body = match ring.media {
            CallMedia::Video => "notify.video",
            CallMedia::Audio => "notify.audio",
        };
        notification
            .appname("Duet")
            .summary(&ring.name)
            .body(word(ring.language, body));
        let (withdraw, withdrawn) = oneshot::channel();
        *self.shown.lock() = Some(withdraw);
        tokio::spawn(system::show(
            notification,
            ring.clone(),
            self.events.clone(),
            withdrawn,
        ));
    }

    /// Takes the notification back where the system can.
    pub(crate) fn withdraw(&self) {
        self.shown.lock().take();
    }
}

#[cfg(target_os = "linux")]
mod system {
    use notify_rust::{Hint, Notification, NotificationResponse, Timeout, Urgency};
    use tokio::sync::{mpsc, oneshot};

    use crate::controller::{RingAnswer, RingScreen, WindowEvent};
    use crate::view::CallMedia;
    use crate::words::word;

    const ANSWERS: [(&str, RingAnswer, &str); 3] = [
        ("decline", RingAnswer::Decline, "incoming.decline"),
        ("audio", RingAnswer::WithoutCamera, "incoming.withoutCamera"),
        ("accept", RingAnswer::Accept, "incoming.accept"),
    ];

    /// The action that the freedesktop specification gives a click on the notification itself.
    const OPEN: &str = "default";

    pub(super) async fn show(
        mut notification: Notification,
        ring: RingScreen,
        events: mpsc::Sender<WindowEvent>,
        withdrawn: oneshot::Receiver<()>,
    ) {
        notification
            .urgency(Urgency::Critical)
            .timeout(Timeout::Never)
            .hint(Hint::Category("call.incoming".to_owned()))
            .hint(Hint::DesktopEntry("duet".to_owned()));
        notification.action(OPEN, word(ring.language, "notify.open"));
        for (id, answer, key) in ANSWERS {
            // A call without pictures is without camera anyhow.
            if ring.media == CallMedia::Video || answer != RingAnswer::WithoutCamera {
                notification.action(id, word(ring.language, key));
            }
        }
        let handle = match notification.show_async().await {
            Ok(handle) => handle,
            Err(error) => {
                tracing::info!(%error, "the system shows no notifications");
                return;
            }
        };
        let mut said = None;
        tokio::select! {
            () = handle.wait_for_action_async(|response| said = said_by(response, ring.call_id)) => {}
            _ = withdrawn => {
                handle.close_async().await;
                return;
            }
        }
        if let Some(event) = said {
            // A controller that is gone has ended the call.
            let _ = events.send(event).await;
        }
    }

    fn said_by(response: &NotificationResponse, call_id: String) -> Option<WindowEvent> {
        match response {
            // A click on it is no answer.
            NotificationResponse::Default => Some(WindowEvent::NotificationOpened),
            NotificationResponse::Action(chosen) => {
                let found = ANSWERS.iter().find(|(id, _, _)| id == chosen);
                found.map(|(_, answer, _)| WindowEvent::NotificationAnswered {
                    call_id,
                    answer: *answer,
                })
            }
            // Putting it away is none either.
            NotificationResponse::Reply(_) | NotificationResponse::Closed(_) => None,
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    use notify_rust::Notification;
    use tokio::sync::{mpsc, oneshot};

    use crate::controller::{RingScreen, WindowEvent};

    pub(super) async fn show(
        notification: Notification,
        _ring: RingScreen,
        _events: mpsc::Sender<WindowEvent>,
        _withdrawn: oneshot::Receiver<()>,
    ) {
        let shown = tokio::task::spawn_blocking(move || notification.show().map(drop)).await;
        if !matches!(shown, Ok(Ok(()))) {
            tracing::info!("the system shows no notifications");
        }
    }
}
