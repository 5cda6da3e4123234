//! Being online: who else is, and whether the server lists us. Whom we wrote with stays in sight.
//!
//! Nothing goes to the server before the person turned being online on; it is a setting from then on.

use duet_engine::call::DirectoryStatus;
use duet_engine::{DirectoryConfig, ServerConfig};
use duet_protocol::User;

use super::calls::ignore_closed;
use super::{Controller, Window, neutral};
use crate::view::{LoginProblem, PersonState, PersonView, Presence};

impl<W: Window> Controller<W> {
    /// Tells the endpoint whether and as whom to be listed.
    pub(super) async fn update_directory(&mut self) {
        let settings = &self.stored.settings;
        let name = settings.display_name.trim().to_owned();
        let wanted = settings.online.then_some(name);
        let directory = wanted.filter(|name| !name.is_empty()).map(|name| {
            let url = self.server.url().to_owned();
            let trusted_fingerprints = self.stored.fingerprints_of(&url);
            let access = self.token_for(&url);
            DirectoryConfig {
                server: ServerConfig {
                    url,
                    trusted_fingerprints,
                    access,
                },
                name,
                lobby: None,
            }
        });
        if let Some(directory) = &directory {
            // The room of a call by name carries the same name.
            ignore_closed(self.endpoint.set_name(Some(directory.name.clone())).await);
        }
        let lacks_name = settings.online && directory.is_none();
        ignore_closed(self.endpoint.set_directory(directory).await);
        if lacks_name {
            self.show_people(
                Presence::Refused {
                    problem: LoginProblem::NoName,
                },
                Vec::new(),
            );
        }
    }

    pub(super) fn directory_status(&mut self, status: DirectoryStatus) {
        let lacks_name =
            self.stored.settings.online && self.stored.settings.display_name.trim().is_empty();
        match status {
            DirectoryStatus::Off if lacks_name => {}
            DirectoryStatus::Off => self.show_people(Presence::Off, Vec::new()),
            DirectoryStatus::Connecting => self.show_people(Presence::Connecting, Vec::new()),
            DirectoryStatus::Online { users } => self.show_people(Presence::Online, users),
            DirectoryStatus::Paused => self.show_people(Presence::Paused, Vec::new()),
            DirectoryStatus::Refused { code, .. } => {
                let problem = match code {
                    "name-taken" => LoginProblem::NameTaken,
                    "name-invalid" => LoginProblem::NameInvalid,
                    "lobby-full" => LoginProblem::LobbyFull,
                    "not-allowed" => LoginProblem::NotAllowed,
                    _ => LoginProblem::Refused,
                };
                self.show_people(Presence::Refused { problem }, Vec::new());
            }
        }
    }

    fn show_people(&mut self, presence: Presence, users: Vec<User>) {
        self.view.people.presence = presence;
        self.people = users;
        self.list_people();
    }

    /// Puts everybody into the view who can be called or whose texts can be read: the server's list, then
    /// those of our conversations who are not on it, the one spoken with last first.
    pub(super) fn list_people(&mut self) {
        let listed = self.people.iter().map(|user| PersonView {
            uid: user.uid.clone(),
            name: neutral::name(&user.name),
            state: match user.busy {
                true => PersonState::Busy,
                false => PersonState::Available,
            },
            unread: self.chats.unread(&user.uid),
        });
        let is_listed = |uid: &str| self.people.iter().any(|user| user.uid == uid);
        let others = self.chats.written().filter(|(uid, _)| !is_listed(uid));
        let others = others.map(|(uid, name)| PersonView {
            uid: uid.to_owned(),
            name: name.unwrap_or_default().to_owned(),
            state: PersonState::Offline,
            unread: self.chats.unread(uid),
        });
        self.view.people.list = listed.chain(others).collect();
    }
}
