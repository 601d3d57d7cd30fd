//! Where Redis comes from.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::{
    Found, Programs, Source, cache, debian, docker, first_of, on_this_machine, sorted_folders,
};
use crate::error::HarnessError;
use crate::place;
use crate::process::run;

/// The server, and those of its libraries that a small system does not have already.
const PACKAGES: [&str; 5] = [
    "redis-server",
    "redis-tools",
    "libatomic1",
    "libjemalloc2",
    "liblzf1",
];

pub(crate) fn redis() -> Result<Source, HarnessError> {
    static FOUND: Found = Found::new();
    FOUND
        .get_or_init(|| {
            first_of(
                "Redis",
                &[
                    ("docker", || docker::image("redis:8")),
                    ("path", from_this_machine),
                    ("registry", from_registry),
                ],
            )
        })
        .clone()
}

/// For servers that must reach each other under the addresses that clients use too, which those
/// in containers of their own can't.
pub(crate) fn redis_programs() -> Result<Source, HarnessError> {
    static FOUND: Found = Found::new();
    FOUND
        .get_or_init(|| {
            first_of(
                "Redis outside Docker",
                &[("path", from_this_machine), ("registry", from_registry)],
            )
        })
        .clone()
}

fn from_this_machine() -> Result<Source, String> {
    on_this_machine(&["redis-server"], &[])
        .filter(|folder| place::reachable(folder))
        .map(|folder| {
            Source::Programs(Programs {
                folder,
                libraries: None,
            })
        })
        .ok_or_else(|| "not installed (redis-server)".to_owned())
}

fn from_registry() -> Result<Source, String> {
    debian::is_there()?;
    let folder = cache::get("redis", fill).map_err(|error| error.to_string())?;
    Ok(Source::Programs(Programs {
        folder: folder.join("bin"),
        libraries: Some(folder.join("lib")),
    }))
}

fn fill(staging: &Path) -> Result<(), HarnessError> {
    let failed = |error| HarnessError::failed("can't unpack Redis", error);
    let unpacked = debian::unpacked(staging, &PACKAGES)?;
    fs::rename(unpacked.join("usr/bin"), staging.join("bin")).map_err(failed)?;
    let lib = staging.join("lib");
    fs::create_dir(&lib).map_err(failed)?;
    for parent in ["usr/lib", "lib"] {
        for triple in sorted_folders(&unpacked.join(parent)) {
            for library in sorted_folders(&triple) {
                let is_library = library
                    .file_name()
                    .is_some_and(|name| name.to_string_lossy().contains(".so"));
                if let (true, Some(name)) = (is_library, library.file_name()) {
                    fs::rename(&library, lib.join(name)).map_err(failed)?;
                }
            }
        }
    }
    debian::clear(staging)?;
    let mut version = Command::new(staging.join("bin/redis-server"));
    version.arg("--version").env("LD_LIBRARY_PATH", &lib);
    run(version).map(drop)
}
