//! The server's behaviour, one file for each: real sockets against a real server on a free port, and
//! the rooms alone against a model.

mod address_limit;
mod client;
mod faults;
mod forwarding;
mod frames;
mod handshake;
mod identity;
mod joining;
mod keepalive;
mod leaving;
mod listeners;
mod origin;
mod plain_client;
mod program;
mod rate;
mod resume;
mod rooms_model;
mod shutdown;
mod slow_reader;
mod turn;
