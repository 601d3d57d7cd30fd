//! How many connections a server takes, asked of the server itself.

use ::redis::{RedisError, cmd};
use connreg::{ConnectError, ConnectionLimit};

use super::commands::Commands;
use super::error::classify;

/// `None`: the server does not say, as servers before 6.2 whose `CONFIG` the user may not read.
pub(super) async fn ask(commands: &mut Commands) -> Result<Option<ConnectionLimit>, ConnectError> {
    let failed = |error: RedisError| classify("INFO", error);
    let told: String = cmd("INFO").query_async(commands).await.map_err(failed)?;
    let limit = match number(&told, "maxclients") {
        Some(limit) => limit,
        None => match configured(commands).await {
            Some(limit) => limit,
            None => return Ok(None),
        },
    };
    let limit = ConnectionLimit::new(limit, format!("maxclients {limit}"));
    Ok(Some(
        limit
            .with_in_use(number(&told, "connected_clients"))
            .with_identity(field(&told, "run_id").map(str::to_owned)),
    ))
}

async fn configured(commands: &mut Commands) -> Option<u64> {
    let mut asked = cmd("CONFIG");
    asked.arg("GET").arg("maxclients");
    let answer: Vec<(String, u64)> = asked.query_async(commands).await.ok()?;
    answer.first().map(|(_, limit)| *limit)
}

/// One line of `INFO`: `key:value`.
fn field<'t>(told: &'t str, key: &str) -> Option<&'t str> {
    let mut lines = told.lines();
    lines.find_map(|line| line.strip_prefix(key)?.strip_prefix(':'))
}

fn number(told: &str, key: &str) -> Option<u64> {
    field(told, key)?.trim().parse().ok()
}
