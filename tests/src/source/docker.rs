//! Servers from official images, where a Docker engine answers.

use std::ffi::OsString;
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

use super::{Source, has_program};
use crate::place;
use crate::process::run as run_command;

/// The image, pulled if it is not there yet; or why not.
pub(super) fn image(image: &'static str) -> Result<Source, String> {
    engine()?;
    let mut inspect = Command::new("docker");
    inspect.args(["image", "inspect", image]);
    if run_command(inspect).is_err() {
        let mut pull = Command::new("docker");
        pull.args(["pull", "--quiet", image]);
        run_command(pull).map_err(|error| error.to_string())?;
    }
    Ok(Source::Image(image))
}

/// Whether an engine answers; a client alone is of no use.
fn engine() -> Result<(), String> {
    static ANSWERS: OnceLock<Result<(), String>> = OnceLock::new();
    ANSWERS
        .get_or_init(|| {
            if !has_program("docker") {
                return Err("no docker".to_owned());
            }
            let mut version = Command::new("docker");
            version.args(["version", "--format", "{{.Server.Version}}"]);
            run_command(version)
                .map(drop)
                .map_err(|_| "no Docker engine answers".to_owned())
        })
        .clone()
}

/// `docker run` up to the program's own arguments. The folder has the same path inside, and the
/// program the same user, who may be unknown to the image.
pub(super) fn run(image: &str, program: &str, folder: &Path) -> Vec<OsString> {
    let user = place::account().map_or_else(
        || {
            let (uid, gid) = (rustix::process::geteuid(), rustix::process::getegid());
            format!("{}:{}", uid.as_raw(), gid.as_raw())
        },
        |account| format!("{}:{}", account.uid, account.gid),
    );
    let folder = folder.display().to_string();
    ["run", "--rm", "--user", &user]
        .into_iter()
        .chain(["--volume", &format!("{folder}:{folder}")])
        .chain(["--volume", "/etc/passwd:/etc/passwd:ro"])
        .chain(["--workdir", &folder, "--entrypoint", program, image])
        .map(OsString::from)
        .collect()
}
