//! A thread that keeps one device as it is wanted: open, closed, or tried again.
//!
//! A device that cannot be opened is tried again after 1, 2 and then every 5 seconds, and at once
//! when the list of devices changes. A newer wish replaces one that was not looked at yet.

use std::any::Any;
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use super::MediaNotice;
use crate::event::{DeviceChange, DeviceKind};

const RETRIES: [Duration; 3] = [
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(5),
];

/// An open device; dropping it closes it.
pub(super) type OpenDevice = Box<dyn Any + Send>;

/// Reports about one opened device.
#[derive(Debug, Clone)]
pub(super) struct Report {
    kind: DeviceKind,
    generation: u64,
    notices: mpsc::Sender<MediaNotice>,
}

impl Report {
    pub(super) fn works(&self) {
        self.send(DeviceChange::Works);
    }

    pub(super) fn failed(&self, code: &'static str) {
        self.send(DeviceChange::Failed { code });
    }

    fn send(&self, change: DeviceChange) {
        let notice = MediaNotice::Device(self.kind, self.generation, change);
        // The driver drains this channel all the time; it is full only when it is gone or stuck,
        // and a device thread must not wait for it.
        if self.notices.try_send(notice).is_err() {
            tracing::debug!(kind = ?self.kind, "nobody takes the device's report");
        }
    }
}

/// See the module.
pub(super) struct Keeper<D> {
    shared: Arc<Shared<D>>,
}

impl<D> fmt::Debug for Keeper<D> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Keeper").finish_non_exhaustive()
    }
}

struct Shared<D> {
    wish: Mutex<Wish<D>>,
    changed: Condvar,
}

struct Wish<D> {
    device: Option<D>,
    generation: u64,
    retry_now: bool,
    ended: bool,
}

impl<D: Clone + PartialEq + Send + 'static> Keeper<D> {
    /// Starts the thread; nothing is wanted yet. `open` reports by itself when the device works;
    /// that it cannot be opened is reported here.
    pub(super) fn start(
        kind: DeviceKind,
        notices: mpsc::Sender<MediaNotice>,
        open: impl Fn(&D, Report) -> Result<OpenDevice, &'static str> + Send + 'static,
    ) -> Self {
        let shared = Arc::new(Shared {
            wish: Mutex::new(Wish {
                device: None,
                generation: 0,
                retry_now: false,
                ended: false,
            }),
            changed: Condvar::new(),
        });
        let worker = Arc::clone(&shared);
        let reports = notices.clone();
        let started = std::thread::Builder::new()
            .name(format!("keeper-{kind:?}").to_lowercase())
            .spawn(move || worker.run(kind, &notices, &open));
        if let Err(error) = started {
            tracing::error!(%error, "no thread for a device");
            Report {
                kind,
                generation: 0,
                notices: reports,
            }
            .failed("thread");
        }
        Self { shared }
    }

    /// Wants this device, or none. The same wish again changes nothing.
    pub(super) fn want(&self, device: Option<D>) {
        let mut wish = self.shared.lock();
        if wish.device != device {
            wish.device = device;
            wish.generation += 1;
            self.shared.changed.notify_one();
        }
    }

    /// Tries a device that failed again now.
    pub(super) fn retry_now(&self) {
        self.shared.lock().retry_now = true;
        self.shared.changed.notify_one();
    }

    /// The number of the present wish.
    pub(super) fn generation(&self) -> u64 {
        self.shared.lock().generation
    }
}

impl<D> Drop for Keeper<D> {
    fn drop(&mut self) {
        self.shared.lock().ended = true;
        self.shared.changed.notify_one();
    }
}

impl<D> Shared<D> {
    fn lock(&self) -> MutexGuard<'_, Wish<D>> {
        self.wish.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<D: Clone + PartialEq> Shared<D> {
    fn run(
        &self,
        kind: DeviceKind,
        notices: &mpsc::Sender<MediaNotice>,
        open: &dyn Fn(&D, Report) -> Result<OpenDevice, &'static str>,
    ) {
        let mut device: Option<OpenDevice> = None;
        let mut generation = 0;
        let mut failures = 0;
        let mut retry_at: Option<Instant> = None;
        while let Some(wish) = self.next(generation, retry_at) {
            if wish.generation != generation {
                generation = wish.generation;
                failures = 0;
            }
            // The old device closes before the new one opens: it may be the same camera.
            drop(device.take());
            retry_at = None;
            let Some(wanted) = wish.device else {
                continue;
            };
            let report = Report {
                kind,
                generation,
                notices: notices.clone(),
            };
            match open(&wanted, report.clone()) {
                Ok(opened) => {
                    device = Some(opened);
                    failures = 0;
                }
                Err(code) => {
                    if failures == 0 {
                        report.failed(code);
                    }
                    retry_at = Some(Instant::now() + RETRIES[failures.min(RETRIES.len() - 1)]);
                    failures += 1;
                }
            }
        }
    }

    /// Waits for a new wish or for the time to try again; `None` at the end.
    fn next(&self, generation: u64, retry_at: Option<Instant>) -> Option<Wish<D>> {
        let mut wish = self.lock();
        loop {
            if wish.ended {
                return None;
            }
            let retry = std::mem::take(&mut wish.retry_now) && retry_at.is_some();
            let now = Instant::now();
            if retry || wish.generation != generation || retry_at.is_some_and(|at| at <= now) {
                return Some(Wish {
                    device: wish.device.clone(),
                    generation: wish.generation,
                    retry_now: false,
                    ended: false,
                });
            }
            wish = match retry_at {
                Some(at) => {
                    let waited = self.changed.wait_timeout(wish, at - now);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
                None => self
                    .changed
                    .wait(wish)
                    .unwrap_or_else(PoisonError::into_inner),
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    struct Counted(Arc<AtomicUsize>);

    impl Drop for Counted {
        fn drop(&mut self) {
            self.0.fetch_sub(1, Ordering::SeqCst);
        }
    }

    fn keeper(open_now: &Arc<AtomicUsize>) -> (Keeper<u8>, mpsc::Receiver<MediaNotice>) {
        let (notices, inbox) = mpsc::channel(16);
        let open_now = Arc::clone(open_now);
        let keeper = Keeper::start(DeviceKind::Camera, notices, move |device: &u8, report| {
            if *device == 0 {
                return Err("camera-missing");
            }
            open_now.fetch_add(1, Ordering::SeqCst);
            report.works();
            Ok(Box::new(Counted(Arc::clone(&open_now))) as OpenDevice)
        });
        (keeper, inbox)
    }

    #[test]
    fn a_wish_opens_a_device_and_no_wish_closes_it() {
        let open_now = Arc::new(AtomicUsize::new(0));
        let (keeper, mut inbox) = keeper(&open_now);
        keeper.want(Some(7));
        let notice = inbox.blocking_recv().expect("a report");
        assert!(matches!(
            notice,
            MediaNotice::Device(DeviceKind::Camera, 1, DeviceChange::Works)
        ));
        assert_eq!(open_now.load(Ordering::SeqCst), 1);
        keeper.want(None);
        keeper.want(Some(8));
        let notice = inbox.blocking_recv().expect("a report");
        assert!(matches!(
            notice,
            MediaNotice::Device(_, 3, DeviceChange::Works)
        ));
        assert_eq!(open_now.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn a_failed_device_is_reported_once_and_tried_again_on_demand() {
        let open_now = Arc::new(AtomicUsize::new(0));
        let (keeper, mut inbox) = keeper(&open_now);
        keeper.want(Some(0));
        let notice = inbox.blocking_recv().expect("a report");
        let failed = DeviceChange::Failed {
            code: "camera-missing",
        };
        assert!(matches!(notice, MediaNotice::Device(_, 1, change) if change == failed));
        keeper.retry_now();
        keeper.want(Some(1));
        let notice = inbox.blocking_recv().expect("a report");
        assert!(matches!(
            notice,
            MediaNotice::Device(_, 2, DeviceChange::Works)
        ));
    }
}
