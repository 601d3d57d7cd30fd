//! Deadlines, pauses and ages go by monotonic time, which nobody can set.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Where wall-clock time is read, and what for. Nothing is decided by it but in the last.
const READERS: [(&str, &str); 5] = [
    (
        "connreg/src/connection/activity.rs",
        "when a connection was last used, for status and page",
    ),
    (
        "connreg/src/connection/untyped.rs",
        "when an event happened",
    ),
    (
        "connreg/src/lifecycle.rs",
        "when a connection was made, opened and checked, for status and page",
    ),
    ("connreg/src/http/watcher.rs", "when the page was drawn"),
    (
        "connreg-backends/src/sqlite/key_value.rs",
        "when a value ends that outlives the process: kept in the database beside it",
    ),
];

fn readers(folder: &Path, root: &Path, found: &mut BTreeMap<String, usize>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            readers(&path, root, found);
        } else if path.extension().is_some_and(|end| end == "rs") {
            let source = fs::read_to_string(&path).unwrap();
            let reads = [
                "SystemTime::now(",
                "UNIX_EPOCH.elapsed(",
                "Utc::now(",
                "Local::now(",
            ]
            .iter()
            .map(|clock| source.matches(clock).count())
            .sum();
            if reads > 0 {
                let name = path
                    .strip_prefix(root)
                    .unwrap()
                    .to_string_lossy()
                    .replace('\\', "/");
                found.insert(name, reads);
            }
        }
    }
}

#[test]
fn wall_clock_time_is_only_shown_or_kept() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut found = BTreeMap::new();
    for folder in ["connreg/src", "connreg-backends/src"] {
        readers(&root.join(folder), root, &mut found);
    }
    for (file, _) in READERS {
        assert!(
            found.remove(file).is_some(),
            "{file} reads no wall clock any more"
        );
    }
    assert!(
        found.is_empty(),
        "wall-clock time is read in {found:?}; what for?"
    );
}
