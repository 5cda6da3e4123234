//! A real display: what is drawn on it is in the picture, changes come and stillness is quiet, a window
//! is seen whatever lies over it, and its end is told.
#![cfg(target_os = "linux")]

use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::{Duration, Instant};

use duet_media::frame::VideoFrame;
use duet_media::screen::{SCREEN_FORMAT, ScreenError, ScreenTarget, screen_preview};
use duet_media::source::{
    OpenVideoSource, VideoSourceError, VideoSourceEvent, VideoSourceSpec, open_video_source,
};
use duet_testkit::display_rig::{self, DisplayRig};
use duet_testkit::painted_window::{PaintedWindow, rectangle};

const PATIENCE: Duration = Duration::from_secs(20);
/// Pictures that nobody looks at: more than come in the time of a test.
const ENOUGH: usize = 1024;
const WHITE: u32 = 0xff_ff_ff;
const GREEN: u32 = 0x00_ff_00;

/// A screen that is open, and what comes of it.
struct Opened {
    _source: OpenVideoSource,
    frames: Receiver<VideoFrame>,
    events: Receiver<VideoSourceEvent>,
}

fn open(target: ScreenTarget) -> Result<Opened, VideoSourceError> {
    let (frames_in, frames) = sync_channel(ENOUGH);
    let (events_in, events) = sync_channel(ENOUGH);
    let source = open_video_source(
        &VideoSourceSpec::Screen(target),
        SCREEN_FORMAT,
        Arc::new(move |frame| drop(frames_in.try_send(frame))),
        Arc::new(move |event| drop(events_in.try_send(event))),
    )?;
    Ok(Opened {
        _source: source,
        frames,
        events,
    })
}

fn screen(display: &DisplayRig) -> ScreenTarget {
    ScreenTarget::Screen(format!("0@{}", display.name()))
}

fn window(display: &DisplayRig, window: &PaintedWindow) -> ScreenTarget {
    ScreenTarget::Window(format!("{}@{}", window.id(), display.name()))
}

/// Waits for a picture that is as wanted.
fn await_picture(opened: &Opened, wanted: impl Fn(&VideoFrame) -> bool) -> VideoFrame {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let frame = opened.frames.recv_timeout(left).expect("such a picture");
        if wanted(&frame) {
            return frame;
        }
    }
}

fn luma(frame: &VideoFrame, x: u32, y: u32) -> u8 {
    frame.y()[(y * frame.width + x) as usize]
}

fn is_white(frame: &VideoFrame, x: u32, y: u32) -> bool {
    luma(frame, x, y) > 225
}

fn is_black(frame: &VideoFrame, x: u32, y: u32) -> bool {
    luma(frame, x, y) < 26
}

#[test]
fn every_pixel_of_the_display_is_in_the_picture() {
    if display_rig::unavailable("every_pixel_of_the_display_is_in_the_picture") {
        return;
    }
    let display = DisplayRig::start(1001, 600).expect("a display");
    let painted =
        PaintedWindow::bare(display.name(), rectangle(0, 0, 1001, 600)).expect("a window");
    painted.point(1000, 599).expect("a pointer");
    let stripes: Vec<_> = (0..300).map(|row| rectangle(0, row * 2, 1001, 1)).collect();
    painted.fill(WHITE, &stripes).expect("painted");
    let opened = open(screen(&display)).expect("a screen");
    let frame = await_picture(&opened, |frame| is_white(frame, 500, 0));
    assert_eq!((frame.width, frame.height), (1000, 600));
    for y in 0..590 {
        let wanted = if y % 2 == 0 { is_white } else { is_black };
        assert!(wanted(&frame, 10, y) && wanted(&frame, 900, y), "line {y}");
    }
}

#[test]
fn changes_come_and_stillness_is_quiet() {
    if display_rig::unavailable("changes_come_and_stillness_is_quiet") {
        return;
    }
    let display = DisplayRig::start(640, 480).expect("a display");
    let painted = PaintedWindow::bare(display.name(), rectangle(0, 0, 640, 480)).expect("a window");
    painted.point(639, 479).expect("a pointer");
    let opened = open(screen(&display)).expect("a screen");
    await_picture(&opened, |frame| is_black(frame, 100, 100));
    painted
        .fill(WHITE, &[rectangle(90, 90, 20, 20)])
        .expect("painted");
    await_picture(&opened, |frame| {
        is_white(frame, 100, 100) && is_black(frame, 80, 100) && is_black(frame, 111, 100)
    });
    // When nothing changes any more, one picture a second is left.
    let mut quiet_since = Instant::now();
    let mut last = Instant::now();
    while quiet_since.elapsed() < Duration::from_secs(3) {
        opened.frames.recv_timeout(PATIENCE).expect("kept alive");
        if last.elapsed() < Duration::from_millis(700) {
            quiet_since = Instant::now();
        }
        last = Instant::now();
        assert!(quiet_since.elapsed() < PATIENCE);
    }
    painted
        .fill(WHITE, &[rectangle(200, 200, 20, 20)])
        .expect("painted");
    await_picture(&opened, |frame| is_white(frame, 210, 210));
}

#[test]
fn the_pointer_is_seen_and_leaves_no_trace() {
    if display_rig::unavailable("the_pointer_is_seen_and_leaves_no_trace") {
        return;
    }
    let display = DisplayRig::start(640, 480).expect("a display");
    let painted = PaintedWindow::bare(display.name(), rectangle(0, 0, 640, 480)).expect("a window");
    painted
        .fill(GREEN, &[rectangle(0, 0, 640, 480)])
        .expect("painted");
    let green = |frame: &VideoFrame, left: u32, top: u32| {
        let near = |x: u32, y: u32| luma(frame, x, y).abs_diff(145) < 6;
        (left..left + 40).all(|x| (top..top + 40).all(|y| near(x, y)))
    };
    painted.point(320, 240).expect("a pointer");
    let opened = open(screen(&display)).expect("a screen");
    await_picture(&opened, |frame| {
        !green(frame, 300, 220) && green(frame, 80, 80)
    });
    painted.point(100, 100).expect("a pointer");
    await_picture(&opened, |frame| {
        green(frame, 300, 220) && !green(frame, 80, 80)
    });
}

#[test]
fn a_window_is_seen_whatever_lies_over_it_and_follows_its_size() {
    if display_rig::unavailable("a_window_is_seen_whatever_lies_over_it_and_follows_its_size") {
        return;
    }
    let display = DisplayRig::start(800, 600).expect("a display");
    let shown =
        PaintedWindow::bare(display.name(), rectangle(100, 100, 300, 200)).expect("a window");
    shown.point(799, 599).expect("a pointer");
    shown
        .fill(WHITE, &[rectangle(0, 0, 300, 200)])
        .expect("painted");
    let opened = open(window(&display, &shown)).expect("a window");
    let frame = await_picture(&opened, |frame| is_white(frame, 150, 100));
    assert_eq!((frame.width, frame.height), (300, 200));
    // Another window, all black, covers it.
    let cover = PaintedWindow::bare(display.name(), rectangle(0, 0, 800, 600)).expect("a window");
    cover.raise().expect("above");
    shown
        .fill(GREEN, &[rectangle(0, 0, 150, 200)])
        .expect("painted");
    await_picture(&opened, |frame| {
        luma(frame, 50, 100).abs_diff(145) < 6 && is_white(frame, 250, 100)
    });
    shown.resize(401, 302).expect("another size");
    shown
        .fill(WHITE, &[rectangle(0, 0, 401, 302)])
        .expect("painted");
    let frame = await_picture(&opened, |frame| {
        frame.width == 400 && is_white(frame, 390, 290)
    });
    assert_eq!(frame.height, 302);
}

#[test]
fn the_end_of_a_window_is_told() {
    if display_rig::unavailable("the_end_of_a_window_is_told") {
        return;
    }
    let display = DisplayRig::start(640, 480).expect("a display");
    let shown = PaintedWindow::bare(display.name(), rectangle(0, 0, 300, 200)).expect("a window");
    let opened = open(window(&display, &shown)).expect("a window");
    let target = window(&display, &shown);
    drop(shown);
    let event = opened.events.recv_timeout(PATIENCE).expect("an event");
    assert_eq!(event, VideoSourceEvent::Ended(ScreenError::Gone));
    let again = open(target).err().expect("no such window");
    assert_eq!(again.code(), "screen-gone");
    let unknown = ScreenTarget::Screen(format!("7@{}", display.name()));
    assert_eq!(
        open(unknown).err().expect("no such screen").code(),
        "screen-gone"
    );
}

#[test]
fn a_preview_is_small() {
    if display_rig::unavailable("a_preview_is_small") {
        return;
    }
    let display = DisplayRig::start(1600, 900).expect("a display");
    let painted =
        PaintedWindow::bare(display.name(), rectangle(0, 0, 1600, 900)).expect("a window");
    painted
        .fill(WHITE, &[rectangle(0, 0, 1600, 900)])
        .expect("painted");
    let frame = screen_preview(&screen(&display), 320, 320).expect("a picture");
    assert_eq!((frame.width, frame.height), (320, 180));
    assert!(is_white(&frame, 300, 20));
}

#[test]
fn no_display_is_an_error_that_says_so() {
    let nowhere = ScreenTarget::Screen("0@:59000".into());
    assert_eq!(
        open(nowhere).err().expect("no display").code(),
        "screen-no-display"
    );
}
