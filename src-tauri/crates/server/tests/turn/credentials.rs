//! Who gets a relay and who does not.

use duet_server::turn::stun::{Method, attribute};
use duet_server::turn::{Credential, Secrets};

use super::dialogue::{credential, udp};
use super::rig::{Guest, Rig};

/// What an Allocate with this credential is answered.
fn outcome(rig: &mut Rig, credential: Credential) -> Option<u16> {
    let mut guest = rig.guest("1.2.3.4:1000", "mira");
    guest.dialogue.credential = credential;
    rig.wait(1);
    rig.allocate(&mut guest).err()
}

#[test]
fn only_the_right_credential_is_taken() {
    let mut rig = Rig::new();
    let now_s = rig.now.unix_s;
    let good = credential("north", "mira", now_s);
    for (username, password) in [
        (good.username.clone(), "wrong".to_owned()),
        (good.username.replace("mira", "noah"), good.password.clone()),
        (format!("{}x", good.username), good.password.clone()),
        ("mira".to_owned(), good.password.clone()),
        (String::new(), String::new()),
    ] {
        let bad = Credential { username, password };
        assert_eq!(
            outcome(&mut rig, bad.clone()),
            Some(401),
            "{}",
            bad.username
        );
    }
    let foreign = credential("another secret", "mira", now_s);
    assert_eq!(outcome(&mut rig, foreign), Some(401));
    assert_eq!(outcome(&mut rig, good), None);
}

#[test]
fn the_realm_must_be_ours() {
    let mut rig = Rig::new();
    let mut mira = rig.guest("1.2.3.4:1000", "mira");
    rig.greet(&mut mira);
    assert_eq!(mira.dialogue.realm, "duet");
    mira.dialogue.realm = "other".into();
    let answer = rig.ask(&mut mira, Method::ALLOCATE, &udp());
    assert_eq!(answer.code, Some(401));
}

#[test]
fn secrets_change_without_a_gap() {
    let mut rig = Rig::new();
    let mut running = rig.guest("1.2.3.4:2000", "running");
    rig.allocate(&mut running).expect("a relay");
    let now_s = rig.now.unix_s;
    let (old, new) = (
        credential("north", "a", now_s),
        credential("south", "b", now_s),
    );
    rig.relay.set_secrets(Secrets::new(["south", "north"]));
    assert_eq!(outcome(&mut rig, old.clone()), None);
    rig.wait(610);
    // All that the old one made has expired: it can go.
    rig.relay.set_secrets(Secrets::new(["south"]));
    let now_s = rig.now.unix_s;
    assert_eq!(
        outcome(&mut rig, credential("north", "a", now_s)),
        Some(401)
    );
    assert_eq!(outcome(&mut rig, credential("south", "b", now_s)), None);
    assert!(new.username < credential("south", "b", now_s).username);
}

#[test]
fn half_a_credential_is_a_bad_request() {
    let mut rig = Rig::new();
    let mut mira = rig.guest("1.2.3.4:1000", "mira");
    rig.greet(&mut mira);
    for missing in [attribute::USERNAME, attribute::REALM, attribute::NONCE] {
        let request = without(&mut mira, missing);
        match rig.put(mira.flow, &request) {
            super::rig::Out::Reply(reply) => {
                assert_eq!(mira.dialogue.read(&reply).code, Some(400));
            }
            other => panic!("no reply: {other:?}"),
        }
    }
}

/// An Allocate that says everything but one thing.
fn without(guest: &mut Guest, missing: u16) -> Vec<u8> {
    use duet_server::turn::stun::{Class, Writer};
    let mut out = Vec::new();
    let dialogue = &guest.dialogue;
    let writer = Writer::new(&mut out, Method::ALLOCATE, Class::Request, [3; 12]);
    let all = [
        (attribute::REQUESTED_TRANSPORT, &[17, 0, 0, 0][..]),
        (attribute::USERNAME, dialogue.credential.username.as_bytes()),
        (attribute::REALM, dialogue.realm.as_bytes()),
        (attribute::NONCE, dialogue.nonce.as_bytes()),
    ];
    let _ = all
        .into_iter()
        .filter(|(kind, _)| *kind != missing)
        .fold(writer, |writer, (kind, value)| {
            writer.attribute(kind, value)
        })
        .attribute(attribute::MESSAGE_INTEGRITY, &[0; 20]);
    out
}
