//! The owner is told the path and how it does, without asking.

use duet_engine::{ConnectionFigures, EndpointEvent};

use crate::common::{Person, server, two_in_a_call};

async fn until_told(person: &mut Person, what: &str, is_it: impl Fn(&ConnectionFigures) -> bool) {
    let told = |event: &EndpointEvent| match event {
        EndpointEvent::Connection(figures) => is_it(figures),
        _ => false,
    };
    person.until(what, told).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_path_comes_first_and_then_what_is_lost_and_seen() {
    let server = server().await;
    let (mut ana, mut ben) = two_in_a_call(&server).await;
    for person in [&mut ana, &mut ben] {
        until_told(person, "path", |figures| {
            figures.path.local.is_some() && figures.path.remote.is_some()
        })
        .await;
        until_told(person, "loss and pictures", |figures| {
            let pictures = figures.frames_per_second.is_some_and(|rate| rate > 0.0);
            figures.loss_ratio.is_some() && pictures
        })
        .await;
    }
}
