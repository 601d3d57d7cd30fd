//! What the process uses, and whether it grows.

use std::fmt::Write as _;
use std::fs;

use tokio::runtime::Handle;

/// Pages are 4 KiB wherever the tests run; elsewhere only the unit of the report is wrong.
const KIB_PER_PAGE: u64 = 4;

/// What the process uses at one moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Figures {
    pub(crate) descriptors: u64,
    pub(crate) threads: u64,
    pub(crate) tasks: u64,
    /// Resident memory, in KiB.
    pub(crate) memory: u64,
}

impl Figures {
    pub(crate) fn now() -> Self {
        let count = |folder| fs::read_dir(folder).map_or(0, Iterator::count) as u64;
        let pages = fs::read_to_string("/proc/self/statm").unwrap();
        let resident: u64 = pages.split(' ').nth(1).unwrap().parse().unwrap();
        Self {
            // Less the one that reads the folder.
            descriptors: count("/proc/self/fd") - 1,
            threads: count("/proc/self/task"),
            tasks: Handle::current().metrics().num_alive_tasks() as u64,
            memory: resident * KIB_PER_PAGE,
        }
    }
}

/// One figure: its name, where it stands, and by how much it may rise beside the hundredth part.
struct Kind {
    name: &'static str,
    of: fn(&Figures) -> u64,
    slack: u64,
}

const KINDS: [Kind; 4] = [
    // A connection may just be on its way out or in.
    Kind {
        name: "descriptors",
        of: |figures| figures.descriptors,
        slack: 2,
    },
    // The runtime's threads for blocking work come and go.
    Kind {
        name: "threads",
        of: |figures| figures.threads,
        slack: 2,
    },
    Kind {
        name: "tasks",
        of: |figures| figures.tasks,
        slack: 3,
    },
    // The allocator gives back late, and not in the same order twice.
    Kind {
        name: "memory, KiB",
        of: |figures| figures.memory,
        slack: 1024,
    },
];

/// The figures of all quiet moments, in order.
#[derive(Debug, Default)]
pub(crate) struct Course(Vec<Figures>);

impl Course {
    pub(crate) fn look(&mut self) {
        self.0.push(Figures::now());
    }

    /// The middle of each figure in each quarter, for people.
    pub(crate) fn table(&self) -> String {
        let mut table = format!(
            "{} quiet moments; the middle of each quarter:",
            self.0.len()
        );
        for kind in KINDS {
            let middles = [0, 1, 2, 3].map(|quarter| self.middle(quarter, kind.of).to_string());
            let _ = write!(table, "\n  {}: {}", kind.name, middles.join(", "));
        }
        table
    }

    /// Fails unless the last quarter is as the second; in the first, everything is still being opened.
    pub(crate) fn assert_flat(&self) {
        assert!(self.0.len() >= 8, "too short to tell: {}", self.0.len());
        for kind in KINDS {
            let (before, after) = (self.middle(1, kind.of), self.middle(3, kind.of));
            let most = before + before / 100 + kind.slack;
            assert!(after <= most, "{} grow: {}", kind.name, self.table());
        }
    }

    fn middle(&self, quarter: usize, of: fn(&Figures) -> u64) -> u64 {
        let length = self.0.len();
        let range = length * quarter / 4..length * (quarter + 1) / 4;
        let mut values: Vec<u64> = self.0[range].iter().map(of).collect();
        values.sort_unstable();
        values.get(values.len() / 2).copied().unwrap_or_default()
    }
}
