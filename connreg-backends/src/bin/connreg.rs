//! The program `connreg`: the command line with all back ends that were compiled in.

use std::process::ExitCode;

use connreg_backends as _;

fn main() -> ExitCode {
    connreg::cli::run()
}
