//! A portal on the bus that answers as a desktop's does, without a dialog: the test is the person.

use std::collections::HashMap;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use anyhow::{Context, Result};
use tokio::runtime::Runtime;
use zbus::connection::Builder;
use zbus::fdo;
use zbus::message::Header;
use zbus::zvariant::{ObjectPath, OwnedFd, OwnedObjectPath, OwnedValue, Value};

const ROOT: &str = "/org/freedesktop/portal/desktop";
const NAME: &str = "org.freedesktop.portal.Desktop";
/// Calls of a test that nobody has looked at: more than one makes.
const ENOUGH: usize = 64;

/// What the person does, or the desktop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// They choose what this node shows.
    Node(u32),
    /// They close the dialog.
    Cancelled,
    /// The dialog never opens: response 2, "ended in some other way".
    Ended,
    /// The call itself is refused.
    NotAllowed,
}

/// What the portal was asked, and by whom it was left.
#[derive(Debug)]
pub(crate) enum Asked {
    /// Types, pointer, whether several, how long the choice is remembered.
    Sources(HashMap<String, u32>),
    Closed,
}

/// The portal; it leaves the bus when dropped.
pub(crate) struct FakePortal {
    runtime: Runtime,
    connection: zbus::Connection,
    asked: Receiver<Asked>,
    sessions: Receiver<OwnedObjectPath>,
}

impl FakePortal {
    pub(crate) fn on_bus(address: &str, socket: PathBuf, answer: Answer) -> Result<Self> {
        let (tell, asked) = sync_channel(ENOUGH);
        let (opened, sessions) = sync_channel(ENOUGH);
        let cast = ScreenCast {
            socket,
            answer,
            tell,
            opened,
        };
        let (runtime, connection) = serve(address, cast)?;
        Ok(Self {
            runtime,
            connection,
            asked,
            sessions,
        })
    }

    pub(crate) fn asked(&self) -> Asked {
        let limit = std::time::Duration::from_secs(20);
        self.asked.recv_timeout(limit).expect("the portal is asked")
    }

    pub(crate) fn nothing_asked(&self) -> bool {
        self.asked.try_recv().is_err()
    }

    /// Ends the newest session, as "Stop sharing" of a desktop does.
    pub(crate) fn stop_sharing(&self) {
        let session = self.sessions.try_iter().last().expect("a session");
        let details = (HashMap::<&str, Value<'_>>::new(),);
        let signal = self.connection.emit_signal(
            None::<&str>,
            session,
            "org.freedesktop.portal.Session",
            "Closed",
            &details,
        );
        self.runtime.block_on(signal).expect("the bus is there");
    }
}

/// A portal that knows something else than screens.
pub(crate) struct OtherPortal {
    _runtime: Runtime,
    _connection: zbus::Connection,
}

impl OtherPortal {
    pub(crate) fn on_bus(address: &str) -> Result<Self> {
        let (runtime, connection) = serve(address, Trash)?;
        Ok(Self {
            _runtime: runtime,
            _connection: connection,
        })
    }
}

fn serve(
    address: &str,
    object: impl zbus::object_server::Interface,
) -> Result<(Runtime, zbus::Connection)> {
    let runtime = Runtime::new()?;
    let builder = Builder::address(address)?
        .serve_at(ROOT, object)?
        .name(NAME)?;
    let connection = runtime
        .block_on(builder.build())
        .context("the portal could not go on the bus")?;
    Ok((runtime, connection))
}

struct ScreenCast {
    socket: PathBuf,
    answer: Answer,
    tell: SyncSender<Asked>,
    opened: SyncSender<OwnedObjectPath>,
}

type Options = HashMap<String, OwnedValue>;

/// The path of an object that the caller names by a token.
fn path(
    kind: &str,
    header: &Header<'_>,
    options: &Options,
    token: &str,
) -> fdo::Result<OwnedObjectPath> {
    let missing = || fdo::Error::InvalidArgs(token.to_owned());
    let sender = header.sender().ok_or_else(missing)?.as_str();
    let sender = sender.trim_start_matches(':').replace('.', "_");
    let token: &str = options
        .get(token)
        .ok_or_else(missing)?
        .try_into()
        .map_err(|_| missing())?;
    let path = ObjectPath::try_from(format!("{ROOT}/{kind}/{sender}/{token}"));
    Ok(path.map_err(|_| missing())?.into())
}

/// Answers a request after its call has returned, as portals do.
fn respond(
    connection: &zbus::Connection,
    header: &Header<'_>,
    options: &Options,
    response: u32,
    results: HashMap<&'static str, Value<'static>>,
) -> fdo::Result<OwnedObjectPath> {
    let request = path("request", header, options, "handle_token")?;
    let (connection, handle) = (connection.clone(), request.clone());
    tokio::spawn(async move {
        let interface = "org.freedesktop.portal.Request";
        let body = (response, results);
        let signal = connection.emit_signal(None::<&str>, handle, interface, "Response", &body);
        signal.await.expect("the bus is there");
    });
    Ok(request)
}

#[zbus::interface(name = "org.freedesktop.portal.ScreenCast")]
impl ScreenCast {
    async fn create_session(
        &self,
        options: Options,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &zbus::Connection,
    ) -> fdo::Result<OwnedObjectPath> {
        let session = path("session", &header, &options, "session_handle_token")?;
        let object = Session {
            tell: self.tell.clone(),
        };
        connection
            .object_server()
            .at(session.clone(), object)
            .await?;
        let _ = self.opened.try_send(session.clone());
        // A string, not a path: so the portals of the desktops do.
        let results = HashMap::from([("session_handle", Value::from(session.to_string()))]);
        respond(connection, &header, &options, 0, results)
    }

    async fn select_sources(
        &self,
        _session: ObjectPath<'_>,
        options: Options,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &zbus::Connection,
    ) -> fdo::Result<OwnedObjectPath> {
        let numbers = options.iter().filter_map(|(name, value)| {
            let number = u32::try_from(value).ok();
            let number = number.or_else(|| bool::try_from(value).ok().map(u32::from))?;
            Some((name.clone(), number))
        });
        let _ = self.tell.try_send(Asked::Sources(numbers.collect()));
        respond(connection, &header, &options, 0, HashMap::new())
    }

    async fn start(
        &self,
        _session: ObjectPath<'_>,
        _parent_window: &str,
        options: Options,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &zbus::Connection,
    ) -> fdo::Result<OwnedObjectPath> {
        let (response, results) = match self.answer {
            Answer::Node(node) => {
                let properties = HashMap::from([("source_type", Value::from(1_u32))]);
                let streams = Value::from(vec![(node, properties)]);
                (0, HashMap::from([("streams", streams)]))
            }
            Answer::Cancelled => (1, HashMap::new()),
            Answer::Ended => (2, HashMap::new()),
            Answer::NotAllowed => {
                return Err(fdo::Error::AccessDenied("not for programs".to_owned()));
            }
        };
        respond(connection, &header, &options, response, results)
    }

    fn open_pipe_wire_remote(
        &self,
        _session: ObjectPath<'_>,
        _options: Options,
    ) -> fdo::Result<OwnedFd> {
        let socket = UnixStream::connect(&self.socket)
            .map_err(|error| fdo::Error::Failed(error.to_string()))?;
        Ok(std::os::fd::OwnedFd::from(socket).into())
    }

    #[zbus(property)]
    fn available_source_types(&self) -> u32 {
        // Screens, windows, and virtual ones, which nobody asks for here.
        7
    }

    #[zbus(property)]
    fn available_cursor_modes(&self) -> u32 {
        7
    }

    #[zbus(property, name = "version")]
    fn version(&self) -> u32 {
        5
    }
}

struct Session {
    tell: SyncSender<Asked>,
}

#[zbus::interface(name = "org.freedesktop.portal.Session")]
impl Session {
    fn close(&self) {
        let _ = self.tell.try_send(Asked::Closed);
    }
}

struct Trash;

#[zbus::interface(name = "org.freedesktop.portal.Trash")]
impl Trash {
    #[zbus(property, name = "version")]
    fn version(&self) -> u32 {
        1
    }
}
