//! What the clients were told of their lobby, and what is so.

use std::collections::BTreeMap;

use duet_protocol::Presence;
use duet_server::rooms::ConnectionId;

use super::logins::Login;
use super::world::World;

impl World {
    /// Every client that is logged in knows who else is there, and who can be called.
    pub(super) fn check_views(&self) {
        let truth = self.truth();
        for (uid, login) in &self.logins {
            let Ok(id) = login.holder else { continue };
            let others = truth
                .iter()
                .filter(|(other, (lobby, _, _))| *other != uid && *lobby == login.lobby)
                .map(|(other, (_, name, busy))| (other.clone(), (name.clone(), *busy)));
            let others: BTreeMap<_, _> = others.collect();
            assert_eq!(self.views[&id], others, "{uid} was told otherwise");
        }
    }

    /// Lobby, name and busyness of everybody.
    pub(super) fn truth(&self) -> BTreeMap<String, (String, String, bool)> {
        let of = |(uid, login): (&String, &Login)| {
            let (lobby, name) = (login.lobby.clone(), login.name.clone());
            (uid.clone(), (lobby, name, self.is_busy(uid)))
        };
        self.logins.iter().map(of).collect()
    }

    fn is_busy(&self, uid: &str) -> bool {
        let is_away = self
            .logins
            .get(uid)
            .is_some_and(|login| login.holder.is_err());
        let is_calling = self.open_calls().any(|call| call.uids().contains(&uid));
        is_away || is_calling || self.places.contains_key(uid)
    }

    pub(super) fn note_presence(&mut self, to: ConnectionId, presence: &Presence) {
        let own_uid = self.bound[&to].clone();
        let view = self.views.get_mut(&to).expect("logged in");
        for user in &presence.online {
            view.insert(user.uid.clone(), (user.name.clone(), user.busy));
        }
        for user in &presence.offline {
            view.remove(&user.uid);
        }
        for (users, is_busy) in [(&presence.busy, true), (&presence.free, false)] {
            for user in users {
                assert_eq!(user.busy, is_busy);
                let known = view.get_mut(&user.uid).expect("somebody known");
                *known = (user.name.clone(), is_busy);
            }
        }
        assert!(!view.contains_key(&own_uid), "one is told of oneself");
    }
}
