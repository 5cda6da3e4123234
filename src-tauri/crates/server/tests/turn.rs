//! STUN and TURN: real sockets where the sockets matter, and the relay alone where time does.

mod churn;
mod credentials;
mod denied;
pub(crate) mod dialogue;
mod figures;
#[cfg(unix)]
mod flood;
mod fuzz;
pub(crate) mod joined;
mod lifetimes;
mod matrix;
#[cfg(unix)]
mod neighbours;
pub(crate) mod network;
mod opened;
mod peers;
mod permissions;
mod quotas;
mod relaying;
mod requests;
mod rig;
pub(crate) mod special;
mod strangers;
mod stream_phone;
mod streams;
#[cfg(unix)]
mod uclient;
#[cfg(target_os = "linux")]
mod unit;
