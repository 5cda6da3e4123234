//! How long wrong, used and expired codes of casts take to be refused, for people: the answers are the same to
//! the byte (`cast.rs`), and the time must tell no more. Figures with their machine: docs/measurements.md.

use std::time::{Duration, Instant};

use duet_protocol::{CastCode, CastRole};
use duet_server::{Server, ServerConfig, Timing};

use crate::cast::{cast_join, cast_open};
use crate::client::{Client, server_with};

/// Tries of each kind.
const TRIES: usize = 200;
const KINDS: [&str; 3] = ["wrong", "used", "expired"];

/// A server that takes guess upon guess, whose codes are soon over.
fn patient() -> ServerConfig {
    ServerConfig {
        cast_guesses_per_minute: 100_000,
        cast_guesses_per_minute_overall: 100_000,
        messages_per_second: 100_000,
        message_burst: 100_000,
        timing: Timing {
            cast_code_lifetime: Duration::from_millis(300),
            ..Timing::default()
        },
        ..ServerConfig::loopback()
    }
}

/// Two in the room of a cast, and the code that brought them there.
async fn used_code(server: &Server) -> (Client, Client, String) {
    let (mut display, mut presenter) =
        (Client::connect(server).await, Client::connect(server).await);
    display.send(&cast_open("used", None)).await;
    let code = display.next_cast_code().await;
    presenter.send(&cast_join(&code, "p")).await;
    presenter.expect_role(CastRole::Presenter).await;
    (display, presenter, code)
}

/// A display that still shows a code, and one that it showed before.
async fn expired_code(server: &Server) -> (Client, String) {
    let mut display = Client::connect(server).await;
    display.send(&cast_open("renewing", None)).await;
    let code = display.next_cast_code().await;
    assert_ne!(display.next_cast_code().await, code);
    (display, code)
}

async fn refusal(guesser: &mut Client, code: &str) -> Duration {
    let guess = cast_join(code, "g");
    let start = Instant::now();
    guesser.send(&guess).await;
    let answer = guesser.next_text().await;
    let took = start.elapsed();
    assert!(answer.contains("cast-refused"), "{answer}");
    took
}

#[tokio::test(flavor = "multi_thread")]
async fn how_long_codes_take_that_are_not_good() {
    let server = server_with(patient()).await;
    let (_display, _presenter, used) = used_code(&server).await;
    let (_renewing, expired) = expired_code(&server).await;
    let mut guesser = Client::connect(&server).await;
    let mut times = KINDS.map(|_| Vec::with_capacity(TRIES));
    for round in 0..TRIES {
        // Each kind is first, second and third equally often.
        for place in 0..KINDS.len() {
            let kind = (round + place) % KINDS.len();
            let wrong = CastCode::generate().to_string();
            let code = [&wrong, &used, &expired][kind];
            times[kind].push(refusal(&mut guesser, code).await);
        }
    }
    let medians = times.map(|mut times| {
        times.sort_unstable();
        times[TRIES / 2]
    });
    for (kind, median) in KINDS.iter().zip(medians) {
        println!("{kind}: median {median:.1?} of {TRIES}");
    }
    let gap = medians.iter().max().zip(medians.iter().min());
    let gap = gap.map(|(longest, shortest)| *longest - *shortest);
    println!("largest gap: {:.1?}", gap.expect("three medians"));
}
