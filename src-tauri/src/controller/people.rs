//! Being online: who else is, and whether the server lists us.
//!
//! Nothing goes to the server before the person turned being online on; it is a setting from then on.

use duet_engine::call::DirectoryStatus;
use duet_engine::{DirectoryConfig, ServerConfig};
use duet_protocol::User;

use super::calls::ignore_closed;
use super::{Controller, Window, neutral};
use crate::view::{LoginProblem, PeopleView, PersonView, Presence};

impl<W: Window> Controller<W> {
    /// Tells the endpoint whether and as whom to be listed.
    pub(super) async fn update_directory(&mut self) {
        let settings = &self.stored.settings;
        let name = settings.display_name.trim().to_owned();
        let wanted = settings.online.then_some(name);
        let directory = wanted.filter(|name| !name.is_empty()).map(|name| {
            let url = self.server.url().to_owned();
            let trusted_fingerprints = self.stored.fingerprints_of(&url);
            DirectoryConfig {
                server: ServerConfig {
                    url,
                    trusted_fingerprints,
                    // Tokens come with invites, and those are for rooms.
                    access: None,
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
                    _ => LoginProblem::Refused,
                };
                self.show_people(Presence::Refused { problem }, Vec::new());
            }
        }
    }

    fn show_people(&mut self, presence: Presence, users: Vec<User>) {
        self.view.people = PeopleView {
            presence,
            list: users
                .iter()
                .map(|user| PersonView {
                    uid: user.uid.clone(),
                    name: neutral::name(&user.name),
                    busy: user.busy,
                    unread: self.chats.unread(&user.uid),
                })
                .collect(),
        };
        self.people = users;
    }
}
