//! Notices: what happened, for toasts.

use std::path::Path;

use super::{Controller, Window};
use crate::view::{Notice, NoticeAction, NoticeData, NoticeLevel};

/// Notices kept; the page shows two at most, and older ones are stale.
const KEPT: usize = 8;

impl<W: Window> Controller<W> {
    /// Adds a notice; the oldest goes when there are too many.
    pub(super) fn notify(
        &mut self,
        level: NoticeLevel,
        data: NoticeData,
        actions: Vec<NoticeAction>,
    ) {
        let id = self.next_notice;
        self.next_notice = self.next_notice.wrapping_add(1);
        if self.view.notices.len() >= KEPT {
            self.view.notices.remove(0);
        }
        self.view.notices.push(Notice {
            id,
            level,
            data,
            actions,
        });
    }

    pub(super) fn note_settings_reset(&mut self, kept: &Path) {
        let kept_as = kept.display().to_string();
        self.notify(
            NoticeLevel::Warn,
            NoticeData::SettingsReset { kept_as },
            Vec::new(),
        );
    }

    /// Takes back what is no longer so.
    pub(super) fn withdraw(&mut self, is_over: impl Fn(&NoticeData) -> bool) {
        self.view.notices.retain(|notice| !is_over(&notice.data));
    }

    pub(super) fn dismiss_notice(&mut self, id: u32) {
        self.view.notices.retain(|notice| notice.id != id);
    }

    /// Takes the notice away and gives what it was about.
    pub(super) fn take_notice(&mut self, id: u32) -> Option<Notice> {
        let index = self
            .view
            .notices
            .iter()
            .position(|notice| notice.id == id)?;
        Some(self.view.notices.remove(index))
    }
}
