//! A cluster of three masters.

use std::time::Duration;

use super::{Redis, RedisOptions, command, connect};
use crate::error::{HarnessError, or_panic};
use crate::process::poll;

/// Every cluster has as many slots; each node gets a third.
const SLOTS: u16 = 16_384;
const NODES: u16 = 3;
/// How long the nodes may take to agree.
const AGREED_WITHIN: Duration = Duration::from_secs(30);

/// A Redis cluster of the test's own: three masters, no replicas.
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
        or_panic(Self::try_start())
    }

    fn try_start() -> Result<Self, HarnessError> {
        let nodes = (0..NODES)
            .map(|_| {
                let bus = crate::port::Port::reserve()?;
                let options = RedisOptions::default()
                    .setting("cluster-enabled", "yes")
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
            let [port, bus] = [node.port(), bus.number()].map(|port| port.to_string());
            command::<()>(&mut first, &["CLUSTER", "MEET", node.host(), &port, &bus])?;
        }
        for (node, _) in &nodes {
            let mut connection = connect(&node.url())?;
            poll("the cluster's nodes agree", AGREED_WITHIN, || {
                let state: String = command(&mut connection, &["CLUSTER", "INFO"]).ok()?;
                (state.contains("cluster_state:ok")
                    && state.contains(&format!("cluster_known_nodes:{NODES}"))
                    && state.contains(&format!("cluster_slots_assigned:{SLOTS}")))
                .then_some(())
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
