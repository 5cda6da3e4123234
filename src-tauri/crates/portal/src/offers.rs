//! What a person chose, between their choice and its being shown.
//!
//! A program looks at what it could show (a list, a preview) before it shows it, and each question to
//! the portal is a dialog. So a choice stays on offer while somebody looks at it. It is given back to the
//! system soon after nobody does: the desktop marks the screen as shared all that time.

use std::sync::{Arc, Weak};
use std::thread;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::{Bus, Cast, CastError};

/// Asks a person, one dialog at a time, and keeps what they chose.
#[derive(Debug)]
pub struct Offers {
    bus: Bus,
    pictures_per_second: u32,
    kept: Duration,
    /// Locked while a dialog is open: who asks meanwhile gets its answer.
    dialog: Mutex<u64>,
    offer: Mutex<Option<Kept>>,
}

/// A choice that is on offer.
#[derive(Debug, Clone)]
pub struct Offer {
    /// Its number among all choices of this [`Offers`], from 1.
    pub number: u64,
    /// What shows it.
    pub cast: Arc<Cast>,
}

#[derive(Debug)]
struct Kept {
    offer: Offer,
    looked_at: Instant,
}

impl Offers {
    /// A choice that nobody looks at for `kept` is given back.
    #[must_use]
    pub fn new(bus: Bus, pictures_per_second: u32, kept: Duration) -> Arc<Self> {
        Arc::new(Self {
            bus,
            pictures_per_second,
            kept,
            dialog: Mutex::new(0),
            offer: Mutex::new(None),
        })
    }

    /// What is on offer; if nothing is, asks the person and waits for them.
    ///
    /// # Errors
    /// As [`Cast::ask`].
    pub fn ask(self: &Arc<Self>) -> Result<Offer, CastError> {
        let mut last = self.dialog.lock();
        if let Some(offer) = self.look(None) {
            return Ok(offer);
        }
        let cast = Cast::ask(&self.bus, self.pictures_per_second)?;
        *last += 1;
        let offer = Offer {
            number: *last,
            cast: Arc::new(cast),
        };
        *self.offer.lock() = Some(Kept {
            offer: offer.clone(),
            looked_at: Instant::now(),
        });
        self.watch(offer.number)?;
        Ok(offer)
    }

    /// Looks at the choice with this number, which stays on offer; none if it does not any more.
    #[must_use]
    pub fn glance(&self, number: u64) -> Option<Arc<Cast>> {
        self.look(Some(number)).map(|offer| offer.cast)
    }

    /// Takes the choice with this number to show it: who asks next is shown a dialog.
    #[must_use]
    pub fn take(&self, number: u64) -> Option<Arc<Cast>> {
        let taken = self
            .offer
            .lock()
            .take_if(|kept| kept.offer.number == number);
        taken.map(|kept| kept.offer.cast)
    }

    fn look(&self, number: Option<u64>) -> Option<Offer> {
        let mut kept = self.offer.lock();
        let found = kept.as_mut()?;
        if number.is_some_and(|number| number != found.offer.number) {
            return None;
        }
        if found.offer.cast.newest().is_ok() {
            found.looked_at = Instant::now();
            return Some(found.offer.clone());
        }
        // Its threads are waited for, and not under the lock.
        let over = kept.take();
        drop(kept);
        drop(over);
        None
    }

    /// A thread that gives the choice back when nobody has looked at it for a while.
    fn watch(self: &Arc<Self>, number: u64) -> Result<(), CastError> {
        let (offers, pause) = (Arc::downgrade(self), self.kept / 8);
        let run = move || {
            while is_on_offer(&offers, number) {
                thread::sleep(pause);
            }
        };
        let thread = thread::Builder::new().name("portal-offer".into());
        let started = thread.spawn(run);
        started.map_err(|error| CastError::PipeWire(error.to_string()))?;
        Ok(())
    }
}

/// Whether it is still there to be looked at; takes it away if nobody did.
fn is_on_offer(offers: &Weak<Offers>, number: u64) -> bool {
    let Some(offers) = offers.upgrade() else {
        return false;
    };
    let mut kept = offers.offer.lock();
    let Some(found) = kept.as_ref().filter(|kept| kept.offer.number == number) else {
        return false;
    };
    if found.looked_at.elapsed() <= offers.kept {
        return true;
    }
    let unseen = kept.take();
    drop(kept);
    drop(unseen);
    false
}
