//! A store in this process's memory: for tests, for development, and where losing it all is fine.
//!
//! The connection type is here; `store` keeps the values.

mod store;

use std::time::Duration;

use connreg::capability::{KeyValue, KeyValueError, ScanPage, async_trait, key_value};
use connreg::{Backend, ConnectError, Context, connection};

use store::Store;

/// Keys and values in memory, gone when the connection is closed. Each connection is a store of its own.
#[connection(type = "memory", category = "db", provides(KeyValue))]
pub struct Memory {}

/// What an open connection of type `memory` is used through, by [`KeyValue`].
#[derive(Debug)]
pub struct Client {
    context: Context,
    store: Store,
}

impl Backend for Memory {
    type Client = Client;

    async fn connect(&self, context: &Context) -> Result<Client, ConnectError> {
        Ok(Client {
            context: context.clone(),
            store: Store::default(),
        })
    }

    async fn check(_client: &Client) -> Result<(), ConnectError> {
        Ok(())
    }

    async fn close(client: &Client) {
        client.store.clear();
    }
}

impl Client {
    fn told<T>(
        &self,
        attempted: &'static str,
        outcome: Result<T, ConnectError>,
    ) -> Result<T, KeyValueError> {
        outcome.map_err(|error| self.context.error(error, attempted))
    }

    fn check_key(&self, attempted: &'static str, key: &str) -> Result<(), KeyValueError> {
        self.told(attempted, key_value::check_key(key))
    }

    fn expiry(
        &self,
        attempted: &'static str,
        expiry: Option<Duration>,
    ) -> Result<Option<Duration>, KeyValueError> {
        let millis = self.told(attempted, key_value::expiry_millis(expiry))?;
        Ok(millis.map(Duration::from_millis))
    }
}

#[async_trait]
impl KeyValue for Client {
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, KeyValueError> {
        self.check_key("get", key)?;
        Ok(self.store.get(key))
    }

    async fn set(
        &self,
        key: &str,
        value: &[u8],
        expiry: Option<Duration>,
    ) -> Result<(), KeyValueError> {
        self.check_key("set", key)?;
        let expiry = self.expiry("set", expiry)?;
        self.store.set(key, value, expiry);
        Ok(())
    }

    async fn set_if_absent(
        &self,
        key: &str,
        value: &[u8],
        expiry: Option<Duration>,
    ) -> Result<bool, KeyValueError> {
        self.check_key("set_if_absent", key)?;
        let expiry = self.expiry("set_if_absent", expiry)?;
        Ok(self.store.set_if_absent(key, value, expiry))
    }

    async fn compare_and_swap(
        &self,
        key: &str,
        expected: Option<&[u8]>,
        new: &[u8],
    ) -> Result<bool, KeyValueError> {
        self.check_key("compare_and_swap", key)?;
        Ok(self.store.compare_and_swap(key, expected, new))
    }

    async fn delete(&self, key: &str) -> Result<bool, KeyValueError> {
        self.check_key("delete", key)?;
        Ok(self.store.delete(key))
    }

    async fn increment(&self, key: &str, by: i64) -> Result<i64, KeyValueError> {
        self.check_key("increment", key)?;
        self.told("increment", self.store.increment(key, by))
    }

    async fn scan(
        &self,
        prefix: &str,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<ScanPage, KeyValueError> {
        Ok(self.store.scan(prefix, cursor, limit))
    }
}
