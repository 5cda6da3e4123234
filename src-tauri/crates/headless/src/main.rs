//! duet-peer: an endpoint without a window.
fn main() {}
