//! A screen on a display, by the display's code: nothing else is sent, and nothing comes back.

use duet_engine::EndpointEvent;
use duet_engine::call::{CallState, FailureCause};
use duet_protocol::{AudioState, ErrorCode, VideoState};

use crate::common::{PATIENCE, Person};
use crate::sharing::{Stage, is_legible};

impl Person {
    /// The next code that the display is given.
    async fn next_code(&mut self) -> String {
        let waiting = async {
            loop {
                if let EndpointEvent::CastCode { code, .. } =
                    self.events.recv().await.expect("the endpoint runs")
                {
                    return code;
                }
            }
        };
        tokio::time::timeout(PATIENCE, waiting)
            .await
            .expect("a code")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_display_shows_the_screen_of_whoever_types_its_code() {
    let test = "a_display_shows_the_screen_of_whoever_types_its_code";
    let Some(mut stage) = Stage::set(test).await else {
        return;
    };
    let Stage {
        board,
        ana,
        ben: wall,
        ben_sees: sight,
        ..
    } = &mut stage;
    wall.endpoint.open_cast().await.expect("runs");
    let code = wall.next_code().await;
    let typed = code.to_lowercase().replace('-', " ");
    ana.endpoint
        .join_cast(typed, board.screen())
        .await
        .expect("runs");
    wall.until("told of a screen alone", |event| {
        matches!(
            event,
            EndpointEvent::RemoteMedia {
                audio: AudioState::None,
                video: VideoState::Screen,
            }
        )
    })
    .await;
    sight.until("the page", |frame| is_legible(1, frame)).await;
    ana.until_state("connected", |state| {
        matches!(state, CallState::Connected { .. })
    })
    .await;
    // The display sends nothing, and has nothing to send.
    assert_eq!(wall.endpoint.figures().await.expect("runs").packets_sent, 0);
    ana.measures("what is sent", |figures| figures.packets_sent > 0)
        .await;
    // When the presenter stops, the display shows another code.
    ana.endpoint.share(None).await.expect("runs");
    ana.until_state("over", |state| matches!(state, CallState::Left { .. }))
        .await;
    let next = wall.next_code().await;
    assert_ne!(next, code);
    // And shows whoever comes next.
    board.draw(5);
    ana.endpoint
        .join_cast(next, board.window())
        .await
        .expect("runs");
    sight
        .until("the next page", |frame| is_legible(5, frame))
        .await;
    // When the display ends, so does the presenter's part.
    wall.endpoint.leave().await.expect("runs");
    ana.until_state("over", |state| matches!(state, CallState::Left { .. }))
        .await;
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_code_is_refused_and_shows_nothing() {
    let test = "a_wrong_code_is_refused_and_shows_nothing";
    let Some(mut stage) = Stage::set(test).await else {
        return;
    };
    let Stage { board, ana, .. } = &mut stage;
    ana.endpoint
        .join_cast("0000-0000", board.screen())
        .await
        .expect("runs");
    ana.until_state("refused", |state| {
        let refused = FailureCause::Refused(ErrorCode::CastRefused);
        matches!(state, CallState::Failed { cause, .. } if *cause == refused)
    })
    .await;
    stage.close().await;
}
