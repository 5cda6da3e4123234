//! Screens and windows of a Wayland session, by its portal; X11's in a session of X11.
//!
//! The portal has a dialog of its own. So the list is what the person chose there, one entry, and goes on
//! being that until it is shown or nobody looks at it: see [`Offers`].

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use duet_portal::{Bus, Cast, CastError, Offers};

use super::{
    Grabber, Picture, PixelOrder, SCREEN_FORMAT, ScreenError, ScreenSource, ScreenTarget, x11,
};

/// What an id begins with; X11's are names of outputs and numbers of windows.
const PREFIX: &str = "portal-";
/// How long a choice is kept that nobody looks at. The picker looks every three seconds.
const KEPT: Duration = Duration::from_secs(10);

/// One for the program: there is one person, and one dialog.
static OFFERS: LazyLock<Arc<Offers>> =
    LazyLock::new(|| Offers::new(Bus::Session, SCREEN_FORMAT.frames_per_second, KEPT));

/// Asks the person, unless what they chose is on offer still.
pub(super) fn list() -> Result<Vec<ScreenSource>, ScreenError> {
    if !x11::is_wayland() {
        return x11::list();
    }
    let offer = OFFERS.ask().map_err(failed)?;
    let newest = offer.cast.newest().map_err(failed)?;
    Ok(vec![ScreenSource {
        target: ScreenTarget::Screen(format!("{PREFIX}{}", offer.number)),
        // The portal gives no name.
        title: String::new(),
        app: String::new(),
        width: newest.frame.width,
        height: newest.frame.height,
    }])
}

/// Takes what is on offer, to be shown: the next list asks anew.
pub(super) fn open(target: &ScreenTarget) -> Result<Box<dyn Grabber>, ScreenError> {
    match number_of_ours(target) {
        Some(number) => PortalGrabber::boxed(OFFERS.take(number)),
        None => x11::open(target),
    }
}

/// Looks at what is on offer, which stays there.
pub(super) fn glance(target: &ScreenTarget) -> Result<Box<dyn Grabber>, ScreenError> {
    match number_of_ours(target) {
        Some(number) => PortalGrabber::boxed(OFFERS.glance(number)),
        None => x11::open(target),
    }
}

fn number_of_ours(target: &ScreenTarget) -> Option<u64> {
    match target {
        ScreenTarget::Screen(id) => id.strip_prefix(PREFIX)?.parse().ok(),
        ScreenTarget::Window(_) => None,
    }
}

/// A choice that is looked at.
struct PortalGrabber {
    cast: Arc<Cast>,
    seen: u64,
}

impl PortalGrabber {
    fn boxed(cast: Option<Arc<Cast>>) -> Result<Box<dyn Grabber>, ScreenError> {
        let cast = cast.ok_or(ScreenError::NotFound)?;
        Ok(Box::new(Self { cast, seen: 0 }))
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
