//! Files that hold a secret each: Docker's and Kubernetes's, systemd's credentials.

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use zeroize::{Zeroize, Zeroizing};

use crate::settings::Secret;

/// The largest file that is taken for a secret.
const MAX_BYTES: u64 = 1024 * 1024;

/// The content of a file, without one line break at its end; or why it can't be had.
pub(super) fn read(path: &Path) -> Result<Secret, Unreadable> {
    let other = |reason: &str| Unreadable {
        reason: reason.to_owned(),
        is_missing: false,
    };
    let failed = |error: std::io::Error| Unreadable {
        is_missing: error.kind() == std::io::ErrorKind::NotFound,
        reason: error.to_string(),
    };
    let metadata = fs::metadata(path).map_err(failed)?;
    if metadata.is_dir() {
        return Err(other("it is a directory"));
    }
    // A pipe that nobody writes to would hold the load up for ever.
    if !metadata.is_file() {
        return Err(other("it is a pipe, a socket or a device, not a file"));
    }
    if metadata.len() > MAX_BYTES {
        return Err(other("it is larger than 1 MiB"));
    }
    let file = File::open(path).map_err(failed)?;
    // With room to spare, so that it does not move while it grows, which would leave a copy behind.
    let room = usize::try_from(metadata.len()).unwrap_or(0) + 64;
    let mut bytes = Zeroizing::new(Vec::with_capacity(room));
    file.take(MAX_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    text(&mut bytes).map(Secret::from).map_err(other)
}

/// Why a file can't be read.
#[derive(Clone, Debug)]
pub(crate) struct Unreadable {
    pub(crate) reason: String,
    pub(crate) is_missing: bool,
}

/// What bytes say as text, less one line break at the end. The bytes themselves are used, not a copy.
pub(super) fn text(bytes: &mut Vec<u8>) -> Result<String, &'static str> {
    if bytes.ends_with(b"\n") {
        bytes.pop();
        if bytes.ends_with(b"\r") {
            bytes.pop();
        }
    }
    String::from_utf8(std::mem::take(bytes)).map_err(|error| {
        error.into_bytes().zeroize();
        "it is not UTF-8"
    })
}
