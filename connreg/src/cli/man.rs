//! `man`: the manual page, as `man` reads it.

use std::path::PathBuf;

use clap::Args;
use clap_mangen::Man as Page;

use super::arguments;
use super::outcome::{Answer, Failure};

/// Write the manual page, or that of a command.
///
/// To read it: `connreg man | man -l -`.
#[derive(Args, Debug)]
pub(super) struct Man {
    /// The command whose page is wanted; without it, the page of the whole program.
    command: Option<String>,
    /// Write all pages into this directory instead.
    #[arg(long, value_name = "DIR", conflicts_with = "command")]
    all: Option<PathBuf>,
}

pub(super) fn run(command: &Man, program: &str) -> Result<Answer, Failure> {
    let mut definition = arguments::command(program);
    definition.build();
    if let Some(directory) = &command.all {
        let failed = |error| Failure::not_written(directory, &error);
        std::fs::create_dir_all(directory).map_err(failed)?;
        clap_mangen::generate_to(definition, directory).map_err(failed)?;
        return Ok(Answer::good(""));
    }
    let page = match &command.command {
        None => definition,
        Some(name) => {
            let found = definition.find_subcommand(name).cloned();
            found.ok_or_else(|| {
                let known: Vec<_> = definition
                    .get_subcommands()
                    .map(clap::Command::get_name)
                    .collect();
                let help = format!("commands: {}", known.join(", "));
                Failure::usage(format!("there is no command `{name}`"), help)
            })?
        }
    };
    let mut text = Vec::new();
    Page::new(page)
        .render(&mut text)
        .map_err(|error| Failure::other(format!("the page could not be made: {error}")))?;
    Ok(Answer::good(String::from_utf8_lossy(&text)))
}
