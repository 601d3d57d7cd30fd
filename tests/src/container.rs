//! The container that one server process is in.

use std::ffi::OsString;
use std::process::Command;

use crate::error::HarnessError;
use crate::guard;
use crate::process::run;

/// A container by the name that it is started with; removed by the engine when its process ends.
#[derive(Debug)]
pub(crate) struct Container {
    name: String,
}

impl Container {
    /// A name of its own for every start: the engine may still be removing the one before.
    pub(crate) fn new() -> Result<Self, HarnessError> {
        let word: String = std::iter::repeat_with(fastrand::alphanumeric)
            .take(12)
            .collect();
        let name = format!("connreg-{word}");
        guard::container_made(&name)?;
        Ok(Self { name })
    }

    /// What `docker run` is told beside what every container gets.
    pub(crate) fn options(&self, ports: &[u16]) -> Vec<OsString> {
        let mut options = vec![OsString::from("--name"), OsString::from(&self.name)];
        for port in ports {
            options.push(OsString::from("--publish"));
            options.push(OsString::from(format!("127.0.0.1:{port}:{port}")));
        }
        options
    }

    /// `docker <action>` on it. One that is gone, or not paused, needs nothing done.
    pub(crate) fn tell(&self, action: &str, options: &[&str]) {
        let mut docker = Command::new("docker");
        docker.arg(action).args(options).arg(&self.name);
        let _ = run(docker);
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        guard::container_gone(&self.name);
    }
}
