//! Packages of the distribution, unpacked beside it: nothing is installed, no root is needed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{has_program, sorted_folders};
use crate::error::HarnessError;
use crate::process::run;

/// Where packages lie while something is made of them.
const PACKAGES: &str = "packages";

/// Whether there is anything to get packages with, or why not.
pub(super) fn is_there() -> Result<(), String> {
    if has_program("apt-get") && has_program("dpkg") {
        Ok(())
    } else {
        Err("no apt-get and dpkg to get it with".to_owned())
    }
}

/// Downloads and unpacks; gives the folder with what is in them.
pub(super) fn unpacked(staging: &Path, names: &[&str]) -> Result<PathBuf, HarnessError> {
    let packages = staging.join(PACKAGES);
    let unpacked = packages.join("unpacked");
    fs::create_dir_all(&unpacked)
        .map_err(|error| HarnessError::failed("can't unpack packages", error))?;
    download(&packages, names)?;
    for package in sorted_folders(&packages) {
        if package.extension().is_some_and(|end| end == "deb") {
            let mut unpack = Command::new("dpkg");
            unpack.arg("-x").arg(&package).arg(&unpacked);
            run(unpack)?;
        }
    }
    Ok(unpacked)
}

/// Removes what nothing was made of.
pub(super) fn clear(staging: &Path) -> Result<(), HarnessError> {
    fs::remove_dir_all(staging.join(PACKAGES))
        .map_err(|error| HarnessError::failed("can't remove packages", error))
}

fn download(into: &Path, names: &[&str]) -> Result<(), HarnessError> {
    let with_system_lists = run(apt_get(into, &[], &["download"], names));
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
    run(apt_get(into, &own, &["download"], names)).map(drop)
}

fn apt_get(into: &Path, options: &[String], action: &[&str], names: &[&str]) -> Command {
    let mut command = Command::new("apt-get");
    command.current_dir(into).env("LC_ALL", "C").arg("-qq");
    for option in options {
        command.args(["-o", option]);
    }
    command.args(action).args(names);
    command
}
