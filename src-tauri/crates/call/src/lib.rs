//! The call as a sans-IO state machine.
