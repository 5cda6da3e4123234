//! The server's behaviour, one file for each: real sockets against a real server on a free port, and
//! the rooms and the exchange alone against models.

mod access;
mod address_limit;
mod by_hand;
mod call_races;
mod call_room;
mod calling;
mod check;
mod client;
#[cfg(unix)]
mod cluster;
mod deploy;
mod directory_model;
mod faults;
mod forwarding;
mod frames;
mod guest_page;
mod handshake;
mod hostile;
mod identity;
mod joining;
mod keepalive;
mod leaving;
mod listeners;
mod lobby;
mod login;
mod login_resume;
mod logs;
mod monitor;
mod no_media_before_accept;
mod origin;
mod plain_client;
mod presence;
mod program;
mod proxy;
mod rate;
mod resume;
mod rooms_model;
mod settings;
mod shutdown;
mod slow_reader;
mod texts;
mod tls;
mod turn;
