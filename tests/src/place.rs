//! Where servers keep their files, and who they run as.

use std::env;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::error::HarnessError;
use crate::guard;

/// The ordinary user that servers run as when the tests run as root, which Postgres refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
}

/// `nobody`, by the number that every Linux gives it.
const NOBODY: Account = Account {
    uid: 65534,
    gid: 65534,
};

/// Whom to become before starting a server; `None` stays as it is.
pub(crate) fn account() -> Option<Account> {
    rustix::process::geteuid().is_root().then_some(NOBODY)
}

/// Whether the servers' user can enter every folder on the way to `path`.
pub(crate) fn reachable(path: &Path) -> bool {
    account().is_none()
        || path
            .ancestors()
            .filter(|folder| folder.exists())
            .all(|folder| {
                fs::metadata(folder).is_ok_and(|data| !data.is_dir() || data.mode() & 0o001 != 0)
            })
}

/// Makes `path` the property of the servers' user.
pub(crate) fn hand_over(path: &Path) -> Result<(), HarnessError> {
    match account() {
        Some(account) => chown(path, Some(account.uid), Some(account.gid)).map_err(|error| {
            HarnessError::failed(format_args!("can't hand over {}", path.display()), error)
        }),
        None => Ok(()),
    }
}

/// A temporary folder that only the servers' user can enter, removed when dropped and, by the
/// guard, when this process is killed.
#[derive(Debug)]
pub(crate) struct Folder {
    folder: TempDir,
}

impl Folder {
    pub(crate) fn new(label: &str) -> Result<Self, HarnessError> {
        let mut root = env::temp_dir();
        if !reachable(&root) {
            root = PathBuf::from("/tmp");
        }
        let folder = tempfile::Builder::new()
            .prefix(&format!("connreg-{label}-"))
            .tempdir_in(&root)
            .map_err(|error| {
                HarnessError::failed(
                    format_args!("can't make a temporary folder in {}", root.display()),
                    error,
                )
            })?;
        guard::folder_made(folder.path())?;
        hand_over(folder.path())?;
        Ok(Self { folder })
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file that belongs to the servers' user and nobody else can read.
    pub(crate) fn write(&self, name: &str, content: &str) -> Result<PathBuf, HarnessError> {
        use std::io::Write as _;
        use std::os::unix::fs::OpenOptionsExt as _;
        let path = self.path().join(name);
        fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&path)
            .and_then(|mut file| file.write_all(content.as_bytes()))
            .map_err(|error| {
                HarnessError::failed(format_args!("can't write {}", path.display()), error)
            })?;
        hand_over(&path)?;
        Ok(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Removed now, so that the guard does not find it and `TempDir` has nothing left to do.
        let _ = fs::remove_dir_all(self.folder.path());
        guard::folder_gone(self.folder.path());
    }
}
