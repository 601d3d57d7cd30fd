//! Asks which connections are wanted.

use std::io::ErrorKind;

use dialoguer::console::Term;
use dialoguer::{Input, MultiSelect};

use super::plan::{self, Plan};
use super::{check_name, plan_for};
use crate::cli::outcome::Failure;
use crate::cli::setting::paragraph;
use crate::registry::Registry;
use crate::settings::Shape;

/// Asks for types, for each a name, and for what can't be left out.
pub(super) fn ask(registry: &Registry) -> Result<Vec<Plan>, Failure> {
    let asked = talk(registry);
    if asked.is_err() {
        // Ctrl-C ends a question with the cursor hidden.
        let _ = Term::stderr().show_cursor();
    }
    asked
}

fn talk(registry: &Registry) -> Result<Vec<Plan>, Failure> {
    let types = registry.types();
    let choices: Vec<String> = types
        .iter()
        .map(|kind| format!("{kind:<12} {}", paragraph(kind.doc())))
        .collect();
    let chosen = MultiSelect::new()
        .with_prompt("Which connections? (space: choose, enter: done)")
        .items(&choices)
        .max_length(15)
        .interact()
        .map_err(ended)?;
    if chosen.is_empty() {
        return Err(Failure::usage(
            "no connection was chosen",
            "choose with the space bar",
        ));
    }
    let mut plans: Vec<Plan> = Vec::new();
    for index in chosen {
        let kind = types[index];
        let name: String = Input::new()
            .with_prompt(format!("Name of the {kind} connection"))
            .default(kind.name().to_owned())
            .validate_with(|name: &String| check_name(name, &plans))
            .interact_text()
            .map_err(ended)?;
        let mut plan = plan_for(kind, &name);
        fill(&mut plan)?;
        plans.push(plan);
    }
    Ok(plans)
}

/// Asks for the values that can't be left out; secrets stay placeholders.
fn fill(plan: &mut Plan) -> Result<(), Failure> {
    let mut outcome = Ok(());
    plan.each(&mut |item: &mut plan::Item| {
        let is_plain = !matches!(
            item.field.shape,
            Shape::Table(_) | Shape::Map(_) | Shape::List(_) | Shape::Any
        );
        if outcome.is_err() || !item.active || item.secret || !is_plain {
            return;
        }
        let mut question = Input::<String>::new().with_prompt(format!("  {}", item.key));
        if let Some(example) = item.field.example {
            question = question.default(example.to_owned());
        } else {
            question = question.allow_empty(true);
        }
        match question.interact_text() {
            // Nothing: a placeholder.
            Ok(answer) => item.answer = Some(answer).filter(|answer| !answer.is_empty()),
            Err(error) => outcome = Err(ended(error)),
        }
    });
    outcome
}

fn ended(error: dialoguer::Error) -> Failure {
    let dialoguer::Error::IO(error) = error;
    match error.kind() {
        ErrorKind::Interrupted => Failure::interrupted(),
        _ => Failure::other(format!("the question could not be asked: {error}")),
    }
}
