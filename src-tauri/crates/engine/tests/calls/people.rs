//! People who are online by name, and what tests ask of them.
#![allow(dead_code, unreachable_pub)]

use std::sync::atomic::Ordering;

use duet_engine::call::{
    CallState, DirectoryStatus, EndedBy, IncomingCall, RingEnd, UnansweredCause,
};
use duet_engine::{DirectoryConfig, EndpointEvent, ServerConfig};
use duet_protocol::{CallMedia, User};
use duet_server::Server;

use crate::common::Person;

impl Person {
    /// Online under this name.
    pub async fn online(server: &Server, name: &str) -> Self {
        let mut person = Self::new(server);
        person.logs_in(&server.url(), name).await;
        person.knows("itself to be online", |_| true).await;
        person
    }

    pub async fn logs_in(&self, url: &str, name: &str) {
        let directory = DirectoryConfig {
            server: ServerConfig {
                url: url.to_owned(),
                access: None,
                trusted_fingerprints: Vec::new(),
            },
            name: name.to_owned(),
            lobby: None,
        };
        self.endpoint
            .set_directory(Some(directory))
            .await
            .expect("runs");
    }

    /// Waits until, if it is not so already, the others in the lobby are so.
    pub async fn knows(&mut self, what: &str, is_so: impl Fn(&[User]) -> bool) -> Vec<User> {
        if let DirectoryStatus::Online { users } = &self.directory
            && is_so(users)
        {
            return users.clone();
        }
        self.take(what, |event| match event {
            EndpointEvent::Directory(DirectoryStatus::Online { users }) => {
                is_so(users).then(|| users.clone())
            }
            _ => None,
        })
        .await
    }

    /// Waits until somebody of this name can be called; gives their uid.
    pub async fn finds(&mut self, name: &str) -> String {
        let is_free = |user: &User| user.name == name && !user.busy;
        let users = self.knows(name, |users| users.iter().any(is_free)).await;
        let found = users.into_iter().find(is_free);
        found.expect("just seen").uid
    }

    pub async fn calls(&mut self, name: &str, media: CallMedia) {
        let uid = self.finds(name).await;
        self.endpoint.call(uid, media).await.expect("runs");
    }

    pub async fn is_rung(&mut self) -> IncomingCall {
        self.take("ring", |event| match event {
            EndpointEvent::Ring(call) => Some(call.clone()),
            _ => None,
        })
        .await
    }

    pub async fn ring_ends(&mut self) -> RingEnd {
        self.take("end of the ring", |event| match event {
            EndpointEvent::RingEnded { cause, .. } => Some(*cause),
            _ => None,
        })
        .await
    }

    pub async fn hears_it_ring(&mut self) {
        self.until_state("ringing there", |state| {
            matches!(state, CallState::Calling { ringing: true, .. })
        })
        .await;
    }

    pub async fn is_not_answered(&mut self) -> UnansweredCause {
        self.take("an end without an answer", |event| match event {
            EndpointEvent::State(CallState::Unanswered { cause, .. }) => Some(*cause),
            _ => None,
        })
        .await
    }

    pub async fn is_connected(&mut self) {
        self.until_state("call", |state| matches!(state, CallState::Connected { .. }))
            .await;
    }

    pub async fn ends(&mut self) -> EndedBy {
        self.take("the end", |event| match event {
            EndpointEvent::State(CallState::Left { by, .. }) => Some(*by),
            _ => None,
        })
        .await
    }

    /// Pictures of the own camera so far.
    pub fn taken(&self) -> u64 {
        self.taken.load(Ordering::Relaxed)
    }
}
