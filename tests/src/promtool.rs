//! Prometheus' own word on rules and metrics.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::error::{HarnessError, or_panic};
use crate::source::{PROMTOOL, promtool};

/// What Prometheus' checker said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Whether it has nothing against it.
    pub passed: bool,
    /// All that it wrote.
    pub said: String,
}

/// Has `promtool` check something: `arguments` are its own, `folder` is where the files that they name are, `input` is what
/// it reads where it reads no file. Blocks for less than a second.
///
/// # Panics
///
/// When it can't be had or run; the message says why.
pub fn check_with_promtool(arguments: &[&str], folder: &Path, input: &str) -> Verdict {
    or_panic(try_check(arguments, folder, input))
}

fn try_check(arguments: &[&str], folder: &Path, input: &str) -> Result<Verdict, HarnessError> {
    let failed = |error| HarnessError::failed("can't run promtool", error);
    let invocation = promtool()?.invocation(PROMTOOL, folder);
    let mut child = Command::new(invocation.program)
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    if let Some(mut to) = child.stdin.take() {
        // It says less than this while it reads.
        to.write_all(input.as_bytes()).map_err(failed)?;
    }
    let output = child.wait_with_output().map_err(failed)?;
    let texts = [output.stdout, output.stderr];
    let said = texts.map(|text| String::from_utf8_lossy(&text).into_owned());
    Ok(Verdict {
        passed: output.status.success(),
        said: said.concat(),
    })
}
