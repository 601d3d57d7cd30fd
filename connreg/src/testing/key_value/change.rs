//! Atomic change: set if absent, swap, increment.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use super::{Suite, ok};
use crate::capability::KeyValue;

impl Suite {
    pub(super) async fn one_of_many_sets_if_absent(&self) {
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

    pub(super) async fn swaps_compare(&self) {
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

    pub(super) async fn one_of_many_swaps(&self) {
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

    pub(super) async fn increments_add(&self) {
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

    pub(super) async fn increments_refuse(&self) {
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

    pub(super) async fn increments_by_many_add_up(&self) {
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
}
