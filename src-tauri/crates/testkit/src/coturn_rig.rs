//! Debian's coturn on loopback: the relay of another implementation, over UDP, TCP and TLS.
//!
//! It reaches peers on this machine, as there are no others in a test, and takes the credentials of a
//! shared secret.

use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::Result;

use crate::port::free_port;
use crate::process::{Process, eventually};

/// The program.
pub const COTURN: &str = "turnserver";
const START: Duration = Duration::from_secs(20);

/// A running relay; it ends with the value.
#[derive(Debug)]
pub struct CoturnRig {
    process: Process,
    address: SocketAddr,
    tls_address: SocketAddr,
}

/// A certificate and its key, as PEM files.
#[derive(Debug, Clone, Copy)]
pub struct Certificate<'a> {
    /// The certificate.
    pub certificate: &'a Path,
    /// Its key.
    pub key: &'a Path,
}

impl CoturnRig {
    /// Over TCP, over UDP if wanted, and over TLS with a certificate.
    pub fn start(secret: &str, has_udp: bool, tls: Option<Certificate<'_>>) -> Result<Self> {
        Self::start_at(Ipv4Addr::LOCALHOST, secret, has_udp, tls)
    }

    /// The same at another address of the loopback, which its relays have too.
    pub fn start_at(
        ip: Ipv4Addr,
        secret: &str,
        has_udp: bool,
        tls: Option<Certificate<'_>>,
    ) -> Result<Self> {
        let mut command = Command::new(COTURN);
        command.arg("-v");
        Self::spawn(command, ip, secret, has_udp, tls)
    }

    /// Over UDP and TCP, on one core and with one thread for relays: for measurements.
    pub fn start_on_core(secret: &str, core: &str) -> Result<Self> {
        let mut command = Command::new("taskset");
        command.args(["-c", core, COTURN, "--relay-threads", "1"]);
        Self::spawn(command, Ipv4Addr::LOCALHOST, secret, true, None)
    }

    fn spawn(
        mut command: Command,
        ip: Ipv4Addr,
        secret: &str,
        has_udp: bool,
        tls: Option<Certificate<'_>>,
    ) -> Result<Self> {
        let [port, tls_port] = [free_port()?, free_port()?];
        command.args(["-n", "--no-cli", "--no-dtls", "--simple-log"]);
        command.args(["--log-file", "stdout"]);
        command.arg(format!("--listening-ip={ip}"));
        command.arg(format!("--relay-ip={ip}"));
        command.args(["--allow-loopback-peers", "--no-rfc5780", "--realm", "duet"]);
        command.args(["--pidfile", "/dev/null", "--use-auth-secret"]);
        command.arg(format!("--static-auth-secret={secret}"));
        command.arg(format!("--listening-port={port}"));
        command.arg(format!("--tls-listening-port={tls_port}"));
        if !has_udp {
            command.arg("--no-udp");
        }
        match tls {
            Some(tls) => {
                command.arg("--cert").arg(tls.certificate);
                command.arg("--pkey").arg(tls.key);
            }
            None => {
                command.arg("--no-tls");
            }
        }
        let rig = Self {
            process: Process::spawn(COTURN, &mut command)?,
            address: SocketAddr::from((ip, port)),
            tls_address: SocketAddr::from((ip, tls_port)),
        };
        eventually("coturn listens", START, || {
            let is_open = |address: &SocketAddr| TcpStream::connect(address).is_ok();
            is_open(&rig.address) && (tls.is_none() || is_open(&rig.tls_address))
        })?;
        Ok(rig)
    }

    /// UDP and TCP.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// TLS.
    pub fn tls_address(&self) -> SocketAddr {
        self.tls_address
    }

    /// Its process, for measurements.
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// What it printed.
    pub fn lines(&self) -> Vec<String> {
        self.process.lines()
    }
}
