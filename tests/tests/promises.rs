//! The page of promises names tests that exist.

use std::fs;
use std::path::Path;

/// All test sources of the workspace, as one text.
fn sources(folder: &Path, all: &mut String) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, all);
        } else if path.extension().is_some_and(|end| end == "rs") {
            all.push_str(&fs::read_to_string(path).unwrap());
        }
    }
}

#[test]
fn every_test_that_the_page_names_is_there() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut all = String::new();
    for folder in ["tests", "../connreg/tests", "../connreg/src"] {
        sources(&here.join(folder), &mut all);
    }
    let page = include_str!("../../docs/reliability.md");
    let table = page.split("| fault | promise | tests |").nth(1).unwrap();
    let table = table.split("\n\n").next().unwrap();
    let mut named = 0;
    for row in table.lines().skip(2) {
        let tests = row.trim_end_matches(" |").rsplit(" | ").next().unwrap();
        for test in tests.split(", ") {
            let test = test.trim_matches('`');
            assert!(
                all.contains(&format!("fn {test}(")),
                "there is no test {test}"
            );
            named += 1;
        }
    }
    assert!(named > 30, "{named}");
}
