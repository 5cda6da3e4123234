//! Test-only parts: virtual clock, link emulator, fake camera, sound rig.
