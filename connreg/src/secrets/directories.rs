//! Where the files of secrets are, for names that are no whole path.

use std::path::PathBuf;

/// Where Docker and Podman put secrets.
const DEFAULT: &str = "/run/secrets";

/// The directories that are there, in the order of looking: what code or `CONNREG_SECRETS_DIRECTORY` says, else systemd's
/// credentials and `/run/secrets`.
pub(crate) fn directories<'a>(
    code: Option<&PathBuf>,
    variable: impl Fn(&str) -> Option<&'a str>,
) -> Vec<PathBuf> {
    let set = |name: &str| {
        variable(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    let candidates = match code.cloned().or_else(|| set("CONNREG_SECRETS_DIRECTORY")) {
        Some(directory) => vec![directory],
        None => set("CREDENTIALS_DIRECTORY")
            .into_iter()
            .chain([PathBuf::from(DEFAULT)])
            .collect(),
    };
    candidates
        .into_iter()
        .filter(|path| path.is_dir())
        .collect()
}
