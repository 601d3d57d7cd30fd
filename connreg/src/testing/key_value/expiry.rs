//! Values that expire.

use std::time::Duration;

use tokio::time::Instant;

use super::{PATIENCE, Suite, ok};

impl Suite {
    pub(super) async fn values_expire(&self) {
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

    pub(super) async fn an_expired_value_is_gone_for_all_operations(&self) {
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

    pub(super) async fn an_expiry_too_short_is_refused(&self) {
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

    pub(super) async fn change_keeps_the_expiry(&self) {
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
}
