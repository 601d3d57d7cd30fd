//! What a [`KeyValue`] promises, tried out. The suite and its tools are here, the promises in files by topic.

mod change;
mod expiry;
mod scan;
mod values;

use std::collections::BTreeSet;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use crate::capability::{KeyValue, KeyValueError};

/// How long an expired value may still be seen, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(10);

/// Puts a store through everything that [`KeyValue`] promises, under keys of its own, which it removes at the end.
///
/// Needs a Tokio runtime with time; on one with several threads, tasks compete truly.
///
/// # Panics
///
/// At the first promise that is broken, saying which.
///
/// # Examples
///
/// ```no_run
/// # async fn test() -> Result<(), connreg::Error> {
/// use connreg::capability::KeyValue;
///
/// let connections = connreg::Connections::load("tests/config").await?;
/// let store = connections.get_as::<dyn KeyValue>("my_store")?.client().await?.share();
/// connreg::testing::key_value::conformance(store).await;
/// # Ok(())
/// # }
/// ```
pub async fn conformance(store: Arc<dyn KeyValue>) {
    let number = fastrand::u64(..);
    let suite = Suite {
        store,
        prefix: format!("connreg-conformance-{number:016x}/"),
    };
    suite.what_is_not_there().await;
    suite.set_replaces().await;
    suite.any_bytes_come_back().await;
    suite.any_text_is_a_key().await;
    suite.an_empty_key_is_refused().await;
    suite.values_expire().await;
    suite.an_expired_value_is_gone_for_all_operations().await;
    suite.an_expiry_too_short_is_refused().await;
    suite.one_of_many_sets_if_absent().await;
    suite.swaps_compare().await;
    suite.one_of_many_swaps().await;
    suite.change_keeps_the_expiry().await;
    suite.increments_add().await;
    suite.increments_refuse().await;
    suite.increments_by_many_add_up().await;
    suite.scans_find_all_and_nothing_else().await;
    suite.scans_take_a_prefix_as_it_is().await;
    suite.remove_everything().await;
}

struct Suite {
    store: Arc<dyn KeyValue>,
    prefix: String,
}

impl Suite {
    fn key(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    async fn get(&self, key: &str) -> Option<Vec<u8>> {
        ok("get", self.store.get(key)).await
    }

    async fn set(&self, key: &str, value: &[u8], expiry: Option<Duration>) {
        ok("set", self.store.set(key, value, expiry)).await;
    }

    /// Sets a value that expires, and waits until it has.
    async fn set_and_outlive(&self, key: &str, value: &[u8]) {
        self.set(key, value, Some(Duration::from_millis(5))).await;
        self.outlive(key).await;
    }

    async fn outlive(&self, key: &str) {
        let end = Instant::now() + PATIENCE;
        while self.get(key).await.is_some() {
            assert!(
                Instant::now() < end,
                "a value with an expiry is there {PATIENCE:?} later"
            );
            sleep(Duration::from_millis(2)).await;
        }
    }

    async fn remove_everything(&self) {
        for key in self.scan(&self.prefix, 1000).await {
            ok("delete", self.store.delete(&key)).await;
        }
        let left = self.scan(&self.prefix, 1000).await;
        assert!(left.is_empty(), "deleted keys are found: {left:?}");
    }

    /// All keys with a prefix, page by page.
    async fn scan(&self, prefix: &str, limit: usize) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        let mut cursor = None;
        for _ in 0..100_000 {
            let page = ok("scan", self.store.scan(prefix, cursor.as_deref(), limit)).await;
            for key in page.keys {
                assert!(
                    key.starts_with(prefix),
                    "a scan for {prefix:?} found {key:?}"
                );
                found.insert(key);
            }
            cursor = page.next;
            if cursor.is_none() {
                return found;
            }
        }
        panic!("a scan for {prefix:?} never ends");
    }

    /// Who of 32 tasks succeeds.
    async fn compete<A, F>(&self, key: &str, attempt: A) -> Vec<usize>
    where
        A: Fn(Arc<dyn KeyValue>, String, usize) -> F,
        F: Future<Output = bool> + Send + 'static,
    {
        let mut tasks = JoinSet::new();
        for who in 0..32 {
            let attempt = attempt(Arc::clone(&self.store), key.to_owned(), who);
            tasks.spawn(async move { attempt.await.then_some(who) });
        }
        tasks.join_all().await.into_iter().flatten().collect()
    }
}

/// The outcome of what must not fail.
async fn ok<T>(what: &str, attempt: impl Future<Output = Result<T, KeyValueError>>) -> T {
    match attempt.await {
        Ok(outcome) => outcome,
        Err(error) => panic!("{what} failed: {error:?}"),
    }
}
