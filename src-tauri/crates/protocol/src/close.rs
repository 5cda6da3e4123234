//! The WebSocket close codes of the protocol.

/// Why a connection was closed, as the code of the close frame says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CloseReason {
    /// 1000: done.
    Normal,
    /// 1003: a binary frame came; only text is spoken.
    BinaryFrame,
    /// 1007: a text frame was not UTF-8.
    NotUtf8,
    /// 1009: a message over 64 KiB.
    TooLarge,
    /// 4001: ten malformed messages within 60 s.
    TooManyFaults,
    /// 4002: the message rate was exceeded for more than 10 s.
    RateExceeded,
    /// 4003: the same session came back on another connection.
    Replaced,
    /// 4008: the client does not read what it is sent.
    SlowReader,
    /// 4010: the server is about to stop; come back with jitter.
    Draining,
}

impl CloseReason {
    /// All of them, in order of their codes.
    pub const ALL: [Self; 9] = [
        Self::Normal,
        Self::BinaryFrame,
        Self::NotUtf8,
        Self::TooLarge,
        Self::TooManyFaults,
        Self::RateExceeded,
        Self::Replaced,
        Self::SlowReader,
        Self::Draining,
    ];

    /// The code on the wire.
    #[must_use]
    pub const fn code(self) -> u16 {
        match self {
            Self::Normal => 1000,
            Self::BinaryFrame => 1003,
            Self::NotUtf8 => 1007,
            Self::TooLarge => 1009,
            Self::TooManyFaults => 4001,
            Self::RateExceeded => 4002,
            Self::Replaced => 4003,
            Self::SlowReader => 4008,
            Self::Draining => 4010,
        }
    }

    /// The reason a code stands for; `None` for codes this protocol does not define.
    #[must_use]
    pub fn from_code(code: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.code() == code)
    }

    /// The text in the close frame, for a person reading a trace.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Normal => "bye",
            Self::BinaryFrame => "only text frames are spoken here",
            Self::NotUtf8 => "a text frame was not UTF-8",
            Self::TooLarge => "a message over 64 KiB",
            Self::TooManyFaults => "too many malformed messages",
            Self::RateExceeded => "too many messages",
            Self::Replaced => "this session came back on another connection",
            Self::SlowReader => "this client does not read",
            Self::Draining => "the server is about to stop",
        }
    }

    /// Whether a client should connect again by itself.
    ///
    /// Not after `Replaced` (the other connection is ours) and not after the faults that would
    /// only repeat.
    #[must_use]
    pub const fn may_reconnect(self) -> bool {
        match self {
            Self::SlowReader | Self::Draining | Self::RateExceeded => true,
            Self::Normal
            | Self::BinaryFrame
            | Self::NotUtf8
            | Self::TooLarge
            | Self::TooManyFaults
            | Self::Replaced => false,
        }
    }
}
