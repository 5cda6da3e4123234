//! What the owner asks for, done or handed to the call machine.

use std::time::Instant;

use duet_call::{CallState, Input, Listed};
use duet_media::device_watch::DeviceWatcher;
use duet_protocol::{AudioState, CallMedia, CastRole, VideoState};
use tokio::sync::{mpsc, oneshot};

use super::Driver;
use crate::config::DirectoryConfig;
use crate::endpoint::Command;
use crate::event::{DeviceNotice, EndpointEvent};
use crate::figures::Figures;
use crate::local_media::MediaNotice;
use crate::peer_task::{CLOSE, PeerHandle};

impl Driver {
    pub(super) fn command(&mut self, command: Command) {
        match command {
            Command::Preview(on) => {
                self.preview = on;
                let state = self.call.state().clone();
                self.update_devices(&state);
            }
            Command::Join { room_id } => self.join(room_id),
            Command::Leave => self.leave(),
            Command::Retry => self.enter(Input::Retry),
            Command::Rejoin => self.enter(Input::Rejoin),
            Command::Wait => self.input(Input::Wait),
            Command::Directory(directory) => self.set_directory(directory),
            Command::Call { uid, media } => self.call(uid, media),
            Command::AcceptCall {
                call_id,
                with_camera,
            } => self.accept_call(call_id, with_camera),
            Command::DeclineCall { call_id } => self.input(Input::DeclineCall { call_id }),
            Command::Text { to, id, content } => self.input(Input::SendText { to, id, content }),
            Command::Ringing(sink) => self.media.set_ringing(sink),
            Command::Share(target) => self.share(target),
            Command::OpenCast => self.open_cast(),
            Command::JoinCast { code, target } => self.join_cast(code, target),
            Command::Microphone(on) => {
                self.media.set_microphone_on(on);
                self.announce_media();
            }
            Command::Camera(on) => {
                self.media.set_camera_on(on);
                self.announce_media();
            }
            Command::SelectCamera(spec) => {
                self.media.select_camera(spec);
                self.announce_media();
            }
            Command::CameraFormat(format) => self.media.set_camera_format(format),
            Command::SelectMicrophone(spec) => {
                self.media.select_microphone(spec);
                self.announce_media();
            }
            Command::SelectSpeaker(spec) => self.media.select_speaker(spec),
            Command::TestSpeaker => self.media.test_speaker(),
            Command::Name(name) => self.config.name = name,
            Command::Server(server) => self.config.server = server,
            Command::Path(path) => self.config.path = path,
            Command::Figures(reply) => self.tell_figures(reply),
            Command::Close(_) => {}
        }
    }

    fn join(&mut self, room_id: String) {
        let name = self.config.name.clone();
        self.enter(Input::Join { room_id, name });
    }

    /// Gives the machine an input that may enter a room, with a connection to the server for it.
    pub(super) fn enter(&mut self, input: Input) {
        if !self.call.state().is_active() {
            self.timeline.asked(Instant::now());
            let server = self.config.server.clone();
            // After a call by name, the same person is called again: where we are listed.
            let is_room = matches!(
                input,
                Input::Join { .. } | Input::OpenCast { .. } | Input::JoinCast { .. }
            ) || self.call.last_call().is_none();
            if is_room {
                self.use_server(server);
            }
        }
        self.announce_media();
        self.input(input);
    }

    fn set_directory(&mut self, directory: Option<DirectoryConfig>) {
        if self.directory == directory {
            return;
        }
        self.directory = directory;
        let listed = self.directory.as_ref().map(|directory| Listed {
            name: directory.name.clone(),
            lobby: directory.lobby.clone(),
        });
        if self.signaling.is_none() {
            // First, or it would look as if the connection were elsewhere, and being listed paused for it.
            self.settle_signaling();
        }
        let is_home = self.is_home();
        self.input(Input::Directory { listed, is_home });
        self.settle_signaling();
    }

    fn call(&mut self, uid: String, media: CallMedia) {
        if self.call.state().is_active() {
            return;
        }
        self.timeline.asked(Instant::now());
        self.media.set_camera_on(media == CallMedia::Video);
        self.announce_media();
        self.input(Input::CallSomebody { uid, media });
    }

    fn accept_call(&mut self, call_id: String, with_camera: bool) {
        let ringing = self.call.incoming().filter(|call| call.call_id == call_id);
        let Some(media) = ringing.map(|call| call.media) else {
            return;
        };
        // Before the camera is set: what the person says is meant for the call that begins.
        self.input(Input::Leave);
        self.timeline.asked(Instant::now());
        self.media
            .set_camera_on(media == CallMedia::Video && with_camera);
        self.announce_media();
        self.input(Input::AcceptCall { call_id });
    }

    fn leave(&mut self) {
        let input = match self.call.state() {
            CallState::Idle
            | CallState::Calling { .. }
            | CallState::Unanswered { .. }
            | CallState::Joining { .. }
            | CallState::Full { .. }
            | CallState::Failed { .. }
            | CallState::Left { .. } => Input::Cancel,
            CallState::WaitingForPeer { .. }
            | CallState::Negotiating { .. }
            | CallState::Connected { .. }
            | CallState::Reconnecting { .. }
            | CallState::PeerLeft { .. } => Input::Leave,
        };
        self.input(input);
    }

    /// Tells the machine, and through it the other, what we send.
    pub(super) fn announce_media(&mut self) {
        let (audio, video) = match self.call.cast_role() {
            None => self.media.states(),
            Some(CastRole::Presenter) => (AudioState::None, VideoState::Screen),
            Some(CastRole::Display) => (AudioState::None, VideoState::Off),
        };
        self.input(Input::MediaState { audio, video });
        self.settle_tile();
    }

    pub(super) fn media_notice(&mut self, notice: MediaNotice) {
        match notice {
            MediaNotice::Device(kind, generation, change) => {
                if self.media.device_changed(kind, generation, &change) {
                    self.announce_media();
                    self.tell(EndpointEvent::Device(DeviceNotice { kind, change }));
                }
            }
            MediaNotice::Screen(target, result) => self.screen_notice(&target, result),
            MediaNotice::MicrophoneLevel(level_dbfs) => {
                self.tell(EndpointEvent::MicrophoneLevel { level_dbfs });
            }
            MediaNotice::Lists(list) => {
                self.media.devices_changed();
                self.tell(EndpointEvent::Devices(list));
            }
            MediaNotice::FirstPicture(at) => self.timeline.first_frame(at),
            MediaNotice::SpeakerTestEnded => {
                self.media.speaker_test_ended();
                self.tell(EndpointEvent::SpeakerTestEnded);
            }
        }
    }

    fn tell_figures(&self, reply: oneshot::Sender<Figures>) {
        let live = self.peers.values().next().map(PeerHandle::figures);
        let is_over = live.is_none();
        let mut measured = live.unwrap_or_else(|| self.last_figures.clone());
        let joined_ms = self.timeline.joined_ms();
        let connected_ms = self.timeline.connected_ms();
        let first_frame_ms = self.timeline.first_frame_ms();
        tokio::spawn(async move {
            if is_over {
                // A connection that closes measures once more. A short call has nothing else.
                let last = async { while measured.changed().await.is_ok() {} };
                if tokio::time::timeout(CLOSE, last).await.is_err() {
                    tracing::warn!("the last figures of a call are missing");
                }
            }
            let measured = measured.borrow().clone();
            // Who asked may have stopped waiting.
            let _ = reply.send(Figures {
                joined_ms,
                connected_ms,
                first_frame_ms,
                ..measured
            });
        });
    }
}

/// Watches the lists of devices, unless the platform cannot.
pub(super) fn watch_devices(notices: mpsc::Sender<MediaNotice>) -> Option<DeviceWatcher> {
    let watcher = DeviceWatcher::spawn(move |list, _changes| {
        // This thread may wait: it looks again only after a second anyway.
        if notices
            .blocking_send(MediaNotice::Lists(list.clone()))
            .is_err()
        {
            tracing::debug!("the endpoint has ended");
        }
    });
    match watcher {
        Ok(watcher) => Some(watcher),
        Err(error) => {
            tracing::warn!(%error, "devices are not watched");
            None
        }
    }
}
