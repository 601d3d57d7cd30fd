//! Names that a test gives to addresses, and takes away.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::sync::{Mutex, PoisonError};

use tempfile::NamedTempFile;

use crate::apart::assert_apart;
use crate::error::{HarnessError, or_panic};

const HOSTS: &str = "/etc/hosts";

/// The names of a test that has a network of its own (`Network` in its suite's list), read anew at each look-up; all
/// others lead nowhere, since no name server can be reached.
#[derive(Debug)]
pub struct Names {
    file: NamedTempFile,
    known: Mutex<BTreeMap<String, Vec<String>>>,
}

impl Names {
    /// No names yet but `localhost`.
    ///
    /// # Panics
    ///
    /// The test shares its files with others; or the system refuses.
    #[must_use]
    pub fn own() -> Self {
        assert_apart();
        or_panic(Self::try_own())
    }

    fn try_own() -> Result<Self, HarnessError> {
        let failed = |error| HarnessError::failed(format_args!("can't replace {HOSTS}"), error);
        let file = NamedTempFile::new().map_err(failed)?;
        rustix::mount::mount_bind(file.path(), HOSTS).map_err(|error| failed(error.into()))?;
        let names = Self {
            file,
            known: Mutex::default(),
        };
        names.set("localhost", &["127.0.0.1"]);
        Ok(names)
    }

    /// Lets `name` lead to these addresses from now on.
    ///
    /// # Panics
    ///
    /// The file can't be written.
    pub fn set(&self, name: &str, addresses: &[&str]) {
        let addresses = addresses.iter().map(|&address| address.to_owned());
        self.change(|known| {
            known.insert(name.to_owned(), addresses.collect());
        });
    }

    /// Lets `name` lead nowhere: looking it up fails.
    ///
    /// # Panics
    ///
    /// The file can't be written.
    pub fn forget(&self, name: &str) {
        self.change(|known| {
            known.remove(name);
        });
    }

    fn change(&self, change: impl FnOnce(&mut BTreeMap<String, Vec<String>>)) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut known);
        let mut text = String::new();
        for (name, addresses) in &*known {
            for address in addresses {
                let _ = writeln!(text, "{address} {name}");
            }
        }
        // In place: a new file would not be the one that is mounted.
        let written = fs::OpenOptions::new()
            .write(true)
            .truncate(true)
            .open(self.file.path())
            .and_then(|mut file| file.write_all(text.as_bytes()));
        or_panic(written.map_err(|error| HarnessError::failed("can't write the names", error)));
    }
}
