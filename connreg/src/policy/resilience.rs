//! The engines of one connection, made from its policy.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::SemaphorePermit;
use tokio::time::Instant;

use super::budget::RetryBudget;
use super::bulkhead::{Bulkhead, Refusal};
use super::{CircuitBreaker, Policy, RetrySettings};
use crate::error::{ConnectError, ErrorKind};

/// The engines of one connection.
#[derive(Debug)]
pub(crate) struct Resilience {
    pub(crate) breaker: CircuitBreaker,
    pub(crate) retry: RetrySettings,
    pub(crate) budget: RetryBudget,
    pub(crate) operation_timeout: Option<Duration>,
    bulkhead: Option<Bulkhead>,
}

impl Resilience {
    pub(crate) fn new(name: &Arc<str>, policy: &Policy) -> Self {
        Self {
            breaker: CircuitBreaker::new(Arc::clone(name), policy.circuit_breaker.clone()),
            retry: policy.retry.clone(),
            budget: RetryBudget::default(),
            operation_timeout: policy.operation_timeout,
            bulkhead: Bulkhead::new(&policy.bulkhead),
        }
    }

    /// A turn, where only so much may be under way at a time.
    pub(crate) async fn turn(
        &self,
        deadline: Option<Instant>,
    ) -> Result<Option<SemaphorePermit<'_>>, ConnectError> {
        let Some(bulkhead) = &self.bulkhead else {
            return Ok(None);
        };
        match bulkhead.enter(deadline).await {
            Ok(turn) => Ok(Some(turn)),
            Err(refusal) => Err(no_turn(refusal, bulkhead)),
        }
    }
}

#[cold]
fn no_turn(refusal: Refusal, bulkhead: &Bulkhead) -> ConnectError {
    let figures = bulkhead.figures();
    let message = match refusal {
        Refusal::Full => format!("not tried: its queue is full: {figures}"),
        Refusal::Waited => format!("not tried: its turn did not come in time: {figures}"),
    };
    ConnectError::new(ErrorKind::Overloaded, message)
        .with_help("send less work side by side, or raise `bulkhead.max_concurrent`")
}
