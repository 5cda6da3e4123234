//! How others reach this machine.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use duet_server::ServerConfig;
use duet_server::turn::TurnMode;

use super::Finding;

const SUBJECT: &str = "address";

pub(super) async fn look(config: &ServerConfig, host: Option<&str>, findings: &mut Vec<Finding>) {
    let own = own_addresses();
    let external = match &config.turn {
        TurnMode::BuiltIn(turn) => turn.external_ips.clone(),
        TurnMode::Off | TurnMode::Outside(_) => Vec::new(),
    };
    for address in &external {
        if is_private(*address) {
            findings.push(Finding::warning(
                SUBJECT,
                format!("--external-ip {address} is private: relays work inside that network only"),
                "on the internet, set the public address of the NAT or the cloud",
            ));
        }
    }
    let is_behind_nat = !own.is_empty() && own.iter().all(|address| is_private(*address));
    if matches!(config.turn, TurnMode::BuiltIn(_)) && external.is_empty() && is_behind_nat {
        findings.push(Finding::warning(
            SUBJECT,
            "this machine has private addresses alone, and relays would be announced at one of them",
            "if people come from the internet, set --external-ip and open the ports of docs/relay.md",
        ));
    }
    if let Some(host) = host {
        findings.push(name(host, &own, &external).await);
    }
}

async fn name(host: &str, own: &[IpAddr], external: &[IpAddr]) -> Finding {
    let found = match resolve(host).await {
        Ok(found) => found,
        Err(error) => {
            let what = format!("{host} leads nowhere: {error}");
            return Finding::problem(
                SUBJECT,
                what,
                "make a DNS record for it, or correct --public-host",
            );
        }
    };
    let is_here = found
        .iter()
        .any(|address| own.contains(address) || external.contains(address));
    match is_here {
        true => Finding::ok(SUBJECT, format!("{host} leads here")),
        false => Finding::warning(
            SUBJECT,
            format!("{host} leads to another address than this machine has"),
            "right behind a NAT or a proxy, then set --external-ip; else correct its DNS record",
        ),
    }
}

/// Where a host leads, with a port behind it or without.
pub(super) async fn resolve(host: &str) -> std::io::Result<Vec<IpAddr>> {
    let with_port = match host.parse::<IpAddr>() {
        Ok(IpAddr::V6(address)) => format!("[{address}]:0"),
        _ if host.contains(':') => host.to_owned(),
        _ => format!("{host}:0"),
    };
    let found = tokio::net::lookup_host(with_port).await?;
    Ok(found.map(|address| address.ip().to_canonical()).collect())
}

/// Those of the interfaces, without loopback.
pub(super) fn own_addresses() -> Vec<IpAddr> {
    let interfaces = if_addrs::get_if_addrs().unwrap_or_default();
    let addresses = interfaces
        .iter()
        .map(|interface| interface.ip().to_canonical());
    addresses.filter(|address| !address.is_loopback()).collect()
}

fn is_private(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => {
            let is_shared = v4.octets()[0] == 100 && v4.octets()[1] & 0xC0 == 64;
            v4.is_private() || v4.is_loopback() || v4.is_link_local() || is_shared
        }
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local(),
    }
}

/// Where a listener on all addresses is reached from here.
pub(super) fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}
