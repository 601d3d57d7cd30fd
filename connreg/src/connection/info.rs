//! What is known of a connection at one moment.

use std::time::{Duration, SystemTime};

use super::slot::AnySlot;
use crate::error::Error;
use crate::event::BreakerState;
use crate::lifecycle::State;
use crate::observe::OperationStatistics;
use crate::pool::PoolStatistics;
use crate::registry::ConnectionType;

/// What is known of a connection at one moment. Holds no setting's value, so no secret.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ConnectionInfo {
    /// The connection's number, unique within the process.
    pub id: u64,
    /// As it was configured.
    pub name: String,
    /// Its type.
    pub connection_type: ConnectionType,
    /// Where it is in its life.
    pub state: State,
    /// Whether the service is unhealthy without it.
    pub required: bool,
    /// The words it was tagged with.
    pub tags: Vec<String>,
    /// When it was loaded.
    pub created_at: SystemTime,
    /// When the last operation began that the connection was told of: `run`, a transaction, a stream.
    pub last_used_at: Option<SystemTime>,
    /// How many operations are under way.
    pub executing: usize,
    /// When its present client was opened.
    pub connected_at: Option<SystemTime>,
    /// When it was last checked.
    pub checked_at: Option<SystemTime>,
    /// How long the last check took.
    pub latency: Option<Duration>,
    /// How often a client was opened.
    pub connects: u64,
    /// How often opening or a check failed.
    pub failures: u64,
    /// How often it has gone over to another server.
    pub failovers: u64,
    /// Why it does not work, if it does not.
    pub last_error: Option<Error>,
    /// What became of its operations: those of `run` and its kin.
    pub operations: OperationStatistics,
    /// Whether its circuit breaker lets work through.
    pub circuit_breaker: BreakerState,
    /// The figures of its pool, if it is open and has one.
    pub pool: Option<PoolStatistics>,
}

impl ConnectionInfo {
    pub(super) fn of(slot: &dyn AnySlot) -> Self {
        let core = slot.core();
        let context = core.context();
        let lifecycle = core.lifecycle();
        let history = lifecycle.history();
        Self {
            id: core.id(),
            name: core.name().to_string(),
            connection_type: core.connection_type(),
            state: core.state(),
            required: context.policy().required,
            tags: context.policy().tags.clone(),
            created_at: lifecycle.created_at(),
            last_used_at: core.last_used_at(),
            executing: core.executing(),
            connected_at: history.connected_at,
            checked_at: history.checked_at,
            latency: history.latency,
            connects: history.connects,
            failures: history.failures,
            failovers: history.failovers,
            last_error: history.last_error,
            operations: core.operations().statistics(),
            circuit_breaker: core.breaker_state(),
            pool: slot.opened().and_then(|open| open.statistics()),
        }
    }
}
