//! Everybody calls the same person at once: it rings once, and the others hear at once that the line is busy.

use std::time::{Duration, Instant};

use duet_protocol::{ClientMessage, ServerMessage};
use duet_server::ServerConfig;

use crate::client::{Client, server_with};
use crate::lobby::{call, cancel, cancelled, quiet_config};

/// With the one they call, nearly a whole lobby.
const CALLERS: usize = 198;
/// Together more than a thousand calls.
const ROUNDS: usize = 6;

/// Calls, and says what came and after how long.
async fn ask(mut caller: Client) -> (Client, ServerMessage, Duration) {
    let asked = Instant::now();
    caller.send(&call("b")).await;
    let answer = caller.next().await;
    (caller, answer, asked.elapsed())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_calls_to_one_name_ring_one_at_a_time() {
    // The callers share one address here.
    let config = ServerConfig {
        max_connections_per_address: None,
        calls_per_minute: 1_000_000,
        ..quiet_config()
    };
    let server = server_with(config).await;
    let mut bob = Client::logged_in(&server, "Bob", "b").await;
    let mut callers = Vec::new();
    for n in 0..CALLERS {
        callers.push(Client::logged_in(&server, &format!("Caller {n}"), &format!("c{n}")).await);
    }
    let mut busy_after = Vec::new();
    for round in 0..ROUNDS {
        let asking: Vec<_> = callers
            .drain(..)
            .map(|one| tokio::spawn(ask(one)))
            .collect();
        let mut lucky = Vec::new();
        for one in asking {
            let (caller, answer, after) = one.await.expect("it is answered");
            match answer {
                ServerMessage::Ringing { call_id, .. } => lucky.push((callers.len(), call_id)),
                ServerMessage::Busy { .. } => busy_after.push(after),
                other => panic!("neither rings nor is busy: {other:?}"),
            }
            callers.push(caller);
        }
        let [(winner, call_id)] = lucky.as_slice() else {
            panic!("round {round}: {lucky:?} ring at once");
        };
        assert!(
            matches!(bob.next().await, ServerMessage::Ring { call_id: rung, .. } if rung == *call_id)
        );
        callers[*winner].send(&cancel(call_id)).await;
        assert_eq!(bob.next().await, cancelled(call_id));
        // The next round begins when the line is free again, which the one who cancelled knows first.
        callers[*winner].assert_quiet().await;
    }
    bob.send(&ClientMessage::Keepalive).await;
    assert_eq!(bob.next().await, ServerMessage::Keepalive, "no ring more");
    busy_after.sort_unstable();
    let of = |percent: usize| busy_after[busy_after.len() * percent / 100];
    println!(
        "{} calls to one name, {ROUNDS} rang; busy after {:.1?} (median), {:.1?} (p99), {:.1?} at most",
        CALLERS * ROUNDS,
        of(50),
        of(99),
        busy_after[busy_after.len() - 1],
    );
}
