//! An example that serves until it is stopped.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// An example that goes on until it is dropped.
#[derive(Debug)]
pub(crate) struct Running {
    process: Child,
    line: String,
}

impl Running {
    /// The first line that it printed, without its end.
    pub(crate) fn line(&self) -> &str {
        &self.line
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // One that has ended by itself needs no killing.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Starts an example that serves, and waits for its first line.
pub(crate) fn start(example: &str, features: &str, environment: &[(&str, &str)]) -> Running {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.toml");
    let mut cargo = Command::new(env!("CARGO"));
    cargo
        .args([
            "build",
            "--quiet",
            "--package",
            "connreg-examples",
            "--example",
            example,
        ])
        .args(["--features", features, "--manifest-path"])
        .arg(workspace);
    assert!(
        cargo.status().unwrap().success(),
        "{example} can't be built"
    );
    let here = std::env::current_exe().unwrap();
    let folder = here
        .ancestors()
        .find(|folder| folder.join("examples").is_dir());
    let program = folder.unwrap().join("examples").join(example);
    let mut process = Command::new(program)
        .envs(environment.iter().copied())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(process.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    Running {
        process,
        line: line.trim_end().to_owned(),
    }
}
