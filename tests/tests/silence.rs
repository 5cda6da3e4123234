//! The other's program hangs or crashes in mid-call: the one who stays reads "reconnecting", and the
//! call goes on when the other does.

use std::time::Duration;

use duet_testkit::process::Signal;
use duet_testkit::turn;
use duet_tests::{Peer, TestServer};

const LIMIT: Duration = Duration::from_secs(90);
const MORE: [&str; 4] = ["--camera-format", "320x180@15", "--wait", "90"];

/// Two in a call; the second one is the one that things happen to.
fn two_in_a_call(server: &TestServer, folders: [&std::path::Path; 2]) -> (Peer, Peer) {
    let stays = Peer::start(server, "silence", folders[0], &MORE).expect("duet-peer");
    stays.until_waiting().expect("it waits");
    let other = Peer::start(server, "silence", folders[1], &MORE).expect("duet-peer");
    for peer in [&stays, &other] {
        peer.until_states(&["connected"], LIMIT).expect("a call");
    }
    (stays, other)
}

#[test]
fn a_program_that_hangs_is_waited_for_and_comes_back() {
    let _turn = turn::take().expect("a turn");
    let folders = [(); 2].map(|()| tempfile::tempdir().expect("a folder"));
    let server = TestServer::start().expect("a server");
    let (stays, mut other) = two_in_a_call(&server, [folders[0].path(), folders[1].path()]);
    other.signal(Signal::Stop);
    let broken = ["connected", "reconnecting"];
    stays.until_states(&broken, LIMIT).expect("silence is told");
    other.signal(Signal::Continue);
    let mended = ["connected", "reconnecting", "connected"];
    stays
        .until_states(&mended, LIMIT)
        .expect("the call is back");
}

#[test]
fn a_program_that_crashes_is_missed() {
    let _turn = turn::take().expect("a turn");
    let folders = [(); 2].map(|()| tempfile::tempdir().expect("a folder"));
    let server = TestServer::start().expect("a server");
    let (stays, mut other) = two_in_a_call(&server, [folders[0].path(), folders[1].path()]);
    other.signal(Signal::Kill);
    let broken = ["connected", "reconnecting"];
    stays.until_states(&broken, LIMIT).expect("silence is told");
}
