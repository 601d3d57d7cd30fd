//! What can be written on the command line.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::{Args, CommandFactory as _, Parser, Subcommand, ValueEnum};

use super::outcome::Failure;
use super::{
    budget, check, completions, explain, explain_error, init, list, man, ping, schema, types,
};
use crate::connections::{Builder, Connections};

const EXIT_CODES: &str = "\
Exit codes:
  0    all is well
  1    a connection does not work, or servers allow too few connections
  2    the command line is wrong, or names what is not there
  74   a file could not be written
  78   the configuration is invalid
  130  ended by Ctrl-C";

/// Checks, explains and tries out the connections that a program is configured with.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100, after_help = EXIT_CODES, disable_help_subcommand = true)]
pub(super) struct Arguments {
    #[command(flatten)]
    pub(super) common: Common,
    #[command(subcommand)]
    pub(super) command: Command,
}

/// What every command takes.
#[derive(Args, Debug)]
#[command(next_help_heading = "Options of every command")]
pub(super) struct Common {
    /// Directory with the configuration files [default: `config` if there is one, else `.`].
    #[arg(long, global = true, value_name = "DIR")]
    pub(super) config: Option<PathBuf>,
    /// Active profile [default: the variable `CONNREG_PROFILE`].
    #[arg(long, global = true, value_name = "NAME")]
    pub(super) profile: Option<String>,
    /// What the answer is written as: for people, programs or documents.
    #[arg(
        long,
        global = true,
        value_enum,
        default_value_t,
        value_name = "FORMAT"
    )]
    pub(super) format: Format,
    /// When to use colours; `auto`: on terminals, unless `NO_COLOR` is set.
    #[arg(
        long,
        global = true,
        value_enum,
        default_value_t,
        value_name = "WHEN",
        alias = "colour"
    )]
    pub(super) color: When,
}

/// What an answer is written as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    #[default]
    Table,
    Json,
    Markdown,
}

/// When colours are used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum When {
    #[default]
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    Check(check::Check),
    Ping(ping::Ping),
    List(list::List),
    Types(types::Types),
    Schema(schema::Schema),
    Explain(explain::Explain),
    ExplainError(explain_error::ExplainError),
    Init(init::Init),
    Budget(budget::Budget),
    Completions(completions::Completions),
    Man(man::Man),
}

impl Common {
    /// The directory that is read.
    pub(super) fn directory(&self) -> PathBuf {
        self.config.clone().unwrap_or_else(|| {
            let usual = Path::new("config");
            if usual.is_dir() {
                usual
            } else {
                Path::new(".")
            }
            .to_owned()
        })
    }

    /// What is to be loaded.
    pub(super) fn builder(&self) -> Result<Builder, Failure> {
        let directory = self.directory();
        if !directory.is_dir() {
            let message = format!("there is no directory `{}`", directory.display());
            return Err(Failure::usage(
                message,
                "give the one with the files: `--config DIR`",
            ));
        }
        let builder = Connections::builder().directory(directory);
        Ok(match &self.profile {
            Some(profile) => builder.profile(profile),
            None => builder,
        })
    }
}

/// The program's name in usage lines: the last part of how it was called.
pub(super) fn program(called: Option<&OsString>) -> String {
    let name = called.and_then(|called| Path::new(called).file_stem());
    name.map_or_else(
        || "connreg".to_owned(),
        |name| name.to_string_lossy().into_owned(),
    )
}

/// The whole command line, of a program called `program`.
pub(super) fn command(program: &str) -> clap::Command {
    let name = program.to_owned();
    Arguments::command().name(name.clone()).bin_name(name)
}
