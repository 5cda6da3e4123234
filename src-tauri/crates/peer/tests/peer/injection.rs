//! Datagrams from a third address, before and during the call, change nothing.

use std::net::UdpSocket;

use crate::common::{End, both_connected, loopback, negotiate, run_until, talk};

fn ports(end: &End) -> Vec<u16> {
    let candidates = end.candidates.iter().flatten();
    let lines = candidates.filter_map(|json| {
        let json: serde_json::Value = serde_json::from_str(json).ok()?;
        let line = json["candidate"].as_str()?.to_owned();
        line.split(' ').nth(5)?.parse().ok()
    });
    lines.collect()
}

/// ClientHello-, alert- and SRTP-shaped datagrams, garbage and unsigned STUN.
fn attack(socket: &UdpSocket, port: u16, rounds: u32) {
    let record = |content_type: u8, body: &[u8]| {
        let mut record = vec![content_type, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0];
        record.extend_from_slice(&(body.len() as u16).to_be_bytes());
        record.extend_from_slice(body);
        record
    };
    let mut stun = vec![0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42];
    stun.extend_from_slice(&[7; 12]);
    let mut srtp = vec![0x80, 96, 0, 1];
    srtp.extend_from_slice(&[9; 200]);
    let shapes = [
        record(22, &[1; 120]),
        record(21, &[2, 40]),
        record(22, &[0xff; 1_000]),
        srtp,
        vec![0x80; 12],
        stun,
        vec![255; 300],
        vec![22],
    ];
    for round in 0..rounds {
        let shape = &shapes[round as usize % shapes.len()];
        let _ = socket.send_to(shape, ("127.0.0.1", port));
        if round % 64 == 0 {
            std::thread::sleep(std::time::Duration::from_micros(200));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_third_address_cannot_break_or_enter_the_call() {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let (mut a, mut b) = (End::new(loopback()).await, End::new(loopback()).await);
    let offer = a.peer.create_offer(false).await.unwrap();
    while a.candidates.last() != Some(&None) {
        let event = a.events.recv().await.unwrap();
        a.note(event);
    }
    let port = ports(&a)[0];
    attack(&socket, port, 2_000);
    let answer = b.peer.apply_offer(&offer).await.unwrap();
    attack(&socket, port, 2_000);
    for candidate in a.candidates.clone() {
        b.peer.add_candidate(candidate).await.unwrap();
    }
    a.peer.apply_answer(&answer).await.unwrap();
    assert!(run_until(&mut a, &mut b, both_connected).await);
    for _ in 0..5 {
        attack(&socket, port, 4_000);
        talk(&mut a, &mut b, 10).await;
    }
    let refused = a.peer.stats().await.datagrams_refused;
    println!("refused {refused} datagrams");
    assert!(refused > 1_000);
    assert!(both_connected(&a, &b), "{:?} {:?}", a.states, b.states);
    negotiate(&a, &b, false).await;
    talk(&mut a, &mut b, 10).await;
}
