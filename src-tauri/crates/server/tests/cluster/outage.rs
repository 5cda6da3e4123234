//! Redis goes and comes.
