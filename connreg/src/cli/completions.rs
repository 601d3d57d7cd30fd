//! `completions`: what a shell needs to complete the command line.

use clap::Args;
use clap_complete::Shell;

use super::arguments;
use super::outcome::Answer;

/// Write the script that completes this command line in a shell.
///
/// For bash: `connreg completions bash > /etc/bash_completion.d/connreg`; for zsh a file `_connreg` in a folder of
/// `$fpath`; for fish `~/.config/fish/completions/connreg.fish`.
#[derive(Args, Debug)]
pub(super) struct Completions {
    /// The shell.
    #[arg(value_enum)]
    shell: Shell,
}

pub(super) fn run(command: &Completions, program: &str) -> Answer {
    let mut script = Vec::new();
    let mut definition = arguments::command(program);
    clap_complete::generate(command.shell, &mut definition, program, &mut script);
    Answer::good(String::from_utf8_lossy(&script))
}
