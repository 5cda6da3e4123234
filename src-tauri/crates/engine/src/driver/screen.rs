//! Showing a screen: in a call in place of the camera, or on a display by its code.
//!
//! The camera's own stream carries the screen, and `media-state` says which it is: pages written for one
//! picture show it. The camera goes beside it in a stream of its own, small, while it is on: only to those
//! who say that they show a second picture, and only while the path is wide. Whether it comes is what
//! the descriptions say, so nobody is told of it otherwise. The other way round, with the screen in the
//! second stream, was rejected: who shows one picture would never see the screen.

use duet_call::{CallState, Input};
use duet_media::screen::ScreenTarget;
use duet_protocol::CastRole;

use super::Driver;
use crate::event::{EndpointEvent, ShareEvent};
use crate::local_media::Wanted;
use crate::peer_task::PeerCommand;

impl Driver {
    /// Shows a screen to the other, another one, or none. Outside a room nothing is shown, and that is told:
    /// whoever asked may not know yet that the call is over.
    pub(super) fn share(&mut self, target: Option<ScreenTarget>) {
        match target {
            Some(_) if !self.call.state().opens_devices() => self.tell_not_shown(),
            Some(target) => {
                self.media.set_share(Some(target));
                self.announce_media();
            }
            None if self.call.cast_role() == Some(CastRole::Presenter) => self.input(Input::Leave),
            None if self.media.share().is_none() => self.tell_not_shown(),
            None => self.end_share(None),
        }
    }

    fn tell_not_shown(&mut self) {
        self.tell(EndpointEvent::Share(ShareEvent::Ended { code: None }));
    }

    pub(super) fn open_cast(&mut self) {
        let name = self.config.name.clone();
        self.enter(Input::OpenCast { name });
        self.announce_media();
    }

    pub(super) fn join_cast(&mut self, code: String, target: ScreenTarget) {
        if self.call.state().is_active() {
            return self.tell_not_shown();
        }
        self.media.set_share(Some(target));
        let name = self.config.name.clone();
        self.enter(Input::JoinCast { code, name });
        self.announce_media();
    }

    /// What became of a screen that was to be shown.
    pub(super) fn screen_notice(
        &mut self,
        target: &ScreenTarget,
        result: Result<(), &'static str>,
    ) {
        if self.media.share() != Some(target) {
            return;
        }
        match result {
            Ok(()) => self.tell(EndpointEvent::Share(ShareEvent::Started(target.clone()))),
            Err(code) => {
                self.end_share(Some(code));
                // A presenter has nothing else to show.
                if self.call.cast_role() == Some(CastRole::Presenter) {
                    self.input(Input::Leave);
                }
            }
        }
    }

    /// Tells the connections whether our camera goes beside our screen.
    pub(super) fn settle_tile(&mut self) {
        let sends = self.call.cast_role().is_none() && self.media.wants_tile();
        if std::mem::replace(&mut self.sends_tile, sends) != sends {
            for peer in self.peers.values() {
                peer.ask(PeerCommand::Tile(sends));
            }
        }
    }

    /// The other's camera comes beside their screen by this connection, or no longer.
    pub(super) fn remote_tile(&mut self, session: String, comes: bool) {
        let came = self.tile_session.is_some();
        if comes {
            self.tile_session = Some(session);
        } else {
            self.tile_session.take_if(|present| *present == session);
        }
        let comes = self.tile_session.is_some();
        if comes != came {
            self.tell(EndpointEvent::RemoteTile(comes));
        }
    }

    /// No screen is shown any more.
    fn end_share(&mut self, code: Option<&'static str>) {
        if self.media.share().is_none() {
            return;
        }
        self.media.set_share(None);
        self.announce_media();
        self.tell(EndpointEvent::Share(ShareEvent::Ended { code }));
    }

    /// Devices are open in a room or for a preview, and never otherwise. A cast opens neither camera nor
    /// microphone. What is shown ends with the room.
    pub(super) fn update_devices(&mut self, state: &CallState) {
        let is_in_room = state.opens_devices();
        if !is_in_room {
            self.end_share(None);
        }
        let wanted = match self.call.cast_role() {
            Some(role) => Wanted {
                speaker: is_in_room && role == CastRole::Display,
                screen: is_in_room,
                ..Wanted::default()
            },
            None => {
                let is_open = self.preview || is_in_room;
                Wanted {
                    camera: is_open,
                    microphone: is_open,
                    speaker: is_open,
                    screen: is_in_room,
                }
            }
        };
        self.media.set_wanted(wanted);
    }
}
