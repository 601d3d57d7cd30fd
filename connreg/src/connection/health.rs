//! One connection's health, from its state and the history of its checks.

use std::time::Duration;

use tokio::time::Instant;

use super::slot::AnySlot;
use crate::health::{Health, HealthStatus};
use crate::lifecycle::State;

/// After how many intervals without a word the last one is too old.
const STALE: u32 = 3;

impl dyn AnySlot + '_ {
    /// What is known of it alone, whatever it uses.
    pub(crate) fn health(&self) -> Health {
        let core = self.core();
        let context = core.context();
        let settings = &context.policy().health_check;
        let history = core.lifecycle().history();
        let age = history.learnt.map(|learnt| Instant::now() - learnt);
        let patience = (settings.interval + settings.timeout) * STALE;
        let is_stale = |age: Duration| settings.enabled && age > patience;
        let failing = history.last_error.is_some();
        let status = match core.state() {
            State::Initialized => HealthStatus::Unknown,
            State::Unhealthy | State::Failed | State::Closed => HealthStatus::Down,
            // An attempt after one that failed changes nothing yet.
            State::Connecting if failing => HealthStatus::Down,
            State::Connecting if self.opened().is_none() => HealthStatus::Unknown,
            _ if age.is_some_and(is_stale) => HealthStatus::Unknown,
            _ if failing => HealthStatus::Degraded,
            State::Connecting | State::Connected | State::Executing => HealthStatus::Up,
        };
        Health {
            connection: core.name().to_string(),
            connection_type: core.connection_type(),
            status,
            required: context.policy().required,
            checked_at: history.checked_at,
            age,
            latency: history.latency,
            failed_checks: if history.failing { history.streak } else { 0 },
            last_error: history.last_error,
            caused_by: None,
        }
    }
}
