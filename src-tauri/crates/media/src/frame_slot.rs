//! A slot for one picture between two threads: the newest wins.
//!
//! Instead of a channel, because a queue of pictures is delay: whoever falls behind wants the
//! newest picture and none of those before. The writer never waits; the reader waits on a
//! condition variable. Dropping either side closes the slot: the reader sees the end, the writer's
//! pictures go nowhere.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

/// A new slot's two ends.
pub fn frame_slot<T>() -> (FrameWriter<T>, FrameReader<T>) {
    let shared = Arc::new(Shared {
        slot: Mutex::new(Slot {
            newest: None,
            replaced: 0,
            writers: 1,
            reader_gone: false,
            poked: false,
        }),
        changed: Condvar::new(),
    });
    let writer = FrameWriter {
        shared: Arc::clone(&shared),
    };
    (writer, FrameReader { shared })
}

/// What a reader gets.
#[derive(Debug, PartialEq, Eq)]
pub enum Taken<T> {
    /// The newest picture.
    Frame(T),
    /// Nothing came in the time given, or the slot was poked.
    Nothing,
    /// Every writer is gone and the slot is empty.
    Closed,
}

/// The writing end. Clones write into the same slot.
#[derive(Debug)]
pub struct FrameWriter<T> {
    shared: Arc<Shared<T>>,
}

/// The reading end.
#[derive(Debug)]
pub struct FrameReader<T> {
    shared: Arc<Shared<T>>,
}

#[derive(Debug)]
struct Shared<T> {
    slot: Mutex<Slot<T>>,
    changed: Condvar,
}

#[derive(Debug)]
struct Slot<T> {
    newest: Option<T>,
    replaced: u64,
    writers: usize,
    reader_gone: bool,
    poked: bool,
}

impl<T> FrameWriter<T> {
    /// Puts a picture in, in place of one that was not taken yet. Returns at once.
    pub fn put(&self, frame: T) {
        let mut slot = self.shared.slot.lock();
        if slot.reader_gone {
            return;
        }
        slot.replaced += u64::from(slot.newest.replace(frame).is_some());
        drop(slot);
        self.shared.changed.notify_one();
    }

    /// Wakes the reader without a picture, so that it looks at its settings.
    pub fn poke(&self) {
        self.shared.slot.lock().poked = true;
        self.shared.changed.notify_one();
    }

    /// How many pictures were replaced before anyone took them.
    pub fn replaced(&self) -> u64 {
        self.shared.slot.lock().replaced
    }
}

impl<T> Clone for FrameWriter<T> {
    fn clone(&self) -> Self {
        self.shared.slot.lock().writers += 1;
        Self {
            shared: Arc::clone(&self.shared),
        }
    }
}

impl<T> Drop for FrameWriter<T> {
    fn drop(&mut self) {
        self.shared.slot.lock().writers -= 1;
        self.shared.changed.notify_one();
    }
}

impl<T> FrameReader<T> {
    /// Takes the newest picture, waiting at most `timeout` for one.
    pub fn take(&self, timeout: Duration) -> Taken<T> {
        let mut slot = self.shared.slot.lock();
        if slot.newest.is_none() && slot.writers > 0 && !slot.poked {
            self.shared.changed.wait_for(&mut slot, timeout);
        }
        slot.poked = false;
        match slot.newest.take() {
            Some(frame) => Taken::Frame(frame),
            None if slot.writers == 0 => Taken::Closed,
            None => Taken::Nothing,
        }
    }
}

impl<T> Drop for FrameReader<T> {
    fn drop(&mut self) {
        let mut slot = self.shared.slot.lock();
        slot.reader_gone = true;
        slot.newest = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(30);

    #[test]
    fn the_newest_wins_and_the_end_is_seen() {
        let (writer, reader) = frame_slot();
        let other = writer.clone();
        writer.put(1);
        other.put(2);
        assert_eq!(writer.replaced(), 1);
        assert_eq!(reader.take(LONG), Taken::Frame(2));
        writer.poke();
        assert_eq!(reader.take(LONG), Taken::Nothing);
        other.put(3);
        drop((writer, other));
        assert_eq!(reader.take(LONG), Taken::Frame(3));
        assert_eq!(reader.take(LONG), Taken::Closed);
    }

    #[test]
    fn a_waiting_reader_wakes() {
        let (writer, reader) = frame_slot();
        let thread = std::thread::spawn(move || reader.take(LONG));
        writer.put(7);
        assert_eq!(thread.join().expect("no panic"), Taken::Frame(7));
    }
}
