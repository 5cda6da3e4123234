//! One stream of pictures: the newest one, the page's credits, and the thread that joins them.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use duet_media::clock;
use duet_media::display::{covering_size, scaled};
use duet_media::frame::VideoFrame;
use duet_media::scale::I420Scaler;
use tokio::sync::mpsc;

use super::PixelFormat;
use super::message::{encode, wall_clock_us};

/// Pictures of one stream between the thread and the screen.
pub(super) const IN_FLIGHT: usize = 2;
/// Durations kept between two readings of the figures.
const FIGURES_KEPT: usize = 4096;

/// What was shown since the last reading.
#[derive(Debug, Default, Clone)]
pub struct StreamFigures {
    /// Pictures handed over.
    pub published: u64,
    /// Pictures replaced before they were sent.
    pub replaced: u64,
    /// From hand-over to the page's credit, in microseconds, one for each picture drawn.
    pub drawn_us: Vec<i64>,
}

/// A handle; dropping it ends the thread.
#[derive(Debug)]
pub(super) struct FrameStream {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    number: u8,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    newest: Option<Waiting>,
    last: Option<VideoFrame>,
    shown: (u32, u32),
    format: PixelFormat,
    page: Option<mpsc::Sender<Vec<u8>>>,
    in_flight: VecDeque<i64>,
    sequence: u32,
    figures: StreamFigures,
    closed: bool,
}

/// The newest picture, not sent yet, and when it was handed over by both clocks.
#[derive(Debug)]
struct Waiting {
    frame: VideoFrame,
    handed_over_us: i64,
    handed_over_wall_us: u32,
}

impl From<VideoFrame> for Waiting {
    fn from(frame: VideoFrame) -> Self {
        Self {
            frame,
            handed_over_us: clock::now_us(),
            handed_over_wall_us: wall_clock_us(),
        }
    }
}

impl FrameStream {
    pub(super) fn start(number: u8, thread_name: &str) -> std::io::Result<Self> {
        let shared = Arc::new(Shared {
            number,
            state: Mutex::new(State {
                newest: None,
                last: None,
                shown: (0, 0),
                format: PixelFormat::Rgba,
                page: None,
                in_flight: VecDeque::new(),
                sequence: 0,
                figures: StreamFigures::default(),
                closed: false,
            }),
            changed: Condvar::new(),
        });
        let worker = Arc::clone(&shared);
        std::thread::Builder::new()
            .name(thread_name.to_owned())
            .spawn(move || worker.run())?;
        Ok(Self { shared })
    }

    pub(super) fn publish(&self, frame: VideoFrame) {
        let mut state = self.shared.lock();
        state.figures.published += 1;
        if state.newest.replace(frame.into()).is_some() {
            state.figures.replaced += 1;
        }
        self.shared.changed.notify_one();
    }

    pub(super) fn set_format(&self, format: PixelFormat) {
        self.shared.lock().format = format;
    }

    /// The page shows the stream at this size, in device pixels; zero when it does not. The last
    /// picture is sent again, so that a page that comes back is not black until the next one.
    pub(super) fn set_shown(&self, width: u32, height: u32) {
        let mut state = self.shared.lock();
        state.shown = (width.min(4096), height.min(4096));
        state.show_last_again();
        self.shared.changed.notify_one();
    }

    /// A page connected; the one before is forgotten with its credits.
    pub(super) fn attach(&self, page: mpsc::Sender<Vec<u8>>) {
        let mut state = self.shared.lock();
        state.page = Some(page);
        state.in_flight.clear();
        state.show_last_again();
        self.shared.changed.notify_one();
    }

    /// What was shown is over: a page that shows the stream again gets nothing before the next picture.
    pub(super) fn forget(&self) {
        let mut state = self.shared.lock();
        state.newest = None;
        state.last = None;
    }

    /// The page drew a picture.
    pub(super) fn credit(&self) {
        let mut state = self.shared.lock();
        if let Some(handed_over_us) = state.in_flight.pop_front()
            && state.figures.drawn_us.len() < FIGURES_KEPT
        {
            let took_us = clock::now_us() - handed_over_us;
            state.figures.drawn_us.push(took_us);
        }
        self.shared.changed.notify_one();
    }

    pub(super) fn take_figures(&self) -> StreamFigures {
        std::mem::take(&mut self.shared.lock().figures)
    }
}

impl Drop for FrameStream {
    fn drop(&mut self) {
        self.shared.lock().closed = true;
        self.shared.changed.notify_one();
    }
}

impl State {
    fn show_last_again(&mut self) {
        if self.newest.is_none()
            && let Some(last) = self.last.clone()
        {
            self.newest = Some(last.into());
        }
    }

    fn sendable(&self) -> bool {
        self.newest.is_some()
            && self.in_flight.len() < IN_FLIGHT
            && self.shown.0 > 0
            && self.shown.1 > 0
            && self.page.as_ref().is_some_and(|page| !page.is_closed())
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self) {
        let mut scaler = I420Scaler::new();
        let mut state = self.lock();
        loop {
            state = self
                .changed
                .wait_while(state, |state| !state.closed && !state.sendable())
                .unwrap_or_else(PoisonError::into_inner);
            if state.closed {
                return;
            }
            let Some(waiting) = state.newest.take() else {
                continue;
            };
            let frame = waiting.frame;
            state.last = Some(frame.clone());
            let Some(size) = covering_size((frame.width, frame.height), state.shown) else {
                continue;
            };
            let Some(page) = state.page.clone() else {
                continue;
            };
            state.in_flight.push_back(waiting.handed_over_us);
            state.sequence = state.sequence.wrapping_add(1);
            let (format, sequence) = (state.format, state.sequence);
            drop(state);
            let picture = scaled(&mut scaler, &frame, size.0, size.1);
            let handed_over_us = waiting.handed_over_wall_us;
            let message = encode(self.number, format, sequence, handed_over_us, &picture);
            // The channel holds what may be in flight, so a full one means a page that breaks the
            // credit rule; the picture is dropped.
            if page.try_send(message).is_err() {
                tracing::trace!(stream = self.number, "the page took no picture");
            }
            state = self.lock();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_comes_again_until_it_is_forgotten() {
        let stream = FrameStream::start(1, "frames-test").expect("a thread");
        let (page, mut messages) = mpsc::channel(IN_FLIGHT);
        stream.attach(page);
        stream.set_shown(16, 16);
        stream.publish(VideoFrame {
            width: 16,
            height: 16,
            data: Arc::from(vec![16; VideoFrame::i420_len(16, 16)]),
            capture_ts_us: 0,
        });
        assert!(messages.blocking_recv().is_some());
        stream.credit();
        stream.set_shown(16, 16);
        assert!(messages.blocking_recv().is_some());
        stream.credit();

        stream.forget();
        stream.set_shown(16, 16);
        assert!(!stream.shared.lock().sendable());
    }
}
