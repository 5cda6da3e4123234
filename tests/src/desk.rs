//! A person at a computer of their own: a display, a sound card and the real window on it, driven
//! by WebDriver and looked at in pictures of the screen.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use duet_media::barcode::{self, Found};
use duet_testkit::display_rig::DisplayRig;
use duet_testkit::screenshot::Screenshot;
use duet_testkit::sound_rig::{RATE_HZ, SoundRig};
use duet_testkit::webdriver::{Element, WebDriver};
use duet_testkit::{camera_rig, process, skip, sound_rig, target_dir, tone};
use tempfile::TempDir;

use crate::notification_daemon::NotificationDaemon;

/// How long anything may take on a machine that does something else too.
pub const PATIENCE: Duration = Duration::from_secs(60);
const SIZE: (u32, u32) = (1200, 800);
const POLL: Duration = Duration::from_millis(60);

/// The desk. Dropping it closes the window.
#[derive(Debug)]
pub struct Desk {
    // Fields drop in this order: the window closes before its display and sound go.
    /// The window.
    pub window: WebDriver,
    /// The speakers and microphones.
    pub sound: SoundRig,
    display: DisplayRig,
    _profile: TempDir,
}

impl Desk {
    /// Opens Duet with a profile of its own.
    ///
    /// # Errors
    /// When a rig or the application does not start.
    pub fn sit_down(server_url: &str, more: &[&str]) -> Result<Self> {
        Self::sit_down_with(server_url, more, &[])
    }

    /// The same with more in its environment.
    ///
    /// # Errors
    /// When a rig or the application does not start.
    pub fn sit_down_with(
        server_url: &str,
        more: &[&str],
        variables: &[(&str, &str)],
    ) -> Result<Self> {
        let profile = tempfile::tempdir()?;
        let display = DisplayRig::start(SIZE.0, SIZE.1)?;
        let sound = SoundRig::start()?;
        let mut environment = display.env();
        environment.extend(sound.env()?);
        environment.extend(camera_rig::preload_env()?);
        environment.push(("LANG".to_owned(), "C.UTF-8".to_owned()));
        let variables = variables.iter();
        environment.extend(variables.map(|(name, value)| ((*name).into(), (*value).into())));
        let folder = profile.path().to_string_lossy().into_owned();
        let mut arguments = vec!["--profile", &folder, "--server", server_url];
        arguments.extend(more);
        let program = target_dir::binary("duet")?;
        let window = WebDriver::open_application(&program, &arguments, &environment)?;
        Ok(Self {
            window,
            sound,
            display,
            _profile: profile,
        })
    }

    /// A notification daemon on the session bus of this desk.
    ///
    /// # Errors
    /// When the bus is gone.
    pub fn notifications(&self) -> Result<NotificationDaemon> {
        NotificationDaemon::on_bus(self.display.bus_address())
    }

    /// Waits for another window than `main` and looks at it.
    ///
    /// # Errors
    /// When none opens in [`PATIENCE`].
    pub fn look_at_new_window(&self, main: &str) -> Result<()> {
        let other = || {
            self.window
                .windows()
                .ok()?
                .into_iter()
                .find(|window| window != main)
        };
        process::eventually("another window", PATIENCE, || other().is_some())?;
        self.window.switch_to(&other().context("it is open")?)
    }

    /// Goes back to the window `main` when every other one is gone.
    ///
    /// # Errors
    /// When they are not in [`PATIENCE`].
    pub fn back_to(&self, main: &str) -> Result<()> {
        let alone = || self.window.windows().is_ok_and(|windows| windows == [main]);
        process::eventually("one window", PATIENCE, alone)?;
        self.window.switch_to(main)
    }

    /// Waits until the element with this test id is shown.
    ///
    /// # Errors
    /// When it is not in [`PATIENCE`].
    pub fn shown(&self, test_id: &str) -> Result<Element<'_>> {
        self.window.wait_for(&by_id(test_id), PATIENCE)
    }

    /// Clicks the element with this test id as soon as it is shown and nothing covers it.
    ///
    /// # Errors
    /// When it is not shown or cannot be clicked in [`PATIENCE`].
    pub fn click(&self, test_id: &str) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let clicked = self.reach(test_id)?.click();
            if clicked.is_ok() || Instant::now() >= deadline {
                let kept = target_dir::kept("failed")?.join(format!("click-{test_id}.png"));
                return clicked.or_else(|error| {
                    self.keep_picture(&kept)?;
                    Err(error.context(format!("{test_id} in {}", kept.display())))
                });
            }
            std::thread::sleep(POLL);
        }
    }

    /// Moves the pointer and waits until the element with this test id is shown.
    ///
    /// # Errors
    /// When it is not in [`PATIENCE`].
    pub fn reach(&self, test_id: &str) -> Result<Element<'_>> {
        self.wake()?;
        self.shown(test_id)
    }

    /// Moves the pointer a little, as a person does before a click: controls that hid come back.
    pub fn wake(&self) -> Result<()> {
        for x in [600, 640] {
            self.window.move_pointer(x, 300)?;
        }
        Ok(())
    }

    /// Types into the empty field with this test id.
    ///
    /// # Errors
    /// When it is not shown or takes no text.
    pub fn fill(&self, test_id: &str, text: &str) -> Result<()> {
        let field = self.shown(test_id)?;
        field.clear()?;
        field.type_text(text)
    }

    /// Types a room on Home and waits for its lobby.
    ///
    /// # Errors
    /// When the lobby does not open.
    pub fn enter_lobby(&self, room: &str) -> Result<()> {
        self.fill("room-field", room)?;
        self.click("room-join")?;
        self.shown("screen-lobby").map(drop)
    }

    /// Chooses a device by its name in the menu behind a button.
    ///
    /// # Errors
    /// When there is no such device.
    pub fn pick(&self, button: &str, kind: &str, name: &str) -> Result<()> {
        self.click(button)?;
        let css = format!("[data-testid^=\"device-{kind}-\"]");
        self.window.wait_for(&css, PATIENCE)?;
        for item in self.window.find_all(&css)? {
            let is_default = item.attribute("data-testid")?;
            let is_default = is_default.is_some_and(|id| id.ends_with("-default"));
            if !is_default && item.text()?.contains(name) {
                item.click()?;
                return self.window.press(&ESCAPE.to_string());
            }
        }
        bail!("no {kind} named {name} in the menu");
    }

    /// The screen as it is now.
    ///
    /// # Errors
    /// When the display is gone.
    pub fn picture(&self) -> Result<Screenshot> {
        self.display.screenshot()
    }

    /// The display's name, for other windows on it.
    #[must_use]
    pub fn display_name(&self) -> &str {
        self.display.name()
    }

    /// The topmost stamp on the screen.
    ///
    /// # Errors
    /// When the display is gone.
    pub fn stamp(&self) -> Result<Option<Found>> {
        let screen = self.picture()?;
        let (width, height) = (screen.width, screen.height);
        let found = barcode::find_and_read(&screen.luma(), width, height, width as usize);
        Ok(found)
    }

    /// Waits until the window shows three different pictures of the film whose frames are numbered
    /// from `first` (see [`crate::film`]), and says whether they were mirrored.
    ///
    /// # Errors
    /// When it does not in [`PATIENCE`]; the picture of the screen is kept then.
    pub fn sees_film(&self, first: u32) -> Result<bool> {
        let deadline = Instant::now() + PATIENCE;
        let mut seen = Vec::new();
        while Instant::now() < deadline {
            if let Some(found) = self.stamp()? {
                let number = found.stamp.frame_number;
                let is_of_film = (first..first + crate::FILM_FRAMES).contains(&number);
                if is_of_film && !seen.contains(&number) {
                    seen.push(number);
                }
                if seen.len() == 3 {
                    return Ok(found.mirrored);
                }
            }
            std::thread::sleep(POLL);
        }
        let kept = target_dir::kept("failed")?.join(format!("film-{first}.png"));
        self.picture()?.write_png(&kept)?;
        let page = self.window.page_text().unwrap_or_default();
        let kept = kept.display();
        bail!("of film {first} only {seen:?} are shown, see {kept}; the page says:\n{page}")
    }

    /// Waits until the speaker plays a tone of this frequency more than anything else.
    ///
    /// # Errors
    /// When it does not in [`PATIENCE`].
    pub fn hears(&self, speaker: &str, frequency_hz: f32) -> Result<()> {
        hears(&self.sound, speaker, frequency_hz)
    }

    /// The state that the call screen shows.
    ///
    /// # Errors
    /// When there is no call screen.
    pub fn call_state(&self) -> Result<String> {
        let screen = self.window.find(&by_id("screen-call"))?;
        let state = screen.attribute("data-state")?;
        state.context("the call screen names no state")
    }

    /// Waits until the call screen shows this state.
    ///
    /// # Errors
    /// When it does not in `limit`.
    pub fn until_call_is(&self, state: &str, limit: Duration) -> Result<()> {
        let css = format!("[data-testid=\"screen-call\"][data-state=\"{state}\"]");
        self.window.wait_for(&css, limit).map(drop)
    }

    /// Keeps a picture of the screen, for people to look at.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn keep_picture(&self, path: &Path) -> Result<()> {
        self.picture()?.write_png(path)
    }
}

/// Waits until a speaker of this sound server plays a tone of this frequency more than anything else.
///
/// # Errors
/// When it does not in [`PATIENCE`].
pub fn hears(sound: &SoundRig, speaker: &str, frequency_hz: f32) -> Result<()> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let samples = sound.record(speaker, 1.0)?;
        let heard = tone::dominant_frequency_hz(&samples, RATE_HZ);
        // A second holds the frequency to a hertz; drift correction moves it by less.
        if heard.is_some_and(|heard| (heard - frequency_hz).abs() < 3.0) {
            return Ok(());
        }
        if Instant::now() >= deadline {
            let level = tone::level_dbfs(&samples);
            bail!("{speaker} plays {heard:?} Hz at {level} dBFS, not {frequency_hz} Hz");
        }
    }
}

const ESCAPE: char = duet_testkit::webdriver::keys::ESCAPE;

fn by_id(test_id: &str) -> String {
    format!("[data-testid=\"{test_id}\"]")
}

/// True, and written down as skipped, where no such desk can be set up.
#[must_use]
pub fn unavailable(test: &str) -> bool {
    camera_rig::unavailable(test)
        || sound_rig::unavailable(test)
        || duet_testkit::display_rig::unavailable(test)
        || skip::without_programs(test, &["WebKitWebDriver"])
}
