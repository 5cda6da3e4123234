//! The portal's side: a session on D-Bus, from the question to the connection to PipeWire.
//!
//! `org.freedesktop.portal.ScreenCast`: CreateSession, SelectSources, Start, OpenPipeWireRemote.

use std::os::fd::OwnedFd;
use std::pin::pin;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use ashpd::desktop::screencast::{
    CursorMode, Screencast, SelectSourcesOptions, SourceType, StartCastOptions,
};
use ashpd::desktop::{PersistMode, ResponseError};
use ashpd::enumflags2::BitFlags;
use ashpd::{Error, PortalError};
use futures_util::StreamExt as _;
use tokio::sync::oneshot;
use zbus::connection::Builder;

use crate::newest::Newest;
use crate::{Bus, CastError};

/// A bus that hangs does not keep the program from ending.
const FAREWELL: Duration = Duration::from_secs(1);

/// What the portal gives.
#[derive(Debug)]
pub(crate) struct Granted {
    /// A connection to PipeWire that sees the node and nothing else.
    pub(crate) remote: OwnedFd,
    /// The node with the pictures.
    pub(crate) node: u32,
}

type Answer = Result<Granted, CastError>;

/// A session with the portal. Dropping it closes it.
#[derive(Debug)]
pub(crate) struct Session {
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Session {
    /// Asks, and waits for the person. `newest` is told when the system ends the session.
    pub(crate) fn ask(bus: &Bus, newest: &Arc<Newest>) -> Result<(Self, Granted), CastError> {
        let (stop, stopped) = oneshot::channel();
        let (tell, told) = sync_channel(1);
        let (bus, newest) = (bus.clone(), Arc::clone(newest));
        let run = move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            match runtime {
                Ok(runtime) => runtime.block_on(talk(&bus, &tell, stopped, &newest)),
                // Who asked is there.
                Err(error) => drop(tell.send(Err(refused(&error)))),
            }
        };
        let thread = thread::Builder::new()
            .name("portal".into())
            .spawn(run)
            .map_err(|error| refused(&error))?;
        let session = Self {
            stop: Some(stop),
            thread: Some(thread),
        };
        // The thread is gone without an answer when what came was not of the protocol's form.
        let nonsense = || CastError::Refused("its answer was not understood".into());
        let granted = told.recv().map_err(|_| nonsense())??;
        Ok((session, granted))
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            // It may have ended.
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The whole life of a session.
async fn talk(
    bus: &Bus,
    tell: &SyncSender<Answer>,
    stopped: oneshot::Receiver<()>,
    newest: &Newest,
) {
    if let Err(error) = hold(bus, tell, stopped, newest).await {
        let _ = tell.try_send(Err(error));
    }
}

async fn hold(
    bus: &Bus,
    tell: &SyncSender<Answer>,
    stopped: oneshot::Receiver<()>,
    newest: &Newest,
) -> Result<(), CastError> {
    let connection = connect(bus).await.map_err(|error| absent(&error))?;
    let portal = Screencast::with_connection(connection).await.map_err(why)?;
    let session = portal
        .create_session(Default::default())
        .await
        .map_err(why)?;
    let mut closed = pin!(session.receive_closed().await.map_err(why)?);
    let choices = choices(&portal).await;
    let select = portal.select_sources(&session, choices).await;
    select.and_then(|request| request.response()).map_err(why)?;
    let start = portal.start(&session, None, StartCastOptions::default());
    let streams = start
        .await
        .and_then(|request| request.response())
        .map_err(why)?;
    let nothing = || CastError::Refused("it gave no stream".into());
    let node = streams.streams().first().ok_or_else(nothing)?;
    let remote = portal.open_pipe_wire_remote(&session, Default::default());
    let granted = Granted {
        remote: remote.await.map_err(why)?,
        node: node.pipe_wire_node_id(),
    };
    let _ = tell.try_send(Ok(granted));
    tokio::select! {
        _ = stopped => {
            // The system may have closed it at the same moment.
            let _ = tokio::time::timeout(FAREWELL, session.close()).await;
        }
        _ = closed.next() => newest.end(CastError::Ended),
    }
    Ok(())
}

async fn connect(bus: &Bus) -> zbus::Result<zbus::Connection> {
    match bus {
        Bus::Session => zbus::Connection::session().await,
        Bus::At(address) => Builder::address(address.as_str())?.build().await,
    }
}

/// One screen or window, with the pointer in the picture, asked for anew each time: as far as this portal
/// can. To ask for more than it has would end the session.
async fn choices(portal: &Screencast) -> SelectSourcesOptions {
    let sources = portal.available_source_types().await.unwrap_or_default();
    let sources = sources & (SourceType::Monitor | SourceType::Window);
    let sources = if sources.is_empty() {
        BitFlags::from(SourceType::Monitor)
    } else {
        sources
    };
    let options = SelectSourcesOptions::default()
        .set_sources(sources)
        .set_multiple(false)
        .set_persist_mode(PersistMode::DoNot);
    let pointers = portal.available_cursor_modes().await.unwrap_or_default();
    if pointers.contains(CursorMode::Embedded) {
        options.set_cursor_mode(CursorMode::Embedded)
    } else {
        options
    }
}

/// What an error of the portal means to a person.
fn why(error: Error) -> CastError {
    match &error {
        Error::Response(ResponseError::Cancelled) | Error::Portal(PortalError::Cancelled(_)) => {
            CastError::Cancelled
        }
        Error::PortalNotFound(_) => absent(&error),
        Error::Zbus(bus) | Error::Portal(PortalError::ZBus(bus)) if is_absence(bus) => {
            absent(&error)
        }
        // Error may grow.
        _ => refused(&error),
    }
}

/// Nobody answers under the portal's name, or not about screens.
fn is_absence(error: &zbus::Error) -> bool {
    let name = match error {
        zbus::Error::MethodError(name, ..) => name.as_str(),
        zbus::Error::FDO(error) => {
            return matches!(
                **error,
                zbus::fdo::Error::ServiceUnknown(_)
                    | zbus::fdo::Error::NameHasNoOwner(_)
                    | zbus::fdo::Error::UnknownObject(_)
                    | zbus::fdo::Error::UnknownInterface(_)
                    | zbus::fdo::Error::UnknownMethod(_)
            );
        }
        // Error may grow.
        _ => return matches!(error, zbus::Error::InterfaceNotFound),
    };
    [
        "org.freedesktop.DBus.Error.ServiceUnknown",
        "org.freedesktop.DBus.Error.NameHasNoOwner",
        "org.freedesktop.DBus.Error.UnknownObject",
        "org.freedesktop.DBus.Error.UnknownInterface",
        "org.freedesktop.DBus.Error.UnknownMethod",
    ]
    .contains(&name)
}

fn absent(error: &impl ToString) -> CastError {
    CastError::NoPortal(error.to_string())
}

fn refused(error: &impl ToString) -> CastError {
    CastError::Refused(error.to_string())
}
