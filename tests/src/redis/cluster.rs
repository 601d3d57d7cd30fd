//! A cluster of three masters, with replicas or without.

use std::sync::Arc;
use std::time::Duration;

use super::{Redis, RedisOptions, command, connect};
use crate::certificates::Certificates;
use crate::error::{HarnessError, or_panic};
use crate::process::poll;

/// Every cluster has as many slots; each node gets a third.
const SLOTS: u16 = 16_384;
const NODES: u16 = 3;
/// How long the nodes may take to agree.
const AGREED_WITHIN: Duration = Duration::from_secs(30);

/// A Redis cluster of the test's own: three masters, and a replica of each if asked for.
#[derive(Debug)]
pub struct RedisCluster {
    nodes: Vec<Redis>,
}

impl RedisCluster {
    /// Starts the nodes and waits until they agree on who has which slots.
    ///
    /// # Panics
    ///
    /// When it can't be had or started; the message says why.
    #[must_use]
    pub fn start() -> Self {
        or_panic(Self::try_start(0, None))
    }

    /// As [`start`](Self::start), each master with a replica: `nodes()` has the masters first.
    ///
    /// # Panics
    ///
    /// As [`start`](Self::start).
    #[must_use]
    pub fn with_replicas() -> Self {
        or_panic(Self::try_start(NODES, None))
    }

    /// As [`start`](Self::start); the nodes speak TLS to each other.
    ///
    /// # Panics
    ///
    /// As [`start`](Self::start).
    #[must_use]
    pub fn with_tls() -> Self {
        let authority = Arc::new(Certificates::generate("app"));
        or_panic(Self::try_start(0, Some(&authority)))
    }

    fn try_start(
        replicas: u16,
        authority: Option<&Arc<Certificates>>,
    ) -> Result<Self, HarnessError> {
        let count = NODES + replicas;
        let port_of = |node: &Redis| match authority {
            Some(_) => node.tls_port(),
            None => node.port(),
        };
        let nodes = (0..count)
            .map(|_| {
                let bus = crate::port::Port::reserve()?;
                let options = match authority {
                    Some(authority) => RedisOptions::default()
                        .tls_among(authority)
                        .setting("tls-cluster", "yes"),
                    None => RedisOptions::default(),
                };
                let options = options
                    .setting("cluster-enabled", "yes")
                    // A replica that has received nothing yet is told to nobody.
                    .setting("repl-ping-replica-period", "1")
                    .setting("repl-diskless-sync-delay", "0")
                    .setting("cluster-node-timeout", "2000")
                    .setting("cluster-port", &bus.number().to_string());
                Ok((Redis::start_in_group(&options)?, bus))
            })
            .collect::<Result<Vec<_>, HarnessError>>()?;
        let mut from = 0;
        for (index, (node, _)) in (1..=NODES).zip(&nodes) {
            let until = SLOTS / NODES * index + if index == NODES { SLOTS % NODES } else { 0 };
            let mut connection = connect(&node.url())?;
            let slots = [from.to_string(), (until - 1).to_string()];
            command::<()>(
                &mut connection,
                &["CLUSTER", "ADDSLOTSRANGE", &slots[0], &slots[1]],
            )?;
            command::<()>(
                &mut connection,
                &["CLUSTER", "SET-CONFIG-EPOCH", &index.to_string()],
            )?;
            from = until;
        }
        let mut first = connect(&nodes[0].0.url())?;
        for (node, bus) in &nodes[1..] {
            let [port, bus] = [port_of(node), bus.number()].map(|port| port.to_string());
            command::<()>(&mut first, &["CLUSTER", "MEET", node.host(), &port, &bus])?;
        }
        for (node, _) in &nodes {
            let mut connection = connect(&node.url())?;
            poll("the cluster's nodes agree", AGREED_WITHIN, || {
                let state: String = command(&mut connection, &["CLUSTER", "INFO"]).ok()?;
                (state.contains("cluster_state:ok")
                    && state.contains(&format!("cluster_known_nodes:{count}"))
                    && state.contains(&format!("cluster_slots_assigned:{SLOTS}")))
                .then_some(())
            })?;
        }
        let masters = nodes.iter().take(usize::from(NODES));
        for ((replica, _), (master, _)) in nodes.iter().skip(usize::from(NODES)).zip(masters) {
            let id: String = command(&mut connect(&master.url())?, &["CLUSTER", "MYID"])?;
            let mut connection = connect(&replica.url())?;
            command::<()>(&mut connection, &["CLUSTER", "REPLICATE", &id])?;
            poll("the replica is in step", AGREED_WITHIN, || {
                let state: String = command(&mut connection, &["INFO", "replication"]).ok()?;
                state.contains("master_link_status:up").then_some(())
            })?;
        }
        for (node, _) in nodes.iter().filter(|_| replicas > 0) {
            let mut connection = connect(&node.url())?;
            poll("the nodes know the replicas", AGREED_WITHIN, || {
                let ranges: Vec<Vec<redis::Value>> =
                    command(&mut connection, &["CLUSTER", "SLOTS"]).ok()?;
                // From, until, the master, its replicas.
                ranges.iter().all(|range| range.len() > 3).then_some(())
            })?;
        }
        Ok(Self {
            nodes: nodes.into_iter().map(|(node, _)| node).collect(),
        })
    }

    /// The nodes, each a server that can be hurt.
    pub fn nodes(&self) -> &[Redis] {
        &self.nodes
    }

    /// One URL per node.
    pub fn urls(&self) -> Vec<String> {
        self.nodes.iter().map(Redis::url).collect()
    }
}
