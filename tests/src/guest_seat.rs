//! A guest in the middle of a call, with devices of every kind to pick from.
//!
//! Chromium has fakes of its own. Firefox has too few of them: there the devices are those of the rigs, and what they show
//! and play can be looked at and listened to.

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use duet_testkit::camera_rig::{self, CameraClip, FakeCamera};
use duet_testkit::clip;
use duet_testkit::sound_rig::{self, Playing, SoundRig};
use serde_json::{Value, json};

use crate::TestServer;
use crate::guest::{Guest, Program};

/// Three of each. The second camera delivers depth pictures, which no codec takes.
const THREE: &str = "--use-fake-device-for-media-stream=device-count=3";

/// What is said into the first microphone of the rig and into the second, in Hz.
pub const VOICES_HZ: [f32; 2] = [550.0, 880.0];

/// How bright it is, of 255, behind the moving bar in the pictures of the rig's first camera and of its second.
const GROUNDS: [u8; 2] = [40, 200];
/// Between the two, and far from both, whatever a codec does to them.
pub const MIDDLE: f64 = 120.0;

/// Keeps hold of the page's connection, which it tells nobody.
const WATCH: &str = "const set = RTCPeerConnection.prototype.setLocalDescription; \
    RTCPeerConnection.prototype.setLocalDescription = function (...all) { window.watched = this; return set.apply(this, all); };";

/// The device of the track that is sent, and whether the track carries anything.
const SENT: &str = "const track = watched.getSenders().map((one) => one.track).find((one) => one?.kind === arguments[0]); \
    return [track?.getSettings().deviceId ?? null, track?.enabled ?? null]";

/// What a picker lists.
const LISTED: &str = "const select = document.querySelector(`[data-testid=devices] [data-testid=pick-${arguments[0]}]`); \
    return [...select.options].map((one) => one.text)";

/// Picks an option as a person does; its device.
const PICK: &str = "const [kind, name] = arguments; \
    const select = document.querySelector(`[data-testid=devices] [data-testid=pick-${kind}]`); \
    const other = [...select.options].find((one) => one.text === name); \
    select.value = other.value; select.dispatchEvent(new Event('change')); return other.value;";

/// A guest in a call. Dropping it closes the browser.
#[derive(Debug)]
pub struct GuestSeat {
    // Fields drop in this order: the browser ends before its devices go.
    /// The browser, with the dialog of the devices open.
    pub guest: Guest,
    /// What is plugged in, where these are no fakes of the browser.
    pub rigs: Option<Rigs>,
    program: Program,
}

/// What is plugged into the computer of a guest with Firefox.
#[derive(Debug)]
pub struct Rigs {
    _voices: [Playing; 2],
    _cameras: [FakeCamera; 2],
    /// The speakers and microphones.
    pub sound: SoundRig,
}

impl GuestSeat {
    /// Joins the room and opens the dialog once the other, whoever that is, is seen.
    ///
    /// # Errors
    /// When a rig or the browser does not start, or nobody is seen.
    pub fn in_a_call(program: Program, server: &TestServer, room: &str) -> Result<Self> {
        let seat = Self::open(program, &server.page(room))?;
        let guest = &seat.guest;
        guest.page().execute(WATCH, &[])?;
        guest.join("Mira")?;
        guest.until_state("connected")?;
        guest.until_picture_moves()?;
        guest.click("open-devices")?;
        Ok(seat)
    }

    fn open(program: Program, url: &str) -> Result<Self> {
        let rigs = match program {
            Program::Chromium => None,
            Program::Firefox => Some(Rigs::plug_in()?),
        };
        let guest = match &rigs {
            None => Guest::chromium(url, &[THREE])?,
            Some(rigs) => Guest::firefox_with_devices(url, &rigs.environment()?)?,
        };
        Ok(Self {
            guest,
            rigs,
            program,
        })
    }

    /// The device of this kind of track that is sent, and whether the track carries anything.
    ///
    /// # Errors
    /// When there is no connection.
    pub fn sent(&self, kind: &str) -> Result<Value> {
        self.guest.page().execute(SENT, &[json!(kind)])
    }

    /// What there is to pick besides the system's choice: of `camera`s the first is in use, of `microphone`s and `speaker`s
    /// there are two.
    #[must_use]
    pub fn names(&self, kind: &str) -> &'static [&'static str] {
        names(self.program, kind)
    }

    /// Picks a device by its name, if all that there are have theirs in the list; its id.
    ///
    /// # Errors
    /// When a device is not listed.
    pub fn pick(&self, kind: &str, name: &str) -> Result<Value> {
        let listed = self.guest.page().execute(LISTED, &[json!(kind)])?;
        // In this order, and a sound server may list more between them.
        let mut left = listed.as_array().context("no list")?.iter();
        for wanted in ["System default"].iter().chain(self.names(kind)) {
            ensure!(left.any(|one| one == wanted), "no {wanted:?} in {listed}");
        }
        let arguments = [json!(kind), json!(name)];
        let picked = self.guest.page().execute(PICK, &arguments)?;
        ensure!(picked != json!(""), "{name:?} is no device");
        Ok(picked)
    }
}

fn names(program: Program, kind: &str) -> &'static [&'static str] {
    match (program, kind) {
        (Program::Chromium, "camera") => &["fake_device_0", "fake_device_1", "fake_device_2"],
        (Program::Chromium, "microphone") => &["Fake Audio Input 1", "Fake Audio Input 2"],
        (Program::Chromium, _) => &["Fake Audio Output 1", "Fake Audio Output 2"],
        (Program::Firefox, "camera") => &["Front camera", "Back camera"],
        (Program::Firefox, "microphone") => &["mic", "headset"],
        (Program::Firefox, _) => &["speaker", "headphones"],
    }
}

impl Rigs {
    fn plug_in() -> Result<Self> {
        let names = |kind, at: usize| names(Program::Firefox, kind)[at];
        let sound = SoundRig::start()?;
        // It starts with the first of each.
        sound.add_microphone(names("microphone", 1))?;
        sound.add_speaker(names("speaker", 1))?;
        let say = |at| sound.play_tone_into(names("microphone", at), VOICES_HZ[at]);
        let camera = |at| {
            let clip = CameraClip {
                y4m: &bar_on(GROUNDS[at])?,
                mjpeg: None,
                fps: 30,
            };
            FakeCamera::create(names("camera", at), clip)
        };
        Ok(Self {
            _voices: [say(0)?, say(1)?],
            _cameras: [camera(0)?, camera(1)?],
            sound,
        })
    }

    fn environment(&self) -> Result<Vec<(String, String)>> {
        Ok([self.sound.env()?, camera_rig::preload_env()?].concat())
    }
}

/// A bar of medium brightness that goes from left to right in a second.
fn bar_on(ground: u8) -> Result<PathBuf> {
    const WIDTH: usize = 640;
    const HEIGHT: usize = 360;
    clip::made_once(&format!("bar-on-{ground}.y4m"), |draft| {
        let pictures = (0..30).map(|at| {
            let mut picture = vec![128; WIDTH * HEIGHT * 3 / 2];
            for row in picture[..WIDTH * HEIGHT].chunks_exact_mut(WIDTH) {
                row.fill(ground);
                row[at * 20..][..32].fill(128);
            }
            picture
        });
        clip::write_y4m(draft, (WIDTH as u32, HEIGHT as u32), 30, pictures)
    })
}

/// True, and written down as skipped, where nobody can sit so.
#[must_use]
pub fn unavailable(program: Program, test: &str) -> bool {
    let without_rigs = || camera_rig::unavailable(test) || sound_rig::unavailable(test);
    program.is_missing(test) || (program == Program::Firefox && without_rigs())
}
