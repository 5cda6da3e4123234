//! A small notification daemon on the session bus of a desk: what the system's would be told, and the
//! answers that a person would click there.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context, Result};
use duet_testkit::process::eventually;
use tokio::runtime::Runtime;
use zbus::OwnedVariant;
use zbus::connection;
use zbus::object_server::SignalEmitter;

const PATH: &str = "/org/freedesktop/Notifications";

/// Nobody clicks faster than an application that was just told the number of its notification can ask
/// for the clicks; a test does.
const LISTENS: Duration = Duration::from_secs(20);
const BETWEEN_CLICKS: Duration = Duration::from_millis(200);

/// What was shown.
#[derive(Debug, Clone, Default)]
pub struct Shown {
    /// The large line.
    pub summary: String,
    /// The small one.
    pub body: String,
    /// Ids and words, in turn.
    pub actions: Vec<String>,
    /// Taken back by the application.
    pub closed: bool,
    /// Whose it is: the unique name of a connection on the bus.
    owner: String,
}

/// The daemon; it leaves the bus when dropped.
#[derive(Debug)]
pub struct NotificationDaemon {
    connection: zbus::Connection,
    runtime: Runtime,
    shown: Arc<Mutex<Vec<Shown>>>,
}

impl NotificationDaemon {
    /// Takes the name on the bus at this address.
    ///
    /// # Errors
    /// When the bus is gone or the name is taken.
    pub fn on_bus(address: &str) -> Result<Self> {
        let shown = Arc::default();
        let daemon = Daemon {
            shown: Arc::clone(&shown),
        };
        let runtime = Runtime::new()?;
        let builder = connection::Builder::address(address)
            .serve_at(PATH, daemon)
            .name("org.freedesktop.Notifications");
        let connection = runtime
            .block_on(builder.build())
            .context("the daemon could not go on the bus")?;
        Ok(Self {
            connection,
            runtime,
            shown,
        })
    }

    /// Waits for the notification with this number (from 0) that `is_it`.
    ///
    /// # Errors
    /// When it does not come in `limit`.
    pub fn until(
        &self,
        number: usize,
        limit: Duration,
        is_it: impl Fn(&Shown) -> bool,
    ) -> Result<Shown> {
        let at = || {
            self.shown
                .lock()
                .ok()
                .and_then(|shown| shown.get(number).cloned())
        };
        let done = eventually("the notification", limit, || {
            at().is_some_and(|shown| is_it(&shown))
        });
        done.with_context(|| format!("notifications: {:?}", self.shown.lock()))?;
        at().context("it came")
    }

    /// How many were shown.
    #[must_use]
    pub fn count(&self) -> usize {
        self.shown.lock().map_or(0, |shown| shown.len())
    }

    /// Clicks an action of a notification, once its owner listens for clicks, and until it has taken one:
    /// between asking the bus for clicks and waiting for one, the library of the application loses them.
    ///
    /// # Errors
    /// When the bus is gone, or nobody listens.
    pub fn click(&self, number: usize, action: &str) -> Result<()> {
        let owner = self
            .until(number, LISTENS, |shown| !shown.owner.is_empty())?
            .owner;
        let listens = || self.listens(&owner).unwrap_or(false);
        eventually("the owner listens for clicks", LISTENS, listens)?;
        let id = u32::try_from(number + 1)?;
        let name = "org.freedesktop.Notifications";
        let body = (id, action);
        eventually("the owner takes the click", LISTENS, || {
            let signal =
                self.connection
                    .emit_signal(None::<&str>, PATH, name, "ActionInvoked", &body);
            // One that could not be sent is not taken either.
            let _ = self.runtime.block_on(signal);
            std::thread::sleep(BETWEEN_CLICKS);
            !listens()
        })
    }

    /// Whether the bus has a match rule of this connection for clicks.
    fn listens(&self, owner: &str) -> Result<bool> {
        let bus = "org.freedesktop.DBus";
        let stats = "org.freedesktop.DBus.Debug.Stats";
        let asked = self.connection.call_method(
            Some(bus),
            "/org/freedesktop/DBus",
            Some(stats),
            "GetAllMatchRules",
            &(),
        );
        let reply = self.runtime.block_on(asked)?;
        let rules: HashMap<String, Vec<String>> = reply.body().deserialize()?;
        let own = rules.get(owner);
        Ok(own.is_some_and(|own| own.iter().any(|rule| rule.contains("ActionInvoked"))))
    }
}

struct Daemon {
    shown: Arc<Mutex<Vec<Shown>>>,
}

#[zbus::interface(name = "org.freedesktop.Notifications")]
impl Daemon {
    #[expect(clippy::too_many_arguments, reason = "the specification's")]
    fn notify(
        &self,
        #[zbus(header)] header: zbus::message::Header<'_>,
        _app_name: &str,
        _replaces_id: u32,
        _app_icon: &str,
        summary: String,
        body: String,
        actions: Vec<String>,
        _hints: HashMap<String, OwnedVariant>,
        _expire_timeout: i32,
    ) -> u32 {
        let Ok(mut shown) = self.shown.lock() else {
            return 0;
        };
        shown.push(Shown {
            summary,
            body,
            actions,
            closed: false,
            owner: header.sender().map(ToString::to_string).unwrap_or_default(),
        });
        u32::try_from(shown.len()).unwrap_or(0)
    }

    async fn close_notification(
        &self,
        id: u32,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> zbus::fdo::Result<()> {
        if let Ok(mut shown) = self.shown.lock()
            && let Some(shown) = shown.get_mut(id.saturating_sub(1) as usize)
        {
            shown.closed = true;
        }
        // Reason 3: by a call to CloseNotification.
        Self::notification_closed(&emitter, id, 3).await?;
        Ok(())
    }

    fn get_capabilities(&self) -> Vec<String> {
        vec!["actions".to_owned(), "body".to_owned()]
    }

    fn get_server_information(&self) -> (String, String, String, String) {
        let text = str::to_owned;
        (text("duet-tests"), text("Duet"), text("1"), text("1.2"))
    }

    #[zbus(signal)]
    async fn notification_closed(
        emitter: &SignalEmitter<'_>,
        id: u32,
        reason: u32,
    ) -> zbus::Result<()>;

    #[zbus(signal)]
    async fn action_invoked(
        emitter: &SignalEmitter<'_>,
        id: u32,
        action_key: &str,
    ) -> zbus::Result<()>;
}
