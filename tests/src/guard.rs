//! The guard: a small shell that outlives its parent by a moment and stops what the parent left.
//!
//! A parent-death signal would fire when the *thread* that started a server ends, and is lost
//! when the server changes its user. A pipe is neither: its end is closed by the kernel however
//! the parent dies, `kill -9` included.

use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{ChildStdin, Command, Stdio};
use std::sync::{Mutex, PoisonError};

use crate::error::HarnessError;

/// How a server is asked to end at once, without leaving shared memory behind.
#[derive(Debug, Clone, Copy)]
pub(crate) enum EndBy {
    Term,
    Quit,
}

impl EndBy {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Term => "TERM",
            Self::Quit => "QUIT",
        }
    }
}

const SCRIPT: &str = include_str!("guard.sh");

static GUARD: Mutex<Option<ChildStdin>> = Mutex::new(None);

fn tell(line: &str) -> Result<(), HarnessError> {
    let mut guard = GUARD.lock().unwrap_or_else(PoisonError::into_inner);
    let pipe = match &mut *guard {
        Some(pipe) => pipe,
        empty => empty.insert(start()?),
    };
    pipe.write_all(format!("{line}\n").as_bytes())
        .map_err(|error| HarnessError::failed("the guard of the test servers is gone", error))
}

fn start() -> Result<ChildStdin, HarnessError> {
    // A group of its own, so that Ctrl-C in the terminal does not end it before its work.
    let mut shell = Command::new("/bin/sh")
        .args(["-c", SCRIPT, "connreg-guard"])
        .current_dir("/")
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| HarnessError::failed("can't start /bin/sh to guard servers", error))?;
    shell
        .stdin
        .take()
        .ok_or_else(|| HarnessError::Failed("the guard has no standard input".to_owned()))
}

pub(crate) fn server_started(pid: u32, end_by: EndBy) -> Result<(), HarnessError> {
    tell(&format!("+server {} {pid}", end_by.name()))
}

pub(crate) fn server_gone(pid: u32, end_by: EndBy) {
    forget(&format!("-server {} {pid}", end_by.name()));
}

pub(crate) fn folder_made(folder: &Path) -> Result<(), HarnessError> {
    tell(&format!("+folder - {}", folder.display()))
}

pub(crate) fn folder_gone(folder: &Path) {
    forget(&format!("-folder - {}", folder.display()));
}

pub(crate) fn container_made(name: &str) -> Result<(), HarnessError> {
    tell(&format!("+container - {name}"))
}

pub(crate) fn container_gone(name: &str) {
    forget(&format!("-container - {name}"));
}

fn forget(line: &str) {
    // Called from drops: a guard that is gone has nothing left to forget.
    let _ = tell(line);
}

/// A process group that is ended when this process ends without having dropped the value.
#[derive(Debug)]
pub struct GuardedGroup {
    leader: u32,
}

/// Guards a process group by its leader's process id.
///
/// # Errors
///
/// When the guard itself can't be started.
pub fn guard_group(leader: u32) -> Result<GuardedGroup, HarnessError> {
    tell(&format!("+group - {leader}"))?;
    Ok(GuardedGroup { leader })
}

impl Drop for GuardedGroup {
    fn drop(&mut self) {
        forget(&format!("-group - {}", self.leader));
    }
}
