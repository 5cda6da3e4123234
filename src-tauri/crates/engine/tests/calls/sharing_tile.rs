//! The camera beside a shared screen: both arrive, apart, and the camera takes its place again afterwards.

use std::time::Duration;

use duet_engine::EndpointEvent;
use duet_media::barcode;
use duet_media::frame::VideoFrame;

use crate::common::{PATIENCE, Person};
use crate::sharing::{Stage, WIDTH, is_legible};

/// When the picture was taken: the test camera writes it into each of its own, and nobody else does.
fn taken_us(frame: &VideoFrame) -> Option<i64> {
    let stamp = barcode::read(frame.y(), frame.width, frame.height, frame.width as usize);
    stamp.map(|stamp| stamp.capture_ts_us)
}

fn tile(comes: bool) -> impl Fn(&EndpointEvent) -> bool {
    move |event| matches!(event, EndpointEvent::RemoteTile(told) if *told == comes)
}

impl Person {
    /// The other's camera moves, in the tile.
    async fn sees_a_living_tile(&self) {
        *self.tile.lock() = None;
        let seeing = async {
            let mut first = None;
            loop {
                let newest = self.tile.lock().clone();
                if let Some(frame) = newest {
                    assert_eq!((frame.width, frame.height), (320, 180));
                    let taken = taken_us(&frame).expect("a picture of the camera");
                    if taken > *first.get_or_insert(taken) {
                        return;
                    }
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let seen = tokio::time::timeout(PATIENCE, seeing).await;
        seen.expect("the camera is seen beside the screen");
    }

    /// No picture of it comes any more.
    async fn sees_no_tile(&self) {
        *self.tile.lock() = None;
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert!(self.tile.lock().is_none());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_other_sees_the_screen_and_the_camera_beside_it() {
    let test = "the_other_sees_the_screen_and_the_camera_beside_it";
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
    ben.sees_no_tile().await;
    for page in 1..=2 {
        board.draw(page);
        let screen = board.screen();
        ana.endpoint.share(Some(screen)).await.expect("runs");
        ben.until("told of the tile", tile(true)).await;
        let screen = |frame: &VideoFrame| is_legible(page, frame) && taken_us(frame).is_none();
        sight.until("the screen", screen).await;
        ben.sees_a_living_tile().await;

        // The camera is off for a while, and the screen stays.
        ana.endpoint.set_camera(false).await.expect("runs");
        ben.until("told that it is off", tile(false)).await;
        ben.sees_no_tile().await;
        board.draw(page + 10);
        sight
            .until("the next page", |frame| is_legible(page + 10, frame))
            .await;
        ana.endpoint.set_camera(true).await.expect("runs");
        ben.until("told that it is on", tile(true)).await;
        ben.sees_a_living_tile().await;
        ben.measures("both apart", |figures| {
            let (video, tile) = (&figures.video_received, &figures.tile_received);
            let width = |of: &Option<_>| {
                of.as_ref()
                    .and_then(|of: &duet_engine::VideoFigures| of.width)
            };
            width(video) == Some(WIDTH) && width(tile) == Some(320)
        })
        .await;

        ana.endpoint.share(None).await.expect("runs");
        ben.until("told of its end", tile(false)).await;
        sight
            .until("the camera again", |frame| taken_us(frame).is_some())
            .await;
        ben.sees_no_tile().await;
    }
    stage.close().await;
}

/// Two offers may cross.
#[tokio::test(flavor = "multi_thread")]
async fn both_share_at_once_and_both_see_both() {
    let test = "both_share_at_once_and_both_see_both";
    let Some(mut stage) = Stage::in_a_call(test).await else {
        return;
    };
    let Stage {
        board,
        ana,
        ben,
        ana_sees,
        ben_sees,
        ..
    } = &mut stage;
    for person in [&*ana, &*ben] {
        let screen = board.screen();
        person.endpoint.share(Some(screen)).await.expect("runs");
    }
    for (person, sight) in [(&mut *ana, ana_sees), (&mut *ben, &mut *ben_sees)] {
        person.until("told of the tile", tile(true)).await;
        sight
            .until("the screen", |frame| is_legible(1, frame))
            .await;
        person.sees_a_living_tile().await;
    }
    // One of them stops: the other's goes on.
    ana.endpoint.share(None).await.expect("runs");
    ben.until("told of its end", tile(false)).await;
    ana.sees_a_living_tile().await;
    ben_sees
        .until("the camera", |frame| taken_us(frame).is_some())
        .await;
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_later_sees_both() {
    let test = "who_comes_later_sees_both";
    let Some(mut stage) = Stage::set(test).await else {
        return;
    };
    let Stage {
        board,
        ana,
        ben,
        ben_sees: sight,
        ..
    } = &mut stage;
    ana.joins().await;
    ana.until_state("waiting", |state| state.opens_devices())
        .await;
    ana.endpoint
        .share(Some(board.screen()))
        .await
        .expect("runs");
    ben.joins().await;
    ben.until("told of the tile", tile(true)).await;
    sight
        .until("the screen", |frame| is_legible(1, frame))
        .await;
    ben.sees_a_living_tile().await;
    ana.endpoint.leave().await.expect("runs");
    ben.until("told of its end", tile(false)).await;
    stage.close().await;
}
