//! Asking sentinels where a group's master is.

use std::time::Duration;

use ::redis::aio::MultiplexedConnection;
use ::redis::{AsyncConnectionConfig, Client, ConnectionInfo, RedisResult, Value, cmd};
use connreg::{ConnectError, ErrorKind};
use tokio::time::timeout;

use super::address::Group;
use super::error::classify;
use super::resolver::Resolver;

/// How long one sentinel has, so that a dead one does not use up the time of all.
const SENTINEL_LIMIT: Duration = Duration::from_secs(1);

/// The master's address, from the first sentinel that knows.
pub(super) async fn master(group: &Group) -> Result<ConnectionInfo, ConnectError> {
    let mut failed = None;
    for sentinel in &group.sentinels {
        let attempted = format!("asking the sentinel at {}", sentinel.addr());
        match timeout(SENTINEL_LIMIT, ask(sentinel, &group.name)).await {
            Ok(Ok(Some((host, port)))) => return group.master.at(&host, port),
            Ok(Ok(None)) => {
                let message = format!("{attempted} failed: it knows no group `{}`", group.name);
                failed = Some(
                    ConnectError::new(ErrorKind::Configuration, message)
                        .with_help("correct `master_name`, or `nodes`"),
                );
            }
            Ok(Err(error)) => failed = Some(classify(&attempted, error)),
            Err(_) => {
                let message = format!("{attempted} took longer than {SENTINEL_LIMIT:?}");
                failed = Some(ConnectError::new(ErrorKind::Timeout, message));
            }
        }
    }
    Err(failed.unwrap_or_else(|| ConnectError::new(ErrorKind::Configuration, "`nodes` is empty")))
}

async fn ask(sentinel: &ConnectionInfo, group: &str) -> RedisResult<Option<(String, u16)>> {
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(SENTINEL_LIMIT))
        .set_dns_resolver(Resolver(SENTINEL_LIMIT))
        .set_response_timeout(Some(SENTINEL_LIMIT));
    let client = Client::open(sentinel.clone())?;
    let mut connection = client
        .get_multiplexed_async_connection_with_config(&config)
        .await?;
    let mut question = cmd("SENTINEL");
    question.arg("GET-MASTER-ADDR-BY-NAME").arg(group);
    question.query_async(&mut connection).await
}

/// Sentinels may still name a master that has just been demoted, or has just come back as a replica.
pub(super) async fn prove_master(
    attempted: &str,
    connection: &mut MultiplexedConnection,
    limit: Duration,
) -> Result<(), ConnectError> {
    let asked = timeout(limit, cmd("ROLE").query_async::<Vec<Value>>(connection)).await;
    let role = match asked {
        Ok(Ok(told)) => told.into_iter().next(),
        // A user who may not ask is let through: a write will tell.
        Ok(Err(error)) if error.code() == Some("NOPERM") => return Ok(()),
        Ok(Err(error)) => return Err(classify(attempted, error)),
        Err(_) => {
            let message = format!("{attempted} failed: it did not tell its role within {limit:?}");
            return Err(ConnectError::new(ErrorKind::Timeout, message));
        }
    };
    match role {
        Some(Value::BulkString(role)) if role == b"master" => Ok(()),
        _ => {
            let message = format!("{attempted} failed: the sentinels' master is not one yet");
            Err(ConnectError::new(ErrorKind::Role, message))
        }
    }
}
