//! Tests that need the machine for themselves take turns.
//!
//! A call in real time on two cores has no room beside another: its frames would be late for reasons
//! that are not the code's. Such a test holds a lock that all test processes of the target directory
//! share. Rejected: `--test-threads=1`, which slows down all the others.

use crate::target_dir;
use anyhow::Result;
use std::fs::File;

/// The machine is this test's until the value is dropped.
#[derive(Debug)]
pub struct Turn {
    _lock: File,
}

/// Waits for the turn.
pub fn take() -> Result<Turn> {
    let lock = File::create(target_dir::kept("turn")?.join("lock"))?;
    lock.lock()?;
    Ok(Turn { _lock: lock })
}
