//! `${VAR}`, `${VAR:default}`, `${VAR:-default}`, `${file:/path}`, `#{Token}#` and `$$` in values.

use std::collections::HashMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use super::build::dotted;
use super::code::Code;
use super::file::read_value;
use super::report::{Mistake, Report};
use super::tree::{Entry, Node, Origin, Value};
use crate::nearest::nearest;

/// How deeply defaults may hold placeholders.
const MAX_DEPTH: usize = 16;

/// Where placeholders get their values.
pub(crate) struct Resolver<'a> {
    variables: HashMap<&'a str, &'a str>,
    /// What relative paths of files begin at.
    directory: Option<&'a Path>,
}

/// Why a text can't be resolved: code, message and what to do.
type Refusal = (Code, String, String);

impl<'a> Resolver<'a> {
    pub(crate) fn new(environment: &'a [(String, String)], directory: Option<&'a Path>) -> Self {
        let variables = environment
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        Self {
            variables,
            directory,
        }
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
            Value::Text(text) if node.origin.file().is_some() => match self.text(text) {
                Ok(None) => {}
                Ok(Some((resolved, via))) => {
                    *text = resolved;
                    node.origin.via = via.map(Into::into);
                }
                Err((code, message, help)) => {
                    report.push(
                        Mistake::error(code, key(path), message)
                            .at(&node.origin)
                            .help(help),
                    );
                    node.value = Value::Mistaken;
                }
            },
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
        match self.file(&file, node.origin.via.as_deref()) {
            Ok(text) => {
                node.value = Value::Text(text);
                node.written = None;
                let via = node
                    .origin
                    .via
                    .clone()
                    .unwrap_or_else(|| format!("file {file}").into());
                node.origin.via = Some(via);
            }
            Err((code, message, help)) => {
                report.push(
                    Mistake::error(code, key(path), message)
                        .at(&node.origin)
                        .help(help),
                );
                node.value = Value::Mistaken;
            }
        }
    }

    /// `text` with its placeholders resolved, and what they were; `None`: there are none.
    pub(crate) fn text(&self, text: &str) -> Result<Option<(String, Option<String>)>, Refusal> {
        if !text.contains('$') && !text.contains("#{") {
            return Ok(None);
        }
        let mut output = Output::default();
        self.expand(text, &mut output, 0)?;
        if output.text == text && output.via.is_empty() {
            return Ok(None);
        }
        let via = (!output.via.is_empty()).then(|| output.via.join(", "));
        Ok(Some((output.text, via)))
    }

    fn expand(&self, mut rest: &str, output: &mut Output, depth: usize) -> Result<(), Refusal> {
        if depth > MAX_DEPTH {
            let message = format!("defaults are nested more than {MAX_DEPTH} levels deep");
            return Err((Code::DefaultsTooDeep, message, "nest fewer".to_owned()));
        }
        while let Some(at) = rest.find(['$', '#']) {
            let (plain, tail) = rest.split_at(at);
            output.text.push_str(plain);
            rest = if let Some(behind) = tail.strip_prefix("$$") {
                output.text.push('$');
                behind
            } else if let Some(behind) = tail.strip_prefix("${") {
                let Some(end) = closing_brace(behind) else {
                    let help = "close it with `}`; a `$` itself is written `$$`";
                    return Err((
                        Code::PlaceholderNotClosed,
                        "a `${` is not closed".to_owned(),
                        help.to_owned(),
                    ));
                };
                self.placeholder(&behind[..end], output, depth)?;
                &behind[end + 1..]
            } else if let Some((token, behind)) = token(tail) {
                self.token(token, output)?;
                behind
            } else {
                output.text.push_str(&tail[..1]);
                &tail[1..]
            };
        }
        output.text.push_str(rest);
        Ok(())
    }

    fn placeholder(&self, inner: &str, output: &mut Output, depth: usize) -> Result<(), Refusal> {
        if let Some(path) = inner.strip_prefix("file:") {
            let mut resolved = Output::default();
            self.expand(path.trim(), &mut resolved, depth + 1)?;
            let written = (!resolved.via.is_empty()).then(|| path.trim());
            output.text.push_str(&self.file(&resolved.text, written)?);
            output.via.push(format!("file {}", path.trim()));
            return Ok(());
        }
        let (name, default) = match inner.split_once(':') {
            Some((name, default)) => (name, Some(default)),
            None => (inner, None),
        };
        let name = name.trim();
        if !is_name(name) {
            let message = "`${…}` does not hold a variable's name";
            let help = "write `${NAME}`, `${NAME:default}` or `${file:/path}`; a `$` itself is written `$$`";
            return Err((Code::NotAName, message.to_owned(), help.to_owned()));
        }
        // With `:-`, as in a shell, an empty variable counts as none.
        let (default, or_empty) = match default.and_then(|default| default.strip_prefix('-')) {
            Some(default) => (Some(default), true),
            None => (default, false),
        };
        let value = self
            .variable(name)
            .filter(|value| !(or_empty && value.is_empty()));
        match (value, default) {
            (Some(value), _) => self.push(value, &format!("${name}"), output),
            (None, Some(default)) => {
                // What a default's own placeholders give is marked as theirs.
                self.expand(default, output, depth + 1)
            }
            (None, None) => Err(self.missing(
                Code::VariableNotSet,
                name,
                &format!("the variable `{name}`"),
                |near| format!("did you mean `${{{near}}}`? It is set"),
                &format!("set it, or give a default: `${{{name}:…}}`"),
            )),
        }
    }

    fn token(&self, name: &str, output: &mut Output) -> Result<(), Refusal> {
        match self.variable(name) {
            Some(value) => self.push(value, &format!("#{{{name}}}#"), output),
            None => Err(self.missing(
                Code::TokenNotSet,
                name,
                &format!("the token `#{{{name}}}#`"),
                |near| format!("did you mean `#{{{near}}}#`? It is set"),
                &format!("let the deployment replace it, or set the variable `{name}`"),
            )),
        }
    }

    fn push(&self, value: &str, via: &str, output: &mut Output) -> Result<(), Refusal> {
        let _ = self;
        if value.contains(['\n', '\r']) {
            let message = format!("the value of {via} holds a line break");
            return Err((
                Code::LineBreak,
                message,
                "put it into a file and write `${file:/path}`".to_owned(),
            ));
        }
        output.text.push_str(value);
        output.via.push(via.to_owned());
        Ok(())
    }

    fn missing(
        &self,
        code: Code,
        name: &str,
        what: &str,
        near: impl Fn(&str) -> String,
        otherwise: &str,
    ) -> Refusal {
        let mut help = String::new();
        if let Some(found) = nearest(name, self.variables.keys().copied()) {
            let _ = write!(help, "{}; else ", near(found));
        }
        help.push_str(otherwise);
        (code, format!("{what} is not set"), help)
    }

    /// What the file at `path` holds; a message names it as `written`, if its path was put together.
    fn file(&self, path: &str, written: Option<&str>) -> Result<String, Refusal> {
        if path.is_empty() {
            return Err((
                Code::NotAPath,
                "the path of a file is empty".to_owned(),
                "name the file".to_owned(),
            ));
        }
        let path = self.resolve(path);
        read_value(&path).map_err(|reason| {
            let name = written.map_or_else(|| path.display().to_string(), str::to_owned);
            let message = format!("the file {name} can't be read: {reason}");
            let help = "check the path (a relative one begins at the configuration's directory) and who may read it";
            (Code::UnreadableValueFile, message, help.to_owned())
        })
    }

    fn resolve(&self, path: &str) -> PathBuf {
        self.directory
            .map_or_else(|| PathBuf::from(path), |directory| directory.join(path))
    }
}

#[derive(Default)]
struct Output {
    text: String,
    via: Vec<String>,
}

fn key(path: &[String]) -> String {
    path.split_last()
        .map_or_else(String::new, |(last, path)| dotted(path, last))
}

/// Where the brace that was opened before `text` is closed.
fn closing_brace(text: &str) -> Option<usize> {
    let mut open = 0_usize;
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'$' if matches!(bytes.get(at + 1), Some(b'$')) => at += 1,
            b'$' if matches!(bytes.get(at + 1), Some(b'{')) => {
                open += 1;
                at += 1;
            }
            b'}' if open == 0 => return Some(at),
            b'}' => open -= 1,
            _ => {}
        }
        at += 1;
    }
    None
}

/// The name in a `#{Name}#` at the start of `text`, and what follows.
fn token(text: &str) -> Option<(&str, &str)> {
    let (name, behind) = text.strip_prefix("#{")?.split_once("}#")?;
    let name_like = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-' | ':');
    (!name.is_empty() && name.chars().all(name_like)).then_some((name, behind))
}

fn is_name(name: &str) -> bool {
    let mut characters = name.chars();
    characters
        .next()
        .is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && characters.all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-'))
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
        Err((code, message, help)) => {
            report.push(refuse(code, message).help(help));
            None
        }
    }
}
