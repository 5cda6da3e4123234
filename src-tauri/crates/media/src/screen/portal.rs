//! Screens and windows of a Wayland session, by its portal; X11's in a session of X11.
//!
//! The portal has a dialog of its own, and what it gives cannot be asked for again without it. So the list
//! is what the person chose there, one entry; it stays on offer while somebody looks at it, for its
//! preview and then to be shown, and is given back soon after nobody does.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use duet_portal::{Bus, Cast, CastError};
use parking_lot::Mutex;

use super::{
    Grabber, Picture, PixelOrder, SCREEN_FORMAT, ScreenError, ScreenSource, ScreenTarget, x11,
};

/// What an id begins with; X11's are names of outputs and numbers of windows.
const PREFIX: &str = "portal-";
/// How long a choice is kept that nobody looks at: the desktop marks the screen as shared meanwhile.
const KEPT: Duration = Duration::from_secs(10);

/// One dialog at a time: who asks meanwhile gets its answer too.
static DIALOG: Mutex<()> = Mutex::new(());
static OFFER: Mutex<Option<Offer>> = Mutex::new(None);
static CHOICES: AtomicU64 = AtomicU64::new(1);

/// What the person chose, and nobody was shown yet.
struct Offer {
    id: String,
    cast: Arc<Cast>,
    looked_at: Instant,
}

/// Asks the person, unless what they chose is on offer still.
pub(super) fn list() -> Result<Vec<ScreenSource>, ScreenError> {
    if !x11::is_wayland() {
        return x11::list();
    }
    let _dialog = DIALOG.lock();
    if let Some(source) = on_offer() {
        return Ok(vec![source]);
    }
    let cast = Cast::ask(&Bus::Session, SCREEN_FORMAT.frames_per_second).map_err(failed)?;
    let number = CHOICES.fetch_add(1, Ordering::Relaxed);
    let offer = Offer {
        id: format!("{PREFIX}{number}"),
        cast: Arc::new(cast),
        looked_at: Instant::now(),
    };
    let source = offer.source()?;
    take_back_unseen(offer.id.clone())?;
    let before = OFFER.lock().replace(offer);
    drop(before);
    Ok(vec![source])
}

/// Takes what is on offer, to be shown: the next list asks anew.
pub(super) fn open(target: &ScreenTarget) -> Result<Box<dyn Grabber>, ScreenError> {
    let Some(id) = id_of_ours(target) else {
        return x11::open(target);
    };
    let taken = OFFER.lock().take_if(|offer| offer.id == id);
    let offer = taken.ok_or(ScreenError::NotFound)?;
    Ok(PortalGrabber::boxed(offer.cast))
}

/// Looks at what is on offer, which stays there.
pub(super) fn glance(target: &ScreenTarget) -> Result<Box<dyn Grabber>, ScreenError> {
    let Some(id) = id_of_ours(target) else {
        return x11::open(target);
    };
    let mut offer = OFFER.lock();
    let offer = offer.as_mut().filter(|offer| offer.id == id);
    let offer = offer.ok_or(ScreenError::NotFound)?;
    offer.looked_at = Instant::now();
    Ok(PortalGrabber::boxed(Arc::clone(&offer.cast)))
}

fn id_of_ours(target: &ScreenTarget) -> Option<&str> {
    match target {
        ScreenTarget::Screen(id) if id.starts_with(PREFIX) => Some(id),
        ScreenTarget::Screen(_) | ScreenTarget::Window(_) => None,
    }
}

fn on_offer() -> Option<ScreenSource> {
    let mut offer = OFFER.lock();
    let kept = offer.as_mut()?;
    kept.looked_at = Instant::now();
    match kept.source() {
        Ok(source) => Some(source),
        Err(error) => {
            tracing::debug!(%error, "what was chosen is over");
            let over = offer.take();
            // Its threads are waited for.
            drop(offer);
            drop(over);
            None
        }
    }
}

/// A thread that gives a choice back to the system when nobody has looked at it for a while.
fn take_back_unseen(id: String) -> Result<(), ScreenError> {
    let run = move || {
        loop {
            thread::sleep(Duration::from_secs(1));
            let mut offer = OFFER.lock();
            let unseen = match &*offer {
                Some(offer) if offer.id == id => offer.looked_at.elapsed() > KEPT,
                Some(_) | None => return,
            };
            if unseen {
                let unseen = offer.take();
                drop(offer);
                drop(unseen);
                return;
            }
        }
    };
    let thread = thread::Builder::new()
        .name("portal-offer".into())
        .spawn(run);
    thread.map_err(|error| ScreenError::Failed(error.to_string()))?;
    Ok(())
}

impl Offer {
    fn source(&self) -> Result<ScreenSource, ScreenError> {
        let newest = self.cast.newest().map_err(failed)?;
        Ok(ScreenSource {
            target: ScreenTarget::Screen(self.id.clone()),
            // The portal gives no name.
            title: "Portal".to_owned(),
            app: String::new(),
            width: newest.frame.width,
            height: newest.frame.height,
        })
    }
}

/// A choice that is looked at.
struct PortalGrabber {
    cast: Arc<Cast>,
    seen: u64,
}

impl PortalGrabber {
    fn boxed(cast: Arc<Cast>) -> Box<dyn Grabber> {
        Box::new(Self { cast, seen: 0 })
    }
}

impl Grabber for PortalGrabber {
    fn grab(&mut self, picture: &mut Picture) -> Result<bool, ScreenError> {
        let newest = self.cast.newest().map_err(failed)?;
        if newest.number == self.seen {
            return Ok(false);
        }
        self.seen = newest.number;
        picture.width = newest.frame.width;
        picture.height = newest.frame.height;
        picture.order = PixelOrder::Bgrx;
        picture.pixels.clone_from(&newest.frame.pixels);
        Ok(true)
    }
}

fn failed(error: CastError) -> ScreenError {
    match error {
        CastError::Cancelled => ScreenError::Cancelled,
        CastError::NoPortal(_) => {
            tracing::warn!("{error}");
            ScreenError::Wayland
        }
        CastError::Refused(_) => {
            tracing::warn!("{error}");
            ScreenError::Forbidden
        }
        CastError::Ended => ScreenError::Gone,
        CastError::PipeWire(_) => ScreenError::Failed(error.to_string()),
    }
}
