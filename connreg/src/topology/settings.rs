//! The numbers, with the experience that they come from.

use std::time::Duration;

/// The numbers of fail-over, and of the choice among servers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopologySettings {
    /// How often roles are looked at while all is well, ± 10 % [30 s].
    pub look_interval: Duration,
    /// How often they are looked at when something has changed, and five times after a replica is first seen [100 ms].
    pub alert_interval: Duration,
    /// How long that lasts after a change, a refused write or a lost primary [30 s].
    pub alert_for: Duration,
    /// How long a writer waits for a primary [5 s].
    pub failover_timeout: Duration,
    /// How far a replica may be behind and still be read from [10 s]; `None`: any distance.
    pub max_replica_lag: Option<Duration>,
    /// How long a replica that failed or lags is not read from [60 s].
    pub ban: Duration,
    /// Replicas that answer within so much of the fastest count as equals [15 ms].
    pub near: Duration,
    /// The shortest time between two switches that no server's own word has brought about [12 s].
    pub switch_pause: Duration,
    /// How long the preferred one of equals must have worked before it is used again [60 s].
    pub switch_back_after: Duration,
    /// How long a session that wrote reads from the primary [2 s].
    pub read_your_writes: Duration,
}

impl Default for TopologySettings {
    /// Looks and `failover_timeout` as the AWS wrappers have them, `near` as `MongoDB`'s drivers, the ban as `PgCat`,
    /// `read_your_writes` as Rails.
    fn default() -> Self {
        Self {
            look_interval: Duration::from_secs(30),
            alert_interval: Duration::from_millis(100),
            alert_for: Duration::from_secs(30),
            failover_timeout: Duration::from_secs(5),
            max_replica_lag: Some(Duration::from_secs(10)),
            ban: Duration::from_mins(1),
            near: Duration::from_millis(15),
            switch_pause: Duration::from_secs(12),
            switch_back_after: Duration::from_mins(1),
            read_your_writes: Duration::from_secs(2),
        }
    }
}
