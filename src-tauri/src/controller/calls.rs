//! The call machine's states as the page shows them.

use std::time::{Duration, Instant};

use duet_engine::call::{
    CallState, EndedBy as Ended, FailureCause, LeaveCause, ReconnectCause as Cause,
};
use duet_engine::{ConnectionFigures, EndpointClosed, EndpointEvent, SignalingStatus};
use duet_protocol::{AudioState, VideoState};

use super::named::{page_media, unanswered_reason};
use super::quality::QualityMeter;
use super::statistics::call_path;
use super::{Controller, Window, neutral, now_ms};
use crate::frames::StreamId;
use crate::view::{
    CallMedia, CallPath, CallView, EndedBy, Failure, Level, NoticeData, NoticeLevel,
    PeerLeftReason, PeerView, Recent, RecentKind, ReconnectCause, RemoteAudio, RemoteVideo,
    UnansweredReason,
};

/// A peer of whom nothing is known but perhaps the name.
pub(super) fn unknown_peer(name: Option<String>) -> PeerView {
    PeerView {
        name,
        audio: RemoteAudio::On,
        video: RemoteVideo::On,
        tile: false,
    }
}

/// An endpoint that has ended takes no commands; the application is closing then.
pub(super) fn ignore_closed(result: Result<(), EndpointClosed>) {
    if result.is_err() {
        tracing::debug!("the endpoint has ended");
    }
}

impl<W: Window> Controller<W> {
    pub(super) async fn endpoint_event(&mut self, event: EndpointEvent) {
        match event {
            EndpointEvent::CastCode { code, expires_at } => self.cast_code(code, expires_at),
            EndpointEvent::Share(event) => self.share_event(event),
            EndpointEvent::State(state) => self.call_state(&state).await,
            EndpointEvent::RemoteMedia { audio, video } => {
                self.peer.audio = match audio {
                    AudioState::On => RemoteAudio::On,
                    AudioState::Muted => RemoteAudio::Muted,
                    AudioState::None => RemoteAudio::None,
                };
                self.peer.video = match video {
                    VideoState::On => RemoteVideo::On,
                    VideoState::Off => RemoteVideo::Off,
                    VideoState::Lost => RemoteVideo::Lost,
                    VideoState::Screen => RemoteVideo::Screen,
                };
                self.show_peer();
            }
            EndpointEvent::RemoteTile(comes) => {
                self.peer.tile = comes;
                if !comes {
                    self.frames.forget(StreamId::RemoteTile);
                }
                self.show_peer();
            }
            EndpointEvent::Connection(figures) => self.connection(&figures),
            EndpointEvent::Signaling(status) => self.signaling(status),
            EndpointEvent::Device(notice) => self.device_notice(notice).await,
            EndpointEvent::MicrophoneLevel { level_dbfs } => self.window.level(&Level {
                microphone_dbfs: level_dbfs,
            }),
            EndpointEvent::Devices(list) => self.devices_listed(list).await,
            EndpointEvent::Directory(status) => self.directory_status(status),
            EndpointEvent::Ring(call) => self.ring(call).await,
            EndpointEvent::RingEnded { call, cause } => self.ring_ended(&call, cause).await,
            EndpointEvent::Text(event) => self.text_event(event),
            EndpointEvent::SpeakerTestEnded => self.view.speaker_test_running = false,
        }
    }

    /// Shows the way the media takes and how well it goes.
    fn connection(&mut self, figures: &ConnectionFigures) {
        let sends_pictures = match self.peer.video {
            RemoteVideo::On => true,
            // A screen may stand still.
            RemoteVideo::Off | RemoteVideo::Lost | RemoteVideo::Screen => false,
        };
        self.quality.note(figures, sends_pictures);
        if let CallView::Connected { path, quality, .. } = &mut self.view.call {
            *path = call_path(Some(&figures.path));
            *quality = self.quality.quality();
        }
    }

    fn signaling(&mut self, status: SignalingStatus) {
        let in_call = matches!(self.view.call, CallView::Connected { .. });
        match status {
            SignalingStatus::Open => {
                self.failed_certificate = None;
                if self.signaling_was_lost && in_call {
                    self.notify(NoticeLevel::Ok, NoticeData::SignalingBack, Vec::new());
                }
                self.signaling_was_lost = false;
            }
            SignalingStatus::Lost => {
                if !self.signaling_was_lost && in_call {
                    self.notify(NoticeLevel::Warn, NoticeData::SignalingLost, Vec::new());
                }
                self.signaling_was_lost = true;
            }
            SignalingStatus::Failed { fingerprint, .. } => {
                self.failed_certificate = fingerprint;
                self.show_distrust();
            }
        }
    }

    async fn call_state(&mut self, state: &CallState) {
        if let Some(peer) = state.peer() {
            let name = peer.name.as_deref().map(neutral::name);
            if self.peer.name != name {
                self.peer = unknown_peer(name);
            }
            self.peer_uid = Some(peer.uid.clone());
        } else if !state.is_active() {
            self.peer_uid = None;
        }
        let was_connected = self.connected_since_ms.is_some();
        if let CallState::Connected { peer, since } = state {
            // Another path may do otherwise.
            self.quality = QualityMeter::default();
            self.connected_since_ms = Some(unix_ms(*since));
            if !was_connected {
                let name = peer.name.as_deref().map(neutral::name);
                self.notify(
                    NoticeLevel::Info,
                    NoticeData::PeerJoined { name },
                    Vec::new(),
                );
            }
        }
        if !matches!(
            state,
            CallState::Connected { .. } | CallState::Reconnecting { .. }
        ) {
            // The next one to come is not shown with the face of the one before.
            self.frames.forget(StreamId::Remote);
            self.frames.forget(StreamId::RemoteTile);
        }
        if matches!(state, CallState::Joining { .. }) {
            self.begin_answered();
        }
        let present = self.call_view(state);
        let before = std::mem::replace(&mut self.view.call, present);
        if state.is_active() && self.named.is_some() {
            self.named_runs = true;
        }
        self.follow_cast(state);
        if !state.is_active() {
            self.view.close_requested = false;
            self.forget_share();
            self.remember_call(state);
            // A call that was answered meanwhile has set the camera already.
            // The end of an earlier state says nothing about the call that is only asked for.
            if std::mem::take(&mut self.named_runs) && self.answered.is_none() {
                self.restore_camera().await;
            }
            self.begin_answered();
        }
        self.chat_follows_call(&before);
        self.show_incoming();
    }

    fn call_view(&self, state: &CallState) -> CallView {
        let place = self.place.as_ref().map(|place| place.room_id.to_string());
        let room_id = place.unwrap_or_default();
        let peer = self.peer.clone();
        match state {
            CallState::Idle => CallView::Idle,
            CallState::Calling {
                peer,
                media,
                since,
                ringing,
                ..
            } => CallView::Calling {
                name: neutral::name(peer.name.as_deref().unwrap_or_default()),
                media: page_media(*media),
                ringing_since_ms: ringing.then(|| unix_ms(*since)),
            },
            CallState::Unanswered {
                peer, media, cause, ..
            } => CallView::Unanswered {
                name: neutral::name(peer.name.as_deref().unwrap_or_default()),
                uid: Some(peer.uid.clone()),
                media: page_media(*media),
                reason: unanswered_reason(*cause),
            },
            // Nobody but these two knows the room of a call by name: its id is nothing to show.
            CallState::Joining { .. } if self.named.is_some() => CallView::Negotiating {
                room_id,
                peer: unknown_peer(self.named.as_ref().map(|named| named.name.clone())),
            },
            CallState::Joining { .. } => CallView::Joining { room_id },
            CallState::WaitingForPeer { .. } => CallView::WaitingForPeer {
                room_id,
                invite_url: self.invite_url(),
            },
            CallState::Negotiating { .. } => CallView::Negotiating { room_id, peer },
            CallState::Connected { since, .. } => CallView::Connected {
                room_id,
                peer,
                since_ms: unix_ms(*since),
                path: CallPath::Unknown,
                quality: None,
            },
            CallState::Reconnecting {
                since,
                deadline,
                connected_since,
                cause,
                ..
            } => CallView::Reconnecting {
                room_id,
                peer,
                since_ms: unix_ms(connected_since.unwrap_or(*since)),
                lost_ms: unix_ms(*since),
                deadline_ms: unix_ms(*deadline),
                cause: match cause {
                    Cause::Media => ReconnectCause::NoPackets,
                    Cause::Server => ReconnectCause::ServerLost,
                },
            },
            CallState::PeerLeft { cause, lasted, .. } => CallView::PeerLeft {
                room_id,
                peer,
                reason: match cause {
                    LeaveCause::Left => PeerLeftReason::Left,
                    LeaveCause::Lost => PeerLeftReason::Lost,
                },
                duration_ms: Some(milliseconds(*lasted)),
                invite_url: self.invite_url(),
            },
            CallState::Full { .. } => CallView::Full { room_id },
            CallState::Failed { cause, .. } => CallView::Failed {
                room_id,
                failure: self.failure(*cause),
            },
            CallState::Left {
                lasted, named, by, ..
            } => CallView::Left {
                room_id,
                peer_name: self.peer.name.clone(),
                duration_ms: lasted.map(milliseconds),
                ended_by: match by {
                    Ended::Us => EndedBy::Us,
                    Ended::Peer => EndedBy::Peer,
                    Ended::PeerLost => EndedBy::PeerLost,
                },
                by_name: named.is_some(),
            },
        }
    }

    fn failure(&self, cause: FailureCause) -> Failure {
        let (_, host) = self.place_server();
        if let Some(fingerprint) = &self.failed_certificate {
            return Failure::UntrustedCertificate {
                host,
                sha256_fingerprint: fingerprint.clone(),
            };
        }
        match cause {
            FailureCause::ServerUnreachable(_) => Failure::ServerUnreachable { host },
            FailureCause::Server(problem) if problem.0 == "replaced" => Failure::Replaced,
            FailureCause::Server(_) => Failure::ServerUnreachable { host },
            FailureCause::Refused(code) => Failure::Refused {
                host,
                server_code: serde_json::to_value(code)
                    .ok()
                    .and_then(|value| value.as_str().map(str::to_owned))
                    .unwrap_or_default(),
            },
            FailureCause::NegotiationTimeout => Failure::ConnectionFailed,
            FailureCause::WrongCertificate => Failure::WrongCertificate,
            FailureCause::NoRelay => Failure::NoRelay,
            FailureCause::ConnectionLost => Failure::ReconnectTimedOut,
        }
    }

    /// Puts what is known of the other person into the present state.
    fn show_peer(&mut self) {
        let known = self.peer.clone();
        match &mut self.view.call {
            CallView::Negotiating { peer, .. }
            | CallView::Connected { peer, .. }
            | CallView::Reconnecting { peer, .. }
            | CallView::PeerLeft { peer, .. } => *peer = known,
            CallView::Idle
            | CallView::Calling { .. }
            | CallView::Unanswered { .. }
            | CallView::Joining { .. }
            | CallView::WaitingForPeer { .. }
            | CallView::Full { .. }
            | CallView::Failed { .. }
            | CallView::Left { .. } => {}
        }
    }

    /// Puts the present invite into the states that show it.
    pub(super) fn refresh_invites(&mut self) {
        let present = self.invite_url();
        match &mut self.view.call {
            CallView::WaitingForPeer { invite_url, .. } | CallView::PeerLeft { invite_url, .. } => {
                *invite_url = present;
            }
            CallView::Idle
            | CallView::Calling { .. }
            | CallView::Unanswered { .. }
            | CallView::Joining { .. }
            | CallView::Negotiating { .. }
            | CallView::Connected { .. }
            | CallView::Reconnecting { .. }
            | CallView::Full { .. }
            | CallView::Failed { .. }
            | CallView::Left { .. } => {}
        }
    }

    fn remember_call(&mut self, state: &CallState) {
        let duration_ms = match state {
            CallState::Left { lasted, .. } | CallState::Failed { lasted, .. } => {
                lasted.map(milliseconds)
            }
            CallState::Unanswered { .. } => None,
            CallState::Full { .. }
            | CallState::Idle
            | CallState::Calling { .. }
            | CallState::Joining { .. }
            | CallState::WaitingForPeer { .. }
            | CallState::Negotiating { .. }
            | CallState::Connected { .. }
            | CallState::Reconnecting { .. }
            | CallState::PeerLeft { .. } => return,
        };
        if let Some(named) = self.named.clone() {
            if !self.was_never_made() {
                self.remember_named(named.kind, named.name, named.media, duration_ms);
            }
            return;
        }
        let Some(place) = &self.place else {
            return;
        };
        let room = Recent {
            kind: RecentKind::Room,
            room_id: place.room_id.to_string(),
            server_url: place.other_server.as_ref().map(|server| server.url.clone()),
            peer_name: self.peer.name.clone(),
            media: CallMedia::Video,
            ended_ms: now_ms(),
            duration_ms,
        };
        self.stored.remember(room);
        self.view.recents.clone_from(&self.stored.recents);
        self.save();
    }

    /// A call by name that did not even reach the server.
    fn was_never_made(&self) -> bool {
        matches!(
            self.view.call,
            CallView::Unanswered {
                reason: UnansweredReason::WeAreOffline | UnansweredReason::RateLimited,
                ..
            }
        )
    }

    /// Whether we are in a room or a call, or on the way to one.
    pub(super) fn is_active(&self) -> bool {
        match self.view.call {
            CallView::Calling { .. }
            | CallView::Joining { .. }
            | CallView::WaitingForPeer { .. }
            | CallView::Negotiating { .. }
            | CallView::Connected { .. }
            | CallView::Reconnecting { .. }
            | CallView::PeerLeft { .. } => true,
            CallView::Idle
            | CallView::Unanswered { .. }
            | CallView::Full { .. }
            | CallView::Failed { .. }
            | CallView::Left { .. } => false,
        }
    }

    /// Whether closing the window would end something.
    pub(super) fn is_in_call(&self) -> bool {
        match self.view.call {
            CallView::Negotiating { .. }
            | CallView::Connected { .. }
            | CallView::Reconnecting { .. } => true,
            CallView::Idle
            | CallView::Calling { .. }
            | CallView::Unanswered { .. }
            | CallView::Joining { .. }
            | CallView::WaitingForPeer { .. }
            | CallView::PeerLeft { .. }
            | CallView::Full { .. }
            | CallView::Failed { .. }
            | CallView::Left { .. } => false,
        }
    }
}

/// The moment on this computer's clock, for the page.
pub(super) fn unix_ms(moment: Instant) -> i64 {
    let now = Instant::now();
    if moment >= now {
        now_ms() + milliseconds(moment - now)
    } else {
        now_ms() - milliseconds(now - moment)
    }
}

pub(super) fn milliseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
