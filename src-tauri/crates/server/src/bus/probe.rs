//! Tries a Redis as an operator would want to know it: everything that a server will ask of it, once.

use std::time::{Duration, Instant};

use futures_util::StreamExt;
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, ErrorKind, RedisError as Failure, ServerErrorKind};
use thiserror::Error;

use super::RedisConfig;

/// For each step.
const PATIENCE: Duration = Duration::from_secs(3);

/// What there is to know of a Redis that can be used.
#[derive(Debug, Clone, Default)]
pub struct RedisReport {
    /// As it says: `7.2.4`. `None` if this user may not ask.
    pub version: Option<String>,
    /// From publishing a word to hearing it.
    pub round_trip: Duration,
    /// It drops keys when its memory is full (`maxmemory-policy`).
    pub may_evict: bool,
}

/// Why a Redis cannot be used.
#[derive(Debug, Clone, Error)]
pub enum ProbeError {
    /// Nothing answers, or no Redis does.
    #[error("it cannot be reached: {0}")]
    OutOfReach(String),
    /// It takes seconds for what should take milliseconds.
    #[error("it does not answer within {} s", PATIENCE.as_secs())]
    Silent,
    /// The password, or the user, is wrong or missing.
    #[error("it refuses the user or the password")]
    Password,
    /// This user may not do something.
    #[error("this user may not do everything that is needed: {0}")]
    Permission(String),
    /// It is a replica.
    #[error("it is a replica, and can only be read")]
    Replica,
    /// It spreads keys over several servers.
    #[error("it is a Redis Cluster")]
    Spread,
    /// Anything else.
    #[error("it does not do what is needed: {0}")]
    Other(String),
}

impl From<Failure> for ProbeError {
    fn from(failure: Failure) -> Self {
        match failure.kind() {
            ErrorKind::AuthenticationFailed => Self::Password,
            ErrorKind::Io => Self::OutOfReach(failure.to_string()),
            ErrorKind::Server(ServerErrorKind::NoPerm) => Self::Permission(failure.to_string()),
            ErrorKind::Server(ServerErrorKind::ReadOnly) => Self::Replica,
            ErrorKind::Server(ServerErrorKind::Moved | ServerErrorKind::CrossSlot) => Self::Spread,
            _ if failure.code() == Some("NOAUTH") => Self::Password,
            _ => Self::Other(failure.to_string()),
        }
    }
}

impl RedisConfig {
    /// Tries the Redis. Leaves nothing behind.
    ///
    /// # Errors
    /// What a server would fail at.
    pub async fn probe(&self) -> Result<RedisReport, ProbeError> {
        let client = self.client();
        let client = client.map_err(|error| ProbeError::Other(error.to_string()))?;
        let mut connection = in_time(connect(&client)).await?;
        let report = in_time(ask(&mut connection)).await?;
        in_time(self.use_scripts(&mut connection)).await?;
        let round_trip = in_time(self.hear_oneself(&client, &mut connection)).await?;
        Ok(RedisReport {
            round_trip,
            ..report
        })
    }

    /// What claims do: keys with a time to live, looked at by a script.
    async fn use_scripts(&self, connection: &mut MultiplexedConnection) -> Result<(), ProbeError> {
        let (first, second) = (self.name("node:check"), self.name("room:check"));
        let script = "redis.call('SET', KEYS[1], 'x', 'PX', ARGV[1]) \
                      local is_there = redis.call('EXISTS', ARGV[2]) \
                      redis.call('DEL', KEYS[1]) return is_there";
        let mut pipeline = redis::pipe();
        pipeline.cmd("SET").arg(&first).arg(1).arg("PX").arg(5_000);
        pipeline.cmd("EVAL").arg(script).arg(1);
        pipeline.arg(&second).arg(5_000).arg(&first);
        pipeline.cmd("GET").arg(&second);
        pipeline.cmd("DEL").arg(&first);
        let answers: (String, u8, Option<String>, u8) = pipeline.query_async(connection).await?;
        match answers {
            (_, 1, None, _) => Ok(()),
            other => Err(ProbeError::Other(format!("keys do not hold: {other:?}"))),
        }
    }

    /// What datagrams do.
    async fn hear_oneself(
        &self,
        client: &Client,
        connection: &mut MultiplexedConnection,
    ) -> Result<Duration, ProbeError> {
        let channel = self.name(&format!("to:{}", duet_protocol::generate_token()));
        let mut subscription = client.get_async_pubsub().await?;
        subscription.subscribe(&channel).await?;
        let started = Instant::now();
        let mut publish = redis::cmd("PUBLISH");
        publish.arg(&channel).arg("check");
        publish.query_async::<()>(connection).await?;
        match subscription.on_message().next().await {
            Some(_) => Ok(started.elapsed()),
            None => Err(ProbeError::OutOfReach("the connection broke".to_owned())),
        }
    }

    fn name(&self, rest: &str) -> String {
        format!("{}:{rest}", self.prefix)
    }
}

async fn in_time<T>(step: impl Future<Output = Result<T, ProbeError>>) -> Result<T, ProbeError> {
    let done = tokio::time::timeout(PATIENCE, step).await;
    done.unwrap_or(Err(ProbeError::Silent))
}

async fn connect(client: &Client) -> Result<MultiplexedConnection, ProbeError> {
    // Its own time-outs would speak of themselves; ours goes first.
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(PATIENCE * 2))
        .set_response_timeout(Some(PATIENCE * 2));
    let connection = client.get_multiplexed_async_connection_with_config(&config);
    Ok(connection.await?)
}

/// What it says of itself; nothing, if this user may not ask.
async fn ask(connection: &mut MultiplexedConnection) -> Result<RedisReport, ProbeError> {
    let said = redis::cmd("INFO").query_async::<String>(connection).await;
    let said = match said.map_err(ProbeError::from) {
        Ok(said) => said,
        Err(ProbeError::Permission(_)) => return Ok(RedisReport::default()),
        Err(error) => return Err(error),
    };
    let field = |name: &str| {
        said.lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
            .map(str::trim)
    };
    if field("redis_mode") == Some("cluster") {
        return Err(ProbeError::Spread);
    }
    if field("role") == Some("slave") {
        return Err(ProbeError::Replica);
    }
    let has_limit = field("maxmemory").is_some_and(|limit| limit != "0");
    let may_evict = field("maxmemory_policy").is_some_and(|policy| policy != "noeviction");
    Ok(RedisReport {
        version: field("redis_version").map(str::to_owned),
        may_evict: has_limit && may_evict,
        ..RedisReport::default()
    })
}
