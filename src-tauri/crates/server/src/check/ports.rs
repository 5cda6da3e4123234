//! Whether the server can have its addresses; if somebody has them already, whether that is a server.

use std::io::ErrorKind;
use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

use duet_server::ServerConfig;
use duet_server::turn::TurnMode;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::Finding;

const PATIENCE: Duration = Duration::from_secs(3);

/// Gives the addresses that are taken.
pub(super) async fn look(config: &ServerConfig, findings: &mut Vec<Finding>) -> Vec<SocketAddr> {
    let mut taken = Vec::new();
    for &address in &config.listen {
        let subject = "port for clients";
        match TcpListener::bind(address).await {
            Ok(_) => findings.push(Finding::ok(subject, format!("{address} (TCP) is free"))),
            Err(error) if error.kind() == ErrorKind::AddrInUse => {
                taken.push(address);
                findings.push(occupant(config, address).await);
            }
            Err(error) => findings.push(refused(subject, "--listen", address, "TCP", &error)),
        }
    }
    if let TurnMode::BuiltIn(turn) = &config.turn {
        for &address in &turn.listen {
            let subject = "port of the relay";
            match UdpSocket::bind(address) {
                Ok(_) => findings.push(Finding::ok(subject, format!("{address} (UDP) is free"))),
                Err(error) if error.kind() == ErrorKind::AddrInUse && !taken.is_empty() => {}
                Err(error) => {
                    findings.push(refused(subject, "--turn-listen", address, "UDP", &error))
                }
            }
        }
    }
    taken
}

fn refused(
    subject: &'static str,
    flag: &str,
    address: SocketAddr,
    kind: &str,
    error: &std::io::Error,
) -> Finding {
    let next = match error.kind() {
        ErrorKind::AddrInUse => format!(
            "if it is a duet-server with other settings, check it with those (--config); else stop the program that has it (ss -lnp), or set another {flag}"
        ),
        ErrorKind::PermissionDenied => {
            "below 1024 it takes CAP_NET_BIND_SERVICE; the systemd unit has it".to_owned()
        }
        ErrorKind::AddrNotAvailable => format!("this machine has no such address: correct {flag}"),
        _ => format!("correct {flag}"),
    };
    Finding::problem(
        subject,
        format!("{address} ({kind}) cannot be had: {error}"),
        &next,
    )
}

/// Who answers there.
async fn occupant(config: &ServerConfig, address: SocketAddr) -> Finding {
    let subject = "port for clients";
    if config.tls.is_some() {
        return Finding::warning(
            subject,
            format!("{address} (TCP) is taken; whether by this server is hidden by TLS"),
            "if it is not, stop the program that has it (ss -lnp)",
        );
    }
    match tokio::time::timeout(PATIENCE, health(address)).await {
        Ok(Ok(answer)) if is_ours(&answer) => Finding::ok(
            subject,
            format!("{address} (TCP): a server runs here and is healthy"),
        ),
        _ => Finding::problem(
            subject,
            format!("{address} (TCP) is taken by something that is not this server"),
            "stop the program that has it (ss -lnp), or set another --listen",
        ),
    }
}

/// What `/healthz` says, with Redis in reach or without.
fn is_ours(answer: &str) -> bool {
    let body = answer.split_once("\r\n\r\n").map(|(_, body)| body);
    answer.starts_with("HTTP/1.1 200") && body.is_some_and(|body| body.starts_with("ok"))
}

async fn health(address: SocketAddr) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(super::addresses::reachable(address)).await?;
    let request = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.take(4096).read_to_end(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}
