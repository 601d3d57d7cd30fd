//! Which connection uses which, and the order of closing that follows: whoever uses another goes before it.

use std::collections::HashMap;

use crate::config::LoadedConnection;
use crate::config::tree::canonical;

/// Which connection uses which, by position.
#[derive(Debug, Default)]
pub(super) struct Order {
    targets: Vec<Vec<usize>>,
    /// Each connection in a group before those of all that it refers to; within a group none refers to another.
    groups: Vec<Vec<usize>>,
}

impl Order {
    /// There is no cycle among `connections`: loading has checked that.
    pub(super) fn of(connections: &[LoadedConnection]) -> Self {
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
        let groups = groups(&targets);
        Self { targets, groups }
    }

    /// Those that the one at `position` refers to.
    pub(super) fn targets(&self, position: usize) -> &[usize] {
        &self.targets[position]
    }

    /// All positions in the order of closing; those of a group may go side by side.
    pub(super) fn dependents_first(&self) -> &[Vec<usize>] {
        &self.groups
    }

    /// The positions whose `marked` is set, and all that refer to one of them, directly or not.
    pub(super) fn with_dependents(&self, marked: &mut [bool]) {
        for position in self.groups.iter().rev().flatten() {
            if self.targets[*position].iter().any(|target| marked[*target]) {
                marked[*position] = true;
            }
        }
    }
}

fn groups(targets: &[Vec<usize>]) -> Vec<Vec<usize>> {
    // How far each is from those that refer to nothing.
    let mut heights = vec![None; targets.len()];
    for index in 0..targets.len() {
        measure(index, targets, &mut heights);
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

/// Fills in the heights of `index` and of all that it refers to.
fn measure(index: usize, targets: &[Vec<usize>], heights: &mut [Option<usize>]) {
    // A stack of our own: a chain of references may be long.
    let mut path = vec![index];
    while let Some(&at) = path.last() {
        let open = targets[at]
            .iter()
            .find(|target| heights[**target].is_none())
            .filter(|_| heights[at].is_none());
        if let Some(target) = open {
            path.push(*target);
            continue;
        }
        let below = targets[at].iter().filter_map(|target| heights[*target]);
        heights[at] = Some(below.max().map_or(0, |below| below + 1));
        path.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_goes_before_what_it_refers_to_and_others_go_side_by_side() {
        // 0 → 1 → 3, 2 → 3, 4 alone.
        let targets = vec![vec![1], vec![3], vec![3], vec![], vec![]];
        assert_eq!(groups(&targets), [vec![0], vec![1, 2], vec![3, 4]]);
        let order = Order {
            groups: groups(&targets),
            targets,
        };
        let mut marked = [false, false, false, true, false];
        order.with_dependents(&mut marked);
        assert_eq!(marked, [true, true, true, true, false]);
    }

    #[test]
    fn a_long_chain_takes_no_stack() {
        let targets: Vec<Vec<usize>> = (1..100_000)
            .map(|next| vec![next])
            .chain([vec![]])
            .collect();
        assert_eq!(groups(&targets).len(), 100_000);
    }
}
