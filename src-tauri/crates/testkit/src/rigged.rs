//! Runs a test inside the rigs.
//!
//! Libraries read `LD_PRELOAD` and `PULSE_SERVER` when a process starts, so a test that calls them
//! itself must be started again with these set. [`run`] does that with libtest's own `--exact`:
//!
//! ```no_run
//! # #[allow(clippy::test_attr_in_doctest)]
//! #[test]
//! fn opens_the_camera() {
//!     duet_testkit::rigged::run("opens_the_camera", || {
//!         // here cameras made by `FakeCamera::create` are real, and so is `SoundRig::start`'s sound
//!     });
//! }
//! ```

use crate::{again, camera_rig, sound_rig};
use std::{env, process::Command};

const INSIDE: &str = "DUET_TEST_INSIDE_RIGS";

/// Runs `body` in a copy of this test process that sees the cameras and the private sound server.
/// `test` is the test's full name as libtest prints it (`module::name`).
///
/// # Panics
/// If the body panics, with all that it printed.
pub fn run(test: &str, body: impl FnOnce()) {
    if env::var(INSIDE).is_ok_and(|inside| inside == test) {
        return body();
    }
    if camera_rig::unavailable(test) || sound_rig::unavailable(test) {
        return;
    }
    if let Err(error) = run_inside(test) {
        panic!("{test} inside the rigs: {error:#}");
    }
}

fn run_inside(test: &str) -> anyhow::Result<()> {
    let sound = tempfile::tempdir()?;
    let mut command = Command::new(env::current_exe()?);
    command
        .envs(camera_rig::preload_env()?)
        .envs(sound_rig::environment(sound.path())?)
        .env(sound_rig::FOLDER, sound.path());
    again::run(command, test, INSIDE)
}
