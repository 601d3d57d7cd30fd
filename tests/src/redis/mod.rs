//! Redis in all its forms: one server, a sentinel's group, a cluster, keys on a shared server.

mod cluster;
mod keys;
mod sentinel;
mod server;

pub use cluster::RedisCluster;
pub use keys::RedisKeys;
pub(crate) use keys::stop_shared;
pub use sentinel::RedisSentinel;
pub use server::{Redis, RedisOptions};

use std::time::Duration;

use crate::error::HarnessError;

/// How long one command of the harness itself may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// A connection for the harness's own commands.
fn connect(url: &str) -> Result<redis::Connection, HarnessError> {
    let open = || {
        let connection = redis::Client::open(url)?.get_connection_with_timeout(ANSWER_WITHIN)?;
        connection.set_read_timeout(Some(ANSWER_WITHIN))?;
        connection.set_write_timeout(Some(ANSWER_WITHIN))?;
        Ok(connection)
    };
    open().map_err(|error: redis::RedisError| HarnessError::failed("can't connect to Redis", error))
}

fn command<T: redis::FromRedisValue>(
    connection: &mut redis::Connection,
    words: &[&str],
) -> Result<T, HarnessError> {
    let mut command = redis::Cmd::new();
    for word in words {
        command.arg(word);
    }
    command
        .query(connection)
        .map_err(|error| HarnessError::failed(format_args!("Redis, {}", words.join(" ")), error))
}
