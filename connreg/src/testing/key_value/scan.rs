//! Scans.

use std::collections::BTreeSet;

use super::Suite;

impl Suite {
    pub(super) async fn scans_find_all_and_nothing_else(&self) {
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

    pub(super) async fn scans_take_a_prefix_as_it_is(&self) {
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
}
