//! Making the library's connection: codecs, ICE timing, interceptors, sockets, tracks.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use duet_protocol::IceServer;
use parking_lot::Mutex;
use rtc::ice::mdns::MulticastDnsMode;
use rtc::media_stream::MediaStreamTrack;
use rtc::peer_connection::configuration::setting_engine::{SettingEngine, SettingEngineBuilder};
use rtc::peer_connection::configuration::{
    RTCBundlePolicy, RTCConfiguration, RTCConfigurationBuilder, RTCIceTransportPolicy,
    RTCRtcpMuxPolicy,
};
use rtc::rtp_transceiver::rtp_sender::{
    RTCRtpCodec, RTCRtpCodingParameters, RTCRtpEncodingParameters, RTCRtpRtxParameters,
    RtpCodecKind,
};
use tokio::sync::mpsc;
use webrtc::media_stream::track_local::TrackLocal;
use webrtc::media_stream::track_local::static_rtp::TrackLocalStaticRTP;
use webrtc::peer_connection::{PeerConnection, PeerConnectionBuilder};
use webrtc::runtime::{Runtime, TokioRuntime};

use super::handler::{Handler, Notice};
use super::tile::TILE_TRACK_ID;
use super::{relay_only, relays, servers};
use crate::codec::{media_engine, opus_parameters, video_parameters, video_preferences};
use crate::config::PeerConfig;
use crate::error::PeerError;
use crate::interceptors::{self, Shared};
use crate::source_filter::FilteredRuntime;

const NOTICES: usize = 32;
const STREAM_ID: &str = "duet";
/// A stream of its own: nobody keeps it in step with the sound.
const TILE_STREAM_ID: &str = "duet-tile";

/// What was made.
pub(super) struct Built {
    pub(super) connection: Arc<dyn PeerConnection>,
    pub(super) audio: Arc<TrackLocalStaticRTP>,
    pub(super) video: Arc<TrackLocalStaticRTP>,
    /// Not part of the connection before it is wanted.
    pub(super) tile: Arc<TrackLocalStaticRTP>,
    notices: Mutex<Option<mpsc::Receiver<Notice>>>,
}

impl Built {
    /// The handler's notices, once.
    pub(super) fn take_notices(&self) -> mpsc::Receiver<Notice> {
        self.notices
            .lock()
            .take()
            .unwrap_or_else(|| mpsc::channel(1).1)
    }
}

pub(super) async fn build(config: &PeerConfig, shared: &Arc<Shared>) -> Result<Built, PeerError> {
    let configuration = configuration(&config.ice_servers, config, shared).await;
    shared.seeks_path();
    let (mdns, none) = (MulticastDnsMode::QueryOnly, MulticastDnsMode::Disabled);
    let first = if config.mdns { mdns } else { none };
    let (connection, notices) = match connect(config, shared, configuration.clone(), first).await {
        Ok(built) => built,
        Err(error) if config.mdns => {
            tracing::debug!(%error, "no multicast DNS on this machine");
            connect(config, shared, configuration, none).await?
        }
        Err(error) => return Err(error),
    };
    let (audio, video) = add_tracks(&*connection, config, shared).await?;
    Ok(Built {
        connection,
        audio,
        video,
        tile: tile_track(config, shared),
        notices: Mutex::new(Some(notices)),
    })
}

type Connection = (Arc<dyn PeerConnection>, mpsc::Receiver<Notice>);

async fn connect(
    config: &PeerConfig,
    shared: &Arc<Shared>,
    configuration: RTCConfiguration,
    mdns: MulticastDnsMode,
) -> Result<Connection, PeerError> {
    let (notices_tx, notices) = mpsc::channel(NOTICES);
    let handler = Handler {
        shared: shared.clone(),
        notices: notices_tx,
        relay_only: relay_only(config.ice_policy),
    };
    let inner = config.runtime.clone();
    let inner = inner.unwrap_or_else(|| Arc::new(TokioRuntime) as Arc<dyn Runtime>);
    let runtime = FilteredRuntime::new(
        inner,
        shared.filter.clone(),
        shared.rounds.clone(),
        shared.tunnels.clone(),
    );
    let connection = PeerConnectionBuilder::new()
        .with_configuration(configuration)
        .with_media_engine(media_engine(&config.video_codecs)?)
        .with_setting_engine(setting_engine(config, mdns))
        .with_interceptor_registry(interceptors::registry(shared))
        .with_handler(Arc::new(handler))
        .with_runtime(Arc::new(runtime))
        .with_udp_addrs(bindable(&config.bind_addresses))
        .build()
        .await
        .map_err(PeerError::library)?;
    Ok((Arc::new(connection), notices))
}

/// With these servers, which are in force for the tunnels from now on.
pub(super) async fn configuration(
    servers: &[IceServer],
    config: &PeerConfig,
    shared: &Shared,
) -> RTCConfiguration {
    let mut servers = servers::usable(servers, config, &shared.tunnels).await;
    if shared.names_relay_twice.load(Relaxed) {
        servers = relays::with_one_twice(servers);
    }
    let mut urls = servers.iter().flat_map(|server| &server.urls);
    let has_relay = urls.any(|url| url.starts_with("turn:"));
    shared.has_relay.store(has_relay, Relaxed);
    let policy = if relay_only(config.ice_policy) {
        RTCIceTransportPolicy::Relay
    } else {
        RTCIceTransportPolicy::All
    };
    RTCConfigurationBuilder::new()
        .with_ice_servers(servers)
        .with_ice_transport_policy(policy)
        .with_bundle_policy(RTCBundlePolicy::MaxBundle)
        .with_rtcp_mux_policy(RTCRtcpMuxPolicy::Require)
        .build()
}

/// The stock waits (1 s for a peer-reflexive pair, 2 s for a relayed one) made two thirds of the
/// time to connect; the wait is for a better pair, which on a call answers within these.
fn setting_engine(config: &PeerConfig, mdns: MulticastDnsMode) -> SettingEngine {
    let ms = |ms| Some(Duration::from_millis(ms));
    // There is nothing better to wait for where only relays may be used.
    let relay_wait = if relay_only(config.ice_policy) {
        0
    } else {
        500
    };
    SettingEngineBuilder::new()
        .with_ice_connection_attempts(ms(20), Some(60))
        .with_prflx_acceptance_min_wait(ms(0))
        .with_srflx_acceptance_min_wait(ms(100))
        .with_relay_acceptance_min_wait(ms(relay_wait))
        .with_ice_timeouts(ms(5_000), ms(25_000), ms(500))
        .with_discard_local_candidates_during_ice_restart(true)
        .with_include_loopback_candidate(config.loopback_candidates)
        .with_multicast_dns_mode(mdns)
        .build()
}

/// Addresses this machine has; one without IPv6 must not fail for it.
fn bindable(addresses: &[String]) -> Vec<String> {
    let usable: Vec<String> = addresses
        .iter()
        .filter(|address| std::net::UdpSocket::bind(address.as_str()).is_ok())
        .cloned()
        .collect();
    if usable.is_empty() {
        addresses.to_vec()
    } else {
        usable
    }
}

type Tracks = (Arc<TrackLocalStaticRTP>, Arc<TrackLocalStaticRTP>);

async fn add_tracks(
    connection: &dyn PeerConnection,
    config: &PeerConfig,
    shared: &Shared,
) -> Result<Tracks, PeerError> {
    let streams = shared.streams;
    let opus = opus_parameters();
    let first = video_parameters(config.video_codecs[0]).rtp_codec;
    let audio = track(
        [STREAM_ID, "audio"],
        RtpCodecKind::Audio,
        streams.audio,
        None,
        opus.rtp_codec.clone(),
    );
    let repair = Some(streams.video_repair);
    let kind = RtpCodecKind::Video;
    let video = track([STREAM_ID, "video"], kind, streams.video, repair, first);
    for track in [&audio, &video] {
        let track = track.clone() as Arc<dyn TrackLocal>;
        connection
            .add_track(track)
            .await
            .map_err(PeerError::library)?;
    }
    for transceiver in connection.get_transceivers().await {
        let Ok(Some(sender)) = transceiver.sender().await else {
            continue;
        };
        let (preferences, direction) = match sender.track().kind().await {
            RtpCodecKind::Video => (video_preferences(&config.video_codecs), config.video),
            _ => (vec![opus.clone()], config.audio),
        };
        transceiver
            .set_codec_preferences(preferences)
            .await
            .map_err(PeerError::library)?;
        transceiver
            .set_direction(super::negotiation::library_direction(direction))
            .await
            .map_err(PeerError::library)?;
    }
    Ok((audio, video))
}

/// The camera beside a shared screen.
fn tile_track(config: &PeerConfig, shared: &Shared) -> Arc<TrackLocalStaticRTP> {
    let codec = video_parameters(config.video_codecs[0]).rtp_codec;
    let (ssrc, repair) = (shared.streams.tile, Some(shared.streams.tile_repair));
    let ids = [TILE_STREAM_ID, TILE_TRACK_ID];
    track(ids, RtpCodecKind::Video, ssrc, repair, codec)
}

fn track(
    [stream, id]: [&str; 2],
    kind: RtpCodecKind,
    ssrc: u32,
    repair_ssrc: Option<u32>,
    codec: RTCRtpCodec,
) -> Arc<TrackLocalStaticRTP> {
    let encoding = RTCRtpEncodingParameters {
        rtp_coding_parameters: RTCRtpCodingParameters {
            ssrc: Some(ssrc),
            rtx: repair_ssrc.map(|ssrc| RTCRtpRtxParameters { ssrc }),
            ..Default::default()
        },
        codec,
        ..Default::default()
    };
    let (stream, id) = (stream.to_owned(), id.to_owned());
    let track = MediaStreamTrack::new(stream, id.clone(), id, kind, vec![encoding]);
    Arc::new(TrackLocalStaticRTP::new(track))
}
