//! Resolving the placeholders of a whole tree of values. What one text becomes is [`super::expand`]'s.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::Options;
use super::build::dotted;
use super::code::Code;
use super::expand::Stop;
use super::report::{Mistake, Report};
use super::tree::{Entry, Node, Origin, Value};
use crate::secrets::{Secrets, Use, directories};

/// Where placeholders get their values.
pub(crate) struct Resolver<'a> {
    variables: HashMap<&'a str, &'a str>,
    /// What relative paths of files begin at.
    pub(super) directory: Option<&'a Path>,
    /// Where else they may begin.
    pub(super) directories: Vec<PathBuf>,
    pub(super) secrets: &'a Secrets,
    pub(super) allow_commands: bool,
    /// No provider is ever to be asked.
    offline: bool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The secrets that went into values since somebody last took them.
    uses: Vec<Use>,
    /// No provider is to be asked.
    quiet: bool,
    /// A variable that was passed over for the provider of its name.
    passed_over: Option<String>,
}

impl<'a> Resolver<'a> {
    pub(crate) fn new(options: &'a Options) -> Self {
        let variables: HashMap<&str, &str> = options
            .environment
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let variable = |name: &str| variables.get(name).copied();
        let is_yes = |value: &str| matches!(value, "1" | "true" | "yes" | "on");
        let providers = &options.secrets.providers;
        Self {
            directory: options.directory.as_deref(),
            directories: directories(providers.directory.as_ref(), variable),
            secrets: &options.secrets,
            allow_commands: providers.allow_commands
                || variable("CONNREG_ALLOW_COMMANDS").is_some_and(is_yes),
            offline: options.allow_unresolved,
            state: Mutex::default(),
            variables,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that a secret went into a value.
    pub(super) fn note(&self, secret: Use) {
        self.state().uses.push(secret);
    }

    /// Notes that a provider was taken where a variable has its name.
    pub(super) fn pass_over(&self, variable: &str) {
        self.state().passed_over = Some(variable.to_owned());
    }

    /// Warns of a variable that was passed over for a provider in the value at `path`.
    fn warn(&self, path: &[String], origin: &Origin, report: &mut Report) {
        if let Some(name) = self.state().passed_over.take() {
            let message =
                format!("`{name}` is a provider of secrets; the variable `{name}` is not read");
            let help = format!("write `${{env:{name}}}` for the variable");
            let warning = Mistake::warning(Code::ProviderBeforeVariable, key(path), message);
            report.push(warning.at(origin).help(help));
        }
    }

    /// The secrets that went into values since the last call.
    pub(crate) fn take_uses(&self) -> Vec<Use> {
        std::mem::take(&mut self.state().uses)
    }

    /// Whether no provider is ever asked, so that what it would give stays unknown.
    pub(super) fn is_offline(&self) -> bool {
        self.offline
    }

    /// Whether no provider is to be asked.
    pub(super) fn is_quiet(&self) -> bool {
        self.offline || self.state().quiet
    }

    /// Whether providers may be asked from now on; those that were asked are not heard either.
    pub(crate) fn ask(&self, ask: bool) {
        self.state().quiet = !ask;
    }

    /// The names of all variables.
    pub(super) fn variables(&self) -> impl Iterator<Item = &'a str> {
        self.variables.keys().copied()
    }

    pub(crate) fn variable(&self, name: &str) -> Option<&'a str> {
        self.variables.get(name).copied()
    }

    /// Resolves the entry's value, whatever its shape; what can't be had is reported, and marked as such.
    pub(crate) fn entry(&self, entry: &mut Entry, path: &mut Vec<String>, report: &mut Report) {
        let written = entry.path.as_ref().map(|written| vec![written.to_string()]);
        let outer = written.map(|written| std::mem::replace(path, written));
        if outer.is_none() {
            path.push(entry.key.clone());
        }
        self.node(&mut entry.node, path, report);
        if entry.from_file {
            self.content(&mut entry.node, path, report);
        }
        match outer {
            Some(outer) => *path = outer,
            None => drop(path.pop()),
        }
    }

    fn node(&self, node: &mut Node, path: &mut Vec<String>, report: &mut Report) {
        match &mut node.value {
            // Of a file in which everything is missing, enough has been told.
            Value::Text(text) if report.is_full() && text.contains(['$', '#']) => {
                node.value = Value::Mistaken;
            }
            // What comes from a variable or from code is meant as it is.
            Value::Text(text) if node.origin.file().is_some() => {
                let resolved = self.text(text);
                self.warn(path, &node.origin, report);
                match resolved {
                    Ok(None) => {}
                    Ok(Some((resolved, via))) => {
                        *text = resolved;
                        node.origin.via = via.map(Into::into);
                    }
                    Err(stop) => {
                        refuse(stop, path, &node.origin, report);
                        node.value = Value::Mistaken;
                    }
                }
            }
            Value::List(items) => {
                for (index, item) in items.iter_mut().enumerate() {
                    path.push(format!("[{index}]"));
                    self.node(item, path, report);
                    path.pop();
                }
            }
            Value::Table(table) => {
                for entry in &mut table.entries {
                    self.entry(entry, path, report);
                }
            }
            _ => {}
        }
    }

    fn content(&self, node: &mut Node, path: &[String], report: &mut Report) {
        let Some(file) = node.scalar_text() else {
            if !node.is_mistaken() {
                let message = format!("expected a path, found {}", node.kind());
                report.push(Mistake::error(Code::NotAPath, key(path), message).at(&node.origin));
                node.value = Value::Mistaken;
            }
            return;
        };
        // A path that came from a variable is not told: it may not be a path at all.
        match self.file(&file, node.origin.via.as_deref(), false) {
            Ok(secret) => {
                let text = secret.map(|secret| secret.expose().to_owned());
                node.value = Value::Text(text.unwrap_or_default());
                node.written = None;
                let via = node
                    .origin
                    .via
                    .clone()
                    .unwrap_or_else(|| format!("file {file}").into());
                node.origin.via = Some(via);
            }
            Err(stop) => {
                refuse(stop, path, &node.origin, report);
                node.value = Value::Mistaken;
            }
        }
    }
}

/// Reports why the value at `path` can't be had; what is looked up first is no mistake.
fn refuse(stop: Stop, path: &[String], origin: &Origin, report: &mut Report) {
    match stop {
        Stop::Refused(code, message, help) => {
            report.push(
                Mistake::error(code, key(path), message)
                    .at(origin)
                    .help(help),
            );
        }
        Stop::Wanted => {}
    }
}

fn key(path: &[String]) -> String {
    path.split_last()
        .map_or_else(String::new, |(last, path)| dotted(path, last))
}

/// The type of a connection as text: it is needed before anything is merged.
pub(crate) fn type_text(
    resolver: &Resolver<'_>,
    entry: &Entry,
    key: &str,
    report: &mut Report,
) -> Option<(String, Origin)> {
    let refuse = |code, message: String| Mistake::error(code, key, message).at(&entry.node.origin);
    let Value::Text(text) = &entry.node.value else {
        let message = format!(
            "expected the name of a connection type, found {}",
            entry.node.kind()
        );
        if !entry.node.is_mistaken() {
            report.push(refuse(Code::TypeNotText, message));
        }
        return None;
    };
    match resolver.text(text) {
        Ok(None) => Some((text.clone(), entry.node.origin.clone())),
        Ok(Some((text, via))) => {
            let mut origin = entry.node.origin.clone();
            origin.via = via.map(Into::into);
            Some((text, origin))
        }
        Err(Stop::Refused(code, message, help)) => {
            report.push(refuse(code, message).help(help));
            None
        }
        Err(Stop::Wanted) => None,
    }
}
