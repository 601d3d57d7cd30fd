//! `explain`: where the value of a setting comes from.

use std::fmt::Write as _;

use clap::Args;

use super::arguments::{Common, Format};
use super::console::{Console, Tone};
use super::grid::{Grid, cell};
use super::outcome::{Answer, Failure, Verdict};
use crate::config::{ExplainedSetting, Explanation};

/// Tell where the value of a setting comes from: what each file and variable says of it, and which one wins.
///
/// Secrets are told to be set, never shown.
#[derive(Args, Debug)]
pub(super) struct Explain {
    /// The setting: `orders.pool.max_size`; a connection alone, `orders`, stands for all of its settings.
    key: String,
}

pub(super) async fn run(
    command: Explain,
    common: &Common,
    console: &Console,
) -> Result<Answer, Failure> {
    let explanation = common.builder()?.explain(command.key).await?;
    match console.format {
        Format::Json => {
            let value = serde_json::to_value(&explanation)
                .map_err(|error| Failure::other(format!("no JSON could be made: {error}")))?;
            Ok(Answer::json(&value, Verdict::Good))
        }
        Format::Markdown => Ok(Answer::good(markdown(&explanation))),
        Format::Table => Ok(Answer::good(coloured(&explanation, console))),
    }
}

/// Its own words; what is asked for and what wins stand out.
fn coloured(explanation: &Explanation, console: &Console) -> String {
    let mut text = String::new();
    for (index, line) in explanation.to_string().lines().enumerate() {
        let tone = if index == 0 {
            Tone::Name
        } else if line.starts_with("  > ") {
            Tone::Good
        } else {
            Tone::Plain
        };
        let _ = writeln!(text, "{}", console.paint.with(tone, line));
    }
    text
}

fn markdown(explanation: &Explanation) -> String {
    let mut grid = Grid::new(&["setting", "layer", "value", "place", "wins"]);
    for setting in &explanation.settings {
        let ExplainedSetting { path, layers, .. } = setting;
        for layered in layers.iter().rev() {
            grid.push([
                cell(Tone::Name, format!("`{path}`")),
                layered.layer.as_str().into(),
                format!("`{}`", layered.value).into(),
                layered.place().into(),
                if layered.won { "yes" } else { "" }.into(),
            ]);
        }
    }
    grid.markdown()
}
