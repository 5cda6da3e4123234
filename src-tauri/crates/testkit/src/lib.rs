//! Test-only parts: real devices without hardware, real browsers, and a network that misbehaves on
//! request.
//!
//! Everything here blocks and owns what it starts: a rig that is dropped has stopped its processes
//! (by their ids) and removed its files. Nothing touches a device, display, sound server or port
//! that was there before. Test code, so errors are `anyhow` and meant for the person who reads the
//! failure.
//!
//! | module | gives a test |
//! |---|---|
//! | [`camera_rig`] | cameras that the unmodified capture library opens (Linux) |
//! | [`sound_rig`] | speakers and microphones of a private PulseAudio (Linux) |
//! | [`display_rig`] | an X display with a window manager and a session bus (Linux) |
//! | [`painted_window`] | a window on such a display, with the pixels that the test gives it |
//! | [`rigged`] | its own process, started again inside the rigs |
//! | [`webdriver`] | a window driven by WebDriver |
//! | [`browser_rig`] | headless Chromium and Firefox that report what they measured |
//! | [`clip`] | moving pictures as y4m and MJPEG |
//! | [`tone`] | sine waves, levels, the frequency of what was heard |
//! | [`autobahn`] | the conformance suite for WebSockets |
//! | [`coturn_rig`] | Debian's TURN server |
//! | [`firewall`] | a network of its own, behind a firewall that drops UDP (Linux) |
//! | [`dice`] | seeded choices |
//! | [`link`] | a seeded link: delay, jitter, loss, rate |
//! | [`turn`] | the machine for one test at a time |
//! | [`process`], [`http`], [`port`], [`target_dir`], [`skip`] | what the others stand on |

#[cfg(target_os = "linux")]
mod again;
pub mod autobahn;
#[cfg(target_os = "linux")]
pub mod browser_rig;
#[cfg(target_os = "linux")]
pub mod camera_rig;
pub mod clip;
#[cfg(unix)]
pub mod coturn_rig;
#[cfg(target_os = "linux")]
pub mod descendant;
pub mod dice;
#[cfg(target_os = "linux")]
pub mod display_rig;
#[cfg(target_os = "linux")]
pub mod firewall;
pub mod http;
pub mod link;
#[cfg(target_os = "linux")]
pub mod painted_window;
pub mod port;
#[cfg(unix)]
pub mod process;
#[cfg(target_os = "linux")]
pub mod rigged;
pub mod screenshot;
pub mod skip;
#[cfg(target_os = "linux")]
pub mod sound_rig;
pub mod target_dir;
pub mod tone;
pub mod turn;
#[cfg(unix)]
pub mod webdriver;
