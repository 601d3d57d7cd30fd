//! The Redis that tests share, and a prefix for a test's own keys on it.

use std::env;
use std::sync::{Arc, Mutex, PoisonError};

use super::{Redis, RedisOptions, command, connect};
use crate::error::{HarnessError, or_panic};
use crate::source::REDIS_URL;

/// A prefix of a test's own on the shared server; keys that begin with it go with the value.
#[derive(Debug)]
pub struct RedisKeys {
    url: String,
    prefix: String,
    /// Keeps the shared server of this process up.
    _server: Option<Arc<Redis>>,
}

static SHARED: Mutex<Option<Arc<Redis>>> = Mutex::new(None);

/// Stops the shared server if this process started one.
pub(crate) fn stop_shared() {
    drop(SHARED.lock().unwrap_or_else(PoisonError::into_inner).take());
}

impl Redis {
    /// A prefix on the server that tests share; for tests that don't hurt it.
    ///
    /// # Panics
    ///
    /// When the server can't be had or started; the message says why.
    #[must_use]
    pub fn shared() -> RedisKeys {
        or_panic(RedisKeys::create())
    }
}

impl RedisKeys {
    fn create() -> Result<Self, HarnessError> {
        let (url, server) = if let Ok(url) = env::var(REDIS_URL) {
            (url, None)
        } else {
            let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
            let server = match &*shared {
                Some(server) => Arc::clone(server),
                None => {
                    Arc::clone(shared.insert(Arc::new(Redis::try_start(&RedisOptions::default())?)))
                }
            };
            (server.url(), Some(server))
        };
        let word: String = std::iter::repeat_with(fastrand::alphanumeric)
            .take(12)
            .collect();
        Ok(Self {
            url,
            prefix: format!("test-{word}:"),
            _server: server,
        })
    }

    /// The shared server's URL.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What every key of the test begins with.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// `name` with the prefix.
    pub fn key(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    fn remove(&self) -> Result<(), HarnessError> {
        let mut connection = connect(&self.url)?;
        let pattern = format!("{}*", self.prefix);
        let mut cursor = "0".to_owned();
        loop {
            let scan = ["SCAN", &cursor, "MATCH", &pattern, "COUNT", "1000"];
            let (next, keys): (String, Vec<String>) = command(&mut connection, &scan)?;
            for key in keys {
                command::<()>(&mut connection, &["UNLINK", &key])?;
            }
            if next == "0" {
                return Ok(());
            }
            cursor = next;
        }
    }
}

impl Drop for RedisKeys {
    fn drop(&mut self) {
        if let Err(error) = self.remove() {
            eprintln!("{error}");
        }
    }
}
