//! Media that broke again and again: it counts as off, here and for the other, until another
//! connection stands.

use duet_protocol::VideoState;

use super::Driver;
use crate::event::{DeviceChange, DeviceKind, DeviceNotice, EndpointEvent};
use crate::media_session::MediaPart;

/// What the owner is told.
const CODE: &str = "media-fault";

impl Driver {
    /// A connection gave a part of its media up.
    pub(super) fn given_up(&mut self, session: String, part: MediaPart) {
        tracing::error!(?part, "media was given up");
        let kind = match part {
            MediaPart::SentVideo => DeviceKind::Camera,
            // The call has its pictures; the small one beside them stays away.
            MediaPart::SentTile | MediaPart::ReceivedTile => return,
            MediaPart::SentSound => DeviceKind::Microphone,
            MediaPart::ReceivedSound => DeviceKind::Speaker,
            MediaPart::ReceivedVideo => {
                self.faulty_session = Some(session);
                return self.tell(EndpointEvent::RemoteMedia {
                    audio: self.remote_audio,
                    video: VideoState::Lost,
                });
            }
        };
        self.faulty_session = Some(session);
        self.media.set_fault(kind, true);
        self.announce_media();
        let change = DeviceChange::Failed { code: CODE };
        self.tell(EndpointEvent::Device(DeviceNotice { kind, change }));
    }

    /// A connection stands: another one than the faulty one begins with a clean slate.
    pub(super) fn forgive_faults(&mut self, session: &str) {
        let is_other = |faulty: &mut String| faulty.as_str() != session;
        if self.faulty_session.take_if(is_other).is_none() {
            return;
        }
        for kind in self.media.faults() {
            self.media.set_fault(kind, false);
            let change = DeviceChange::Works;
            self.tell(EndpointEvent::Device(DeviceNotice { kind, change }));
        }
        self.announce_media();
    }
}
