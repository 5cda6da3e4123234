//! What a call does, one behaviour a file. Where two calls meet, they meet in the [`world`]: the
//! real rooms of the server, the real memory of the signaling client, virtual time, and
//! PeerConnections that know only the rules of negotiation (and panic when one is broken).

mod before_accept;
mod candidates;
mod casting;
mod credentials;
mod giving_up;
mod glare;
mod hang_up;
mod joining;
mod late_messages;
mod lost_leave;
mod media_state;
mod model;
mod peer_leaving;
mod plain_client;
mod reconnecting;
mod refusals;
mod restarted_peer;
mod server_restart;
mod solo;
mod starting;
mod state_words;
mod world;
