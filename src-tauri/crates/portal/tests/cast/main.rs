//! The whole path: a portal on a real bus, pictures through a real PipeWire, known pixels at the end; and
//! each way in which there is none.

mod portal;
mod rig;
mod source;

use std::time::{Duration, Instant};

use duet_portal::{Bus, Cast, CastError, Numbered, Offers};
use pipewire::spa::param::video::VideoFormat;

use portal::{Answer, Asked, FakePortal, OtherPortal};
use rig::Rig;
use source::{Source, is_pattern};

const PATIENCE: Duration = Duration::from_secs(20);
const RATE: u32 = 15;

/// A rig, its portal and a source that the person chooses.
fn shown(test: &str, format: VideoFormat, size: (u32, u32)) -> Option<(Rig, FakePortal, Source)> {
    let rig = Rig::start(test)?;
    let source = Source::start(rig.socket(), format, size);
    let portal = answering(&rig, Answer::Node(source.node()));
    Some((rig, portal, source))
}

fn answering(rig: &Rig, answer: Answer) -> FakePortal {
    FakePortal::on_bus(rig.bus_address(), rig.socket(), answer).expect("a portal")
}

fn await_picture(cast: &Cast, is_it: impl Fn(&Numbered) -> bool) -> Numbered {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let newest = cast.newest().expect("it goes on");
        if is_it(&newest) {
            return newest;
        }
        assert!(Instant::now() < deadline, "the last was {}", newest.number);
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn await_end(cast: &Cast) -> CastError {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Err(reason) = cast.newest() {
            return reason;
        }
        assert!(Instant::now() < deadline, "it goes on");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn shows_what_the_person_chose_and_leaves_when_dropped() {
    let test = "shows_what_the_person_chose_and_leaves_when_dropped";
    let Some((rig, portal, _source)) = shown(test, VideoFormat::BGRx, (640, 360)) else {
        return;
    };
    let cast = Cast::ask(&rig.bus(), RATE).expect("a cast");
    let Asked::Sources(asked) = portal.asked() else {
        panic!("sources are asked for first");
    };
    // Screens and windows, the pointer in the picture, one of them, not remembered.
    let wanted = [
        ("types", 3),
        ("cursor_mode", 2),
        ("multiple", 0),
        ("persist_mode", 0),
    ];
    for (name, value) in wanted {
        assert_eq!(asked.get(name), Some(&value), "{name} of {asked:?}");
    }
    let first = cast.newest().expect("a picture");
    assert_eq!((first.frame.width, first.frame.height), (640, 360));
    assert!(is_pattern(&first.frame));
    let next = await_picture(&cast, |newest| newest.number > first.number + 3);
    assert!(is_pattern(&next.frame));
    assert_ne!(next.frame, first.frame);
    drop(cast);
    assert!(matches!(portal.asked(), Asked::Closed));
}

#[test]
fn reads_every_order_of_colours() {
    let formats = [VideoFormat::BGRA, VideoFormat::RGBx, VideoFormat::RGBA];
    for format in formats {
        let Some((rig, _portal, _source)) =
            shown("reads_every_order_of_colours", format, (322, 242))
        else {
            return;
        };
        let cast = Cast::ask(&rig.bus(), RATE).expect("a cast");
        let first = cast.newest().expect("a picture");
        assert!(is_pattern(&first.frame), "{format:?}");
    }
}

#[test]
fn pictures_that_it_cannot_read_are_an_error() {
    let test = "pictures_that_it_cannot_read_are_an_error";
    let Some((rig, _portal, _source)) = shown(test, VideoFormat::YUY2, (320, 240)) else {
        return;
    };
    let error = Cast::ask(&rig.bus(), RATE).expect_err("no pictures");
    assert!(matches!(error, CastError::PipeWire(_)), "{error:?}");
}

#[test]
fn follows_the_size() {
    let Some((rig, _portal, source)) = shown("follows_the_size", VideoFormat::BGRx, (320, 240))
    else {
        return;
    };
    let cast = Cast::ask(&rig.bus(), RATE).expect("a cast");
    for (width, height) in [(1280, 720), (200, 300)] {
        source.resize(width, height);
        let size = |newest: &Numbered| (newest.frame.width, newest.frame.height);
        let picture = await_picture(&cast, |newest| size(newest) == (width, height));
        assert!(is_pattern(&picture.frame));
    }
}

#[test]
fn a_person_who_cancels_is_told_from_a_portal_that_refuses() {
    let test = "a_person_who_cancels_is_told_from_a_portal_that_refuses";
    let Some(rig) = Rig::start(test) else {
        return;
    };
    let ask = |answer| {
        let portal = answering(&rig, answer);
        let error = Cast::ask(&rig.bus(), RATE).expect_err("nothing is shown");
        drop(portal);
        error
    };
    assert_eq!(ask(Answer::Cancelled), CastError::Cancelled);
    assert!(matches!(ask(Answer::Ended), CastError::Refused(_)));
    assert!(matches!(ask(Answer::NotAllowed), CastError::Refused(_)));
}

#[test]
fn no_portal_is_said_so() {
    let Some(rig) = Rig::start("no_portal_is_said_so") else {
        return;
    };
    let ask = |bus: &Bus| Cast::ask(bus, RATE).expect_err("nothing is shown");
    let nobody = ask(&rig.bus());
    assert!(matches!(nobody, CastError::NoPortal(_)), "{nobody:?}");
    let _other = OtherPortal::on_bus(rig.bus_address()).expect("a portal");
    let other = ask(&rig.bus());
    assert!(matches!(other, CastError::NoPortal(_)), "{other:?}");
    let no_bus = ask(&Bus::At("unix:path=/nonexistent/bus".to_owned()));
    assert!(matches!(no_bus, CastError::NoPortal(_)), "{no_bus:?}");
}

#[test]
fn the_end_of_the_source_is_told() {
    let Some((rig, _portal, source)) = shown(
        "the_end_of_the_source_is_told",
        VideoFormat::BGRx,
        (320, 240),
    ) else {
        return;
    };
    let cast = Cast::ask(&rig.bus(), RATE).expect("a cast");
    drop(source);
    assert_eq!(await_end(&cast), CastError::Ended);
}

#[test]
fn a_person_who_stops_it_in_the_desktop_is_obeyed() {
    let test = "a_person_who_stops_it_in_the_desktop_is_obeyed";
    let Some((rig, portal, _source)) = shown(test, VideoFormat::BGRx, (320, 240)) else {
        return;
    };
    let cast = Cast::ask(&rig.bus(), RATE).expect("a cast");
    portal.stop_sharing();
    assert_eq!(await_end(&cast), CastError::Ended);
}

#[test]
fn the_end_of_pipewire_is_told() {
    let Some((mut rig, _portal, source)) =
        shown("the_end_of_pipewire_is_told", VideoFormat::BGRx, (320, 240))
    else {
        return;
    };
    let cast = Cast::ask(&rig.bus(), RATE).expect("a cast");
    rig.kill_pipewire();
    let reason = await_end(&cast);
    assert!(
        matches!(reason, CastError::PipeWire(_) | CastError::Ended),
        "{reason:?}"
    );
    drop(source);
}

#[test]
fn a_choice_is_asked_for_once_looked_at_and_taken() {
    let test = "a_choice_is_asked_for_once_looked_at_and_taken";
    let Some((rig, portal, _source)) = shown(test, VideoFormat::BGRx, (320, 240)) else {
        return;
    };
    let offers = Offers::new(rig.bus(), RATE, PATIENCE);
    let offer = offers.ask().expect("a choice");
    assert!(matches!(portal.asked(), Asked::Sources(_)));
    assert_eq!(offers.ask().expect("the same").number, offer.number);
    assert!(offers.glance(offer.number).is_some());
    assert!(offers.glance(offer.number + 1).is_none());
    assert!(portal.nothing_asked(), "one dialog");
    let number = offer.number;
    drop(offer);
    let shown = offers.take(number).expect("on offer");
    assert!(offers.take(number).is_none() && offers.glance(number).is_none());
    let next = offers.ask().expect("another choice");
    assert!(matches!(portal.asked(), Asked::Sources(_)));
    assert_ne!(next.number, number);
    assert!(portal.nothing_asked(), "what is shown goes on");
    drop(shown);
    assert!(matches!(portal.asked(), Asked::Closed));
}

#[test]
fn a_choice_that_nobody_looks_at_is_given_back() {
    let test = "a_choice_that_nobody_looks_at_is_given_back";
    let Some((rig, portal, _source)) = shown(test, VideoFormat::BGRx, (320, 240)) else {
        return;
    };
    let offers = Offers::new(rig.bus(), RATE, Duration::from_millis(200));
    let number = offers.ask().expect("a choice").number;
    assert!(matches!(portal.asked(), Asked::Sources(_)));
    assert!(matches!(portal.asked(), Asked::Closed));
    assert!(offers.take(number).is_none());
}

#[test]
fn a_choice_that_is_over_is_asked_for_again() {
    let test = "a_choice_that_is_over_is_asked_for_again";
    let Some((rig, portal, _source)) = shown(test, VideoFormat::BGRx, (320, 240)) else {
        return;
    };
    let offers = Offers::new(rig.bus(), RATE, PATIENCE);
    let first = offers.ask().expect("a choice");
    portal.stop_sharing();
    assert_eq!(await_end(&first.cast), CastError::Ended);
    let second = offers.ask().expect("another");
    assert_ne!(second.number, first.number);
}
