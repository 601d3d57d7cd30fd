//! The handle that takes ordinary commands: cheap to clone, all clones share one connection.

use std::sync::Arc;

use ::redis::aio::ConnectionLike;
use ::redis::cluster_async::ClusterConnection;
use ::redis::{Cmd, Pipeline, RedisError, RedisFuture, Value};
use connreg::ErrorKind;
use connreg::topology::{LastWrite, TopologySettings};

use super::error::OwnWord;
use super::link::{Link, Up};
use super::replicas::Replicas;
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
    pub(super) session: Session,
    kept: Option<Up>,
}

/// Whether somebody wants to see his own writes.
#[derive(Clone, Default)]
pub(super) enum Session {
    /// Nobody does.
    #[default]
    None,
    /// Whatever is sent may write.
    Writes(Arc<LastWrite>),
    /// Reads go to the master after a write.
    Reads(Arc<LastWrite>),
}

impl Session {
    /// A request begins; it ends when what is given is dropped, be it that its caller has given it up.
    fn begin(&self) -> UnderWay {
        UnderWay(match self {
            Self::Writes(last) => {
                last.wrote();
                Some(Arc::clone(last))
            }
            Self::None | Self::Reads(_) => None,
        })
    }

    /// Whether what is read must be as new as the master has it.
    fn is_strict(&self) -> bool {
        match self {
            Self::Reads(last) => last.is_recent(&TopologySettings::default()),
            Self::None | Self::Writes(_) => false,
        }
    }
}

/// A request that may write.
struct UnderWay(Option<Arc<LastWrite>>);

impl Drop for UnderWay {
    fn drop(&mut self) {
        if let Some(last) = &self.0 {
            last.wrote();
        }
    }
}

impl Commands {
    pub(super) fn new(shared: Shared, database: i64) -> Self {
        Self {
            shared,
            database,
            session: Session::None,
            kept: None,
        }
    }
}

/// What is shared.
#[derive(Clone)]
pub(super) enum Shared {
    Node(Arc<Link>),
    Cluster(ClusterConnection),
    /// The replicas of a sentinel's group, to read from.
    Replicas(Arc<Replicas>),
    /// A connection that reads from a cluster's replicas, and the ordinary one.
    ClusterReplicas {
        reads: ClusterConnection,
        main: ClusterConnection,
    },
}

/// Sends a request through what is shared: `node` to one server, `cluster` to a cluster.
macro_rules! send {
    ($self:expr, $connection:ident => $node:expr, $cluster:expr) => {{
        let _under_way = $self.session.begin();
        let is_strict = $self.session.is_strict();
        match &mut $self.shared {
            Shared::Node(link) => {
                let up = link.get(&mut $self.kept).await?;
                let $connection = &mut up.connection;
                let outcome = $node.await;
                link.judge(up, &outcome);
                outcome
            }
            Shared::Replicas(replicas) => {
                let mut left = replicas.count();
                loop {
                    let mut route = replicas.route(is_strict).await?;
                    let $connection = &mut route.up.connection;
                    let outcome = $node.await;
                    // What a replica was asked changes nothing, and may be asked elsewhere.
                    if !route.has_lost_replica(&outcome) || left == 0 {
                        break outcome;
                    }
                    left -= 1;
                }
            }
            Shared::Cluster($connection) => $cluster.await,
            Shared::ClusterReplicas { reads, main } => {
                let $connection = if is_strict { main } else { reads };
                $cluster.await
            }
        }
    }};
}

impl ConnectionLike for Commands {
    fn req_packed_command<'a>(&'a mut self, command: &'a Cmd) -> RedisFuture<'a, Value> {
        Box::pin(async move {
            refuse_exclusive(command)?;
            send!(
                self,
                connection => connection.send_packed_command(command),
                connection.req_packed_command(command)
            )
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
            send!(
                self,
                connection => connection.send_packed_commands(pipeline, offset, count),
                connection.req_packed_commands(pipeline, offset, count)
            )
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
