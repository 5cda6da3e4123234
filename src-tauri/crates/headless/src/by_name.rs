//! Being online: who is called, how a ring is answered, what is said, and what came of it.

use duet_engine::call::{DirectoryStatus, IncomingCall, TextEvent, TextTarget};
use duet_engine::{DirectoryConfig, Endpoint, EndpointClosed, EndpointEvent, ServerConfig};
use duet_protocol::{CallMedia, canonical_name, generate_uid};
use serde::Serialize;

use crate::arguments::{Answer, CallArguments};

/// What there was besides media, for the report.
#[derive(Debug, Default, Clone, Serialize)]
pub(crate) struct ByName {
    /// Calls that rang here.
    pub(crate) rings: u32,
    /// How the call by name ended without an answer, by its code.
    pub(crate) unanswered: Option<&'static str>,
    /// Texts.
    pub(crate) texts: Texts,
    #[serde(skip)]
    has_called: bool,
    #[serde(skip)]
    has_spoken: bool,
}

/// Counts of texts.
#[derive(Debug, Default, Clone, Serialize)]
pub(crate) struct Texts {
    /// From others.
    pub(crate) received: u32,
    /// Of ours.
    pub(crate) delivered: u32,
    /// Of ours.
    pub(crate) undelivered: u32,
}

impl ByName {
    /// Logs in, if asked for.
    pub(crate) async fn begin(
        arguments: &CallArguments,
        endpoint: &Endpoint,
    ) -> Result<(), EndpointClosed> {
        let Some(name) = &arguments.login else {
            return Ok(());
        };
        let directory = DirectoryConfig {
            server: ServerConfig {
                url: arguments.server.clone(),
                trusted_fingerprints: arguments.trust.clone(),
                access: arguments.access_token.clone(),
            },
            name: name.clone(),
            lobby: arguments.lobby.clone(),
        };
        endpoint.set_directory(Some(directory)).await
    }

    /// Does what an event asks for. Gives an error that ends the run.
    pub(crate) async fn follow(
        &mut self,
        arguments: &CallArguments,
        endpoint: &Endpoint,
        event: &EndpointEvent,
    ) -> Result<Option<String>, EndpointClosed> {
        match event {
            EndpointEvent::Directory(DirectoryStatus::Online { users }) if !self.has_called => {
                let Some(wanted) = arguments.call.as_deref().map(canonical_name) else {
                    return Ok(None);
                };
                let mut free = users.iter().filter(|user| !user.busy);
                if let Some(user) = free.find(|user| canonical_name(&user.name) == wanted) {
                    self.has_called = true;
                    endpoint.call(&user.uid, CallMedia::Video).await?;
                }
            }
            EndpointEvent::Directory(DirectoryStatus::Refused { code, .. }) => {
                return Ok(Some(format!("the server does not list us: {code}")));
            }
            EndpointEvent::Ring(call) => {
                self.rings += 1;
                answer(arguments.answer, endpoint, call).await?;
            }
            EndpointEvent::Text(text) => self.count(text),
            _ => {}
        }
        Ok(None)
    }

    /// The call stands: says what there is to say, once.
    pub(crate) async fn connected(
        &mut self,
        arguments: &CallArguments,
        endpoint: &Endpoint,
    ) -> Result<(), EndpointClosed> {
        match &arguments.say {
            Some(text) if !self.has_spoken => {
                self.has_spoken = true;
                endpoint
                    .send_text(TextTarget::Peer, generate_uid(), text)
                    .await
            }
            Some(_) | None => Ok(()),
        }
    }

    fn count(&mut self, text: &TextEvent) {
        let counter = match text {
            TextEvent::Received(_) => &mut self.texts.received,
            TextEvent::Delivered { .. } => &mut self.texts.delivered,
            TextEvent::Undelivered { .. } => &mut self.texts.undelivered,
        };
        *counter += 1;
    }
}

async fn answer(
    answer: Answer,
    endpoint: &Endpoint,
    call: &IncomingCall,
) -> Result<(), EndpointClosed> {
    match answer {
        Answer::Accept => endpoint.accept_call(&call.call_id, true).await,
        Answer::AcceptWithoutCamera => endpoint.accept_call(&call.call_id, false).await,
        Answer::Decline => endpoint.decline_call(&call.call_id).await,
    }
}
