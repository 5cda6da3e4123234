//! Audio and video cross in both directions with either video codec, from the first packet on.

use crate::common::{
    End, both_connected, connected_with, loopback, negotiate, number, run_until, talk,
};
use duet_peer::{Codec, PeerConfig, StreamKind, VideoCodec};

async fn call(codecs: Vec<VideoCodec>, expected: Codec) {
    let config = || PeerConfig {
        video_codecs: codecs.clone(),
        ..loopback()
    };
    let (mut a, mut b) = connected_with(config(), config()).await;
    talk(&mut a, &mut b, 50).await;
    for end in [&a, &b] {
        let codecs = |kind| end.packets.iter().filter(move |p| p.stream == kind);
        assert!(codecs(StreamKind::Video).all(|p| p.codec == expected && p.marker));
        assert!(codecs(StreamKind::Audio).all(|p| p.codec == Codec::Opus));
        let audio: Vec<_> = codecs(StreamKind::Audio).collect();
        assert!(
            audio[0].marker && !audio[1].marker,
            "only the first audio packet is marked"
        );
        let numbers: Vec<u32> = codecs(StreamKind::Video).map(number).collect();
        assert_eq!(numbers, (0..50).collect::<Vec<u32>>());
    }
    let stats = a.peer.stats().await;
    let path = stats.path.expect("a selected pair");
    assert_eq!(
        (path.protocol.as_str(), path.local_candidate.as_str()),
        ("udp", "host")
    );
    assert!(path.round_trip.is_some());
    assert_eq!(
        (stats.video.packets_sent, stats.video.packets_received),
        (50, 50)
    );
    assert_eq!(
        (stats.audio.packets_sent, stats.audio.packets_received),
        (50, 50)
    );
    assert_eq!(stats.packets_dropped_in_queue, 0);
    a.peer.close().await;
    b.peer.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn vp8_and_opus_both_ways() {
    call(vec![VideoCodec::Vp8], Codec::Vp8).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn h264_preferred_by_both() {
    call(vec![VideoCodec::H264, VideoCodec::Vp8], Codec::H264).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_time_to_connect_is_printed() {
    let (mut a, mut b) = (End::new(loopback()).await, End::new(loopback()).await);
    let start = std::time::Instant::now();
    negotiate(&a, &b, false).await;
    assert!(run_until(&mut a, &mut b, both_connected).await);
    println!("offer made -> both connected: {:?}", start.elapsed());
}
