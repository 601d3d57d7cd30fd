//! Asking sentinels where a group's servers are, and servers what they are.

use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::time::Duration;

use ::redis::aio::MultiplexedConnection;
use ::redis::{AsyncConnectionConfig, Client, ConnectionInfo, FromRedisValue, Value, cmd};
use connreg::topology::Role;
use connreg::{ConnectError, ErrorKind};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout, timeout_at};

use super::address::Group;
use super::error::classify;
use super::resolver::Resolver;

/// How long one sentinel has.
pub(super) const SENTINEL_LIMIT: Duration = Duration::from_secs(1);

/// How long the others have once one has answered: one that was cut off may name a master of before.
const OTHERS_LIMIT: Duration = Duration::from_millis(100);

/// Where a sentinel says that the master is.
struct Named {
    host: String,
    port: u16,
    /// Grows with each fail-over: the greatest among the sentinels' is the newest.
    epoch: u64,
}

/// The master's address, from the sentinel that knows the newest.
pub(super) async fn master(group: &Group) -> Result<ConnectionInfo, ConnectError> {
    let mut asked = JoinSet::new();
    for sentinel in &group.sentinels {
        asked.spawn(named(sentinel.clone(), group.name.clone()));
    }
    // One that knows less than is known already was cut off, or was set up anew.
    let is_old = |named: &Named| named.epoch < group.epoch.load(Ordering::Relaxed);
    let (mut newest, mut failed, mut answers) = (None::<Named>, None, 0);
    let mut limit = Instant::now() + SENTINEL_LIMIT;
    while let Ok(Some(Ok(told))) = timeout_at(limit, asked.join_next()).await {
        match told {
            Ok(named) => {
                answers += 1;
                if !is_old(&named) {
                    limit = limit.min(Instant::now() + OTHERS_LIMIT);
                }
                newest = newest
                    .filter(|newest| newest.epoch >= named.epoch)
                    .or(Some(named));
            }
            Err(error) => failed = Some(error),
        }
    }
    match newest {
        // Most of them can't be cut off; what they say counts.
        Some(named) if is_old(&named) && answers * 2 <= group.sentinels.len() => {
            let message = "only sentinels answered that know of older fail-overs";
            Err(ConnectError::new(ErrorKind::Role, message))
        }
        Some(named) => {
            group.epoch.store(named.epoch, Ordering::Relaxed);
            group.master.at(&named.host, named.port)
        }
        None => Err(failed.unwrap_or_else(|| {
            let message = format!("no sentinel answered within {SENTINEL_LIMIT:?}");
            ConnectError::new(ErrorKind::Timeout, message)
        })),
    }
}

async fn named(sentinel: ConnectionInfo, group: String) -> Result<Named, ConnectError> {
    let attempted = format!("asking the sentinel at {}", sentinel.addr());
    let state: HashMap<String, String> = ask(&attempted, sentinel, "MASTER", &group).await?;
    let field = |name| state.get(name).map(String::as_str);
    let place = field("ip").zip(field("port").and_then(|port| port.parse().ok()));
    let Some((host, port)) = place else {
        let message = format!("{attempted} failed: it did not tell where the master is");
        return Err(ConnectError::new(ErrorKind::Protocol, message));
    };
    let epoch = field("config-epoch").and_then(|epoch| epoch.parse().ok());
    Ok(Named {
        host: host.to_owned(),
        port,
        epoch: epoch.unwrap_or(0),
    })
}

/// The addresses of the group's replicas, dead ones too, from the first sentinel that answers.
pub(super) async fn replicas(group: &Group) -> Result<Vec<ConnectionInfo>, ConnectError> {
    let mut asked = JoinSet::new();
    for sentinel in &group.sentinels {
        let (sentinel, group) = (sentinel.clone(), group.name.clone());
        asked.spawn(async move {
            let attempted = format!("asking the sentinel at {}", sentinel.addr());
            let told = ask(&attempted, sentinel, "REPLICAS", &group).await;
            told as Result<Vec<HashMap<String, String>>, ConnectError>
        });
    }
    let mut failed = None;
    while let Some(told) = asked.join_next().await {
        match told {
            Ok(Ok(replicas)) => {
                let places = replicas.iter().filter_map(|replica| {
                    let port = replica.get("port")?.parse().ok()?;
                    Some((replica.get("ip")?, port))
                });
                return places
                    .map(|(host, port)| group.master.at(host, port))
                    .collect();
            }
            Ok(Err(error)) => failed = Some(error),
            // It panicked, or the runtime ends.
            Err(_) => {}
        }
    }
    Err(failed.unwrap_or_else(|| ConnectError::new(ErrorKind::Configuration, "`nodes` is empty")))
}

async fn ask<T: FromRedisValue>(
    attempted: &str,
    sentinel: ConnectionInfo,
    what: &str,
    group: &str,
) -> Result<T, ConnectError> {
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(SENTINEL_LIMIT))
        .set_dns_resolver(Resolver(SENTINEL_LIMIT))
        .set_response_timeout(Some(SENTINEL_LIMIT));
    let answer = async {
        let mut connection = Client::open(sentinel)?
            .get_multiplexed_async_connection_with_config(&config)
            .await?;
        let mut question = cmd("SENTINEL");
        question
            .arg(what)
            .arg(group)
            .query_async(&mut connection)
            .await
    };
    match timeout(SENTINEL_LIMIT, answer).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(error))
            if error
                .detail()
                .is_some_and(|told| told.contains("No such master")) =>
        {
            let message = format!("{attempted} failed: it knows no group `{group}`");
            let help = "correct `master_name`, or `nodes`";
            Err(ConnectError::new(ErrorKind::Configuration, message).with_help(help))
        }
        Ok(Err(error)) => Err(classify(attempted, error)),
        Err(_) => {
            let message = format!("{attempted} took longer than {SENTINEL_LIMIT:?}");
            Err(ConnectError::new(ErrorKind::Timeout, message))
        }
    }
}

/// What the server at the other end is. `Unknown`: the user may not ask.
pub(super) async fn role(
    attempted: &str,
    connection: &mut MultiplexedConnection,
    limit: Duration,
) -> Result<Role, ConnectError> {
    let asked = timeout(limit, cmd("ROLE").query_async::<Vec<Value>>(connection)).await;
    let role = match asked {
        Ok(Ok(told)) => told.into_iter().next(),
        Ok(Err(error)) if error.code() == Some("NOPERM") => return Ok(Role::Unknown),
        Ok(Err(error)) => return Err(classify(attempted, error)),
        Err(_) => {
            let message = format!("{attempted} failed: it did not tell its role within {limit:?}");
            return Err(ConnectError::new(ErrorKind::Timeout, message));
        }
    };
    match role {
        Some(Value::BulkString(role)) if role == b"master" => Ok(Role::Primary),
        _ => Ok(Role::Replica),
    }
}

/// Sentinels may still name a master that has just been demoted, or has just come back as a replica.
pub(super) async fn prove_master(
    attempted: &str,
    connection: &mut MultiplexedConnection,
    limit: Duration,
) -> Result<(), ConnectError> {
    // A user who may not ask is let through: a write will tell.
    if role(attempted, connection, limit).await? != Role::Replica {
        return Ok(());
    }
    let message = format!("{attempted} failed: the sentinels' master is not one yet");
    Err(ConnectError::new(ErrorKind::Role, message))
}
