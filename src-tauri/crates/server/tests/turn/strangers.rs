//! What somebody gets who has proved nothing: little, and seldom.

use std::time::Duration;

use duet_server::turn::Flow;
use duet_server::turn::stun::{Method, attribute};

use super::dialogue::{Attributes, udp, udp_and};
use super::network::{Phone, turn_config, turn_server};
use super::rig::{Out, Rig, flow};

/// The headers of IPv4 and UDP.
const HEADERS: usize = 28;

#[test]
fn no_answer_is_larger_than_one_and_a_half_times_the_question() {
    let mut rig = Rig::new();
    let unknown: Attributes = (0..40).map(|kind| (0x7000 + kind, vec![])).collect();
    let methods = [
        Method::BINDING,
        Method::ALLOCATE,
        Method::REFRESH,
        Method::CREATE_PERMISSION,
        Method::CHANNEL_BIND,
        Method(0x0FF),
    ];
    let mut answers = 0;
    for method in methods {
        for attributes in [
            Vec::new(),
            udp(),
            udp_and(0x8001, &[0; 200]),
            unknown.clone(),
        ] {
            rig.wait(2);
            let mut guest = rig.guest("1.2.3.4:1000", "mira");
            let plain = guest.dialogue.anonymous(method, &attributes);
            let signed = guest.dialogue.request(method, &attributes);
            for request in [plain, signed] {
                if let Out::Reply(reply) = rig.put(guest.flow, &request) {
                    answers += 1;
                    let (asked, answered) = (request.len() + HEADERS, reply.len() + HEADERS);
                    assert!(
                        2 * answered <= 3 * asked,
                        "{method:?}: {answered} for {asked}"
                    );
                }
            }
        }
    }
    assert!(answers > 10, "hardly any answers: {answers}");
}

#[test]
fn in_a_stream_every_question_is_answered() {
    let mut rig = Rig::new();
    let mut guest = rig.guest("1.2.3.4:1000", "mira");
    let stream = Flow {
        is_stream: true,
        ..guest.flow
    };
    let mut answered = |flow| {
        let requests = (0..100).map(|_| guest.dialogue.anonymous(Method::ALLOCATE, &udp()));
        let replies = requests.map(|request| rig.put(flow, &request));
        replies.filter(|out| matches!(out, Out::Reply(_))).count()
    };
    assert_eq!(answered(guest.flow), 10);
    assert_eq!(answered(stream), 100);
}

#[test]
fn the_shortest_allocate_of_browsers_is_answered() {
    let mut rig = Rig::new();
    let mut guest = rig.guest("1.2.3.4:1000", "mira");
    let request = guest.dialogue.anonymous(Method::ALLOCATE, &udp());
    assert_eq!(request.len(), 28);
    let Out::Reply(reply) = rig.put(guest.flow, &request) else {
        panic!("no reply");
    };
    assert_eq!(reply.len(), 52);
}

#[test]
fn a_million_strangers_leave_nothing_behind() {
    let mut rig = Rig::new();
    let mut guest = rig.guest("1.2.3.4:1000", "mira");
    let request = guest.dialogue.anonymous(Method::ALLOCATE, &udp());
    for index in 0..1_000_000_u32 {
        let [a, b, c, d] = index.wrapping_mul(0x9E37_79B1).to_be_bytes();
        let mut from = flow("1.2.3.4:1000");
        from.client.set_ip([a, b, c, d].into());
        rig.put(from, &request);
    }
    assert_eq!(rig.relay.entries(), 0);
}

#[test]
fn ten_answers_a_second_for_each_address() {
    let mut rig = Rig::new();
    let mut guest = rig.guest("1.2.3.4:1000", "mira");
    let request = guest.dialogue.anonymous(Method::ALLOCATE, &udp());
    let mut answers = 0;
    for _ in 0..3 {
        for port in 1_000..2_000 {
            let out = rig.put(flow(&format!("1.2.3.4:{port}")), &request);
            answers += usize::from(out != Out::Nothing);
        }
        rig.wait(1);
    }
    assert_eq!(answers, 30);
    assert_eq!(rig.relay.stats().unanswered, 2_970);
    // Somebody else is not concerned.
    assert!(matches!(
        rig.put(flow("5.6.7.8:1"), &request),
        Out::Reply(_)
    ));
}

#[tokio::test]
async fn a_flood_over_the_wire_gets_ten_answers() {
    let server = turn_server(turn_config()).await;
    let mut phone = Phone::new(&server, "mira").await;
    let request = phone.dialogue.anonymous(Method::ALLOCATE, &udp());
    for _ in 0..500 {
        phone.put(&request).await;
    }
    let mut answers = 0;
    let mut buffer = [0; 1_000];
    while let Ok(received) =
        tokio::time::timeout(Duration::from_millis(300), phone.socket.recv(&mut buffer)).await
    {
        assert!(received.expect("the socket lives") <= 56);
        answers += 1;
    }
    assert!((1..=10).contains(&answers), "{answers} answers");
}

#[test]
fn wrong_passwords_are_not_answered_faster() {
    let mut rig = Rig::new();
    let mut guest = rig.guest("1.2.3.4:1000", "mira");
    rig.greet(&mut guest);
    guest.dialogue.credential.password = "wrong".into();
    let request = guest.dialogue.request(Method::ALLOCATE, &udp());
    let answers = (0..100)
        .filter(|_| rig.put(guest.flow, &request) != Out::Nothing)
        .count();
    assert_eq!(answers, 9);
}

#[test]
fn responses_and_other_methods_are_not_answered() {
    let mut rig = Rig::new();
    let mut guest = rig.guest("1.2.3.4:1000", "mira");
    for method in [Method(0x00A), Method(0x00B), Method(0xFFF)] {
        let request = guest
            .dialogue
            .anonymous(method, &udp_and(attribute::LIFETIME, &[0; 4]));
        assert_eq!(rig.put(guest.flow, &request), Out::Nothing);
    }
    let indication = guest.dialogue.indication(Method::BINDING, &Vec::new());
    assert_eq!(rig.put(guest.flow, &indication), Out::Nothing);
}
