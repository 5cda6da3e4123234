//! The selected candidate pair, from the library's statistics.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use rtc::peer_connection::transport::RTCIceCandidateType;
use rtc::statistics::StatsSelector;
use rtc::statistics::report::{RTCStatsReport, RTCStatsReportEntry};
use rtc::statistics::stats::ice_candidate::RTCIceCandidateStats;
use webrtc::peer_connection::PeerConnection;

use crate::interceptors::Shared;
use crate::stats::{PathStats, RelayTransport};

/// `None` before a pair was selected.
pub(super) async fn selected(
    connection: &dyn PeerConnection,
    shared: &Shared,
) -> Option<PathStats> {
    let report = connection
        .get_stats(Instant::now(), StatsSelector::None)
        .await;
    let selected = &report.transport()?.selected_candidate_pair_id;
    let pair = report
        .candidate_pairs()
        .find(|pair| &pair.stats.id == selected)
        .or_else(|| report.candidate_pairs().find(|pair| pair.nominated))?;
    let local = candidate(&report, &pair.local_candidate_id);
    let remote = candidate(&report, &pair.remote_candidate_id);
    let library = (pair.current_round_trip_time > 0.0)
        .then(|| Duration::from_secs_f64(pair.current_round_trip_time.min(60.0)));
    Some(PathStats {
        local_candidate: local.map_or_else(String::new, |c| c.candidate_type.to_string()),
        remote_candidate: remote.map_or_else(
            // Learned from a check, and never told of (RFC 8445, section 7.3.1.3).
            || "prflx".to_owned(),
            |c| c.candidate_type.to_string(),
        ),
        protocol: local.map_or_else(|| "udp".to_owned(), |c| c.protocol.to_lowercase()),
        relay_transport: local.and_then(|local| relay_transport(local, shared)),
        round_trip: library.or_else(|| shared.filter.round_trip()),
    })
}

fn relay_transport(local: &RTCIceCandidateStats, shared: &Shared) -> Option<RelayTransport> {
    if local.candidate_type != RTCIceCandidateType::Relay {
        return None;
    }
    let ip = local.address.as_ref()?.parse().ok()?;
    let relay = SocketAddr::new(ip, local.port);
    Some(shared.tunnels.transport_of(relay))
}

fn candidate<'a>(report: &'a RTCStatsReport, id: &str) -> Option<&'a RTCIceCandidateStats> {
    report.iter().find_map(|entry| match entry {
        RTCStatsReportEntry::LocalCandidate(candidate)
        | RTCStatsReportEntry::RemoteCandidate(candidate)
            if candidate.stats.id.ends_with(id) =>
        {
            Some(candidate)
        }
        _ => None,
    })
}
