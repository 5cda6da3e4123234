//! The one place for the newest picture, between PipeWire's thread and whoever reads.

use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use crate::{CastError, Frame, Numbered};

/// Shared by the threads of a cast.
#[derive(Debug, Default)]
pub(crate) struct Newest {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    number: u64,
    frame: Option<Arc<Frame>>,
    ended: Option<CastError>,
}

impl Newest {
    /// Puts a picture in the place of the last one, which comes back to be filled again if nobody reads it.
    pub(crate) fn put(&self, frame: Frame) -> Option<Frame> {
        let mut state = self.state.lock();
        state.number += 1;
        let last = state.frame.replace(Arc::new(frame));
        self.changed.notify_all();
        Arc::try_unwrap(last?).ok()
    }

    /// No picture comes any more; the first reason stays.
    pub(crate) fn end(&self, reason: CastError) {
        let mut state = self.state.lock();
        if state.ended.is_none() {
            tracing::debug!(%reason, "the cast is over");
            state.ended = Some(reason);
        }
        self.changed.notify_all();
    }

    /// The newest picture, or none before the first.
    pub(crate) fn get(&self) -> Result<Option<Numbered>, CastError> {
        self.state.lock().get()
    }

    /// The newest picture as soon as there is one, or none in time.
    pub(crate) fn first(&self, patience: Duration) -> Result<Option<Numbered>, CastError> {
        let deadline = Instant::now() + patience;
        let mut state = self.state.lock();
        loop {
            let found = state.get()?;
            if found.is_some() || self.changed.wait_until(&mut state, deadline).timed_out() {
                return Ok(found);
            }
        }
    }
}

impl State {
    fn get(&self) -> Result<Option<Numbered>, CastError> {
        match &self.ended {
            Some(reason) => Err(reason.clone()),
            None => Ok(self.frame.as_ref().map(|frame| Numbered {
                number: self.number,
                frame: Arc::clone(frame),
            })),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(value: u8) -> Frame {
        Frame {
            width: 1,
            height: 1,
            pixels: vec![value; 4],
        }
    }

    #[test]
    fn the_newest_wins_and_what_nobody_reads_is_used_again() {
        let newest = Newest::default();
        assert!(newest.get().expect("it goes on").is_none());
        assert_eq!(newest.put(frame(1)), None);
        assert_eq!(newest.put(frame(2)), Some(frame(1)));
        let read = newest.get().expect("it goes on").expect("a picture");
        assert_eq!((read.number, &*read.frame), (2, &frame(2)));
        assert_eq!(newest.put(frame(3)), None, "somebody reads it");
        assert_eq!(*read.frame, frame(2));
    }

    #[test]
    fn the_first_reason_is_told() {
        let newest = Newest::default();
        newest.put(frame(1));
        newest.end(CastError::Ended);
        newest.end(CastError::PipeWire("later".into()));
        assert_eq!(newest.get().expect_err("over"), CastError::Ended);
        let wait = newest.first(Duration::from_secs(60));
        assert_eq!(wait.expect_err("over"), CastError::Ended);
    }
}
