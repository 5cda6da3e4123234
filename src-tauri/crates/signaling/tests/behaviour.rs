//! What the client does, one behaviour a file: real sockets against the real server where it can do
//! what is needed, and against a small listener for what a good server never does.

mod bench;
mod close_codes;
mod closing;
mod connect_errors;
mod dns_order;
mod draining;
mod hostile_server;
mod keepalive;
mod listener;
mod membership;
mod resume;
mod server_restart;
mod tls;
