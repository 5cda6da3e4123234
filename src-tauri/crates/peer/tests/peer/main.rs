//! Behaviour of two real peers on the loopback interface, one file each. One program, because
//! linking the library into each would take longer than all tests together.

#[cfg(unix)]
mod blocked_udp;
mod close;
mod common;
mod ice_restart;
mod injection;
mod key_frame_request;
mod loopback_call;
mod loss_repair;
mod lossy;
#[cfg(target_os = "linux")]
mod refused_permissions;
mod rejected_section;
mod relay_ends;
mod relay_policy;
mod relayed;
mod relays;
mod renegotiation;
mod sender_reports;
mod silence;
mod silent_relay;
mod tile;
mod trickle;
#[cfg(unix)]
mod tunnels;
mod useless_relay;
mod wrong_fingerprint;
