//! `list`: the connections that are configured.

use clap::Args;
use serde_json::{Value, json};

use super::arguments::{Common, Format};
use super::console::{Console, Tone};
use super::grid::{Grid, cell};
use super::outcome::{Answer, Failure, Verdict};
use crate::connection::AnyConnection;
use crate::connections::Connections;

/// Show the connections that are configured, and where.
#[derive(Args, Debug)]
pub(super) struct List {
    /// Only connections of this type.
    #[arg(long = "type", value_name = "TYPE")]
    kind: Option<String>,
    /// Only connections with this tag.
    #[arg(long, value_name = "TAG")]
    tag: Option<String>,
}

pub(super) async fn run(
    command: List,
    common: &Common,
    console: &Console,
) -> Result<Answer, Failure> {
    let kind = match &command.kind {
        Some(name) => Some(crate::ConnectionType::by_name(name)?),
        None => None,
    };
    let connections = common.builder()?.read().await?;
    let listed: Vec<AnyConnection> = connections
        .iter()
        .filter(|connection| kind.is_none_or(|kind| connection.connection_type() == kind))
        .filter(|connection| {
            let context = connection.context();
            let tags = &context.policy().tags;
            command.tag.as_ref().is_none_or(|tag| tags.contains(tag))
        })
        .collect();
    if console.format == Format::Json {
        let listed: Vec<Value> = listed.iter().map(json).collect();
        return Ok(Answer::json(
            &json!({ "connections": listed }),
            Verdict::Good,
        ));
    }
    if connections.is_empty() {
        console.tell(&nothing(common, console));
        return Ok(Answer::good(""));
    }
    let mut grid = Grid::new(&[
        "name",
        "type",
        "category",
        "required",
        "opened",
        "tags",
        "configured at",
    ]);
    for connection in &listed {
        let context = connection.context();
        let policy = context.policy();
        grid.push([
            cell(Tone::Name, connection.name()),
            connection.connection_type().name().into(),
            connection.connection_type().category().into(),
            if policy.required { "yes" } else { "no" }.into(),
            if policy.lazy {
                "at first use"
            } else {
                "at the start"
            }
            .into(),
            policy.tags.join(", ").into(),
            cell(Tone::Quiet, context.origin().to_string()),
        ]);
    }
    Ok(Answer::good(console.grid(&grid.without_empty_columns())))
}

fn json(connection: &AnyConnection) -> Value {
    let context = connection.context();
    let (policy, origin) = (context.policy(), context.origin());
    json!({
        "name": connection.name(),
        "type": connection.connection_type().name(),
        "category": connection.connection_type().category(),
        "required": policy.required,
        "lazy": policy.lazy,
        "tags": policy.tags,
        "file": origin.file().map(|file| file.display().to_string()),
        "line": origin.span().map(|span| span.line),
        "column": origin.span().map(|span| span.column),
        "origin": origin.to_string(),
    })
}

/// The connections that are configured; `None`, which is told, if there are none.
pub(super) async fn read(
    common: &Common,
    console: &Console,
) -> Result<Option<Connections>, Failure> {
    let connections = common.builder()?.read().await?;
    if connections.is_empty() {
        console.tell(&nothing(common, console));
        return Ok(None);
    }
    Ok(Some(connections))
}

/// What to say where nothing is configured, for standard error.
pub(super) fn nothing(common: &Common, console: &Console) -> String {
    let directory = common.directory();
    let message = format!("no connection is configured in `{}`", directory.display());
    let help = "`init` writes a first configuration; `--config DIR` reads another directory";
    console.label(Tone::Warning, "warning", &message) + &console.label(Tone::Name, "   help", help)
}

/// The connections called `names`, or all.
pub(super) fn named(
    connections: &Connections,
    names: &[String],
) -> Result<Vec<AnyConnection>, Failure> {
    if names.is_empty() {
        return Ok(connections.iter().collect());
    }
    let found = names.iter().map(|name| connections.get_any(name));
    Ok(found.collect::<Result<_, _>>()?)
}
