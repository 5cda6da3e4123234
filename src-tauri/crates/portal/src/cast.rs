//! A cast as its caller sees it.

use std::sync::Arc;
use std::time::Duration;

use crate::newest::Newest;
use crate::session::Session;
use crate::stream::StreamThread;
use crate::{Bus, CastError, Numbered};

/// A picture comes as soon as the system has one; a session manager that is slow to start needs seconds.
const FIRST_PICTURE: Duration = Duration::from_secs(10);

/// A screen or a window that a person chose to show. The system shows it until this is dropped.
#[derive(Debug)]
pub struct Cast {
    newest: Arc<Newest>,
    // The pictures end before the session that they belong to.
    _stream: StreamThread,
    _session: Session,
}

impl Cast {
    /// Asks the portal on this bus, which shows its dialog, and returns when the person has chosen and the
    /// first picture is there. At most `pictures_per_second` are asked for.
    ///
    /// # Errors
    /// [`CastError`]; a person who takes their time is none.
    pub fn ask(bus: &Bus, pictures_per_second: u32) -> Result<Self, CastError> {
        let newest = Arc::new(Newest::default());
        let (session, granted) = Session::ask(bus, &newest)?;
        let stream = StreamThread::start(granted, pictures_per_second, &newest)?;
        if newest.first(FIRST_PICTURE)?.is_none() {
            let text = format!("no picture came within {} s", FIRST_PICTURE.as_secs());
            return Err(CastError::PipeWire(text));
        }
        Ok(Self {
            newest,
            _stream: stream,
            _session: session,
        })
    }

    /// The newest picture. A screen that does not change gives no new ones.
    ///
    /// # Errors
    /// [`CastError::Ended`] or another reason when no picture comes any more.
    pub fn newest(&self) -> Result<Numbered, CastError> {
        let newest = self.newest.get()?;
        newest.ok_or_else(|| CastError::PipeWire("no picture came".into()))
    }
}
