//! WebSocket client: connect, back-off, keepalive, resume.
