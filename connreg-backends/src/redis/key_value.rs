//! `KeyValue` by Redis's strings: one command or one script each, so that all of them are atomic.

use std::sync::LazyLock;
use std::time::Duration;

use ::redis::cluster_routing::{RoutingInfo, SingleNodeRoutingInfo};
use ::redis::{Cmd, FromRedisValue, RedisError, Script, Value, cmd};
use connreg::ConnectError;
use connreg::capability::{KeyValue, KeyValueError, ScanPage, async_trait, key_value};

use super::client::Client;
use super::commands::Shared;
use super::error::classify;

/// Redis refuses an expiry whose end does not fit its clock; this is beyond anybody's.
const LONGEST_EXPIRY_MILLIS: u64 = 1 << 52;

/// Sent as its digest, and whole only to a server that does not know it yet.
static COMPARE_AND_SWAP: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end \
         redis.call('SET', KEYS[1], ARGV[2], 'KEEPTTL') return 1",
    )
});

#[async_trait]
impl KeyValue for Client {
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, KeyValueError> {
        const ATTEMPTED: &str = "get";
        self.told(ATTEMPTED, key_value::check_key(key))?;
        self.ask(ATTEMPTED, cmd("GET").arg(key)).await
    }

    async fn set(
        &self,
        key: &str,
        value: &[u8],
        expiry: Option<Duration>,
    ) -> Result<(), KeyValueError> {
        const ATTEMPTED: &str = "set";
        let set = self.setting(ATTEMPTED, key, value, expiry)?;
        self.ask(ATTEMPTED, &set).await
    }

    async fn set_if_absent(
        &self,
        key: &str,
        value: &[u8],
        expiry: Option<Duration>,
    ) -> Result<bool, KeyValueError> {
        const ATTEMPTED: &str = "set_if_absent";
        let mut set = self.setting(ATTEMPTED, key, value, expiry)?;
        set.arg("NX");
        self.ask::<Value>(ATTEMPTED, &set)
            .await
            .map(|answer| answer != Value::Nil)
    }

    async fn compare_and_swap(
        &self,
        key: &str,
        expected: Option<&[u8]>,
        new: &[u8],
    ) -> Result<bool, KeyValueError> {
        const ATTEMPTED: &str = "compare_and_swap";
        self.told(ATTEMPTED, key_value::check_key(key))?;
        let Some(expected) = expected else {
            let mut set = cmd("SET");
            set.arg(key).arg(new).arg("NX");
            return self
                .ask::<Value>(ATTEMPTED, &set)
                .await
                .map(|answer| answer != Value::Nil);
        };
        let mut script = COMPARE_AND_SWAP.prepare_invoke();
        script.key(key).arg(expected).arg(new);
        let outcome = script.invoke_async(&mut self.commands()).await;
        outcome.map_err(|error| self.refused(ATTEMPTED, error))
    }

    async fn delete(&self, key: &str) -> Result<bool, KeyValueError> {
        const ATTEMPTED: &str = "delete";
        self.told(ATTEMPTED, key_value::check_key(key))?;
        self.ask(ATTEMPTED, cmd("DEL").arg(key)).await
    }

    async fn increment(&self, key: &str, by: i64) -> Result<i64, KeyValueError> {
        const ATTEMPTED: &str = "increment";
        self.told(ATTEMPTED, key_value::check_key(key))?;
        let mut increment = cmd("INCRBY");
        increment.arg(key).arg(by);
        let outcome = increment.query_async(&mut self.commands()).await;
        outcome.map_err(|error: RedisError| {
            let detail = error.detail().unwrap_or_default();
            // Redis has no codes of its own for these.
            let told = if detail.contains("would overflow") {
                key_value::out_of_range().with_source(error)
            } else if detail.contains("not an integer") {
                key_value::not_a_number().with_source(error)
            } else {
                classify("INCRBY", error)
            };
            self.context.error(told, ATTEMPTED)
        })
    }

    async fn scan(
        &self,
        prefix: &str,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<ScanPage, KeyValueError> {
        const ATTEMPTED: &str = "scan";
        let count = limit.clamp(1, key_value::LARGEST_PAGE);
        let place = Place::read(cursor.unwrap_or_default());
        let mut commands = self.commands();
        let outcome = match &mut commands.shared {
            Shared::Node(_) | Shared::Replicas(_) => {
                let scan = scan_command(place.within, prefix, count);
                scan.query_async::<Page>(&mut commands)
                    .await
                    .map(|(within, keys)| (Place { node: None, within }, within != 0, keys))
            }
            Shared::Cluster(cluster) | Shared::ClusterReplicas { main: cluster, .. } => {
                scan_cluster(cluster, place, prefix, count).await
            }
        };
        let (place, goes_on, keys) = outcome.map_err(|error| self.refused(ATTEMPTED, error))?;
        // Keys that are no text were not made through this trait.
        let keys = keys
            .into_iter()
            .filter_map(|key| String::from_utf8(key).ok())
            .collect();
        Ok(ScanPage {
            keys,
            next: goes_on.then(|| place.write()),
        })
    }
}

impl Client {
    /// `SET` with the expiry, if there is one.
    fn setting(
        &self,
        attempted: &'static str,
        key: &str,
        value: &[u8],
        expiry: Option<Duration>,
    ) -> Result<Cmd, KeyValueError> {
        self.told(attempted, key_value::check_key(key))?;
        let mut set = cmd("SET");
        set.arg(key).arg(value);
        if let Some(millis) = self.told(attempted, key_value::expiry_millis(expiry))? {
            set.arg("PX").arg(millis.min(LONGEST_EXPIRY_MILLIS));
        }
        Ok(set)
    }

    async fn ask<T: FromRedisValue>(
        &self,
        attempted: &'static str,
        command: &Cmd,
    ) -> Result<T, KeyValueError> {
        let answer = command.query_async(&mut self.commands()).await;
        answer.map_err(|error| self.refused(attempted, error))
    }

    fn refused(&self, attempted: &'static str, error: RedisError) -> KeyValueError {
        self.error(attempted, error)
    }

    fn told<T>(
        &self,
        attempted: &'static str,
        outcome: Result<T, ConnectError>,
    ) -> Result<T, KeyValueError> {
        outcome.map_err(|error| self.context.error(error, attempted))
    }
}

type Page = (u64, Vec<Vec<u8>>);

/// Where a scan goes on: the cursor within a node, and in a cluster which node.
struct Place {
    node: Option<(String, u16)>,
    within: u64,
}

impl Place {
    /// Reads what [`write`](Self::write) wrote; anything else is the beginning.
    fn read(text: &str) -> Self {
        let (within, node) = text.split_once('@').unwrap_or((text, ""));
        let node = node
            .rsplit_once(':')
            .and_then(|(host, port)| Some((host.to_owned(), port.parse().ok()?)));
        Self {
            node,
            within: within.parse().unwrap_or(0),
        }
    }

    fn write(&self) -> String {
        match &self.node {
            Some((host, port)) => format!("{}@{host}:{port}", self.within),
            None => self.within.to_string(),
        }
    }
}

fn scan_command(cursor: u64, prefix: &str, count: usize) -> Cmd {
    let mut scan = cmd("SCAN");
    scan.arg(cursor)
        .arg("MATCH")
        .arg(pattern(prefix))
        .arg("COUNT")
        .arg(count);
    scan
}

/// The pattern of all keys that begin with `prefix`, whatever it holds.
fn pattern(prefix: &str) -> String {
    let mut pattern = String::with_capacity(prefix.len() + 1);
    for letter in prefix.chars() {
        if matches!(letter, '*' | '?' | '[' | ']' | '\\') {
            pattern.push('\\');
        }
        pattern.push(letter);
    }
    pattern.push('*');
    pattern
}

/// One page of one master; the masters come in the order of their addresses.
async fn scan_cluster(
    cluster: &mut ::redis::cluster_async::ClusterConnection,
    place: Place,
    prefix: &str,
    count: usize,
) -> Result<(Place, bool, Vec<Vec<u8>>), RedisError> {
    let masters = masters(cluster).await?;
    let at = match &place.node {
        // A master that has gone has left its keys to another: go on with the next address from its beginning.
        Some(node) => masters.iter().position(|master| master >= node),
        None => Some(0),
    };
    let Some((at, node)) = at.and_then(|at| Some((at, masters.get(at)?))) else {
        return Ok((place, false, Vec::new()));
    };
    let within = if place.node.as_ref().is_none_or(|asked| asked == node) {
        place.within
    } else {
        0
    };
    let (host, port) = node.clone();
    let routing = RoutingInfo::SingleNode(SingleNodeRoutingInfo::ByAddress { host, port });
    let answer = cluster
        .route_command(scan_command(within, prefix, count), routing)
        .await?;
    let (within, keys): Page = ::redis::from_redis_value(answer)?;
    if within != 0 {
        return Ok((
            Place {
                node: Some(node.clone()),
                within,
            },
            true,
            keys,
        ));
    }
    let next = masters.get(at + 1).cloned();
    Ok((
        Place {
            node: next.clone(),
            within: 0,
        },
        next.is_some(),
        keys,
    ))
}

async fn masters(
    cluster: &mut ::redis::cluster_async::ClusterConnection,
) -> Result<Vec<(String, u16)>, RedisError> {
    let mut slots = cmd("CLUSTER");
    slots.arg("SLOTS");
    let routing = RoutingInfo::SingleNode(SingleNodeRoutingInfo::RandomPrimary);
    let answer = cluster.route_command(slots, routing).await?;
    let ranges: Vec<Vec<Value>> = ::redis::from_redis_value(answer)?;
    let mut masters = Vec::new();
    for range in ranges {
        // Start, end, master, replicas.
        if let Some(master) = range.into_iter().nth(2) {
            let told: Vec<Value> = ::redis::from_redis_value(master)?;
            let mut told = told.into_iter();
            if let (Some(host), Some(port)) = (told.next(), told.next()) {
                masters.push((
                    ::redis::from_redis_value(host)?,
                    ::redis::from_redis_value(port)?,
                ));
            }
        }
    }
    masters.sort();
    masters.dedup();
    Ok(masters)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_matches_only_itself() {
        assert_eq!(pattern("a*[b]?\\"), "a\\*\\[b\\]\\?\\\\*");
    }

    #[test]
    fn a_place_survives_being_written() {
        for (node, within) in [
            (None, 7),
            (Some(("10.0.0.1".to_owned(), 6379)), 0),
            (Some(("::1".to_owned(), 1)), 9),
        ] {
            let read = Place::read(
                &Place {
                    node: node.clone(),
                    within,
                }
                .write(),
            );
            assert_eq!((read.node, read.within), (node, within));
        }
    }
}
