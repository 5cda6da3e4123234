//! Claims, releases, datagrams and beats.

use std::fmt::Write as _;
use std::sync::atomic::Ordering;
use std::time::Instant;

use redis::aio::MultiplexedConnection;
use redis::{Pipeline, RedisError as Error, RedisResult, Value, from_redis_value};
use ring::digest::{SHA256, digest};
use tracing::info;

use super::{Bus, Names};
use crate::exchange::Key;
use crate::node::{Command, NodeId, Verdict};

/// Commands in one round trip.
const MAX_COMMANDS: usize = 256;

/// Says who owns `KEYS[1]`, and makes it ours if nobody alive does. A node whose own life has ended owns
/// nothing new. `ARGV`: we, our process, whether we hold members, the time to live, the prefix.
const CLAIM: &str = r"
if redis.call('EXISTS', ARGV[5] .. ':node:' .. ARGV[1]) == 0 then return 'not-yet' end
local owner = redis.pcall('GET', KEYS[1])
if type(owner) ~= 'string' then owner = false end
if owner and string.sub(owner, 1, 16) ~= ARGV[2] then
  if redis.call('EXISTS', ARGV[5] .. ':node:' .. owner) == 1 then return owner end
  if ARGV[3] == '0' and redis.call('EXISTS', ARGV[5] .. ':late:' .. owner) == 1 then
    return 'not-yet'
  end
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[4])
return ARGV[1]
";

/// Forgets `KEYS[1]` if it is ours. `ARGV`: our process.
const RELEASE: &str = r"
local owner = redis.pcall('GET', KEYS[1])
if type(owner) == 'string' and string.sub(owner, 1, 16) == ARGV[1] then redis.call('DEL', KEYS[1]) end
return 'done'
";

impl Names {
    /// Hashed: no name that somebody wrote stands in Redis, and none is longer than this.
    fn claim(&self, key: &Key) -> String {
        let (kind, name) = match key {
            Key::Room(room) => ("room", room.as_str()),
            Key::Lobby(lobby) => ("lobby", lobby.as_str()),
            Key::Casts => ("casts", ""),
        };
        let mut text = format!("{}:{kind}:", self.prefix);
        for byte in &digest(&SHA256, name.as_bytes()).as_ref()[..16] {
            let _ = write!(text, "{byte:02x}");
        }
        text
    }
}

impl Bus {
    /// Passes on what the node asks for, until the connection fails.
    pub(super) async fn pass_commands(&self, mut connection: MultiplexedConnection) -> Error {
        loop {
            let commands = self.hub.commands(MAX_COMMANDS).await;
            let answers = self
                .pipeline(&commands)
                .query_async::<Vec<RedisResult<Value>>>(&mut connection)
                .await;
            match answers {
                Ok(answers) => {
                    for (command, answer) in commands.into_iter().zip(answers) {
                        self.take_answer(command, answer);
                    }
                }
                Err(error) => {
                    for command in commands {
                        self.take_answer(command, Ok(Value::Nil));
                    }
                    return error;
                }
            }
        }
    }

    fn pipeline(&self, commands: &[Command]) -> Pipeline {
        let mut pipeline = redis::pipe();
        // What one command meets, such as a full memory, is not the others' fault.
        pipeline.ignore_errors();
        let keys = self.keys.read();
        for command in commands {
            match command {
                Command::Publish(envelope) => {
                    let text = serde_json::to_string(envelope).expect("plain data");
                    let channel = self.names.channel(envelope.to.process);
                    let datagram = keys.cluster.of_channel(&channel).seal(&text);
                    pipeline.cmd("PUBLISH").arg(channel).arg(datagram);
                }
                Command::Look { peer } => {
                    pipeline.cmd("GET").arg(self.names.node(*peer));
                }
                Command::Claim { key, me, is_member } => {
                    let ttl_ms = self.timing.claim_ttl.as_millis();
                    pipeline.cmd("EVAL").arg(CLAIM).arg(1);
                    pipeline.arg(self.names.claim(key)).arg(me.to_string());
                    pipeline.arg(format!("{:016x}", me.process));
                    pipeline.arg(u8::from(*is_member));
                    pipeline.arg(ttl_ms.to_string()).arg(&self.names.prefix);
                }
                Command::Release { key, me } => {
                    pipeline.cmd("EVAL").arg(RELEASE).arg(1);
                    pipeline.arg(self.names.claim(key));
                    pipeline.arg(format!("{:016x}", me.process));
                }
            }
        }
        pipeline
    }

    fn take_answer(&self, command: Command, answer: RedisResult<Value>) {
        match command {
            Command::Claim { key, me, .. } => {
                let owner = answer
                    .ok()
                    .and_then(|said| from_redis_value::<String>(said).ok());
                let owner = owner.and_then(|owner| owner.parse::<NodeId>().ok());
                let verdict = match owner {
                    Some(owner) if owner == me => Verdict::Mine,
                    Some(owner) => Verdict::Other(owner),
                    None => Verdict::NotYet,
                };
                self.hub.claimed(&key, me, verdict);
            }
            Command::Look { peer } => {
                let said = answer.ok();
                let tag = said.and_then(|said| from_redis_value::<Vec<u8>>(said).ok());
                let name = self.names.node(peer);
                let is_alive =
                    tag.is_some_and(|tag| self.keys.read().cluster.is_vouched(&name, &tag));
                self.hub.looked(peer, is_alive);
            }
            Command::Publish(_) | Command::Release { .. } => {}
        }
    }

    /// Says again and again that we live, and asks who else does, until the connection fails.
    pub(super) async fn keep_beating(&self, mut connection: MultiplexedConnection) -> Error {
        let mut beats = tokio::time::interval(self.timing.beat_interval);
        beats.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            beats.tick().await;
            let (me, peers) = self.hub.beat();
            let sent_at = Instant::now();
            let pipeline = self.beat(me, &peers, sent_at);
            match pipeline.query_async::<Vec<bool>>(&mut connection).await {
                Ok(alive) => {
                    let (was_known, alive) = alive.split_first().unwrap_or((&true, &[]));
                    let judged = peers.into_iter().zip(alive);
                    let dead = judged.filter(|(_, is_alive)| !**is_alive);
                    let dead: Vec<NodeId> = dead.map(|(peer, _)| peer).collect();
                    if self.is_lost.swap(false, Ordering::Relaxed) {
                        info!("connected to Redis");
                    }
                    self.hub.beaten(me, sent_at, &dead);
                    if !was_known {
                        // We are new, or somebody has emptied it.
                        self.hub.reconnected();
                    }
                }
                Err(error) => return error,
            }
        }
    }

    /// Answers whether we were known, and which of these live.
    fn beat(&self, me: NodeId, peers: &[NodeId], sent_at: Instant) -> Pipeline {
        let (lease, grace) = (self.timing.lease, self.timing.grace);
        let lease_ms = lease.as_millis().to_string();
        let late_ms = (lease + grace).as_millis().to_string();
        let keys = self.keys.read();
        let mut pipeline = redis::pipe();
        pipeline.cmd("EXISTS").arg(self.names.node(me));
        for (name, ms) in [
            (self.names.node(me), &lease_ms),
            (self.names.late(me), &late_ms),
            (self.names.seal(), &late_ms),
        ] {
            let vouched = keys.cluster.vouch(&name);
            let set = pipeline.cmd("SET").arg(name).arg(vouched);
            set.arg("PX").arg(ms).ignore();
        }
        if let Some(previous) = me.previous() {
            // A Redis that stood still may have heard the last beat of that life just now, and whoever believes it
            // speaks to nobody until that beat is old.
            pipeline.del(self.names.node(previous)).ignore();
        }
        let since_base_us = (sent_at - self.base).as_micros();
        let beat = keys.own_channel.seal(&format!("beat {since_base_us}"));
        let publish = pipeline.cmd("PUBLISH").arg(&self.own_channel);
        publish.arg(beat).ignore();
        for peer in peers {
            pipeline.cmd("EXISTS").arg(self.names.node(*peer));
        }
        pipeline
    }
}
