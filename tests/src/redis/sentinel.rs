//! A primary, its replica, and the sentinels that watch them.

use std::time::Duration;

use super::{Redis, RedisOptions, command, connect};
use crate::error::{HarnessError, or_panic};
use crate::process::poll;

const NAME: &str = "primary";
/// Sentinels look for each other and for replicas every few seconds.
const FOUND_WITHIN: Duration = Duration::from_secs(30);

/// A replicated Redis of the test's own: a primary, a replica and three sentinels.
///
/// A sentinel takes the primary for dead after one second without an answer; two must agree.
#[derive(Debug)]
pub struct RedisSentinel {
    servers: [Redis; 2],
    sentinels: Vec<Redis>,
}

impl RedisSentinel {
    /// Starts all of it and waits until the sentinels know each other and the replica.
    ///
    /// # Panics
    ///
    /// When it can't be had or started; the message says why.
    #[must_use]
    pub fn start() -> Self {
        or_panic(Self::try_start())
    }

    fn try_start() -> Result<Self, HarnessError> {
        // Without a delay, a replica is in step within milliseconds.
        let options = RedisOptions::default().setting("repl-diskless-sync-delay", "0");
        let primary = Redis::start_in_group(&options)?;
        let port = primary.port();
        let replica =
            Redis::start_in_group(&options.setting("replicaof", &format!("127.0.0.1 {port}")))?;
        let mut to_replica = connect(&replica.url())?;
        poll("the replica is in step", FOUND_WITHIN, || {
            let state: String = command(&mut to_replica, &["INFO", "replication"]).ok()?;
            state.contains("master_link_status:up").then_some(())
        })?;
        let file = format!(
            "sentinel monitor {NAME} 127.0.0.1 {port} 2\n\
             sentinel down-after-milliseconds {NAME} 1000\n\
             sentinel failover-timeout {NAME} 10000\n"
        );
        let sentinels = (0..3)
            .map(|_| Redis::launch_sentinel(&file))
            .collect::<Result<Vec<_>, _>>()?;
        for sentinel in &sentinels {
            let mut connection = connect(&sentinel.url())?;
            poll("the sentinels know each other", FOUND_WITHIN, || {
                let state: String = command(&mut connection, &["INFO", "sentinel"]).ok()?;
                state.contains("slaves=1,sentinels=3").then_some(())
            })?;
        }
        Ok(Self {
            servers: [primary, replica],
            sentinels,
        })
    }

    /// The name under which the sentinels know the group.
    pub fn name(&self) -> &'static str {
        NAME
    }

    /// The server that was the primary at the start.
    pub fn primary(&self) -> &Redis {
        &self.servers[0]
    }

    /// The server that was the replica at the start.
    pub fn replica(&self) -> &Redis {
        &self.servers[1]
    }

    /// The sentinels; each has a port and a URL like a server.
    pub fn sentinels(&self) -> &[Redis] {
        &self.sentinels
    }

    /// Waits until the first sentinel names the server on `port` as the primary.
    ///
    /// # Panics
    ///
    /// When that does not happen within half a minute.
    pub fn wait_for_primary(&self, port: u16) {
        or_panic(self.try_wait_for_primary(port));
    }

    fn try_wait_for_primary(&self, port: u16) -> Result<(), HarnessError> {
        let mut connection = connect(&self.sentinels[0].url())?;
        let question = ["SENTINEL", "GET-MASTER-ADDR-BY-NAME", NAME];
        poll("the sentinels name another primary", FOUND_WITHIN, || {
            let (_, named): (String, u16) = command(&mut connection, &question).ok()?;
            (named == port).then_some(())
        })
    }
}
