//! Calls by name: calling, ringing here, answering, and what is remembered of it.
//!
//! No camera, no session description and no candidate goes out before somebody accepts: the engine
//! sees to that, and the preview of a lobby is closed before an answer.

use duet_engine::call::{IncomingCall, RingEnd, UnansweredCause};
use duet_media::audio::{AudioSinkSpec, DEFAULT_DEVICE};
use duet_protocol::{CallMedia as Media, User, canonical_name};

use super::calls::ignore_closed;
use super::{Controller, RingScreen, Window, neutral, now_ms};
use crate::commands::Done;
use crate::view::{
    CallMedia, CallView, CommandError, CommandErrorCode, DeviceKind, IncomingView,
    IncomingWindowView, NoticeData, NoticeLevel, Recent, RecentKind, UnansweredReason,
};

/// The call by name that we are in, or were in last.
#[derive(Debug, Clone)]
pub(super) struct Named {
    pub(super) name: String,
    pub(super) media: CallMedia,
    /// Who called: `Called` or `CalledYou`.
    pub(super) kind: RecentKind,
}

/// A call that rings here.
#[derive(Debug)]
pub(super) struct Ringing {
    call: IncomingCall,
    since_ms: i64,
    /// The tone and the notification are on, and the window was opened.
    announced: bool,
    /// The tone is on.
    sounds: bool,
    /// Shown in the main window: we were in a call, or wanted quiet.
    in_main_window: bool,
}

impl<W: Window> Controller<W> {
    /// Calls somebody who is online.
    pub(super) async fn call_person(&mut self, uid: String, media: CallMedia) -> Done {
        let listed = self.people.iter().find(|user| user.uid == uid);
        let Some(name) = listed.map(|user| neutral::name(&user.name)) else {
            return Err(CommandError {
                code: CommandErrorCode::NotNow,
                detail: "this person is not online".to_owned(),
            });
        };
        self.named = Some(Named {
            name,
            media,
            kind: RecentKind::Called,
        });
        self.place = None;
        self.connected_since_ms = None;
        self.show_camera(media == CallMedia::Video);
        ignore_closed(self.endpoint.call(uid, engine_media(media)).await);
        Ok(())
    }

    /// Calls whoever has this name now; says so when nobody has.
    pub(super) async fn call_name(&mut self, name: String, media: CallMedia) -> Done {
        // As the server compares names: someone who comes back in capitals is the same.
        let wanted = canonical_name(&name);
        let is_it = |user: &&User| wanted.is_some() && canonical_name(&user.name) == wanted;
        let listed = self.people.iter().find(is_it);
        if let Some(uid) = listed.map(|user| user.uid.clone()) {
            return self.call_person(uid, media).await;
        }
        let is_online = self.view.people.presence == crate::view::Presence::Online;
        let reason = if is_online {
            UnansweredReason::NotOnline
        } else {
            UnansweredReason::WeAreOffline
        };
        self.named = Some(Named {
            name: name.clone(),
            media,
            kind: RecentKind::Called,
        });
        self.view.call = CallView::Unanswered {
            name,
            uid: None,
            media,
            reason,
        };
        Ok(())
    }

    /// Calls the person of the last call by name once more.
    pub(super) async fn call_again(&mut self) -> Done {
        match self.named.clone() {
            Some(named) => self.call_name(named.name, named.media).await,
            None => Err(CommandError {
                code: CommandErrorCode::NotNow,
                detail: "nobody was called".to_owned(),
            }),
        }
    }

    /// Somebody calls.
    pub(super) async fn ring(&mut self, call: IncomingCall) {
        self.ringing = Some(Ringing {
            call,
            since_ms: now_ms(),
            announced: false,
            sounds: false,
            in_main_window: self.is_active() || self.stored.settings.do_not_disturb,
        });
        self.show_incoming();
        // In do-not-disturb nothing shows; in a call a banner does, without a sound.
        let Some(incoming) = self
            .view
            .incoming
            .clone()
            .filter(|incoming| !incoming.banner)
        else {
            return;
        };
        if let Some(ringing) = &mut self.ringing {
            ringing.announced = true;
            ringing.sounds = true;
            self.window.ring(&RingScreen {
                call_id: ringing.call.call_id.clone(),
                name: incoming.name,
                media: incoming.media,
                language: self.view.settings.language,
                text_percent: self.view.settings.text_percent,
            });
        }
        let sink = self.ring_sink();
        ignore_closed(self.endpoint.set_ringing(Some(sink)).await);
    }

    /// It rings no more.
    pub(super) async fn ring_ended(&mut self, call: &IncomingCall, cause: RingEnd) {
        let is_ours = |ringing: &mut Ringing| ringing.call.call_id == call.call_id;
        let Some(ringing) = self.ringing.take_if(is_ours) else {
            return;
        };
        self.stop_announcing(&ringing).await;
        self.show_incoming();
        if cause != RingEnd::Answered {
            self.answered = None;
        }
        let name = neutral::name(call.from.name.as_deref().unwrap_or_default());
        let (kind, is_missed) = match cause {
            RingEnd::Answered => return,
            RingEnd::Declined => (RecentKind::CalledYou, false),
            RingEnd::Cancelled | RingEnd::Missed | RingEnd::Lost => (RecentKind::Missed, true),
        };
        let media = page_media(call.media);
        self.remember_named(kind, name.clone(), media, None);
        if is_missed {
            self.notify(
                NoticeLevel::Info,
                NoticeData::MissedCall { name },
                Vec::new(),
            );
        }
    }

    /// Takes the call that rings; the present one ends first.
    pub(super) async fn answer_call(&mut self, camera: bool) -> Done {
        let ringing = self.ringing.as_ref().ok_or_else(nothing_rings)?;
        let call_id = ringing.call.call_id.clone();
        let media = page_media(ringing.call.media);
        let named = Named {
            name: neutral::name(ringing.call.from.name.as_deref().unwrap_or_default()),
            media,
            kind: RecentKind::CalledYou,
        };
        self.lobby = None;
        self.view.lobby = None;
        self.preview_for_settings = false;
        self.update_preview().await;
        let camera = camera && media == CallMedia::Video;
        // The end of a call that runs is still told as its own.
        self.answered = Some((named, camera));
        if !self.is_active() {
            self.begin_answered();
        }
        ignore_closed(self.endpoint.accept_call(call_id, camera).await);
        Ok(())
    }

    /// The call that was answered is the one that runs from here.
    pub(super) fn begin_answered(&mut self) {
        if let Some((named, camera)) = self.answered.take() {
            // Where it was answered may be a window or a notification that is gone now.
            self.window.raise();
            self.named = Some(named);
            self.place = None;
            self.connected_since_ms = None;
            self.show_camera(camera);
        }
    }

    pub(super) async fn decline_call(&mut self) -> Done {
        let ringing = self.ringing.as_ref().ok_or_else(nothing_rings)?;
        let call_id = ringing.call.call_id.clone();
        ignore_closed(self.endpoint.decline_call(call_id).await);
        Ok(())
    }

    /// No sound any more; the call may still be answered.
    pub(super) async fn silence_call(&mut self) {
        if let Some(ringing) = &mut self.ringing {
            ringing.sounds = false;
        }
        ignore_closed(self.endpoint.set_ringing(None).await);
    }

    /// Closing the window is a wish for quiet, not an answer: the caller is told nothing, and the main
    /// window shows the call as long as it rings.
    pub(super) async fn ring_window_closed(&mut self) {
        if let Some(ringing) = &mut self.ringing {
            ringing.in_main_window = true;
            self.silence_call().await;
            self.show_incoming();
        }
    }

    /// An answer from the system's notification, unless it is about a call of before.
    pub(super) async fn notification_answered(&mut self, call_id: &str, answer: super::RingAnswer) {
        let rings = self
            .ringing
            .as_ref()
            .is_some_and(|ringing| ringing.call.call_id == call_id);
        if !rings {
            return;
        }
        let done = match answer {
            super::RingAnswer::Accept => self.answer_call(true).await,
            super::RingAnswer::WithoutCamera => self.answer_call(false).await,
            super::RingAnswer::Decline => self.decline_call().await,
        };
        if let Err(error) = done {
            tracing::debug!(code = ?error.code, "the answer came too late");
        }
    }

    /// Do-not-disturb was turned on or off.
    pub(super) async fn disturbance_changed(&mut self) {
        if self.stored.settings.do_not_disturb
            && let Some(mut ringing) = self.ringing.take()
        {
            self.stop_announcing(&ringing).await;
            ringing.sounds = false;
            ringing.in_main_window = true;
            self.ringing = Some(ringing);
        }
        self.show_incoming();
    }

    async fn stop_announcing(&mut self, ringing: &Ringing) {
        if ringing.announced {
            self.window.stop_ringing();
            ignore_closed(self.endpoint.set_ringing(None).await);
        }
    }

    pub(super) fn show_incoming(&mut self) {
        let is_quiet = self.stored.settings.do_not_disturb;
        let in_call = self.is_active();
        self.view.incoming =
            self.ringing
                .as_ref()
                .filter(|_| !is_quiet)
                .map(|ringing| IncomingView {
                    name: neutral::name(ringing.call.from.name.as_deref().unwrap_or_default()),
                    media: page_media(ringing.call.media),
                    since_ms: ringing.since_ms,
                    banner: in_call || ringing.in_main_window,
                });
    }

    /// What the window of the incoming call shows.
    pub(super) fn incoming_window(&self) -> IncomingWindowView {
        let settings = &self.view.settings;
        IncomingWindowView {
            call: self.view.incoming.clone(),
            language: settings.language,
            theme: settings.theme,
            text_percent: settings.text_percent,
            reduce_motion: settings.reduce_motion,
            more_contrast: settings.more_contrast,
        }
    }

    /// Puts a call by name at the top of the recent ones.
    pub(super) fn remember_named(
        &mut self,
        kind: RecentKind,
        name: String,
        media: CallMedia,
        duration_ms: Option<i64>,
    ) {
        self.stored.remember(Recent {
            kind,
            room_id: String::new(),
            server_url: None,
            peer_name: Some(name),
            media,
            ended_ms: now_ms(),
            duration_ms,
        });
        self.view.recents.clone_from(&self.stored.recents);
        self.save();
    }

    /// Another device rings from now on, also for the call that rings.
    pub(super) async fn ring_elsewhere(&mut self) {
        if self.ringing.as_ref().is_some_and(|ringing| ringing.sounds) {
            let sink = self.ring_sink();
            ignore_closed(self.endpoint.set_ringing(Some(sink)).await);
        }
    }

    /// Where calls ring: the chosen device, or the system's.
    fn ring_sink(&self) -> AudioSinkSpec {
        if let Some(fixed) = &self.fixed_ring {
            return fixed.clone();
        }
        let id = self.active_id(DeviceKind::Ringer);
        AudioSinkSpec::Device(id.unwrap_or_else(|| DEFAULT_DEVICE.to_owned()))
    }

    /// The camera for this call alone; what was chosen for rooms stays remembered.
    fn show_camera(&mut self, on: bool) {
        self.view.camera.on = on;
    }

    /// After a call by name the camera is again as it was chosen.
    pub(super) async fn restore_camera(&mut self) {
        let chosen = self.stored.camera_on;
        if self.view.camera.on != chosen {
            self.view.camera.on = chosen;
            ignore_closed(self.endpoint.set_camera(chosen).await);
        }
    }
}

fn nothing_rings() -> CommandError {
    CommandError {
        code: CommandErrorCode::NotNow,
        detail: "no call rings".to_owned(),
    }
}

pub(super) fn page_media(media: Media) -> CallMedia {
    match media {
        Media::Video => CallMedia::Video,
        Media::Audio => CallMedia::Audio,
    }
}

fn engine_media(media: CallMedia) -> Media {
    match media {
        CallMedia::Video => Media::Video,
        CallMedia::Audio => Media::Audio,
    }
}

pub(super) fn unanswered_reason(cause: UnansweredCause) -> UnansweredReason {
    match cause {
        UnansweredCause::Declined => UnansweredReason::Declined,
        UnansweredCause::Busy => UnansweredReason::Busy,
        UnansweredCause::NoAnswer => UnansweredReason::NoAnswer,
        UnansweredCause::Unavailable => UnansweredReason::Unavailable,
        UnansweredCause::NotOnline => UnansweredReason::WeAreOffline,
        UnansweredCause::RateLimited => UnansweredReason::RateLimited,
        UnansweredCause::ServerLost => UnansweredReason::ServerLost,
    }
}
