//! Configuration as .NET services write it.

use std::time::Duration;

use connreg::{Jitter, RetryStrategy};

use crate::defaults::told;
use crate::explain::{explained, layers};
use crate::folder::Folder;

const APPSETTINGS: &str = r#"{
  "Logging": { "LogLevel": { "Default": "Information" } },
  "ConnectionPooling": {
    "MaxPoolSize": 40,
    "MinPoolSize": 2,
    "ConnectionTimeout": "00:00:15",
    "IdleTimeout": "00:05:00",
    "ConnectionLifetime": 600, // seconds
  },
  "Connections": {
    "CustomerDB": {
      "ConnectionType": "Pg",
      "Database": "customers",
      "EnableHealthChecks": false,
      "RetryPolicy": {
        "Type": "ExponentialBackoff",
        "MaxRetries": 3,
        "InitialDelay": "00:00:01",
        "UseJitter": true,
      },
    },
  },
}"#;

#[test]
fn its_names_are_understood() {
    let folder = Folder::new().file("appsettings.json", APPSETTINGS);
    let told = told(&folder, "customer_db");
    assert_eq!((told.max_size, told.min_size), (40, 2));
    assert_eq!(told.connect_timeout, Duration::from_secs(15));
    assert_eq!(told.base_delay, Duration::from_secs(1));
    assert_eq!(told.strategy, RetryStrategy::Exponential);
    assert_eq!(told.jitter, Jitter::Full);
    assert!(!told.monitored);
}

#[test]
fn retries_are_counted_without_the_first_attempt() {
    for (retry, attempts) in [
        ("max_retries: 3", 4),
        ("MaxRetryAttempts: '5'", 6),
        ("max-retry-count: 0", 1),
        ("retryCount: '${N}'", 3),
        ("max_retries: 99", 100),
        ("max_attempts: 3", 3),
    ] {
        let text = format!("db: {{pg: {{database: d, retry: {{{retry}}}}}}}");
        let folder = Folder::new().file("application.yaml", text).env("N", "2");
        assert_eq!(told(&folder, "pg").max_attempts, attempts, "{retry}");
    }
    let folder = Folder::new().file(
        "application.yaml",
        "defaults: {retry: {max_retries: 1}}\ndb: {pg: {database: d}}",
    );
    assert_eq!(told(&folder, "pg").max_attempts, 2);
    let folder = folder.env("CONNREG__PG__RETRY__MAX_RETRIES", "7");
    assert_eq!(told(&folder, "pg").max_attempts, 8);
    let explanation = explained(&folder, "pg.retry.max_attempts").expect("a setting");
    assert_eq!(
        layers(&folder, &explanation),
        [
            "> environment: 8, $CONNREG__PG__RETRY__MAX_RETRIES",
            "defaults: 2, application.yaml:1:33",
            "default: 3, default",
        ]
    );
}

#[test]
fn a_wrong_number_of_retries_is_told() {
    for (value, message) in [
        ("many", "expected a whole number, found `many`"),
        ("100", "101 is too large; write a value in 1..=100"),
        ("[]", "expected a whole number, found a list"),
    ] {
        let text = format!("db: {{pg: {{database: d, retry: {{max_retries: {value}}}}}}}");
        let errors = Folder::new().file("application.yaml", text).errors();
        let expected =
            format!("error: application.yaml:1:45: `db.pg.retry.max_retries`: {message}");
        assert_eq!(errors, [expected]);
    }
}

#[test]
fn mistakes_in_the_section_of_pools_are_told_where_they_are() {
    Folder::new()
        .file(
            "appsettings.json",
            r#"{"ConnectionPooling": {"MaxPoolSise": 1, "Pooling": true, "MinPoolSize": -1, "PoolTimeout": "x"}}"#,
        )
        .says(&[
            "error: appsettings.json:1:24: `ConnectionPooling.MaxPoolSise`: unknown key; did you mean `max_pool_size`?",
            "error: appsettings.json:1:42: `ConnectionPooling.Pooling`: unknown key; known keys: max_size, min_size, acquire_timeout, idle_timeout, max_lifetime, test_on_borrow, test_while_idle, max_connecting, leak_warning, slow_acquire_warning",
            "error: appsettings.json:1:74: `ConnectionPooling.MinPoolSize`: -1 is out of range, which is 0..=10_000",
            "error: appsettings.json:1:93: `ConnectionPooling.PoolTimeout`: expected a duration such as \"30s\", found `x`",
        ]);
}
