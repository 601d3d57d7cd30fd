//! The test command, `cargo test-all`: gets and starts the servers that tests share, runs every
//! test of the workspace once, stops everything.

use std::env;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

use clap::Parser;
use connreg_tests::suite::Need;
use connreg_tests::{HarnessError, Postgres, Redis, guard_group};

/// Runs every test of the workspace on real servers, all features on.
///
/// The servers come from `CONNREG_TEST_POSTGRES_URL` and `CONNREG_TEST_REDIS_URL`, a Docker engine,
/// the PATH, or package registries, whichever is there first. A test whose server can't be had
/// is reported as ignored; with CI=true it fails.
#[derive(Debug, Parser)]
#[command(name = "cargo test-all", bin_name = "cargo test-all")]
struct Arguments {
    /// Only tests that have this in their name, say `postgres` or `postgres::reads_rows`.
    filter: Option<String>,

    /// Names the tests and runs none; needs no server.
    #[arg(long)]
    list: bool,

    /// What every test program gets, say `-- --test-threads 1`.
    #[arg(last = true)]
    rest: Vec<String>,
}

/// The servers that all test programs share; gone with the value.
#[derive(Debug, Default)]
struct Shared {
    postgres: Option<Postgres>,
    redis: Option<Redis>,
    variables: Vec<(&'static str, String)>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    end_with_cargo();
    let started = Instant::now();
    let shared = if arguments.list {
        Shared::default()
    } else {
        start_servers()
    };
    match run_tests(&arguments, &shared) {
        Ok(passed) => {
            drop(shared);
            if !arguments.list {
                let said = if passed { "passed" } else { "FAILED" };
                eprintln!("test-all: {said} in {:.0?}", started.elapsed());
            }
            if passed {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            }
        }
        Err(error) => {
            eprintln!("test-all: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Cargo waits for this program; if it is killed, nobody is left to wait for the tests.
fn end_with_cargo() {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{Signal, set_parent_process_death_signal};
        // The guard does the rest. Where the system refuses, Ctrl-C still reaches both.
        let _ = set_parent_process_death_signal(Some(Signal::TERM));
    }
}

/// Starts what can be started and tells the rest; the tests themselves are ignored or fail.
fn start_servers() -> Shared {
    let mut shared = Shared::default();
    for need in Need::ALL {
        if let Some(variable) = need.variable()
            && env::var_os(variable).is_some()
        {
            eprintln!("test-all: {need} from {variable}");
            continue;
        }
        match need.find() {
            Ok(source) => {
                let url = match need {
                    Need::Postgres => Some(shared.postgres.insert(Postgres::start()).url()),
                    Need::Redis => Some(shared.redis.insert(Redis::start()).url()),
                    // Each test has its own.
                    Need::Proxy
                    | Need::Browser
                    | Need::Promtool
                    | Need::Process
                    | Need::Network => None,
                };
                eprintln!("test-all: {need} from {source}");
                shared.variables.extend(need.variable().zip(url));
            }
            Err(reason) => {
                let then = if need.must_be_had() {
                    "fail"
                } else {
                    "are ignored"
                };
                eprintln!("test-all: {reason}; tests that need {need} {then}");
            }
        }
    }
    shared
}

fn run_tests(arguments: &Arguments, shared: &Shared) -> Result<bool, HarnessError> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    // The very selection that this program was built with: see the alias.
    command.args(["test", "--workspace", "--all-features", "--no-fail-fast"]);
    command.args(&arguments.filter).arg("--");
    if arguments.list {
        command.arg("--list");
    }
    // What cargo told this program about itself; build scripts that look at it would run again.
    for (name, _) in env::vars_os() {
        let about_itself = [
            "CARGO_PKG_",
            "CARGO_MANIFEST_",
            "CARGO_BIN_",
            "CARGO_CRATE_",
        ];
        if about_itself
            .iter()
            .any(|prefix| name.to_string_lossy().starts_with(prefix))
        {
            command.env_remove(name);
        }
    }
    command
        .args(&arguments.rest)
        .envs(shared.variables.iter().map(|(name, url)| (name, url)))
        .stdin(Stdio::null())
        // A group of its own, so that the guard can end cargo and every test program with it.
        .process_group(0);
    let failed = |error| HarnessError::Failed(format!("can't run cargo test: {error}"));
    let mut cargo = command.spawn().map_err(failed)?;
    let _guarded = guard_group(cargo.id())?;
    Ok(cargo.wait().map_err(failed)?.success())
}
