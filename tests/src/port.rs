//! Ports that stay with one server while it is down, too.

use std::env;
use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener};

use crate::error::HarnessError;

/// Below the range from which the kernel takes clients' ports, so that no outgoing connection
/// sits on the port of a server that is being restarted.
const RANGE: std::ops::Range<u16> = 15_000..32_000;

/// A free loopback port, kept from every other process that uses this harness until dropped.
#[derive(Debug)]
pub(crate) struct Port {
    number: u16,
    _lock: File,
}

impl Port {
    pub(crate) fn reserve() -> Result<Self, HarnessError> {
        let folder = env::temp_dir().join(format!(
            "connreg-ports-{}",
            rustix::process::geteuid().as_raw()
        ));
        fs::create_dir_all(&folder).map_err(|error| {
            HarnessError::failed(format_args!("can't make {}", folder.display()), error)
        })?;
        for _ in 0..500 {
            let number = fastrand::u16(RANGE);
            let Ok(lock) = File::create(folder.join(number.to_string())) else {
                continue;
            };
            if lock.try_lock().is_ok() && TcpListener::bind((Ipv4Addr::LOCALHOST, number)).is_ok() {
                return Ok(Self {
                    number,
                    _lock: lock,
                });
            }
        }
        Err(HarnessError::Failed(format!(
            "no free loopback port between {} and {}",
            RANGE.start, RANGE.end
        )))
    }

    pub(crate) fn number(&self) -> u16 {
        self.number
    }
}
