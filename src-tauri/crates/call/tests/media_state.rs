//! `media-state` goes out when somebody appears and at each change; what comes in is for the eye.

use duet_call::{Input, Output};
use duet_protocol::{AudioState, ServerMessage, VideoState};

use crate::solo::{ME, OTHER, ROOM, Solo, new_peer, sent};
use crate::world::World;

fn mine(audio: AudioState, video: VideoState) -> Input {
    Input::MediaState { audio, video }
}

#[test]
fn it_is_told_when_the_other_appears_and_when_it_changes() {
    let mut solo = Solo::waiting();
    assert_eq!(solo.input(mine(AudioState::Muted, VideoState::On)), []);
    assert_eq!(sent(&solo.message(new_peer(OTHER))), ["media-state"]);
    let changed = solo.input(mine(AudioState::On, VideoState::On));
    assert_eq!(sent(&changed), ["media-state"]);
    assert_eq!(solo.input(mine(AudioState::On, VideoState::On)), []);
}

#[test]
fn it_arrives_and_is_told_again_after_a_break() {
    let mut world = World::in_call();
    world.input(0, mine(AudioState::Muted, VideoState::Off));
    world.drain();
    let told = Some((AudioState::Muted, VideoState::Off));
    assert_eq!(world.sides[1].remote_media, told);
    world.sides[1].remote_media = None;
    world.restart_server();
    world.settle();
    world.drain();
    assert_eq!(world.sides[1].remote_media, told);
}

#[test]
fn no_message_changes_what_we_send() {
    for audio in [AudioState::On, AudioState::Muted, AudioState::None] {
        for video in [
            VideoState::On,
            VideoState::Off,
            VideoState::Lost,
            VideoState::Screen,
        ] {
            let mut solo = Solo::connected(true);
            let outputs = solo.message(ServerMessage::MediaState {
                room_id: ROOM.to_owned(),
                uid: OTHER.to_owned(),
                remote_uid: ME.to_owned(),
                audio,
                video,
            });
            assert_eq!(outputs, [Output::RemoteMedia { audio, video }]);
        }
    }
}
