//! Where Redis comes from.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::{
    Found, Programs, Source, cache, docker, first_of, has_program, on_this_machine, sorted_folders,
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
    if !has_program("apt-get") || !has_program("dpkg") {
        return Err("no apt-get and dpkg to get it with".to_owned());
    }
    let folder = cache::get("redis", fill).map_err(|error| error.to_string())?;
    Ok(Source::Programs(Programs {
        folder: folder.join("bin"),
        libraries: Some(folder.join("lib")),
    }))
}

/// Downloads and unpacks; installs nothing and needs no root.
fn fill(staging: &Path) -> Result<(), HarnessError> {
    let packages = staging.join("packages");
    let unpacked = packages.join("unpacked");
    fs::create_dir_all(&unpacked)
        .map_err(|error| HarnessError::failed("can't unpack Redis", error))?;
    download(&packages)?;
    for package in sorted_folders(&packages) {
        if package.extension().is_some_and(|end| end == "deb") {
            let mut unpack = Command::new("dpkg");
            unpack.arg("-x").arg(&package).arg(&unpacked);
            run(unpack)?;
        }
    }
    let failed = |error| HarnessError::failed("can't unpack Redis", error);
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
    fs::remove_dir_all(&packages).map_err(failed)?;
    let mut version = Command::new(staging.join("bin/redis-server"));
    version.arg("--version").env("LD_LIBRARY_PATH", &lib);
    run(version).map(drop)
}

fn download(into: &Path) -> Result<(), HarnessError> {
    let with_system_lists = run(apt_get(into, &[], &["download"], &PACKAGES));
    if with_system_lists.is_ok() {
        return Ok(());
    }
    // Empty or outdated lists: update a copy of our own, which leaves the system as it is.
    let state = into.join("apt");
    for folder in ["lists/partial", "cache/archives/partial"] {
        fs::create_dir_all(state.join(folder))
            .map_err(|error| HarnessError::failed("can't make folders for apt", error))?;
    }
    let own = [
        format!("Dir::State={}", state.display()),
        format!("Dir::Cache={}", state.join("cache").display()),
        "Dir::State::status=/var/lib/dpkg/status".to_owned(),
        "APT::Sandbox::User=root".to_owned(),
    ];
    run(apt_get(into, &own, &["update"], &[]))?;
    run(apt_get(into, &own, &["download"], &PACKAGES)).map(drop)
}

fn apt_get(into: &Path, options: &[String], action: &[&str], packages: &[&str]) -> Command {
    let mut command = Command::new("apt-get");
    command.current_dir(into).env("LC_ALL", "C").arg("-qq");
    for option in options {
        command.args(["-o", option]);
    }
    command.args(action).args(packages);
    command
}
