//! What a [`KeyValue`] promises, tried out.

use std::collections::BTreeSet;
use std::future::Future;
use std::hash::{BuildHasher, RandomState};
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
    let number = RandomState::new().hash_one(Instant::now().elapsed());
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

    async fn what_is_not_there(&self) {
        let key = self.key("absent");
        assert_eq!(self.get(&key).await, None, "get of nothing");
        assert!(
            !ok("delete", self.store.delete(&key)).await,
            "delete of nothing says so"
        );
    }

    async fn set_replaces(&self) {
        let key = self.key("replaced");
        self.set(&key, b"one", None).await;
        assert_eq!(
            self.get(&key).await.as_deref(),
            Some(&b"one"[..]),
            "what was set is there"
        );
        self.set(&key, b"two", None).await;
        assert_eq!(
            self.get(&key).await.as_deref(),
            Some(&b"two"[..]),
            "set replaces"
        );
        assert!(
            ok("delete", self.store.delete(&key)).await,
            "delete of something says so"
        );
        assert_eq!(self.get(&key).await, None, "what was deleted is gone");
        assert!(
            !ok("delete", self.store.delete(&key)).await,
            "the second delete finds nothing"
        );
    }

    async fn any_bytes_come_back(&self) {
        let every_byte: Vec<u8> = (0..=255).collect();
        let long: Vec<u8> = every_byte.iter().copied().cycle().take(1 << 20).collect();
        for value in [Vec::new(), every_byte, b"\r\n\0".to_vec(), long] {
            let key = self.key("bytes");
            self.set(&key, &value, None).await;
            let found = self.get(&key).await;
            assert!(
                found.as_ref() == Some(&value),
                "{} bytes came back otherwise",
                value.len()
            );
        }
    }

    async fn any_text_is_a_key(&self) {
        let long = "k".repeat(1024);
        let names = [
            "ключ",
            "🔑",
            "a b",
            "*",
            "?",
            "[a]",
            "\\",
            "line\nbreak",
            "nul\0",
            "'\"--",
            &long,
        ];
        for name in names {
            self.set(&self.key(name), name.as_bytes(), None).await;
        }
        for name in names {
            let found = self.get(&self.key(name)).await;
            assert_eq!(found.as_deref(), Some(name.as_bytes()), "the key {name:?}");
        }
        let (upper, lower) = (self.key("Case"), self.key("case"));
        self.set(&upper, b"upper", None).await;
        assert_eq!(self.get(&lower).await, None, "keys differ by case");
    }

    async fn an_empty_key_is_refused(&self) {
        let store = &self.store;
        assert!(store.get("").await.is_err(), "get takes an empty key");
        assert!(
            store.set("", b"", None).await.is_err(),
            "set takes an empty key"
        );
        assert!(
            store.set_if_absent("", b"", None).await.is_err(),
            "set_if_absent takes an empty key"
        );
        assert!(
            store.compare_and_swap("", None, b"").await.is_err(),
            "compare_and_swap takes an empty key"
        );
        assert!(store.delete("").await.is_err(), "delete takes an empty key");
        assert!(
            store.increment("", 1).await.is_err(),
            "increment takes an empty key"
        );
    }

    async fn values_expire(&self) {
        let hour = Some(Duration::from_hours(1));
        let (short, long, replaced, huge) = (
            self.key("short"),
            self.key("long"),
            self.key("replaced"),
            self.key("huge"),
        );
        self.set(&long, b"x", hour).await;
        self.set(&huge, b"x", Some(Duration::MAX)).await;
        self.set(&replaced, b"x", Some(Duration::from_millis(20)))
            .await;
        self.set(&replaced, b"y", None).await;
        self.set(&short, b"x", Some(Duration::from_millis(40)))
            .await;
        self.outlive(&short).await;
        assert!(
            self.get(&long).await.is_some(),
            "a value is gone before its hour has passed"
        );
        assert!(
            self.get(&huge).await.is_some(),
            "the longest expiry there is ends at once"
        );
        assert_eq!(
            self.get(&replaced).await.as_deref(),
            Some(&b"y"[..]),
            "set without an expiry left the one that was there"
        );
        self.set(&long, b"x", Some(Duration::from_millis(5))).await;
        self.outlive(&long).await;
    }

    async fn an_expired_value_is_gone_for_all_operations(&self) {
        let key = self.key("expired");
        self.set_and_outlive(&key, b"7").await;
        assert!(
            !ok("delete", self.store.delete(&key)).await,
            "delete finds an expired value"
        );
        self.set_and_outlive(&key, b"7").await;
        let swapped = self.store.compare_and_swap(&key, Some(b"7"), b"8");
        assert!(
            !ok("compare_and_swap", swapped).await,
            "an expired value was swapped"
        );
        let swapped = self.store.compare_and_swap(&key, None, b"8");
        assert!(
            ok("compare_and_swap", swapped).await,
            "an expired value counts as there"
        );
        self.set_and_outlive(&key, b"7").await;
        let set = self.store.set_if_absent(&key, b"new", None);
        assert!(
            ok("set_if_absent", set).await,
            "an expired value counts as there"
        );
        assert_eq!(
            self.get(&key).await.as_deref(),
            Some(&b"new"[..]),
            "what took its place"
        );
        self.set_and_outlive(&key, b"7").await;
        assert_eq!(
            ok("increment", self.store.increment(&key, 1)).await,
            1,
            "of an expired number"
        );
        assert_eq!(
            self.get(&key).await.as_deref(),
            Some(&b"1"[..]),
            "the new number has no expiry"
        );
    }

    async fn an_expiry_too_short_is_refused(&self) {
        let key = self.key("too short");
        self.set(&key, b"before", None).await;
        for short in [Duration::ZERO, Duration::from_micros(999)] {
            let set = self.store.set(&key, b"after", Some(short)).await;
            assert!(set.is_err(), "set takes an expiry of {short:?}");
            let set = self
                .store
                .set_if_absent(&self.key("too short too"), b"", Some(short))
                .await;
            assert!(set.is_err(), "set_if_absent takes an expiry of {short:?}");
        }
        let found = self.get(&key).await;
        assert_eq!(
            found.as_deref(),
            Some(&b"before"[..]),
            "a refused set changed something"
        );
    }

    async fn one_of_many_sets_if_absent(&self) {
        let key = self.key("claimed");
        let claim = |store: Arc<dyn KeyValue>, key: String, who: usize| async move {
            let value = who.to_string().into_bytes();
            ok("set_if_absent", store.set_if_absent(&key, &value, None)).await
        };
        let winners = self.compete(&key, claim).await;
        assert_eq!(
            winners.len(),
            1,
            "set_if_absent had these winners: {winners:?}"
        );
        let found = self.get(&key).await;
        assert_eq!(
            found,
            Some(winners[0].to_string().into_bytes()),
            "the winner's value is there"
        );

        let key = self.key("claimed for a while");
        let set = self
            .store
            .set_if_absent(&key, b"x", Some(Duration::from_millis(5)));
        assert!(ok("set_if_absent", set).await, "nothing was there");
        self.outlive(&key).await;
    }

    async fn swaps_compare(&self) {
        let key = self.key("swapped");
        let swap = |expected: Option<&'static [u8]>, new: &'static [u8]| {
            let key = key.clone();
            async move {
                ok(
                    "compare_and_swap",
                    self.store.compare_and_swap(&key, expected, new),
                )
                .await
            }
        };
        assert!(
            !swap(Some(b"a"), b"b").await,
            "something was expected and nothing is there"
        );
        assert_eq!(
            self.get(&key).await,
            None,
            "a swap that failed left something"
        );
        assert!(
            swap(None, b"a").await,
            "nothing was expected and nothing is there"
        );
        assert!(
            !swap(None, b"b").await,
            "nothing was expected and something is there"
        );
        assert!(!swap(Some(b"b"), b"c").await, "something else was expected");
        assert!(!swap(Some(b""), b"c").await, "an empty value was expected");
        assert!(
            swap(Some(b"a"), b"\0\xff").await,
            "what was expected is there"
        );
        assert!(
            swap(Some(b"\0\xff"), b"").await,
            "bytes that are no text are compared"
        );
        assert!(swap(Some(b""), b"").await, "an empty value is a value");
        assert_eq!(
            self.get(&key).await.as_deref(),
            Some(&b""[..]),
            "after all swaps"
        );
    }

    async fn one_of_many_swaps(&self) {
        let key = self.key("contended");
        self.set(&key, b"start", None).await;
        let swap = |store: Arc<dyn KeyValue>, key: String, who: usize| async move {
            let new = who.to_string().into_bytes();
            ok(
                "compare_and_swap",
                store.compare_and_swap(&key, Some(b"start"), &new),
            )
            .await
        };
        let winners = self.compete(&key, swap).await;
        assert_eq!(
            winners.len(),
            1,
            "compare_and_swap had these winners: {winners:?}"
        );
        assert_eq!(
            self.get(&key).await,
            Some(winners[0].to_string().into_bytes()),
            "the winner's"
        );

        let key = self.key("created");
        let create = |store: Arc<dyn KeyValue>, key: String, _: usize| async move {
            ok("compare_and_swap", store.compare_and_swap(&key, None, b"x")).await
        };
        let winners = self.compete(&key, create).await;
        assert_eq!(
            winners.len(),
            1,
            "compare_and_swap of nothing had these: {winners:?}"
        );
    }

    async fn change_keeps_the_expiry(&self) {
        let key = self.key("kept expiry");
        let soon = Some(Duration::from_millis(100));
        let end = Instant::now() + PATIENCE;
        // The value may expire before it is changed, on a busy machine; then once more.
        loop {
            self.set(&key, b"1", soon).await;
            let swapped = ok("swap", self.store.compare_and_swap(&key, Some(b"1"), b"2")).await;
            if swapped && ok("increment", self.store.increment(&key, 1)).await == 3 {
                break;
            }
            assert!(
                Instant::now() < end,
                "a value expired in under {soon:?} each time"
            );
        }
        self.outlive(&key).await;
    }

    async fn increments_add(&self) {
        let key = self.key("counter");
        let add = |by| ok("increment", self.store.increment(&key, by));
        assert_eq!(add(5).await, 5, "nothing counts as 0");
        assert_eq!(add(-7).await, -2, "numbers may be negative");
        assert_eq!(add(0).await, -2, "adding 0 tells the number");
        assert_eq!(
            self.get(&key).await.as_deref(),
            Some(&b"-2"[..]),
            "it is kept as decimal text"
        );
        self.set(&key, b"41", None).await;
        assert_eq!(add(1).await, 42, "a number that was set is one");
        self.set(&key, i64::MIN.to_string().as_bytes(), None).await;
        assert_eq!(
            add(i64::MAX).await,
            -1,
            "from the least number by the greatest"
        );
    }

    async fn increments_refuse(&self) {
        let key = self.key("no counter");
        for text in [
            "",
            "one",
            "1.5",
            " 1",
            "1 ",
            "0x10",
            "9223372036854775808",
            "+1",
            "01",
        ] {
            self.set(&key, text.as_bytes(), None).await;
            let sum = self.store.increment(&key, 1).await;
            assert!(sum.is_err(), "{text:?} was incremented to {sum:?}");
            let found = self.get(&key).await;
            assert_eq!(
                found.as_deref(),
                Some(text.as_bytes()),
                "a refused increment changed it"
            );
        }
        for (start, by) in [(i64::MAX, 1), (i64::MIN, -1)] {
            let start = start.to_string();
            self.set(&key, start.as_bytes(), None).await;
            let sum = self.store.increment(&key, by).await;
            assert!(sum.is_err(), "{start} + {by} gave {sum:?}");
            let found = self.get(&key).await;
            assert_eq!(
                found.as_deref(),
                Some(start.as_bytes()),
                "an overflow changed it"
            );
        }
    }

    async fn increments_by_many_add_up(&self) {
        let key = self.key("shared counter");
        let mut tasks = JoinSet::new();
        for _ in 0..16 {
            let (store, key) = (Arc::clone(&self.store), key.clone());
            tasks.spawn(async move {
                let mut sums = Vec::new();
                for _ in 0..25 {
                    sums.push(ok("increment", store.increment(&key, 1)).await);
                }
                sums
            });
        }
        let mut sums: Vec<i64> = tasks.join_all().await.into_iter().flatten().collect();
        sums.sort_unstable();
        assert!(
            sums.into_iter().eq(1..=400),
            "16 tasks, 25 increments each: each sum comes once"
        );
    }

    async fn scans_find_all_and_nothing_else(&self) {
        let within = self.key("scan/");
        let expected: BTreeSet<String> = (0..500).map(|n| format!("{within}{n}")).collect();
        for key in &expected {
            self.set(key, b"x", None).await;
        }
        self.set(&self.key("scan"), b"x", None).await;
        self.set(&self.key("scan0"), b"x", None).await;
        for limit in [1, 37, 500, usize::MAX] {
            assert_eq!(
                self.scan(&within, limit).await,
                expected,
                "scan by pages of {limit}"
            );
        }
        let some = format!("{within}12");
        let found = self.scan(&some, 3).await;
        assert_eq!(found.len(), 11, "12 and 120 to 129: {found:?}");
        assert!(
            self.scan(&self.key("no such"), 10).await.is_empty(),
            "nothing has this prefix"
        );
    }

    async fn scans_take_a_prefix_as_it_is(&self) {
        let prefixes = [
            "*", "?", "[a-z]", "[", "]", "\\", "\\*", "^", "%", "_", "ключ", "🔑",
        ];
        for prefix in prefixes {
            self.set(&self.key(&format!("as it is/{prefix}/key")), b"x", None)
                .await;
        }
        for prefix in prefixes {
            let within = self.key(&format!("as it is/{prefix}/"));
            let found = self.scan(&within, 10).await;
            let expected = BTreeSet::from([format!("{within}key")]);
            assert_eq!(found, expected, "the prefix {prefix:?}");
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
