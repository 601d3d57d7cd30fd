//! Where the fault proxy, Toxiproxy, comes from.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::{Found, Programs, Source, cache, first_of, has_program, on_this_machine};
use crate::error::HarnessError;
use crate::place;
use crate::process::run;

/// The program's name where it is installed, and in the cache.
pub(crate) const PROGRAM: &str = "toxiproxy-server";
const MODULE: &str = "github.com/Shopify/toxiproxy/v2/cmd/server@v2.12.0";

/// No container: the proxy must reach the loopback address of this machine.
pub(crate) fn toxiproxy() -> Result<Source, HarnessError> {
    static FOUND: Found = Found::new();
    FOUND
        .get_or_init(|| {
            first_of(
                "Toxiproxy",
                &[("path", from_this_machine), ("registry", from_registry)],
            )
        })
        .clone()
}

fn from_this_machine() -> Result<Source, String> {
    on_this_machine(&[PROGRAM], &[])
        .filter(|folder| place::reachable(folder))
        .map(|folder| {
            Source::Programs(Programs {
                folder,
                libraries: None,
            })
        })
        .ok_or_else(|| format!("not installed ({PROGRAM})"))
}

fn from_registry() -> Result<Source, String> {
    if !has_program("go") {
        return Err("no go to build it with".to_owned());
    }
    let folder = cache::get("toxiproxy-2.12", fill).map_err(|error| error.to_string())?;
    Ok(Source::Programs(Programs {
        folder,
        libraries: None,
    }))
}

fn fill(staging: &Path) -> Result<(), HarnessError> {
    let failed = |error| HarnessError::failed("can't build Toxiproxy", error);
    let scratch = staging.join("go");
    let mut install = Command::new("go");
    install
        .args(["install", "-trimpath", "-modcacherw", MODULE])
        // Nothing of the build stays outside the cache folder.
        .env("GOPATH", &scratch)
        .env("GOMODCACHE", scratch.join("modules"))
        .env("GOCACHE", scratch.join("cache"))
        .env("GOBIN", staging)
        .env("GOFLAGS", "");
    run(install)?;
    fs::rename(staging.join("server"), staging.join(PROGRAM)).map_err(failed)?;
    fs::remove_dir_all(&scratch).map_err(failed)
}
