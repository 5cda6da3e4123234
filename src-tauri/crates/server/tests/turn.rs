//! STUN and TURN: real sockets where the sockets matter, and the relay alone where time does.

mod credentials;
mod dialogue;
mod fuzz;
mod joined;
mod lifetimes;
mod matrix;
mod network;
mod opened;
mod peers;
mod quotas;
mod relaying;
mod requests;
mod rig;
mod special;
mod strangers;
mod stream_phone;
mod streams;
#[cfg(unix)]
mod uclient;
