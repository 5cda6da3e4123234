//! Every state has the word and the one action of the design.

use std::time::Duration;

use duet_call::{Action, Input, PeerInput};
use duet_protocol::{LeaveReason, ServerMessage};

use crate::solo::{OTHER, ROOM, Solo};

#[track_caller]
fn expect(solo: &Solo, word: &str, action: Action) {
    let state = solo.call.state();
    assert_eq!((state.word(), state.action()), (word, action));
}

#[test]
fn words_and_actions() {
    let mut solo = Solo::idle();
    expect(&solo, "idle", Action::Join);
    solo.join();
    expect(&solo, "connecting", Action::Cancel);
    solo.message(ServerMessage::Full {
        room_id: ROOM.to_owned(),
        user_num: 2,
    });
    expect(&solo, "room-full", Action::Retry);
    expect(&Solo::waiting(), "waiting-for-peer", Action::CopyInvite);
    expect(&Solo::offering(), "connecting", Action::Cancel);

    let mut solo = Solo::connected(true);
    expect(&solo, "connected", Action::Leave);
    solo.peer(PeerInput::Disconnected);
    expect(&solo, "reconnecting", Action::RetryNow);
    solo.wait(Duration::from_secs(120));
    expect(&solo, "call-failed", Action::Rejoin);

    let mut solo = Solo::connected(true);
    solo.message(ServerMessage::PeerLeave {
        remote_uid: OTHER.to_owned(),
        reason: LeaveReason::Left,
    });
    expect(&solo, "peer-left", Action::Wait);
    solo.input(Input::Leave);
    expect(&solo, "call-ended", Action::Rejoin);

    let mut solo = Solo::offering();
    solo.wait(Duration::from_secs(30));
    expect(&solo, "call-failed", Action::Retry);
}
