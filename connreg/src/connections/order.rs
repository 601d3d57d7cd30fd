//! The order of closing: a connection that uses another goes before it.

use std::collections::HashMap;

use crate::config::LoadedConnection;
use crate::config::tree::canonical;

/// Positions of `connections`, each before those that it refers to; else the last configured first.
///
/// There is no cycle: loading has checked that.
pub(super) fn dependents_first(connections: &[LoadedConnection]) -> Vec<usize> {
    let positions: HashMap<String, usize> = connections
        .iter()
        .enumerate()
        .map(|(i, c)| (canonical(&c.name), i))
        .collect();
    let targets: Vec<Vec<usize>> = connections
        .iter()
        .map(|connection| {
            let names = connection
                .references
                .iter()
                .map(|reference| canonical(&reference.target));
            names
                .filter_map(|name| positions.get(&name).copied())
                .collect()
        })
        .collect();
    let mut order = Vec::with_capacity(connections.len());
    let mut seen = vec![false; connections.len()];
    for index in 0..connections.len() {
        visit(index, &targets, &mut seen, &mut order);
    }
    // Targets come first in the visit's order.
    order.reverse();
    order
}

fn visit(index: usize, targets: &[Vec<usize>], seen: &mut [bool], order: &mut Vec<usize>) {
    if std::mem::replace(&mut seen[index], true) {
        return;
    }
    for target in &targets[index] {
        visit(*target, targets, seen, order);
    }
    order.push(index);
}
