//! Two endpoints and a server in one process, one behaviour a file. One program, because linking all
//! the libraries into each would take longer than all tests together.

mod answering;
mod by_name;
#[cfg(target_os = "linux")]
mod casting;
#[cfg(unix)]
mod clustered;
mod common;
mod connection;
mod media_faults;
mod no_relay;
mod online;
mod people;
mod relay_ends;
mod relayed;
#[cfg(unix)]
mod server_program;
#[cfg(target_os = "linux")]
mod sharing;
#[cfg(target_os = "linux")]
mod sharing_tile;
mod silent_relay;
mod tampering;
mod texts;
mod two_in_a_call;
mod wrong_fingerprint;
