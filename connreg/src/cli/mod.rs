//! The command line, for a program's own binary.

use std::process::ExitCode;

/// Runs the command line with the process's arguments; the exit code is for `main`.
pub fn run() -> ExitCode {
    ExitCode::SUCCESS
}
