//! `schema`: the JSON Schema of configuration files, for editors.

use std::path::PathBuf;

use clap::Args;

use super::outcome::{Answer, Failure};
use crate::registry::Registry;
use crate::schema::Schema as Definition;

/// Write the JSON Schema of configuration files, with all connection types of this program.
///
/// An editor that knows it completes and checks while you type: let a YAML file begin with the line
/// `# yaml-language-server: $schema=connreg.schema.json`.
#[derive(Args, Debug)]
pub(super) struct Schema {
    /// For files that say all there is to say: what is required must be in them.
    #[arg(long)]
    whole: bool,
    /// For files with connections alone: other keys at the top are mistakes.
    #[arg(long)]
    connections_only: bool,
    /// Write it into this file instead.
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub(super) fn run(command: &Schema) -> Result<Answer, Failure> {
    let mut schema = Definition::new(Registry::linked()?);
    if command.whole {
        schema = schema.whole();
    }
    if command.connections_only {
        schema = schema.connections_only();
    }
    let text = format!("{:#}\n", schema.to_json());
    match &command.output {
        None => Ok(Answer::good(text)),
        Some(path) => {
            std::fs::write(path, text).map_err(|error| Failure::not_written(path, &error))?;
            Ok(Answer::good(""))
        }
    }
}
