//! The screen or window that is shown to the other: open while it is shared in a room, never otherwise.

use std::sync::Arc;

use duet_media::screen::{SCREEN_FORMAT, ScreenTarget};
use duet_media::source::{VideoSourceEvent, VideoSourceSpec, open_video_source};
use duet_protocol::VideoState;
use tokio::sync::mpsc;

use super::keeper::{Keeper, OpenDevice};
use super::link::MediaLink;
use super::{LocalMedia, MediaNotice};
use crate::event::DeviceKind;

/// Keeps the screen open as it is wanted. What happens to it goes to the driver by a notice of its own: a
/// screen that cannot be shown is not tried again, but the sharing ends.
pub(super) fn keeper(
    link: &Arc<MediaLink>,
    notices: &mpsc::Sender<MediaNotice>,
) -> Keeper<ScreenTarget> {
    let (reports, _) = mpsc::channel(1);
    let (link, notices) = (Arc::clone(link), notices.clone());
    Keeper::start(
        DeviceKind::Camera,
        reports,
        move |target: &ScreenTarget, _report| {
            let (pictures, ends) = (Arc::clone(&link), notices.clone());
            let shown = target.clone();
            let opened = open_video_source(
                &VideoSourceSpec::Screen(target.clone()),
                SCREEN_FORMAT,
                Arc::new(move |frame| pictures.screen(frame)),
                Arc::new(move |event| match event {
                    VideoSourceEvent::Ended(error) => tell(&ends, &shown, Err(error.code())),
                    VideoSourceEvent::Stalled
                    | VideoSourceEvent::Lost(_)
                    | VideoSourceEvent::Recovered => {}
                }),
            );
            match opened {
                Ok(source) => {
                    tell(&notices, target, Ok(()));
                    Ok(Box::new(source) as OpenDevice)
                }
                Err(error) => {
                    tracing::info!(%error, "the screen could not be opened");
                    tell(&notices, target, Err(error.code()));
                    Err(error.code())
                }
            }
        },
    )
}

fn tell(
    notices: &mpsc::Sender<MediaNotice>,
    target: &ScreenTarget,
    result: Result<(), &'static str>,
) {
    let notice = MediaNotice::Screen(target.clone(), result);
    if notices.try_send(notice).is_err() {
        tracing::debug!("nobody takes the screen's report");
    }
}

impl LocalMedia {
    /// Shows this screen in place of the camera, or none. It opens with the room.
    pub(crate) fn set_share(&mut self, target: Option<ScreenTarget>) {
        self.share = target;
        self.update();
    }

    /// Whether the camera goes beside what is shared.
    pub(crate) fn wants_tile(&self) -> bool {
        self.share.is_some() && self.camera_state() == VideoState::On
    }

    /// What is shared.
    pub(crate) fn share(&self) -> Option<&ScreenTarget> {
        self.share.as_ref()
    }
}
