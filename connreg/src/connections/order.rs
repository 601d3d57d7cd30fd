//! The order of closing: a connection that uses another goes before it.

use std::collections::HashMap;

use crate::config::LoadedConnection;
use crate::config::tree::canonical;

/// Positions of `connections` in groups: each connection in a group before those of all that it refers to; within a
/// group none refers to another.
///
/// There is no cycle: loading has checked that.
pub(super) fn dependents_first(connections: &[LoadedConnection]) -> Vec<Vec<usize>> {
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
    // How far each is from those that refer to nothing.
    let mut heights = vec![None; connections.len()];
    for index in 0..connections.len() {
        height(index, &targets, &mut heights);
    }
    let highest = heights
        .iter()
        .flatten()
        .max()
        .map_or(0, |highest| highest + 1);
    let mut groups = vec![Vec::new(); highest];
    for (index, height) in heights.iter().enumerate() {
        groups[highest - 1 - height.unwrap_or(0)].push(index);
    }
    groups
}

fn height(index: usize, targets: &[Vec<usize>], heights: &mut [Option<usize>]) -> usize {
    // A stack of our own: a chain of references may be long.
    let mut path = vec![index];
    while let Some(&at) = path.last() {
        if heights[at].is_some() {
            path.pop();
            continue;
        }
        let open = targets[at]
            .iter()
            .find(|target| heights[**target].is_none());
        if let Some(target) = open {
            path.push(*target);
            continue;
        }
        let below = targets[at].iter().filter_map(|target| heights[*target]);
        heights[at] = Some(below.max().map_or(0, |below| below + 1));
        path.pop();
    }
    heights[index].unwrap_or(0)
}
