//! A real screen in a call: the other sees what is drawn on it, pixel by pixel where it is still, and the
//! camera again when the sharing is over.

use std::sync::Arc;

use duet_engine::{EndpointEvent, ShareEvent};
use duet_media::frame::VideoFrame;
use duet_media::screen::ScreenTarget;
use duet_protocol::VideoState;
use duet_server::{Server, ServerConfig};
use duet_testkit::display_rig::{self, DisplayRig};
use duet_testkit::painted_window::{PaintedWindow, rectangle};
use duet_testkit::turn::{self, Turn};
use parking_lot::Mutex;

use crate::common::{PATIENCE, Person, in_a_call};

pub(crate) const WIDTH: u32 = 640;
pub(crate) const HEIGHT: u32 = 480;
const WHITE: u32 = 0xff_ff_ff;

/// The newest picture that somebody sees.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sight(Arc<Mutex<Option<VideoFrame>>>);

impl Sight {
    /// Somebody whose pictures are seen here as well.
    pub(crate) fn of_person(&self, url: &str) -> Person {
        let newest = Arc::clone(&self.0);
        Person::watching(url, move |_, frame| *newest.lock() = Some(frame.clone()))
    }

    pub(crate) async fn until(&self, what: &str, is_it: impl Fn(&VideoFrame) -> bool) {
        let seeing = async {
            while !self.0.lock().as_ref().is_some_and(&is_it) {
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
        };
        if tokio::time::timeout(PATIENCE, seeing).await.is_err() {
            panic!("never {what}");
        }
    }
}

/// A display that shows small text-like marks: strokes of two pixels.
pub(crate) struct Board {
    display: DisplayRig,
    window: Option<PaintedWindow>,
}

impl Board {
    pub(crate) fn start() -> Self {
        let display = DisplayRig::start(WIDTH, HEIGHT).expect("a display");
        let place = rectangle(0, 0, WIDTH as u16, HEIGHT as u16);
        let window = PaintedWindow::bare(display.name(), place).expect("a window");
        window
            .point(WIDTH as i16 - 1, HEIGHT as i16 - 1)
            .expect("a pointer");
        let board = Self {
            display,
            window: Some(window),
        };
        board.draw(1);
        board
    }

    fn opened(&self) -> &PaintedWindow {
        self.window.as_ref().expect("it is open")
    }

    /// The display stays.
    pub(crate) fn close_window(&mut self) {
        self.window = None;
    }

    /// Draws the marks of a page.
    pub(crate) fn draw(&self, page: u32) {
        let whole = rectangle(0, 0, WIDTH as u16, HEIGHT as u16);
        self.opened().fill(WHITE, &[whole]).expect("painted");
        let marks: Vec<_> = cells()
            .filter(|cell| is_mark(page, *cell))
            .map(|(column, row)| rectangle((column * 2) as i16, (row * 2) as i16, 2, 2))
            .collect();
        self.opened().fill(0, &marks).expect("painted");
    }

    pub(crate) fn screen(&self) -> ScreenTarget {
        ScreenTarget::Screen(format!("0@{}", self.display.name()))
    }

    pub(crate) fn window(&self) -> ScreenTarget {
        let (id, display) = (self.opened().id(), self.display.name());
        ScreenTarget::Window(format!("{id}@{display}"))
    }
}

/// Ana, who has a board, and Ben; what both see is seen here.
pub(crate) struct Stage {
    pub(crate) board: Board,
    pub(crate) ana: Person,
    pub(crate) ben: Person,
    pub(crate) ana_sees: Sight,
    pub(crate) ben_sees: Sight,
    _server: Server,
    _turn: Turn,
}

impl Stage {
    /// Nobody has joined. None if there can be no display, of which the run is told.
    pub(crate) async fn set(test: &str) -> Option<Self> {
        if display_rig::unavailable(test) {
            return None;
        }
        let turn = turn::take().expect("a turn");
        let server = Server::bind(ServerConfig::loopback()).await.expect("binds");
        let (ana_sees, ben_sees) = (Sight::default(), Sight::default());
        Some(Self {
            board: Board::start(),
            ana: ana_sees.of_person(&server.url()),
            ben: ben_sees.of_person(&server.url()),
            ana_sees,
            ben_sees,
            _server: server,
            _turn: turn,
        })
    }

    /// The two are in a call.
    pub(crate) async fn in_a_call(test: &str) -> Option<Self> {
        let mut stage = Self::set(test).await?;
        in_a_call(&mut stage.ana, &mut stage.ben).await;
        Some(stage)
    }

    /// Both end, and well.
    pub(crate) async fn close(self) {
        for person in [self.ana, self.ben] {
            person.endpoint.close().await.expect("closes");
        }
    }
}

/// Cells of two by two pixels in the middle of the board.
fn cells() -> impl Iterator<Item = (u32, u32)> {
    (40..120).flat_map(|row| (60..260).map(move |column| (column, row)))
}

fn is_mark(page: u32, (column, row): (u32, u32)) -> bool {
    let mixed = (column * 73 + row * 179 + page * 31) ^ (column * row);
    row % 10 < 7 && column % 10 < 9 && mixed.is_multiple_of(3)
}

/// Every mark and every gap of the page can be read in the picture.
pub(crate) fn is_legible(page: u32, frame: &VideoFrame) -> bool {
    let is_dark = |x: u32, y: u32| frame.y()[(y * frame.width + x) as usize] < 125;
    (frame.width, frame.height) == (WIDTH, HEIGHT)
        && cells().all(|cell| {
            let (x, y) = (cell.0 * 2, cell.1 * 2);
            let corners = [(x, y), (x + 1, y), (x, y + 1), (x + 1, y + 1)];
            corners
                .iter()
                .all(|(x, y)| is_dark(*x, *y) == is_mark(page, cell))
        })
}

fn says(video: VideoState) -> impl Fn(&EndpointEvent) -> bool {
    move |event| matches!(event, EndpointEvent::RemoteMedia { video: said, .. } if *said == video)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_other_reads_the_screen_and_then_sees_the_camera_again() {
    let test = "the_other_reads_the_screen_and_then_sees_the_camera_again";
    let Some(mut stage) = Stage::in_a_call(test).await else {
        return;
    };
    let Stage {
        board,
        ana,
        ben,
        ben_sees: sight,
        ..
    } = &mut stage;
    sight.until("the camera", |frame| frame.width == 320).await;
    ana.endpoint
        .share(Some(board.screen()))
        .await
        .expect("runs");
    ana.until("shown", |event| {
        matches!(event, EndpointEvent::Share(ShareEvent::Started(_)))
    })
    .await;
    ben.until("told of the screen", says(VideoState::Screen))
        .await;
    sight
        .until("the first page", |frame| is_legible(1, frame))
        .await;
    board.draw(2);
    sight
        .until("the second page", |frame| is_legible(2, frame))
        .await;
    ana.endpoint.share(None).await.expect("runs");
    ben.until("told of the camera", says(VideoState::On)).await;
    sight
        .until("the camera again", |frame| frame.width == 320)
        .await;
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_window_that_closes_ends_the_sharing_and_not_the_call() {
    let test = "a_window_that_closes_ends_the_sharing_and_not_the_call";
    let Some(mut stage) = Stage::in_a_call(test).await else {
        return;
    };
    let Stage {
        board,
        ana,
        ben,
        ben_sees: sight,
        ..
    } = &mut stage;
    // Without a camera of its own.
    ana.endpoint.set_camera(false).await.expect("runs");
    ana.endpoint
        .share(Some(board.window()))
        .await
        .expect("runs");
    sight
        .until("the window", |frame| is_legible(1, frame))
        .await;
    board.close_window();
    ana.until("the end of it", |event| {
        let gone = ShareEvent::Ended {
            code: Some("screen-gone"),
        };
        matches!(event, EndpointEvent::Share(ended) if *ended == gone)
    })
    .await;
    ben.until("told that nothing comes", says(VideoState::Off))
        .await;
    ana.endpoint.set_camera(true).await.expect("runs");
    sight.until("the camera", |frame| frame.width == 320).await;
    stage.close().await;
}
