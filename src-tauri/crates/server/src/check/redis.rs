//! The Redis that joins several servers: reachable, the right password, and everything a server asks of it.

use std::time::Duration;

use duet_server::{ProbeError, RedisReport, ServerConfig};

use super::Finding;

const SUBJECT: &str = "redis";
/// The oldest on which the servers are tried.
const OLDEST_MAJOR: u32 = 6;
/// What a message between two servers may take. Beats every 0.4 s and calls feel more than this.
const SLOW: Duration = Duration::from_millis(50);

pub(super) async fn look(config: &ServerConfig, findings: &mut Vec<Finding>) {
    let Some(redis) = &config.redis else {
        return;
    };
    match redis.probe().await {
        Ok(report) => {
            findings.push(version(&report));
            findings.push(speed(&report));
            if report.may_evict {
                findings.push(Finding::warning(
                    SUBJECT,
                    "it drops keys when its memory is full, and rooms could have two owners then",
                    "set maxmemory-policy noeviction in its settings",
                ));
            }
        }
        Err(error) => {
            let next = next_step(&error);
            findings.push(Finding::problem(SUBJECT, error.to_string(), next));
        }
    }
}

fn version(report: &RedisReport) -> Finding {
    let major = |version: &str| version.split('.').next()?.parse::<u32>().ok();
    match &report.version {
        None => Finding::warning(
            SUBJECT,
            "it works, and does not say which version it is",
            "see that it is Redis 6 or later; or allow this user the command INFO",
        ),
        Some(version) if major(version).is_some_and(|major| major < OLDEST_MAJOR) => {
            Finding::warning(
                SUBJECT,
                format!("it is version {version}, with which nobody tried this"),
                "take Redis 6 or later",
            )
        }
        Some(version) => Finding::ok(SUBJECT, format!("version {version}, and it does its work")),
    }
}

fn speed(report: &RedisReport) -> Finding {
    let what = format!(
        "a word comes back after {:.1} ms",
        report.round_trip.as_secs_f64() * 1e3
    );
    match report.round_trip > SLOW {
        true => Finding::warning(
            SUBJECT,
            what,
            "put it near the servers: every message between two of them takes this long",
        ),
        false => Finding::ok(SUBJECT, what),
    }
}

fn next_step(error: &ProbeError) -> &'static str {
    match error {
        ProbeError::OutOfReach(_) => {
            "see that it runs, that a firewall lets this machine in, and that --redis names it (rediss:// for TLS)"
        }
        ProbeError::Silent => "see whether it hangs or is overloaded (redis-cli --latency)",
        ProbeError::Password => "correct the password in --redis: redis://:PASSWORD@HOST:PORT",
        ProbeError::Permission(_) => {
            "allow this user keys and channels of duet:*, and the commands of docs/cluster.md"
        }
        ProbeError::Replica => "name its master in --redis",
        ProbeError::Spread => "take a Redis that is one server, or a master with replicas",
        ProbeError::Other(_) => "see that it is Redis 6 or later",
    }
}
