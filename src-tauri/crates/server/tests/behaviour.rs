//! The server's behaviour, one file for each: real sockets against a real server on a free port, and
//! the rooms and the exchange alone against models.

mod address_limit;
mod call_races;
mod call_room;
mod calling;
mod cast;
mod cast_by_hand;
mod cast_model;
mod client;
mod directory_model;
mod faults;
mod forwarding;
mod frames;
mod handshake;
mod identity;
mod joining;
mod keepalive;
mod leaving;
mod listeners;
mod lobby;
mod login;
mod login_resume;
mod no_media_before_accept;
mod origin;
mod plain_client;
mod presence;
mod program;
mod rate;
mod resume;
mod rooms_model;
mod shutdown;
mod slow_reader;
mod texts;
mod turn;
