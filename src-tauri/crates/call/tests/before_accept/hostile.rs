//! What only a hostile server sends.

use duet_call::{DescriptionKind, Input};
use duet_protocol::{CallMedia, Forward, Person, ServerMessage};
use duet_testkit::dice::Dice;

use super::people::{People, UIDS, description};

/// The room that the server would like to see somebody in.
const TRAP: &str = "anywhere";

impl People {
    /// In the name of the other, or of nobody.
    pub(super) fn hostile(&mut self, side: usize, dice: &mut Dice) {
        let uid = UIDS[side].to_owned();
        let remote_uid = UIDS[1 - side].to_owned();
        let room_id = TRAP.to_owned();
        let forward = Forward {
            room_id: room_id.clone(),
            uid: remote_uid.clone(),
            remote_uid: uid.clone(),
            msg: description(DescriptionKind::Offer),
            session: Some("s".to_owned()),
        };
        let call_id = self.call_to_speak_of(side, dice);
        let name = None;
        let message = match dice.below(9) {
            0 => ServerMessage::Offer(forward),
            1 => ServerMessage::Answer(forward),
            2 => ServerMessage::Candidate(forward),
            3 => ServerMessage::NewPeer { remote_uid, name },
            4 => ServerMessage::RespJoin { remote_uid, name },
            5 => ServerMessage::Ring {
                call_id,
                room_id,
                from: Person {
                    uid: remote_uid.clone(),
                    name: remote_uid,
                },
                media: CallMedia::Video,
            },
            6 => ServerMessage::Ringing { call_id, room_id },
            7 => ServerMessage::Accept { call_id },
            _ => ServerMessage::Joined {
                room_id,
                uid,
                user_num: 2,
                ice_servers: Vec::new(),
                resume_token: None,
                resumed: false,
                role: None,
            },
        };
        self.input(side, Input::Message(message));
    }

    /// One that this side, or the other, knows; or one that nobody knows.
    fn call_to_speak_of(&self, side: usize, dice: &mut Dice) -> String {
        let whose = [side, 1 - side][dice.below(2)];
        let known = &self.sides[whose].heard_of;
        match dice.below(3) {
            0 => format!("invented-{}", dice.below(1_000)),
            1 => known.first().cloned().unwrap_or_default(),
            _ => known.last().cloned().unwrap_or_default(),
        }
    }
}
