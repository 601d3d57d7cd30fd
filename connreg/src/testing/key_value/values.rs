//! What is set comes back, under any key.

use super::{Suite, ok};

impl Suite {
    pub(super) async fn what_is_not_there(&self) {
        let key = self.key("absent");
        assert_eq!(self.get(&key).await, None, "get of nothing");
        assert!(
            !ok("delete", self.store.delete(&key)).await,
            "delete of nothing says so"
        );
    }

    pub(super) async fn set_replaces(&self) {
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

    pub(super) async fn any_bytes_come_back(&self) {
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

    pub(super) async fn any_text_is_a_key(&self) {
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

    pub(super) async fn an_empty_key_is_refused(&self) {
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
}
