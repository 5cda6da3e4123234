//! Two real peers on the loopback interface, and what the tests do with them.
#![allow(dead_code, unreachable_pub)]

use std::time::{Duration, Instant};

use bytes::Bytes;
use duet_peer::{
    Codec, ConnectionState, MediaKind, OutgoingRtp, Peer, PeerConfig, PeerEvent, ReceivedRtp,
    SendOutcome, StreamKind,
};
use tokio::sync::mpsc;

/// Generous: the machine may be busy.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A peer with its events.
pub struct End {
    pub peer: Peer,
    pub events: mpsc::Receiver<PeerEvent>,
    pub candidates: Vec<Option<String>>,
    pub states: Vec<ConnectionState>,
    pub packets: Vec<ReceivedRtp>,
    pub key_frame_requests: usize,
    pub tile_key_frame_requests: usize,
    /// What was told of the other's tile.
    pub tiles: Vec<bool>,
    pub wrong_certificates: usize,
    pub negotiations_needed: usize,
    pub sender_reports: Vec<(StreamKind, u64, u32)>,
}

/// Bound to the loopback address only.
pub fn loopback() -> PeerConfig {
    PeerConfig {
        bind_addresses: vec!["127.0.0.1:0".into()],
        mdns: false,
        ..PeerConfig::default()
    }
}

impl End {
    pub async fn new(config: PeerConfig) -> Self {
        let (peer, events) = Peer::new(config).await.expect("peer");
        Self {
            peer,
            events,
            candidates: Vec::new(),
            states: Vec::new(),
            packets: Vec::new(),
            key_frame_requests: 0,
            tile_key_frame_requests: 0,
            tiles: Vec::new(),
            wrong_certificates: 0,
            negotiations_needed: 0,
            sender_reports: Vec::new(),
        }
    }

    pub fn note(&mut self, event: PeerEvent) {
        match event {
            PeerEvent::LocalCandidate(candidate) => self.candidates.push(candidate),
            PeerEvent::State(state) => self.states.push(state),
            PeerEvent::Packet(packet) => self.packets.push(packet),
            PeerEvent::WrongCertificate => self.wrong_certificates += 1,
            PeerEvent::KeyFrameRequested(StreamKind::Video) => self.key_frame_requests += 1,
            PeerEvent::KeyFrameRequested(_) => self.tile_key_frame_requests += 1,
            PeerEvent::RemoteTile(shown) => self.tiles.push(shown),
            PeerEvent::SenderReport {
                stream,
                ntp,
                rtp_timestamp,
            } => self.sender_reports.push((stream, ntp, rtp_timestamp)),
            PeerEvent::NegotiationNeeded => self.negotiations_needed += 1,
            PeerEvent::TargetBitrate { .. } => {}
        }
    }

    pub fn state(&self) -> Option<ConnectionState> {
        self.states.last().copied()
    }

    pub fn received(&self, stream: StreamKind) -> usize {
        self.packets.iter().filter(|p| p.stream == stream).count()
    }
}

/// Lets both run, candidates crossing over, until `done` or out of patience; says which.
pub async fn run_until(a: &mut End, b: &mut End, done: impl Fn(&End, &End) -> bool) -> bool {
    run_for(a, b, PATIENCE, done).await
}

/// The same with a time of one's own.
pub async fn run_for(
    a: &mut End,
    b: &mut End,
    time: Duration,
    done: impl Fn(&End, &End) -> bool,
) -> bool {
    let end = Instant::now() + time;
    while !done(a, b) {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return false;
        }
        tokio::select! {
            event = a.events.recv() => cross(a, b, event).await,
            event = b.events.recv() => cross(b, a, event).await,
            () = tokio::time::sleep(left) => {}
        }
    }
    true
}

async fn cross(from: &mut End, to: &mut End, event: Option<PeerEvent>) {
    let Some(event) = event else {
        tokio::time::sleep(Duration::from_millis(5)).await;
        return;
    };
    if let PeerEvent::LocalCandidate(candidate) = &event {
        let _ = to.peer.add_candidate(candidate.clone()).await;
    }
    from.note(event);
}

/// One offer and answer.
pub async fn negotiate(offerer: &End, answerer: &End, ice_restart: bool) -> (String, String) {
    let offer = offerer.peer.create_offer(ice_restart).await.expect("offer");
    let answer = answerer.peer.apply_offer(&offer).await.expect("answer");
    offerer.peer.apply_answer(&answer).await.expect("applied");
    (offer, answer)
}

/// The text of a description's JSON.
pub fn sdp(message: &str) -> String {
    let json: serde_json::Value = serde_json::from_str(message).unwrap();
    json["sdp"].as_str().unwrap().to_owned()
}

pub fn both_connected(a: &End, b: &End) -> bool {
    [a, b]
        .iter()
        .all(|end| end.state() == Some(ConnectionState::Connected))
}

/// Two connected peers.
pub async fn connected_with(a: PeerConfig, b: PeerConfig) -> (End, End) {
    let (mut a, mut b) = (End::new(a).await, End::new(b).await);
    negotiate(&a, &b, false).await;
    assert!(
        run_until(&mut a, &mut b, both_connected).await,
        "no connection"
    );
    (a, b)
}

/// Two connected peers with the usual configuration.
pub async fn connected() -> (End, End) {
    connected_with(loopback(), loopback()).await
}

/// A packet whose payload is its number.
pub fn packet(codec: Codec, number: u32, size: usize) -> OutgoingRtp {
    let mut payload = number.to_be_bytes().to_vec();
    payload.resize(size.max(4), 0xa5);
    OutgoingRtp {
        codec,
        timestamp: number * 3_000,
        marker: codec.kind() == MediaKind::Video,
        payload: Bytes::from(payload),
        captured: None,
    }
}

/// The number in a payload.
pub fn number(packet: &ReceivedRtp) -> u32 {
    u32::from_be_bytes(packet.payload[..4].try_into().expect("four bytes"))
}

/// Sends numbered packets of one stream, 2 ms apart.
pub async fn send(end: &End, stream: StreamKind, count: u32) {
    let sender = match stream {
        StreamKind::Audio => end.peer.audio_sender(),
        StreamKind::Video => end.peer.video_sender(),
        StreamKind::Tile => end.peer.tile_sender(),
    };
    let codec = sender.codec().expect("negotiated").codec;
    for index in 0..count {
        let outcome = sender.send(packet(codec, index, 500)).await.expect("open");
        assert_eq!(outcome, SendOutcome::Sent);
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// Sends both ways and waits until everything is there.
pub async fn talk(a: &mut End, b: &mut End, count: u32) {
    for end in [&mut *a, &mut *b] {
        end.packets.clear();
    }
    for kind in [StreamKind::Audio, StreamKind::Video] {
        send(a, kind, count).await;
        send(b, kind, count).await;
    }
    let all = count as usize;
    let heard = |end: &End| {
        end.received(StreamKind::Audio) >= all && end.received(StreamKind::Video) >= all
    };
    let done = run_until(a, b, |a, b| heard(a) && heard(b)).await;
    let got = |end: &End| {
        (
            end.received(StreamKind::Audio),
            end.received(StreamKind::Video),
        )
    };
    assert!(done, "a got {:?}, b got {:?} of {count}", got(a), got(b));
}
