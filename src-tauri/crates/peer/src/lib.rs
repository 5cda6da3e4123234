//! The webrtc wrapper: negotiation, candidates, RTP, loss repair, statistics.
