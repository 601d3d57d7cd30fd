//! Where a server's program comes from: a Docker engine, this machine, or a registry.

mod cache;
mod chromium;
mod debian;
mod docker;
mod postgres;
mod promtool;
mod redis;
mod toxiproxy;

use std::env;
use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

pub(crate) use chromium::{PROGRAMS as CHROMIUM, chromium};
pub(crate) use postgres::{postgres, postgres_programs};
pub(crate) use promtool::{PROGRAM as PROMTOOL, promtool};
pub(crate) use redis::{redis, redis_programs};
pub(crate) use toxiproxy::{PROGRAM as TOXIPROXY, toxiproxy};

use crate::error::HarnessError;

/// Names the Postgres server that tests share, when there is one already.
pub const POSTGRES_URL: &str = "CONNREG_TEST_POSTGRES_URL";
/// Names the Redis server that tests share, when there is one already.
pub const REDIS_URL: &str = "CONNREG_TEST_REDIS_URL";
/// Which sources are asked: any of `docker,path,registry`; all of them when it is not set.
const SOURCES: &str = "CONNREG_TEST_SOURCES";

/// Where a server's program comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The official image, run by a Docker engine.
    Image(&'static str),
    /// Programs in a folder of this machine or of the cache.
    Programs(Programs),
}

/// Programs of a server, and the shared libraries that came with them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Programs {
    folder: PathBuf,
    libraries: Option<PathBuf>,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Image(image) => write!(f, "Docker image {image}"),
            Self::Programs(programs) => write!(f, "{}", programs.folder.display()),
        }
    }
}

impl Source {
    /// Where a server listens: a container has a loopback of its own, which nobody else can reach.
    pub(crate) fn listen_address(&self) -> &'static str {
        match self {
            Self::Image(_) => "0.0.0.0",
            Self::Programs(_) => "127.0.0.1",
        }
    }

    /// How a program of this source is run in a folder that it may write to.
    pub(crate) fn invocation(&self, program: &str, folder: &Path) -> Invocation {
        match self {
            Self::Image(image) => Invocation {
                program: PathBuf::from("docker"),
                leading: docker::run(image, program, folder),
                environment: Vec::new(),
                in_container: true,
            },
            Self::Programs(programs) => Invocation {
                program: programs.folder.join(program),
                leading: Vec::new(),
                environment: programs.environment(),
                in_container: false,
            },
        }
    }
}

/// How a program is run, up to its own arguments.
#[derive(Debug, Clone)]
pub(crate) struct Invocation {
    pub(crate) program: PathBuf,
    pub(crate) leading: Vec<OsString>,
    pub(crate) environment: Vec<(&'static str, OsString)>,
    pub(crate) in_container: bool,
}

impl Programs {
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    fn environment(&self) -> Vec<(&'static str, OsString)> {
        self.libraries
            .iter()
            .map(|folder| ("LD_LIBRARY_PATH", folder.clone().into_os_string()))
            .collect()
    }
}

fn asked(source: &str) -> bool {
    env::var(SOURCES).map_or(true, |list| {
        list.split(',').any(|each| each.trim() == source)
    })
}

/// The first folder of the `PATH`, then of `more`, that has all the programs.
fn on_this_machine(programs: &[&str], more: &[PathBuf]) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .chain(more.iter().cloned())
        .find(|folder| programs.iter().all(|name| folder.join(name).is_file()))
}

fn has_program(name: &str) -> bool {
    on_this_machine(&[name], &[]).is_some()
}

/// A source is looked for once per process; what was found or not stays so.
type Found = OnceLock<Result<Source, HarnessError>>;

/// Gives the source, or why it has none.
type Attempt = fn() -> Result<Source, String>;

fn first_of(what: &str, attempts: &[(&str, Attempt)]) -> Result<Source, HarnessError> {
    let mut reasons = Vec::new();
    for &(name, attempt) in attempts {
        if !asked(name) {
            continue;
        }
        match attempt() {
            Ok(source) => return Ok(source),
            Err(reason) => reasons.push(reason),
        }
    }
    if reasons.is_empty() {
        reasons.push(format!("{SOURCES} names no known source"));
    }
    Err(HarnessError::Unavailable(format!(
        "no {what}: {}",
        reasons.join("; ")
    )))
}

fn sorted_folders(parent: &Path) -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = std::fs::read_dir(parent)
        .map(|entries| entries.flatten().map(|entry| entry.path()).collect())
        .unwrap_or_default();
    folders.sort();
    folders
}
