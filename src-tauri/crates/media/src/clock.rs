//! The media clock: microseconds on the system's monotonic clock.
//!
//! On Linux this is `CLOCK_MONOTONIC` itself, so that two processes of one machine share it and a
//! test can tell the latency from capture in one to decoding in the other.

/// Now, in microseconds of the media clock.
#[cfg(unix)]
#[allow(unsafe_code)]
pub fn now_us() -> i64 {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: `time` is a valid, writable timespec for the duration of the call.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut time) };
    time.tv_sec * 1_000_000 + time.tv_nsec / 1_000
}

/// Now, in microseconds of the media clock.
#[cfg(not(unix))]
pub fn now_us() -> i64 {
    use std::sync::OnceLock;
    use std::time::Instant;
    static EPOCH: OnceLock<Instant> = OnceLock::new();
    EPOCH.get_or_init(Instant::now).elapsed().as_micros() as i64
}
