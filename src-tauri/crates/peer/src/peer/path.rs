//! The selected candidate pair, from the library's statistics.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
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
        is_one_network: local
            .and_then(address)
            .zip(remote.and_then(address))
            .is_some_and(|(local, remote)| are_in_one_network(local, remote)),
        relay_transport: local.and_then(|local| relay_transport(local, shared)),
        round_trip: library.or_else(|| shared.filter.round_trip()),
    })
}

fn relay_transport(local: &RTCIceCandidateStats, shared: &Shared) -> Option<RelayTransport> {
    if local.candidate_type != RTCIceCandidateType::Relay {
        return None;
    }
    let relay = SocketAddr::new(address(local)?, local.port);
    Some(shared.tunnels.transport_of(relay))
}

/// None for a name of mDNS.
fn address(candidate: &RTCIceCandidateStats) -> Option<IpAddr> {
    let address: IpAddr = candidate.address.as_ref()?.parse().ok()?;
    Some(address.to_canonical())
}

/// Two private addresses that reach each other do so inside a network, or a tunnel that is as good as one.
/// Two global ones may be anywhere, unless they share the prefix of one link (RFC 4291, section 2.5.4).
fn are_in_one_network(one: IpAddr, other: IpAddr) -> bool {
    match (one, other) {
        (IpAddr::V4(one), IpAddr::V4(other)) => {
            let is_inside =
                |ip: Ipv4Addr| ip.is_private() || ip.is_link_local() || ip.is_loopback();
            one == other || (is_inside(one) && is_inside(other))
        }
        (IpAddr::V6(one), IpAddr::V6(other)) => {
            let is_inside = |ip: Ipv6Addr| {
                ip.is_unique_local() || ip.is_unicast_link_local() || ip.is_loopback()
            };
            let prefix = |ip: Ipv6Addr| ip.to_bits() >> 64;
            prefix(one) == prefix(other) || (is_inside(one) && is_inside(other))
        }
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_show_what_is_one_network() {
        for (one, other, expected) in [
            ("192.168.1.2", "192.168.1.9", true),
            ("10.0.0.2", "172.16.3.4", true),
            ("127.0.0.1", "127.0.0.1", true),
            ("169.254.1.1", "169.254.9.9", true),
            ("198.51.100.7", "198.51.100.7", true),
            ("198.51.100.7", "203.0.113.9", false),
            ("192.168.1.2", "203.0.113.9", false),
            ("fe80::1", "fe80::2", true),
            ("fd00:1::1", "fd00:2::1", true),
            ("2001:db8:1:2::1", "2001:db8:1:2:9::9", true),
            ("2001:db8:1:2::1", "2001:db8:1:3::1", false),
            ("192.168.1.2", "fd00::1", false),
        ] {
            let [one_ip, other_ip] = [one, other].map(|text| text.parse().expect("an address"));
            assert_eq!(
                are_in_one_network(one_ip, other_ip),
                expected,
                "{one} {other}"
            );
            assert_eq!(
                are_in_one_network(other_ip, one_ip),
                expected,
                "{other} {one}"
            );
        }
    }
}
