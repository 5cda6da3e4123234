//! Free ports on loopback.

use anyhow::Result;
use std::net::TcpListener;

/// A TCP port that nobody listened on a moment ago. Prefer port 0 where a program can print what it
/// got; this is for those that cannot.
pub fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}
