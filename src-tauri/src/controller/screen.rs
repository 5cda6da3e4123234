//! Showing a screen: in a call, and on a display by its code.

use std::time::Instant;

use base64::Engine as _;
use duet_engine::ShareEvent;
use duet_engine::call::{CallState, EndedBy};
use duet_media::screen::{
    ScreenError, ScreenSource, ScreenTarget, list_screens, screen_preview_jpeg,
};

use super::calls::{ignore_closed, milliseconds, unix_ms, unknown_peer};
use super::{Controller, Window, neutral};
use crate::view::{
    CallView, CastCodeView, CastView, CommandError, CommandErrorCode, NoticeData, NoticeLevel,
    ScreenProblem, ScreenView, ScreensAnswer, ShareView, SharingWindowView,
};

/// The size of a preview, in pixels.
const PREVIEW: (u32, u32) = (384, 240);
/// Previews that are made at once; nobody looks through more windows.
const MAX_SOURCES: usize = 48;

/// Everything that can be shown, with pictures. Takes a while: on a thread that may block.
pub(super) fn screens() -> ScreensAnswer {
    match list_screens() {
        Ok(sources) => ScreensAnswer::Screens {
            screens: sources
                .into_iter()
                .take(MAX_SOURCES)
                .map(screen_view)
                .collect(),
            shows_duet: cfg!(target_os = "linux"),
        },
        Err(error) => ScreensAnswer::Problem {
            code: problem(error.code()),
        },
    }
}

pub(super) fn screen_view(source: ScreenSource) -> ScreenView {
    let (width, height) = PREVIEW;
    let picture = screen_preview_jpeg(&source.target, width, height)
        .map(|jpeg| {
            let text = base64::engine::general_purpose::STANDARD.encode(jpeg);
            format!("data:image/jpeg;base64,{text}")
        })
        .inspect_err(|error: &ScreenError| tracing::debug!(%error, "no preview"))
        .ok();
    ScreenView {
        id: source.target.to_string(),
        is_screen: matches!(source.target, ScreenTarget::Screen(_)),
        // Any program, and any page in a browser, writes these.
        title: neutral::name(&source.title),
        app: neutral::name(&source.app),
        width: source.width,
        height: source.height,
        picture,
    }
}

/// The page's word for a code of the engine.
fn problem(code: &str) -> ScreenProblem {
    match code {
        "screen-no-display" => ScreenProblem::NoDisplay,
        "screen-wayland" => ScreenProblem::Wayland,
        "screen-cancelled" => ScreenProblem::Cancelled,
        "screen-forbidden" => ScreenProblem::Forbidden,
        "screen-gone" => ScreenProblem::Gone,
        _ => ScreenProblem::Failed,
    }
}

fn target(id: &str) -> Result<ScreenTarget, CommandError> {
    id.parse().map_err(|_| CommandError {
        code: CommandErrorCode::Invalid,
        detail: "no screen or window has such an id".to_owned(),
    })
}

impl<W: Window> Controller<W> {
    /// Shows a screen to the other, or none any more; `title` is what the page calls it.
    pub(super) async fn share(
        &mut self,
        id: Option<String>,
        title: String,
    ) -> Result<(), CommandError> {
        let Some(id) = id else {
            ignore_closed(self.endpoint.share(None).await);
            return Ok(());
        };
        let target = target(&id)?;
        if !self.is_in_call() {
            return Ok(());
        }
        self.note_share(id, title, &target);
        ignore_closed(self.endpoint.share(Some(target)).await);
        Ok(())
    }

    fn note_share(&mut self, id: String, title: String, target: &ScreenTarget) {
        let is_screen = matches!(target, ScreenTarget::Screen(_));
        // A picture of the whole screen would show our own window in it, and the other in that.
        self.window.set_left_out(is_screen);
        self.view.share = Some(ShareView {
            id,
            title: neutral::name(&title),
            is_screen,
            is_open: false,
        });
        self.window.show_marker(self.view.settings.text_percent);
    }

    /// Nothing is shown any more.
    pub(super) fn forget_share(&mut self) {
        if self.view.share.take().is_some() {
            self.window.set_left_out(false);
            self.window.hide_marker();
        }
    }

    /// What the marker above all windows shows.
    pub(super) fn sharing_window(&self) -> SharingWindowView {
        let settings = &self.view.settings;
        SharingWindowView {
            title: self.view.share.as_ref().map(|share| share.title.clone()),
            language: settings.language,
            theme: settings.theme,
            text_percent: settings.text_percent,
            reduce_motion: settings.reduce_motion,
            more_contrast: settings.more_contrast,
        }
    }

    /// Becomes a display.
    pub(super) async fn open_cast(&mut self) {
        if self.is_occupied() {
            return;
        }
        self.begin_cast(CastView::Display { code: None }).await;
        ignore_closed(self.endpoint.open_cast().await);
    }

    /// Shows a screen on the display that shows this code.
    pub(super) async fn join_cast(
        &mut self,
        code: String,
        id: String,
        title: String,
    ) -> Result<(), CommandError> {
        let target = target(&id)?;
        if self.is_occupied() {
            return Ok(());
        }
        self.begin_cast(CastView::Presenter).await;
        self.note_share(id, title, &target);
        ignore_closed(self.endpoint.join_cast(code, target).await);
        Ok(())
    }

    async fn begin_cast(&mut self, cast: CastView) {
        self.close_lobby().await;
        self.place = None;
        self.peer = unknown_peer(None);
        self.connected_since_ms = None;
        self.set_configured_server().await;
        self.view.cast = Some(cast);
    }

    /// A call or a cast is going on, or about to.
    fn is_occupied(&self) -> bool {
        match self.view.call {
            CallView::Idle
            | CallView::Unanswered { .. }
            | CallView::Full { .. }
            | CallView::Failed { .. }
            | CallView::Left { .. } => false,
            CallView::Calling { .. }
            | CallView::Joining { .. }
            | CallView::WaitingForPeer { .. }
            | CallView::Negotiating { .. }
            | CallView::Connected { .. }
            | CallView::Reconnecting { .. }
            | CallView::PeerLeft { .. } => true,
        }
    }

    pub(super) fn cast_code(&mut self, shown: String, expires_at: Instant) {
        if let Some(CastView::Display { code }) = &mut self.view.cast {
            let left = expires_at.saturating_duration_since(Instant::now());
            *code = Some(CastCodeView {
                code: shown,
                expires_ms: unix_ms(expires_at),
                lifetime_ms: milliseconds(left),
            });
        }
    }

    pub(super) fn share_event(&mut self, event: ShareEvent) {
        match event {
            ShareEvent::Started(target) => {
                if let Some(share) = &mut self.view.share
                    && share.id == target.to_string()
                {
                    share.is_open = true;
                }
            }
            ShareEvent::Ended { code } => {
                self.forget_share();
                if let Some(code) = code {
                    let data = NoticeData::ShareEnded {
                        problem: problem(code),
                    };
                    self.notify(NoticeLevel::Warn, data, Vec::new());
                }
            }
        }
    }

    /// The call is in another state: a code is shown while nobody has used it, and a cast is over with
    /// its call.
    pub(super) fn follow_cast(&mut self, state: &CallState) {
        match &self.view.call {
            CallView::Idle => self.view.cast = None,
            CallView::Left { .. } => {
                if self.view.cast.take().is_some() {
                    // There is nothing to come back to.
                    self.view.call = CallView::Idle;
                    if !matches!(
                        state,
                        CallState::Left {
                            by: EndedBy::Us,
                            ..
                        }
                    ) {
                        self.notify(NoticeLevel::Info, NoticeData::CastEnded, Vec::new());
                    }
                }
            }
            CallView::WaitingForPeer { .. } => {}
            CallView::Calling { .. }
            | CallView::Unanswered { .. }
            | CallView::Joining { .. }
            | CallView::Negotiating { .. }
            | CallView::Connected { .. }
            | CallView::Reconnecting { .. }
            | CallView::PeerLeft { .. }
            | CallView::Full { .. }
            | CallView::Failed { .. } => {
                if let Some(CastView::Display { code }) = &mut self.view.cast {
                    *code = None;
                }
            }
        }
    }
}
