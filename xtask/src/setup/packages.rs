//! What Duet needs of the system, by the names of Debian's packages.

use super::{
    Purpose,
    system::{Distribution, Release},
};

/// A package and why it is needed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Package {
    /// Its name in Debian, and in Ubuntu unless `debian_only`.
    pub(crate) debian: &'static str,
    pub(crate) purpose: &'static str,
    /// Ubuntu has a snap in its place, which headless tests cannot drive.
    debian_only: bool,
}

impl Package {
    /// The package's name in a release; none if it has none.
    pub(crate) fn on(&self, release: &Release) -> Option<&'static str> {
        match release.distribution {
            Distribution::Debian => Some(self.debian),
            Distribution::Ubuntu => (!self.debian_only).then_some(self.debian),
        }
    }
}

/// Everything for the purpose.
pub(crate) fn needed(purpose: Purpose) -> Vec<Package> {
    let mut all = BUILD.to_vec();
    match purpose {
        Purpose::Run => {}
        Purpose::Demo => all.extend(DEMO),
        Purpose::Test => {
            all.extend(DEMO);
            all.extend(TESTS);
        }
    }
    all
}

const BUILD: [Package; 13] = [
    package("build-essential", "compiling the codecs"),
    package("ca-certificates", "downloading crates"),
    package("clang", "reading C headers (bindgen)"),
    package("cmake", "building the JPEG and Opus libraries"),
    package("libasound2-dev", "sound through ALSA"),
    package("libclang-dev", "reading C headers (bindgen)"),
    package("libdbus-1-dev", "desktop notifications and portals"),
    package("libgtk-3-dev", "the window"),
    package("librsvg2-dev", "icons in the window"),
    package("libvpx-dev", "VP8"),
    package("libwebkit2gtk-4.1-dev", "the page in the window"),
    package("nasm", "fast code of the JPEG and H.264 libraries"),
    package("pkg-config", "finding the libraries"),
];

const DEMO: [Package; 6] = [
    package("dbus-daemon", "a session bus for the test display"),
    package("ffmpeg", "test clips"),
    package("fonts-dejavu-core", "letters on the test display"),
    package("openbox", "a window manager for the test display"),
    package("pulseaudio", "a private sound server"),
    package("xvfb", "a display without a screen"),
];

const TESTS: [Package; 16] = [
    package("coturn", "calls through a relay that is not ours"),
    package("faketime", "clocks that jump"),
    package("fonts-noto-cjk", "Chinese on the test display"),
    package("iproute2", "networks of a test's own"),
    package("libpipewire-0.3-dev", "screens of Wayland sessions"),
    package("nftables", "networks that drop UDP"),
    package("nginx-light", "the server behind a proxy"),
    package("pipewire", "screens of Wayland sessions"),
    package("redis-server", "several servers as one"),
    package(
        "pulseaudio-utils",
        "playing into and recording from test devices",
    ),
    package("webkit2gtk-driver", "driving the window"),
    package("wireplumber", "screens of Wayland sessions"),
    package("xdotool", "keys and pointer on the test display"),
    browser("chromium", "calls with Chromium, and the page's screens"),
    browser("chromium-driver", "driving Chromium"),
    browser("firefox-esr", "calls with Firefox"),
];

const fn package(debian: &'static str, purpose: &'static str) -> Package {
    Package {
        debian,
        purpose,
        debian_only: false,
    }
}

const fn browser(debian: &'static str, purpose: &'static str) -> Package {
    Package {
        debian,
        purpose,
        debian_only: true,
    }
}
