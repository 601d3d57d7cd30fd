//! `init`: writes a first configuration, with every setting explained.
//!
//! [`plan`] finds out which settings can't be left out, [`document`] writes them all down, [`dialog`] asks.

mod dialog;
mod document;
mod plan;
mod yaml;

use std::fmt::Write as _;
use std::fs;
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

use clap::Args;

use self::plan::Plan;
use super::arguments::Common;
use super::console::Console;
use super::outcome::{Answer, Failure};
use crate::config::tree::same_name;
use crate::registry::{ConnectionType, Registry};
use crate::schema::Schema;

/// The file that is written.
const FILE: &str = "connections.yaml";
/// The schema beside it.
const SCHEMA: &str = "connreg.schema.json";

/// Write a first configuration: every setting of the types, explained, with its default.
///
/// Without types it asks. What it writes passes `check --no-env`; secrets are placeholders for variables.
#[derive(Args, Debug)]
pub(super) struct Init {
    /// The connections: `postgres`, or with a name of its own, `orders=postgres`.
    #[arg(value_name = "[NAME=]TYPE")]
    connections: Vec<String>,
    /// Write over a file that is there.
    #[arg(long)]
    force: bool,
    /// Write to standard output instead.
    #[arg(long, conflicts_with_all = ["force", "schema"])]
    stdout: bool,
    /// Write the JSON Schema beside it, for completion in the editor.
    #[arg(long)]
    schema: bool,
}

pub(super) fn run(command: &Init, common: &Common, console: &Console) -> Result<Answer, Failure> {
    let registry = Registry::linked()?;
    let plans = plans(&command.connections, registry)?;
    let schema = command.schema.then_some(SCHEMA);
    let text = document::write(&plans, schema);
    if command.stdout {
        return Ok(Answer::good(text));
    }
    // What is asked for is where the other commands look.
    let directory = common
        .config
        .clone()
        .unwrap_or_else(|| PathBuf::from("config"));
    fs::create_dir_all(&directory).map_err(|error| Failure::not_written(&directory, &error))?;
    let path = directory.join(FILE);
    put(&path, &text, command.force)?;
    let mut note = format!("wrote {}\n", path.display());
    if command.schema {
        // It holds nothing that a person has written.
        let path = directory.join(SCHEMA);
        let schema = Schema::new(registry).connections_only().to_json();
        put(&path, &format!("{schema:#}\n"), true)?;
        let _ = writeln!(note, "wrote {}", path.display());
    }
    note += &document::variables(&plans, console);
    Ok(Answer {
        note,
        ..Answer::good("")
    })
}

fn put(path: &Path, text: &str, over: bool) -> Result<(), Failure> {
    use std::io::{ErrorKind, Write as _};
    let mut options = fs::OpenOptions::new();
    options.write(true);
    if over {
        options.create(true).truncate(true);
    } else {
        options.create_new(true);
    }
    match options
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()))
    {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(Failure::usage(
            format!("`{}` is there already", path.display()),
            "`--force` writes over it, `--stdout` writes to standard output",
        )),
        Err(error) => Err(Failure::not_written(path, &error)),
    }
}

/// What is to be written: as given, or as answered.
fn plans(connections: &[String], registry: &Registry) -> Result<Vec<Plan>, Failure> {
    if connections.is_empty() {
        if registry.is_empty()
            || !(std::io::stdin().is_terminal() && std::io::stderr().is_terminal())
        {
            let types: Vec<_> = registry.types().iter().map(|kind| kind.name()).collect();
            let help = format!(
                "give types, as in `init TYPE …`; there are: {}",
                types.join(", ")
            );
            return Err(Failure::usage(
                "nobody is there to ask which connections are wanted",
                help,
            ));
        }
        return dialog::ask(registry);
    }
    let mut plans: Vec<Plan> = Vec::new();
    for word in connections {
        let (name, kind) = word.split_once('=').unwrap_or((word, word));
        let kind = registry.get(kind)?;
        // Without a name of its own, one is called as its type is, however that was spelled.
        let name = if word.contains('=') {
            name
        } else {
            kind.name()
        };
        check_name(name, &plans).map_err(|why| {
            let help = format!("give each a name of its own: `orders={kind}`");
            Failure::usage(why, help)
        })?;
        plans.push(plan_for(kind, name));
    }
    Ok(plans)
}

fn plan_for(kind: ConnectionType, name: &str) -> Plan {
    Plan::new(kind, name, &plan::needed(kind))
}

/// Whether a connection may be called `name`, beside those of `plans`.
fn check_name(name: &str, plans: &[Plan]) -> Result<(), String> {
    if name.is_empty() || name.chars().any(|c| c.is_control() || c == '.') {
        return Err(format!("`{name}` can't be a connection's name"));
    }
    if plans.iter().any(|plan| same_name(&plan.name, name)) {
        return Err(format!("two connections would be called `{name}`"));
    }
    Ok(())
}
