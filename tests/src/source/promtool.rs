//! Where Prometheus' checker of rules and metrics comes from.

use std::fs;
use std::path::Path;

use super::{Found, Programs, Source, cache, debian, first_of, on_this_machine};
use crate::error::HarnessError;

/// The program's name.
pub(crate) const PROGRAM: &str = "promtool";

/// No container: it reads files of this machine.
pub(crate) fn promtool() -> Result<Source, HarnessError> {
    static FOUND: Found = Found::new();
    FOUND
        .get_or_init(|| {
            first_of(
                PROGRAM,
                &[("path", from_this_machine), ("registry", from_registry)],
            )
        })
        .clone()
}

fn from_this_machine() -> Result<Source, String> {
    let folder = on_this_machine(&[PROGRAM], &[]);
    let folder = folder.ok_or_else(|| format!("not installed ({PROGRAM})"))?;
    Ok(Source::Programs(Programs {
        folder,
        libraries: None,
    }))
}

/// The package brings the whole server along; building the checker takes its module's thousand dependencies.
fn from_registry() -> Result<Source, String> {
    debian::is_there()?;
    let folder = cache::get(PROGRAM, fill).map_err(|error| error.to_string())?;
    Ok(Source::Programs(Programs {
        folder,
        libraries: None,
    }))
}

fn fill(staging: &Path) -> Result<(), HarnessError> {
    let unpacked = debian::unpacked(staging, &["prometheus"])?;
    fs::rename(
        unpacked.join("usr/bin").join(PROGRAM),
        staging.join(PROGRAM),
    )
    .map_err(|error| HarnessError::failed("can't unpack promtool", error))?;
    debian::clear(staging)
}
