//! A primary, its replica, and the sentinels that watch them.

use std::sync::Arc;
use std::time::Duration;

use super::{Redis, RedisOptions, command, connect};
use crate::certificates::Certificates;
use crate::error::{HarnessError, or_panic};
use crate::process::poll;

const NAME: &str = "primary";
/// Sentinels look for each other and for replicas every few seconds.
const FOUND_WITHIN: Duration = Duration::from_secs(30);

/// A replicated Redis of the test's own: a primary, replicas and three sentinels.
///
/// A sentinel takes the primary for dead after one second without an answer; two must agree.
#[derive(Debug)]
pub struct RedisSentinel {
    servers: Vec<Redis>,
    sentinels: Vec<Redis>,
}

impl RedisSentinel {
    /// Starts all of it, with one replica, and waits until the sentinels know each other and the replica.
    ///
    /// # Panics
    ///
    /// When it can't be had or started; the message says why.
    #[must_use]
    pub fn start() -> Self {
        Self::with_replicas(1)
    }

    /// As [`start`](Self::start), with so many replicas.
    ///
    /// # Panics
    ///
    /// As [`start`](Self::start).
    #[must_use]
    pub fn with_replicas(replicas: usize) -> Self {
        or_panic(Self::try_start(replicas, None))
    }

    /// As [`start`](Self::start); servers and sentinels speak TLS to each other, and know each other by their TLS ports.
    ///
    /// # Panics
    ///
    /// As [`start`](Self::start).
    #[must_use]
    pub fn with_tls() -> Self {
        let authority = Arc::new(Certificates::generate("app"));
        or_panic(Self::try_start(1, Some(&authority)))
    }

    fn try_start(
        replicas: usize,
        authority: Option<&Arc<Certificates>>,
    ) -> Result<Self, HarnessError> {
        let with_tls = |options: RedisOptions| match authority {
            Some(authority) => options
                .tls_among(authority)
                .setting("tls-replication", "yes"),
            None => options,
        };
        // Without a delay, a replica is in step within milliseconds.
        let options = with_tls(RedisOptions::default()).setting("repl-diskless-sync-delay", "0");
        let mut servers = vec![Redis::start_in_group(&options)?];
        let port = match authority {
            Some(_) => servers[0].tls_port(),
            None => servers[0].port(),
        };
        let options = options.setting("replicaof", &format!("127.0.0.1 {port}"));
        for _ in 0..replicas {
            let replica = Redis::start_in_group(&options)?;
            let mut to_replica = connect(&replica.url())?;
            poll("the replica is in step", FOUND_WITHIN, || {
                let state: String = command(&mut to_replica, &["INFO", "replication"]).ok()?;
                state.contains("master_link_status:up").then_some(())
            })?;
            servers.push(replica);
        }
        let file = format!(
            "sentinel monitor {NAME} 127.0.0.1 {port} 2\n\
             sentinel down-after-milliseconds {NAME} 1000\n\
             sentinel failover-timeout {NAME} 10000\n"
        );
        let sentinels = (0..3)
            .map(|_| Redis::launch_sentinel(&with_tls(RedisOptions::default()), &file))
            .collect::<Result<Vec<_>, _>>()?;
        for sentinel in &sentinels {
            let mut connection = connect(&sentinel.url())?;
            poll("the sentinels know each other", FOUND_WITHIN, || {
                let state: String = command(&mut connection, &["INFO", "sentinel"]).ok()?;
                let found = format!("slaves={replicas},sentinels=3");
                state.contains(&found).then_some(())
            })?;
        }
        Ok(Self { servers, sentinels })
    }

    /// The name under which the sentinels know the group.
    pub fn name(&self) -> &'static str {
        NAME
    }

    /// The server that was the primary at the start.
    pub fn primary(&self) -> &Redis {
        &self.servers[0]
    }

    /// The first server that was a replica at the start.
    pub fn replica(&self) -> &Redis {
        &self.servers[1]
    }

    /// The servers that were replicas at the start.
    pub fn replicas(&self) -> &[Redis] {
        &self.servers[1..]
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
