//! Sending at a rate, and what arrives.

use std::fs;
use std::io::{IoSlice, IoSliceMut};
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use nix::sys::socket::{
    ControlMessage, MsgFlags, MultiHeaders, SockaddrIn, recvmmsg, sendmsg, setsockopt, sockopt,
};

use super::client::{self, CHANNEL};

const HEADER_BYTES: usize = 4;
const BATCH: usize = 64;
const MAX_BYTES: usize = 1_500;
const WARM_UP: Duration = Duration::from_millis(300);
/// After the last packet was sent.
const TAIL: Duration = Duration::from_millis(300);
const BUFFER_BYTES: usize = 16 * 1024 * 1024;
/// Sent so much later than due, the generator is what is measured.
const BEHIND: f64 = 0.97;

/// The flows and their peer.
pub(crate) struct Load {
    senders: Vec<UdpSocket>,
    /// None if the relay is left out.
    channel: Option<u16>,
    peer: UdpSocket,
    inbox: Inbox,
    pub(crate) bytes: usize,
    pub(crate) burst: usize,
    pub(crate) pid: Option<u32>,
}

/// What a run found.
#[derive(Debug, Clone)]
pub(crate) struct Outcome {
    /// As asked for, in packets a second.
    pub(crate) rate: f64,
    sent: u64,
    received: u64,
    /// Of those that arrived, in microseconds: p50, p95, p99.
    latency_us: [f64; 3],
    /// Processor time of the relay for each packet, in microseconds.
    cpu_us: Option<f64>,
    /// The generator could not send as fast.
    pub(crate) is_behind: bool,
}

impl Outcome {
    pub(crate) fn loss(&self) -> f64 {
        1.0 - self.received as f64 / self.sent.max(1) as f64
    }

    pub(crate) fn json(&self) -> String {
        let [p50, p95, p99] = self.latency_us;
        let cpu_us = self
            .cpu_us
            .map_or("null".to_owned(), |us| format!("{us:.3}"));
        format!(
            r#"{{"rate":{:.0},"sent":{},"received":{},"loss":{:.5},"p50_us":{p50:.1},"p95_us":{p95:.1},"p99_us":{p99:.1},"cpu_us":{cpu_us},"behind":{}}}"#,
            self.rate,
            self.sent,
            self.received,
            self.loss(),
            self.is_behind
        )
    }
}

impl Load {
    pub(crate) fn open(server: Option<SocketAddr>, secret: &str, flows: usize) -> Result<Self> {
        let peer = UdpSocket::bind("127.0.0.1:0")?;
        peer.set_nonblocking(true)?;
        // Over the system's limit, if we may: the measurement is of the relay, not of this buffer.
        if setsockopt(&peer, sockopt::RcvBufForce, &BUFFER_BYTES).is_err() {
            setsockopt(&peer, sockopt::RcvBuf, &BUFFER_BYTES)?;
        }
        let address = peer.local_addr()?;
        let open = |index| match server {
            Some(server) => client::open(index, server, secret, address),
            None => {
                let socket = UdpSocket::bind("127.0.0.1:0")?;
                socket.connect(address)?;
                socket.set_nonblocking(true)?;
                Ok(socket)
            }
        };
        Ok(Self {
            senders: (0..flows).map(open).collect::<Result<_>>()?,
            channel: server.map(|_| CHANNEL),
            peer,
            inbox: Inbox::new(),
            bytes: 1_000,
            burst: 1,
            pid: None,
        })
    }

    /// Sends for so long, one flow after the other.
    pub(crate) fn run(&mut self, rate: f64, duration: Duration) -> Result<Outcome> {
        let start = Instant::now();
        let mut packet = self.packet()?;
        let (mut turn, mut made, mut sent) = (0, 0_u64, 0_u64);
        let mut measured: Option<(Instant, u64, Option<u64>)> = None;
        self.inbox.clear();
        loop {
            let elapsed = start.elapsed();
            if measured.is_none() && elapsed >= WARM_UP {
                measured = Some((Instant::now(), made, self.cpu_ns()));
                sent = 0;
                self.inbox.clear();
            }
            if elapsed >= WARM_UP + duration {
                break;
            }
            let due = (elapsed.as_secs_f64() * rate) as u64;
            // A few at a time, so that what arrives is read soon.
            for _ in 0..8 {
                if made + self.burst as u64 > due {
                    break;
                }
                self.send_burst(turn, start, &mut packet);
                turn = (turn + 1) % self.senders.len();
                made += self.burst as u64;
                sent += self.burst as u64;
            }
            self.inbox.drain(&self.peer, start);
        }
        let (since, made_before, cpu_before) = measured.context("too short")?;
        let due = since.elapsed().as_secs_f64() * rate;
        let cpu_after = self.cpu_ns();
        let until = Instant::now() + TAIL;
        while Instant::now() < until {
            self.inbox.drain(&self.peer, start);
        }
        let received = self.inbox.latencies_ns.len() as u64;
        // Those on their way when counting began are not counted as sent.
        let received = received.min(sent);
        let cpu_ns = cpu_after
            .zip(cpu_before)
            .map(|(after, before)| after - before);
        Ok(Outcome {
            rate,
            sent,
            received,
            latency_us: self.inbox.quantiles_us(),
            cpu_us: cpu_ns.map(|ns| ns as f64 / 1_000.0 / sent.max(1) as f64),
            is_behind: ((made - made_before) as f64) < due * BEHIND,
        })
    }

    /// Room for the time in front.
    fn packet(&self) -> Result<Vec<u8>> {
        let length = u16::try_from(self.bytes)?;
        let mut packet = Vec::with_capacity(MAX_BYTES);
        if let Some(channel) = self.channel {
            packet.extend(channel.to_be_bytes());
            packet.extend(length.to_be_bytes());
        }
        packet.resize(packet.len() + self.bytes, 0x5A);
        Ok(packet)
    }

    /// A burst leaves in one piece and is cut before it arrives, by the system, for either relay alike:
    /// so the generator takes less of the machine than what it measures.
    fn send_burst(&self, turn: usize, start: Instant, packet: &mut [u8]) {
        let at = self.channel.map_or(0, |_| HEADER_BYTES);
        let now_ns = start.elapsed().as_nanos() as u64;
        packet[at..at + 8].copy_from_slice(&now_ns.to_be_bytes());
        let sender = &self.senders[turn];
        // What the socket does not take counts as lost.
        if self.burst == 1 {
            let _ = sender.send(packet);
            return;
        }
        let slices = vec![IoSlice::new(packet); self.burst];
        let length = packet.len() as u16;
        let cut = [ControlMessage::UdpGsoSegments(&length)];
        let flags = MsgFlags::empty();
        let _ = sendmsg::<SockaddrIn>(sender.as_raw_fd(), &slices, &cut, flags, None);
    }

    /// Processor time of all threads of the relay.
    fn cpu_ns(&self) -> Option<u64> {
        let tasks = fs::read_dir(format!("/proc/{}/task", self.pid?)).ok()?;
        let of_thread = |task: fs::DirEntry| -> Option<u64> {
            let text = fs::read_to_string(task.path().join("schedstat")).ok()?;
            text.split_whitespace().next()?.parse().ok()
        };
        Some(tasks.flatten().filter_map(of_thread).sum())
    }
}

/// What arrived.
struct Inbox {
    headers: MultiHeaders<SockaddrIn>,
    buffers: Vec<[u8; MAX_BYTES]>,
    latencies_ns: Vec<u64>,
}

impl Inbox {
    fn new() -> Self {
        Self {
            headers: MultiHeaders::preallocate(BATCH, None),
            buffers: vec![[0; MAX_BYTES]; BATCH],
            latencies_ns: Vec::new(),
        }
    }

    fn clear(&mut self) {
        self.latencies_ns.clear();
    }

    fn drain(&mut self, peer: &UdpSocket, start: Instant) {
        let mut slices: Vec<[IoSliceMut<'_>; 1]> = self
            .buffers
            .iter_mut()
            .map(|buffer| [IoSliceMut::new(buffer)])
            .collect();
        let flags = MsgFlags::MSG_DONTWAIT;
        let fd = peer.as_raw_fd();
        let Ok(messages) = recvmmsg(fd, &mut self.headers, slices.iter_mut(), flags, None) else {
            return;
        };
        let now_ns = start.elapsed().as_nanos() as u64;
        for message in messages {
            let stamp = message
                .iovs()
                .next()
                .and_then(|data| data.first_chunk().copied());
            if let Some(stamp) = stamp {
                let sent_ns = u64::from_be_bytes(stamp);
                self.latencies_ns.push(now_ns.saturating_sub(sent_ns));
            }
        }
    }

    fn quantiles_us(&mut self) -> [f64; 3] {
        let sorted = &mut self.latencies_ns;
        sorted.sort_unstable();
        [0.50, 0.95, 0.99].map(|quantile| {
            let index = (sorted.len() as f64 * quantile) as usize;
            sorted
                .get(index)
                .map_or(f64::NAN, |ns| *ns as f64 / 1_000.0)
        })
    }
}
