//! The settings that bound what clients may do.

use clap::Args;
use duet_protocol::limits;
use duet_server::ServerConfig;

/// Budgets.
#[derive(Debug, Args)]
#[command(next_help_heading = "Limits")]
pub(super) struct LimitSettings {
    /// Connections from one IPv4 address or IPv6 /64 network; 0 is without limit.
    #[arg(long, env = "DUET_MAX_CONNECTIONS_PER_ADDRESS", default_value_t = 50)]
    max_connections_per_address: usize,

    /// New connections from one IPv4 address or IPv6 /64 network in a minute; 0 is without limit.
    #[arg(long, env = "DUET_CONNECTIONS_PER_MINUTE", default_value_t = 1_200)]
    connections_per_minute: u32,

    /// Messages that one connection may send in the long run, each second; clients of Duet stay below
    /// 20.
    #[arg(long, env = "DUET_MESSAGES_PER_SECOND", default_value_t = limits::MESSAGES_PER_SECOND)]
    messages_per_second: u32,

    /// Messages that one connection may send at once after a pause.
    #[arg(long, env = "DUET_MESSAGE_BURST", default_value_t = limits::MESSAGE_BURST)]
    message_burst: u32,

    /// Connections altogether.
    #[arg(long, env = "DUET_MAX_CONNECTIONS", default_value_t = 10_000)]
    max_connections: usize,

    /// Joins and logins from one address that may fail in a minute.
    #[arg(long, env = "DUET_FAILED_JOINS_PER_MINUTE", default_value_t = 30)]
    failed_joins_per_minute: u32,

    /// Calls by name from one address in a minute.
    #[arg(long, env = "DUET_CALLS_PER_MINUTE", default_value_t = 60)]
    calls_per_minute: u32,

    /// Wrong codes of casts from one address in a minute.
    #[arg(long, env = "DUET_CAST_GUESSES_PER_MINUTE", default_value_t = 5)]
    cast_guesses_per_minute: u32,

    /// Wrong codes of casts from everybody in a minute.
    #[arg(
        long,
        env = "DUET_CAST_GUESSES_PER_MINUTE_OVERALL",
        default_value_t = 1_000
    )]
    cast_guesses_per_minute_overall: u32,
}

impl LimitSettings {
    /// The same settings with these budgets.
    pub(super) fn apply(&self, config: ServerConfig) -> ServerConfig {
        let per_minute = self.connections_per_minute;
        let per_address = self.max_connections_per_address;
        ServerConfig {
            connections_per_minute: (per_minute > 0).then_some(per_minute),
            max_connections_per_address: (per_address > 0).then_some(per_address),
            max_connections: self.max_connections,
            failed_joins_per_minute: self.failed_joins_per_minute,
            calls_per_minute: self.calls_per_minute,
            cast_guesses_per_minute: self.cast_guesses_per_minute,
            cast_guesses_per_minute_overall: self.cast_guesses_per_minute_overall,
            messages_per_second: self.messages_per_second,
            message_burst: self.message_burst,
            ..config
        }
    }
}
