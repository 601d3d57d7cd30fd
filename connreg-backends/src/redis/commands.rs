//! The handle that takes ordinary commands: cheap to clone, all clones share one connection.

use std::sync::Arc;

use ::redis::aio::ConnectionLike;
use ::redis::cluster_async::ClusterConnection;
use ::redis::{Cmd, Pipeline, RedisError, RedisFuture, Value};
use connreg::ErrorKind;

use super::error::OwnWord;
use super::link::{Link, Up};
use super::words::{Effect, effect, name};

/// Takes the commands of [`redis::AsyncCommands`](::redis::AsyncCommands), single ones and pipelines.
///
/// All clones write to one connection and read the answers in order, which is the fastest way to use Redis. What
/// would hold up the others (`BLPOP`, …) or change the connection under them (`WATCH`, `SELECT`, …) is refused: take
/// a [lease](super::Client::acquire) for it.
#[derive(Clone)]
pub struct Commands {
    pub(super) shared: Shared,
    pub(super) database: i64,
    kept: Option<Up>,
}

impl Commands {
    pub(super) fn new(shared: Shared, database: i64) -> Self {
        Self {
            shared,
            database,
            kept: None,
        }
    }
}

/// What is shared.
#[derive(Clone)]
pub(super) enum Shared {
    Node(Arc<Link>),
    Cluster(ClusterConnection),
}

impl ConnectionLike for Commands {
    fn req_packed_command<'a>(&'a mut self, command: &'a Cmd) -> RedisFuture<'a, Value> {
        Box::pin(async move {
            refuse_exclusive(command)?;
            match &mut self.shared {
                Shared::Node(link) => {
                    let up = link.get(&mut self.kept).await?;
                    let outcome = up.connection.send_packed_command(command).await;
                    link.judge(up, &outcome);
                    outcome
                }
                Shared::Cluster(connection) => connection.req_packed_command(command).await,
            }
        })
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        pipeline: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        Box::pin(async move {
            pipeline.cmd_iter().try_for_each(refuse_exclusive)?;
            match &mut self.shared {
                Shared::Node(link) => {
                    let up = link.get(&mut self.kept).await?;
                    let outcome = up
                        .connection
                        .send_packed_commands(pipeline, offset, count)
                        .await;
                    link.judge(up, &outcome);
                    outcome
                }
                Shared::Cluster(connection) => {
                    connection
                        .req_packed_commands(pipeline, offset, count)
                        .await
                }
            }
        })
    }

    fn get_db(&self) -> i64 {
        self.database
    }
}

fn refuse_exclusive(command: &Cmd) -> Result<(), RedisError> {
    let why = match effect(command) {
        Effect::None => return Ok(()),
        Effect::Blocks(_) => "would hold up all others",
        Effect::Watches | Effect::Unwatches | Effect::ChangesState => {
            "would change it for all others"
        }
    };
    let name = name(command);
    let message = format!(
        "{name} on the shared connection {why}; use a lease (`client.acquire()`), \
         `client.transaction(…)` or `client.subscribe(…)`"
    );
    Err(OwnWord::new(ErrorKind::Other, message).into_driver())
}

impl std::fmt::Debug for Commands {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Commands")
            .field("database", &self.database)
            .finish_non_exhaustive()
    }
}
