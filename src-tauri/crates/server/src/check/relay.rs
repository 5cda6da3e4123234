//! STUN and TURN: where it listens and where clients are sent, over each transport, a credential of this
//! server opens relays and packets pass between them.

use std::net::{IpAddr, SocketAddr};

use duet_server::turn::{OutsideTurn, TurnConfig, TurnMode};
use duet_server::{Certificate, Server, ServerConfig};
use rustls::pki_types::ServerName;

use super::dialogue::{bind, open_one, pass_packets};
use super::doors::{self, Door, Place};
use super::line::{Fault, Transport};
use super::{Finding, shown};

const SUBJECT: &str = "relay";
/// As much as the other keys have. Whoever has one credential can try secrets at leisure.
const MIN_SECRET_BYTES: usize = 32;
/// Of TURN over TLS (RFC 7065).
const TLS_PORT: u16 = 5_349;

pub(super) async fn look(
    config: &ServerConfig,
    host: Option<&str>,
    own: Option<&Server>,
    findings: &mut Vec<Finding>,
) {
    match &config.turn {
        TurnMode::Off => findings.push(Finding::warning(
            SUBJECT,
            "there is none: calls fail where no direct path exists",
            "leave --no-turn away, or name another one with --turn-uri",
        )),
        TurnMode::BuiltIn(turn) => {
            findings.extend(guessable(&turn.secrets));
            if config.hides_relay() {
                findings.push(Finding::problem(
                    SUBJECT,
                    "it listens on the loopback alone, and people come from elsewhere by the proxy, which passes no UDP",
                    "set --turn-listen 0.0.0.0:3478",
                ));
            }
            inside(config, turn, host, own, findings).await;
        }
        TurnMode::Outside(outside) => {
            findings.extend(guessable(std::slice::from_ref(&outside.secret)));
            elsewhere(outside, findings).await;
        }
    }
}

fn guessable(secrets: &[String]) -> Option<Finding> {
    let is_short = secrets.iter().any(|secret| secret.len() < MIN_SECRET_BYTES);
    is_short.then(|| {
        Finding::warning(
            SUBJECT,
            "its secret is short: whoever was given one credential could guess it and make more",
            "make one with: openssl rand -hex 32",
        )
    })
}

async fn inside(
    config: &ServerConfig,
    turn: &TurnConfig,
    host: Option<&str>,
    own: Option<&Server>,
    findings: &mut Vec<Finding>,
) {
    let mut listening = own.map(Server::turn_addrs).unwrap_or_default();
    // Without a relay of its own the one that is asked is somebody else's, with a secret of its own.
    let own = own.filter(|_| !listening.is_empty());
    if listening.is_empty() {
        listening.clone_from(&turn.listen);
    }
    let secret = secret(turn, own);
    let doors = doors::all(turn, &listening, host).await;
    for door in doors {
        for transport in transports(config, turn, host, door.address.ip()) {
            let asked = ask(door.address, &transport, secret.as_deref()).await;
            let (was_answered, is_udp) = (asked.is_ok(), matches!(transport, Transport::Udp));
            findings.push(judge(turn, door, &transport, asked));
            if is_udp && was_answered && door.place == Place::Beyond {
                findings.extend(relay_ports(turn, door));
            }
        }
    }
}

/// What credentials are made with. It would be random: for a server of the check's own any will do.
fn secret(turn: &TurnConfig, own: Option<&Server>) -> Option<String> {
    match (own, turn.secrets.first()) {
        (Some(server), None) => {
            let secret = "the secret of a check".to_owned();
            let is_set = server.set_turn_secrets(std::slice::from_ref(&secret));
            is_set.is_ok().then_some(secret)
        }
        (_, secret) => secret.cloned(),
    }
}

fn transports(
    config: &ServerConfig,
    turn: &TurnConfig,
    host: Option<&str>,
    ip: IpAddr,
) -> Vec<Transport> {
    let mut transports = vec![Transport::Udp];
    if turn.has_streams {
        transports.push(Transport::Tcp);
        let certificate = config.tls.as_ref().map(Certificate::read);
        // One that cannot be read is told where certificates are.
        if let Some(Ok(certificate)) = certificate {
            let shown = certificate.chain().first().cloned();
            let name = host.and_then(|host| ServerName::try_from(host.to_owned()).ok());
            let name = name.unwrap_or_else(|| ServerName::from(ip));
            let tls = shown::client_config(shown);
            transports.extend(tls.map(|config| Transport::Tls(config, name)));
        }
    }
    transports
}

/// Two relays and packets between them if there is a secret to make a credential with, else an answer.
async fn ask(
    server: SocketAddr,
    transport: &Transport,
    secret: Option<&str>,
) -> Result<Option<[SocketAddr; 2]>, Fault> {
    bind(server, transport).await?;
    match secret {
        Some(secret) => pass_packets(server, transport, secret).await.map(Some),
        None => Ok(None),
    }
}

fn judge(
    turn: &TurnConfig,
    door: Door,
    transport: &Transport,
    asked: Result<Option<[SocketAddr; 2]>, Fault>,
) -> Finding {
    let address = door.address;
    let relayed = match asked {
        Ok(None) => {
            return Finding::warning(
                SUBJECT,
                format!(
                    "{address} ({transport}) answers STUN; relays were not tried, for its secret is random"
                ),
                "set --turn-secret to have them tried while the server runs",
            );
        }
        Ok(Some(relayed)) => relayed,
        Err(fault) => return explain(turn, door, transport, &fault),
    };
    let [one, other] = relayed.map(|relayed| relayed.port());
    let elsewhere = relayed.iter().find(|relayed| {
        let mut external = turn.external_ips.iter();
        external.any(|ip| ip.is_ipv4() == relayed.is_ipv4() && *ip != relayed.ip())
    });
    if elsewhere.is_some() {
        return Finding::problem(
            SUBJECT,
            format!("{address} ({transport}) opens relays at another address than --external-ip"),
            "it runs with other settings than these: restart it with them",
        );
    }
    Finding::ok(
        SUBJECT,
        format!(
            "{address} ({transport}) opened relays at ports {one} and {other}, and packets passed between them"
        ),
    )
}

/// What to do about it depends on whose address it is.
fn explain(turn: &TurnConfig, door: Door, transport: &Transport, fault: &Fault) -> Finding {
    let what = format!("{} ({transport}): {fault}", door.address);
    match (door.place, fault) {
        (Place::Beyond, Fault::Silent | Fault::Closed | Fault::Unreachable(_)) => {
            let (low, high) = (turn.relay_ports.start(), turn.relay_ports.end());
            let port = door.address.port();
            let next = format!(
                "from here it cannot be told why: many NATs let nobody in from behind them. See that UDP and TCP {port} and UDP {low}-{high} lead to this machine, and try from another network (turnutils_uclient of coturn); or correct --external-ip"
            );
            Finding::warning(SUBJECT, what, &next)
        }
        (Place::Beyond, Fault::Credential | Fault::NotTurn | Fault::Tls(_)) => Finding::problem(
            SUBJECT,
            format!("{what}; so another machine or program answers there"),
            "correct --external-ip, the DNS record or what the NAT forwards, so that it leads to this server",
        ),
        (_, Fault::NoRelay(_) | Fault::Credential | Fault::NoPermission(_) | Fault::Lost) => {
            refused(what, fault)
        }
        (Place::Bound | Place::Own, fault) => unheard(what, door.place, transport, fault),
    }
}

/// It answers, and does not do its work.
fn refused(what: String, fault: &Fault) -> Finding {
    let next = match fault {
        Fault::NoRelay(508 | 486) => {
            "no port or file descriptor is left for relays: widen --relay-ports, raise --turn-max-allocations and ulimit -n"
        }
        _ => "see that it runs with these settings, --turn-secret above all, and read its log",
    };
    Finding::problem(SUBJECT, what, next)
}

/// On this machine nothing answers, or something else.
fn unheard(what: String, place: Place, transport: &Transport, fault: &Fault) -> Finding {
    match (transport, fault, place) {
        (Transport::Udp, Fault::Closed | Fault::Silent, Place::Own) => Finding::problem(
            SUBJECT,
            what,
            "clients are sent there: listen on that very address (--turn-listen), as on all of them answers may come from another; or let the firewall pass it (nft list ruleset)",
        ),
        (Transport::Udp, ..) => Finding::problem(
            SUBJECT,
            what,
            "read its log: the port may be another program's, or a local firewall drops UDP",
        ),
        (_, Fault::Tls(_), _) => Finding::warning(
            SUBJECT,
            format!("{what}; networks that let nothing out but TLS have no relay"),
            "restart the server if its certificate is another one by now; else see what is said of the certificate",
        ),
        // Without it calls from networks that let no UDP out fail; all others do as well as ever.
        (Transport::Tcp | Transport::Tls(..), ..) => Finding::warning(
            SUBJECT,
            format!("{what}; networks that let no UDP out have no relay"),
            "free the port (ss -ltnp), open it in the firewall, or say --turn-udp-only",
        ),
    }
}

/// Whether the ports of relays come through a NAT that turns packets around, as its port of TURN does.
fn relay_ports(turn: &TurnConfig, door: Door) -> Option<Finding> {
    let outside = door.address.ip();
    let (port, is_heard) = doors::try_relay_port(&turn.relay_ports, outside)?;
    Some(match is_heard {
        true => Finding::ok(
            SUBJECT,
            format!("{outside}: UDP {port}, a port of relays, leads here"),
        ),
        false => Finding::problem(
            SUBJECT,
            format!("{outside}: UDP {port}, a port of relays, does not lead here"),
            "have the NAT and the firewall pass all of --relay-ports to this machine over UDP",
        ),
    })
}

async fn elsewhere(outside: &OutsideTurn, findings: &mut Vec<Finding>) {
    for uri in &outside.uris {
        let asked = match way_to(uri) {
            Some((host, transport)) => match tokio::net::lookup_host(host).await {
                Ok(mut found) => found.next().map(|address| (address, transport)),
                Err(_) => None,
            },
            None => None,
        };
        let Some((address, transport)) = asked else {
            findings.push(Finding::problem(
                SUBJECT,
                format!("{uri} leads nowhere"),
                "correct --turn-uri or the DNS record",
            ));
            continue;
        };
        findings.push(ask_elsewhere(address, &transport, uri, &outside.secret).await);
    }
}

async fn ask_elsewhere(
    address: SocketAddr,
    transport: &Transport,
    uri: &str,
    secret: &str,
) -> Finding {
    let asked = match uri.starts_with("stun") {
        true => bind(address, transport)
            .await
            .map(|()| "answers STUN".to_owned()),
        false => {
            let opened = open_one(address, transport, secret).await;
            opened.map(|relayed| format!("opened a relay at port {}", relayed.port()))
        }
    };
    match asked {
        Ok(done) => Finding::ok(SUBJECT, format!("{address} ({transport}) {done}")),
        Err(fault) => Finding::problem(
            SUBJECT,
            format!("{address} ({transport}): {fault}"),
            "see that it runs, that firewalls let it pass, and that its static-auth-secret is --turn-secret",
        ),
    }
}

/// `turn:HOST:PORT?transport=udp` as `HOST:PORT` and a transport. Whose certificate it is over TLS is
/// for clients to judge.
fn way_to(uri: &str) -> Option<(String, Transport)> {
    let (scheme, rest) = uri.split_once(':')?;
    let (host, query) = rest.split_once('?').unwrap_or((rest, ""));
    let split = host.rsplit_once(':');
    let split = split.filter(|(_, port)| port.parse::<u16>().is_ok());
    let (name, port) = match split {
        Some((name, port)) => (name, port.parse().ok()?),
        None if scheme.ends_with('s') => (host, TLS_PORT),
        None => (host, TurnConfig::DEFAULT_PORT),
    };
    let bare = name.trim_start_matches('[').trim_end_matches(']');
    let transport = match scheme {
        "turns" | "stuns" => {
            let name = ServerName::try_from(bare.to_owned()).ok()?;
            Transport::Tls(shown::client_config(None).ok()?, name)
        }
        _ if query.contains("transport=tcp") => Transport::Tcp,
        _ => Transport::Udp,
    };
    Some((format!("{name}:{port}"), transport))
}
