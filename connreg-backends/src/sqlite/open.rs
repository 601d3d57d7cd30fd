//! Opening a database: which file or memory, with which switches. Classifying what SQLite says is in `error`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use connreg::{ConnectError, ErrorKind};
use rusqlite::{Connection, OpenFlags};

use super::error::classify;

/// Numbers the databases in memory of this process.
static NEXT_MEMORY: AtomicU64 = AtomicU64::new(0);

/// Everything that every connection to one database is opened with.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) place: Place,
    pub(super) read_only: bool,
    pub(super) wal: bool,
    pub(super) foreign_keys: bool,
    pub(super) busy_timeout: Duration,
}

/// Where the database is.
#[derive(Debug)]
pub(super) enum Place {
    File(PathBuf),
    /// The name of a database in SQLite's `memdb`: shared by all connections of the process that name
    /// it, with the locks of a file, and gone with the last of them.
    Memory(String),
}

impl Place {
    /// `:memory:` is a new database; anything else a file.
    pub(super) fn of(path: &Path) -> Self {
        if path.as_os_str() == ":memory:" {
            let number = NEXT_MEMORY.fetch_add(1, Ordering::Relaxed);
            return Self::Memory(format!("file:/connreg-{number}?vfs=memdb"));
        }
        Self::File(path.to_owned())
    }
}

impl Target {
    /// Opens a connection. Blocks.
    pub(super) fn open(&self) -> Result<Connection, ConnectError> {
        let connection = match &self.place {
            Place::File(path) => self.open_file(path)?,
            Place::Memory(name) => {
                let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
                    | OpenFlags::SQLITE_OPEN_CREATE
                    | OpenFlags::SQLITE_OPEN_URI
                    | OpenFlags::SQLITE_OPEN_NO_MUTEX;
                Connection::open_with_flags(name, flags)
                    .map_err(|error| classify("opening a database in memory", error))?
            }
        };
        self.prepare(&connection)
            .map_err(|error| self.explain(error))?;
        Ok(connection)
    }

    fn open_file(&self, path: &Path) -> Result<Connection, ConnectError> {
        look_at_place(path, self.read_only)?;
        let access = if self.read_only {
            OpenFlags::SQLITE_OPEN_READ_ONLY
        } else {
            OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE
        };
        // Without SQLITE_OPEN_URI a path is a path, whatever it begins with.
        Connection::open_with_flags(path, access | OpenFlags::SQLITE_OPEN_NO_MUTEX)
            .map_err(|error| self.explain(error))
    }

    fn prepare(&self, connection: &Connection) -> rusqlite::Result<()> {
        connection.busy_timeout(self.busy_timeout)?;
        connection.pragma_update(None, "foreign_keys", self.foreign_keys)?;
        if let (Place::File(_), false) = (&self.place, self.read_only) {
            // What the file is set to stays unless it differs, so that opening needs no lock to write.
            let current: String =
                connection.pragma_query_value(None, "journal_mode", |row| row.get(0))?;
            if self.wal && current != "wal" {
                connection.pragma_update(None, "journal_mode", "wal")?;
            } else if !self.wal && current == "wal" {
                connection.pragma_update(None, "journal_mode", "delete")?;
            }
        }
        // Opening is lazy; the first look at the schema finds out that a file is no database.
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))
    }

    fn explain(&self, error: rusqlite::Error) -> ConnectError {
        match &self.place {
            Place::File(path) => classify(&format!("opening `{}`", path.display()), error),
            Place::Memory(_) => classify("opening a database in memory", error),
        }
    }
}

/// Says what SQLite's "unable to open database file" would leave open.
fn look_at_place(path: &Path, must_exist: bool) -> Result<(), ConnectError> {
    if path.as_os_str().is_empty() {
        let message = "`path` is empty";
        return Err(ConnectError::new(ErrorKind::Configuration, message)
            .with_help("give `path` a file's name, or `:memory:`"));
    }
    let attempted = format!("opening `{}`", path.display());
    if path.is_dir() {
        let message = format!("{attempted} failed: it is a directory");
        return Err(ConnectError::new(ErrorKind::Configuration, message)
            .with_help("give `path` the name of a file in it"));
    }
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    match fs::metadata(directory) {
        Ok(found) if found.is_dir() => {}
        Ok(_) => {
            let message = format!(
                "{attempted} failed: `{}` is not a directory",
                directory.display()
            );
            return Err(
                ConnectError::new(ErrorKind::Configuration, message).with_help("correct `path`")
            );
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let message = format!(
                "{attempted} failed: the directory `{}` does not exist{}",
                directory.display(),
                seen_from(directory)
            );
            return Err(ConnectError::new(ErrorKind::Configuration, message)
                .with_help("create the directory, or correct `path`")
                .with_source(error));
        }
        Err(error) => return Err(ConnectError::from_io(attempted, error)),
    }
    if must_exist && !path.exists() {
        let message = format!(
            "{attempted} failed: there is no such file{}",
            seen_from(path)
        );
        return Err(ConnectError::new(ErrorKind::Configuration, message)
            .with_help("correct `path`, or take `read_only` away to have the file made"));
    }
    Ok(())
}

/// Where a relative path was looked for.
fn seen_from(path: &Path) -> String {
    match std::env::current_dir() {
        Ok(current) if path.is_relative() => format!(" (looked for in `{}`)", current.display()),
        _ => String::new(),
    }
}
