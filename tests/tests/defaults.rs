//! The defaults that `docs/configuration.md` promises, each with its number.

use std::time::Duration;

use connreg::{Jitter, Policy, RetryStrategy, TestOnBorrow};

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn defaults_are_as_promised() {
    let Policy {
        connect_timeout,
        operation_timeout,
        close_timeout,
        required,
        lazy,
        enabled,
        pool,
        retry,
        circuit_breaker,
        bulkhead,
        health_check,
        ..
    } = Policy::default();
    assert_eq!(connect_timeout, seconds(10));
    assert_eq!(operation_timeout, None);
    assert_eq!(close_timeout, seconds(30));
    assert!(required && lazy && enabled);

    assert_eq!(
        (pool.max_size, pool.min_size, pool.max_connecting),
        (10, 0, 2)
    );
    assert_eq!(pool.acquire_timeout, seconds(5));
    assert_eq!(pool.idle_timeout, seconds(10 * 60));
    assert_eq!(pool.max_lifetime, seconds(30 * 60));
    assert_eq!(pool.test_on_borrow, TestOnBorrow::Auto);
    assert!(!pool.test_while_idle);
    assert_eq!(pool.leak_warning, seconds(60));
    assert_eq!(pool.slow_acquire_warning, seconds(2));

    assert!(retry.enabled && retry.budget.enabled);
    assert_eq!(retry.max_attempts, 3);
    assert_eq!(retry.base_delay, Duration::from_millis(100));
    assert_eq!(retry.max_delay, seconds(10));
    assert!((retry.multiplier - 2.0).abs() < f64::EPSILON);
    assert_eq!(retry.jitter, Jitter::Full);
    assert_eq!(retry.strategy, RetryStrategy::Exponential);
    assert!((retry.budget.ratio - 0.2).abs() < f64::EPSILON);
    assert_eq!(retry.budget.min_concurrent, 3);

    assert!(circuit_breaker.enabled);
    assert_eq!(circuit_breaker.failure_threshold, 5);
    assert_eq!(circuit_breaker.failure_window, seconds(60));
    assert_eq!(circuit_breaker.recovery_timeout, seconds(30));
    assert_eq!(circuit_breaker.success_threshold, 2);

    assert_eq!((bulkhead.max_concurrent, bulkhead.max_queue), (None, None));
    assert_eq!(bulkhead.max_wait, seconds(5));

    assert!(health_check.enabled);
    assert_eq!(health_check.interval, seconds(30));
    assert_eq!(health_check.timeout, seconds(5));
    assert_eq!(
        (
            health_check.failure_threshold,
            health_check.success_threshold
        ),
        (3, 1)
    );
}
