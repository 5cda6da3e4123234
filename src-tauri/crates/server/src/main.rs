//! `duet-server`: the signaling server.
fn main() {}
