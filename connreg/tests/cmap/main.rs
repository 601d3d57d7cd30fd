//! The tests of connection pools that `MongoDB`'s drivers share, run against ours.
//!
//! The format is the one of the [CMAP specification]'s unit tests: operations of several threads, and the events that
//! must come of them. Cases of our own are beside this file. Those of the specification are not part of this repository;
//! `CONNREG_CMAP_TESTS` names a folder with them, `cmap-format`.
//!
//! [CMAP specification]: https://github.com/mongodb/specifications/tree/master/source/connection-monitoring-and-pooling/tests/cmap-format

mod case;
mod matching;
mod record;
mod run;
mod server;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use libtest_mimic::{Arguments, Completion, Failed, Trial};

use case::Case;

const FOLDER: &str = "CONNREG_CMAP_TESTS";

/// Where our pool differs on purpose: the specification's file, and how. docs/pool.md has the same table.
const DEPARTURES: [(&str, &str); 9] = [
    ("pool-clear-clears-waitqueue", WAITS),
    ("pool-clear-ready", WAITS),
    ("pool-ready", WAITS),
    ("pool-clear-interrupt-immediately", OWNED),
    ("pool-clear-interrupting-pending-connections", OWNED),
    ("pool-checkout-maxConnecting-is-enforced", ONE_AT_FIRST),
    ("pool-checkout-maxConnecting-timeout", ONE_AT_FIRST),
    (
        "pool-checkout-returned-connection-maxConnecting",
        ONE_AT_FIRST,
    ),
    (
        "pool-checkout-minPoolSize-connection-maxConnecting",
        ONE_AT_FIRST,
    ),
];

const WAITS: &str =
    "callers of a suspended pool wait, each to its own deadline; CMAP fails them at once";
const OWNED: &str = "a lease and an opening end by themselves; CMAP can interrupt them";
const ONE_AT_FIRST: &str = "connections are opened one at first, then two, then four side by side; CMAP opens `maxConnecting` at once";

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cmap/cases");
    let mut trials = trials("own", &own, false);
    match std::env::var_os(FOLDER) {
        Some(folder) => trials.extend(self::trials("cmap", Path::new(&folder), true)),
        None => trials.push(Trial::ignorable_test("cmap", || {
            Ok(Completion::ignored_with(format!(
                "{FOLDER} does not name a folder with the specification's files"
            )))
        })),
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// A trial for each file, or one that fails where there are none.
fn trials(kind: &str, folder: &Path, may_depart: bool) -> Vec<Trial> {
    let files = match files(folder) {
        Ok(files) if !files.is_empty() => files,
        Ok(_) => return vec![failing(kind, format!("no JSON in {}", folder.display()))],
        Err(error) => return vec![failing(kind, format!("{}: {error}", folder.display()))],
    };
    files
        .into_iter()
        .map(|file| {
            let name = file
                .file_stem()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            let departure = DEPARTURES
                .iter()
                .find(|(departed, _)| may_depart && *departed == name)
                .map(|(_, why)| *why);
            Trial::ignorable_test(format!("{kind}::{name}"), move || {
                judge(run_file(&file), departure)
            })
        })
        .collect()
}

fn failing(name: &str, why: String) -> Trial {
    Trial::test(name, || Err(Failed::from(why)))
}

fn files(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut files: Vec<_> = std::fs::read_dir(folder)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    files.retain(|file| {
        file.extension()
            .is_some_and(|extension| extension == "json")
    });
    files.sort();
    Ok(files)
}

fn run_file(file: &Path) -> Result<(), String> {
    let text = std::fs::read_to_string(file).map_err(|error| error.to_string())?;
    let case: Case = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    run::run(case)
}

/// A departure that is none any more must leave the table.
fn judge(result: Result<(), String>, departure: Option<&str>) -> Result<Completion, Failed> {
    match (result, departure) {
        (Ok(()), None) => Ok(Completion::Completed),
        (Err(_), Some(why)) => Ok(Completion::ignored_with(why)),
        (Ok(()), Some(_)) => Err(Failed::from("it is listed as a departure, and passes")),
        (Err(why), None) => Err(Failed::from(why)),
    }
}
