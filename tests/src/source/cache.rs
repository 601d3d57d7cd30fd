//! The cache folder: what came from a registry, got once, whole or not at all.

use std::env;
use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::error::HarnessError;
use crate::place;
use crate::process::poll;

/// Names the cache folder; without it, `servers` in cargo's target folder.
const CACHE: &str = "CONNREG_TEST_CACHE";
/// Where root keeps servers when the cache lies where nobody else can enter.
const FOR_ROOT: &str = "/var/cache/connreg-tests";
/// How long another process may take to get the same thing.
const WAIT: Duration = Duration::from_mins(10);

fn folder() -> Result<PathBuf, HarnessError> {
    let chosen = match env::var_os(CACHE) {
        Some(folder) => PathBuf::from(folder),
        None => target()?.join("servers"),
    };
    if place::reachable(&chosen) {
        Ok(chosen)
    } else {
        Ok(PathBuf::from(FOR_ROOT))
    }
}

/// Cargo marks its target folder, which this program was started from.
fn target() -> Result<PathBuf, HarnessError> {
    let program = env::current_exe()
        .map_err(|error| HarnessError::failed("can't tell where this program is", error))?;
    program
        .ancestors()
        .find(|folder| folder.join("CACHEDIR.TAG").is_file())
        .map(Path::to_path_buf)
        .ok_or_else(|| {
            HarnessError::Failed(format!(
                "{} is in no target folder of cargo: set {CACHE}",
                program.display()
            ))
        })
}

/// The folder `name` of the cache; made by `fill` if it is not there, by one process at a time.
pub(super) fn get(
    name: &str,
    fill: impl FnOnce(&Path) -> Result<(), HarnessError>,
) -> Result<PathBuf, HarnessError> {
    let cache = folder()?;
    let ready = cache.join(name);
    if ready.is_dir() {
        return Ok(ready);
    }
    let failed = |error| HarnessError::failed(format_args!("can't use {}", cache.display()), error);
    fs::create_dir_all(&cache).map_err(failed)?;
    let lock = File::create(cache.join(format!(".{name}.lock"))).map_err(failed)?;
    poll("another process gets the same server", WAIT, || {
        lock.try_lock().ok()
    })?;
    if ready.is_dir() {
        return Ok(ready);
    }
    // A prefix of its own: what a killed process left half done is removed by the next one.
    let prefix = format!(".{name}-");
    for left in super::sorted_folders(&cache) {
        let is_left = left
            .file_name()
            .is_some_and(|file| file.to_string_lossy().starts_with(&prefix));
        if is_left {
            fs::remove_dir_all(&left).map_err(failed)?;
        }
    }
    let staging = tempfile::Builder::new()
        .prefix(&prefix)
        .permissions(Permissions::from_mode(0o755))
        .tempdir_in(&cache)
        .map_err(failed)?;
    eprintln!("getting {name} into {}", cache.display());
    fill(staging.path())?;
    fs::rename(staging.keep(), &ready).map_err(failed)?;
    Ok(ready)
}
