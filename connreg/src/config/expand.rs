//! `${VAR}`, `${VAR:default}`, `${VAR:-default}`, `${provider:reference|default}`, `#{Token}#` and `$$` in one text.

use std::fmt::Write;
use std::path::PathBuf;
use std::sync::Arc;

use super::code::Code;
use super::interpolate::Resolver;
use super::placeholder::{closing_brace, is_name, reference, token};
use crate::nearest::nearest;
use crate::secrets::{COMMAND, ENV, FILE, Found, Growing, Providers, Use};

/// How deeply defaults may hold placeholders.
const MAX_DEPTH: usize = 16;

/// How a value that a placeholder's default gave is marked; the placeholder follows.
pub(super) const DEFAULT_IN: &str = "the default in ";

/// Why a text has no value.
pub(crate) enum Stop {
    /// Code, message and what to do.
    Refused(Code, String, String),
    /// A provider has to be asked first.
    Wanted,
}

/// Refuses a text: what is wrong, and what to do.
fn refused<T>(code: Code, message: impl Into<String>, help: impl Into<String>) -> Result<T, Stop> {
    Err(Stop::Refused(code, message.into(), help.into()))
}

#[derive(Default)]
struct Output {
    text: Growing,
    /// What was put in, as it was written.
    via: Vec<String>,
}

impl Resolver<'_> {
    /// `text` with its placeholders resolved, and what they were; `None`: there are none.
    pub(crate) fn text(&self, text: &str) -> Result<Option<(String, Option<String>)>, Stop> {
        if !text.contains('$') && !text.contains("#{") {
            return Ok(None);
        }
        let mut output = Output::default();
        self.expand(text, &mut output, 0)?;
        if output.text.as_str() == text && output.via.is_empty() {
            return Ok(None);
        }
        let via = (!output.via.is_empty()).then(|| output.via.join(", "));
        Ok(Some((output.text.into_string(), via)))
    }

    fn expand(&self, mut rest: &str, output: &mut Output, depth: usize) -> Result<(), Stop> {
        if depth > MAX_DEPTH {
            let message = format!("defaults are nested more than {MAX_DEPTH} levels deep");
            return refused(Code::DefaultsTooDeep, message, "nest fewer");
        }
        let is_provider = |name: &str| self.secrets.providers.is_known(name);
        while let Some(at) = rest.find(['$', '#']) {
            let (plain, tail) = rest.split_at(at);
            output.text.push(plain);
            rest = if let Some(behind) = tail.strip_prefix("$$") {
                output.text.push("$");
                behind
            } else if let Some(behind) = tail.strip_prefix("${") {
                let Some(end) = closing_brace(behind) else {
                    return refused(
                        Code::PlaceholderNotClosed,
                        "a `${` is not closed",
                        "close it with `}`; a `$` itself is written `$$`",
                    );
                };
                self.placeholder(&behind[..end], output, depth)?;
                &behind[end + 1..]
            } else if let Some((token, behind)) = token(tail, is_provider) {
                self.token(token, output, depth)?;
                behind
            } else {
                output.text.push(&tail[..1]);
                &tail[1..]
            };
        }
        output.text.push(rest);
        Ok(())
    }

    fn placeholder(&self, inner: &str, output: &mut Output, depth: usize) -> Result<(), Stop> {
        let (name, behind) = match inner.split_once(':') {
            Some((name, behind)) => (name.trim(), Some(behind)),
            None => (inner.trim(), None),
        };
        if let Some(behind) = behind
            && self.secrets.providers.is_known(name)
        {
            if self.variable(name).is_some() {
                self.pass_over(name);
            }
            return self.provided(name, behind, output, depth);
        }
        if !is_name(name) {
            return refused(
                Code::NotAName,
                "`${…}` does not hold a variable's name",
                "write `${NAME}`, `${NAME:default}` or `${file:/path}`; a `$` itself is written `$$`",
            );
        }
        // With `:-`, as in a shell, an empty variable counts as none.
        let (default, or_empty) = match behind.and_then(|default| default.strip_prefix('-')) {
            Some(default) => (Some(default), true),
            None => (behind, false),
        };
        let value = self
            .variable(name)
            .filter(|value| !(or_empty && value.is_empty()));
        match (value, default) {
            (Some(value), _) => push(value, &format!("${name}"), output),
            (None, Some(default)) => {
                if !or_empty {
                    self.may_be_a_default(name)?;
                }
                self.expand(default, output, depth + 1)?;
                output.via.push(format!("{DEFAULT_IN}${{{name}:…}}"));
                Ok(())
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

    /// Refuses what is read as a variable with a default, and was hardly meant so: a reference to a secret must not be
    /// taken for the secret.
    fn may_be_a_default(&self, name: &str) -> Result<(), Stop> {
        let variable = format!("if it is a variable, write `${{{name}:-…}}`");
        let known = || self.secrets.providers.names();
        // Short words of everyday use are near to `env`.
        let long = || known().into_iter().filter(|provider| provider.len() > 3);
        let message = format!("there is no provider of secrets `{name}`");
        if let Some(near) = nearest(name, long()) {
            return refused(
                Code::NoSuchProvider,
                message,
                format!("did you mean `${{{near}:…}}`? {variable}"),
            );
        }
        if Providers::is_well_known(name) {
            let help = format!(
                "register one, or link the crate that has it; there are {}; {variable}",
                known().join(", ")
            );
            return refused(Code::NoSuchProvider, message, help);
        }
        Ok(())
    }

    fn token(&self, inner: &str, output: &mut Output, depth: usize) -> Result<(), Stop> {
        if let Some((name, behind)) = inner.split_once(':')
            && self.secrets.providers.is_known(name)
        {
            return self.provided(name, behind, output, depth);
        }
        match self.variable(inner) {
            Some(value) => push(value, &format!("#{{{inner}}}#"), output),
            None => Err(self.missing(
                Code::TokenNotSet,
                inner,
                &format!("the token `#{{{inner}}}#`"),
                |near| format!("did you mean `#{{{near}}}#`? It is set"),
                &format!("let the deployment replace it, or set the variable `{inner}`"),
            )),
        }
    }

    fn missing(
        &self,
        code: Code,
        name: &str,
        what: &str,
        near: impl Fn(&str) -> String,
        otherwise: &str,
    ) -> Stop {
        let mut help = String::new();
        if let Some(found) = nearest(name, self.variables()) {
            let _ = write!(help, "{}; else ", near(found));
        }
        help.push_str(otherwise);
        Stop::Refused(code, format!("{what} is not set"), help)
    }

    /// What the provider called `name` has for what stands behind its colon.
    fn provided(
        &self,
        name: &str,
        behind: &str,
        output: &mut Output,
        depth: usize,
    ) -> Result<(), Stop> {
        let (written, default) = reference(behind);
        let written = written.trim();
        if name == COMMAND && (written.contains("${") || written.contains("#{")) {
            return refused(
                Code::PlaceholderInCommand,
                "a command takes no placeholders",
                "write it out: what is run must be seen in the file; it inherits all variables",
            );
        }
        let mut resolved = Output::default();
        self.expand(&written.replace("||", "|"), &mut resolved, depth + 1)?;
        let reference = resolved.text.as_str();
        // What was put together from variables is not told: one of them may be set wrongly, to a secret.
        let shown = (!resolved.via.is_empty()).then_some(written);
        let found = match name {
            ENV => {
                if let Some(value) = self.variable(reference) {
                    return push(value, &format!("${reference}"), output);
                }
                None
            }
            FILE => self.file(reference, shown, default.is_some())?,
            _ => self.looked_up(name, reference, written, default.is_some())?,
        };
        match (found, default) {
            (Some(value), _) => {
                output.text.push(value.expose());
                output.via.push(format!("{name} {written}"));
                Ok(())
            }
            (None, Some(default)) => {
                self.expand(default, output, depth + 1)?;
                output
                    .via
                    .push(format!("{DEFAULT_IN}${{{name}:{written}|…}}"));
                Ok(())
            }
            (None, None) => Err(self.missing(
                Code::VariableNotSet,
                reference,
                &format!("the variable `{written}`"),
                |near| format!("did you mean `${{{ENV}:{near}}}`? It is set"),
                &format!("set it, or give a default: `${{{ENV}:{written}|…}}`"),
            )),
        }
    }

    /// `None`: the provider has no such secret, and there is a default.
    fn looked_up(
        &self,
        name: &str,
        reference: &str,
        written: &str,
        has_default: bool,
    ) -> Result<Option<crate::Secret>, Stop> {
        if name == COMMAND && !self.allow_commands {
            return refused(
                Code::CommandsOff,
                "commands are switched off",
                "switch them on by `Builder::allow_commands()` or CONNREG_ALLOW_COMMANDS=1, if you trust whoever writes these files",
            );
        }
        let wanted = Use::Provided {
            provider: name.into(),
            reference: reference.into(),
        };
        if self.is_quiet() {
            return Err(Stop::Wanted);
        }
        let (code, refusal, otherwise) = match self.secrets.lookups.get(&wanted) {
            Found::Given(secret) => {
                self.note(wanted);
                return Ok(Some(secret));
            }
            Found::Wanted => return Err(Stop::Wanted),
            Found::Missing(_) if has_default => return Ok(None),
            Found::Missing(refusal) => {
                let help =
                    format!("check the reference, or give a default: `${{{name}:{written}|…}}`");
                (Code::SecretNotFound, refusal, help)
            }
            Found::Refused(refusal) => {
                let help = "check the reference, and what the provider needs";
                (Code::SecretNotGiven, refusal, help.to_owned())
            }
        };
        let message = format!("`{name}:{written}`: {}", refusal.message);
        refused(code, message, refusal.help.unwrap_or(otherwise))
    }

    /// What the file at `path` holds; a message names it as `written`, if its path was put together. `None`: there is
    /// none, and a default.
    pub(super) fn file(
        &self,
        path: &str,
        written: Option<&str>,
        has_default: bool,
    ) -> Result<Option<crate::Secret>, Stop> {
        if path.is_empty() {
            return refused(
                Code::NotAPath,
                "the path of a file is empty",
                "name the file",
            );
        }
        let path = self.find(path);
        match self.secrets.lookups.file(&path) {
            Ok(secret) => {
                self.note(Use::File(Arc::from(path)));
                Ok(Some(secret))
            }
            Err(error) if error.is_missing && has_default => Ok(None),
            Err(error) => {
                let name = written.map_or_else(|| path.display().to_string(), str::to_owned);
                let message = format!("the file {name} can't be read: {}", error.reason);
                let mut help =
                    "check the path (a relative one begins at the configuration's directory"
                        .to_owned();
                for directory in &self.directories {
                    let _ = write!(help, ", else at {}", directory.display());
                }
                help.push_str(") and who may read it");
                refused(Code::UnreadableValueFile, message, help)
            }
        }
    }

    /// Where the file is: a relative path begins at the configuration's directory or, where it has none, at that of
    /// the secrets.
    fn find(&self, path: &str) -> PathBuf {
        let first = self
            .directory
            .map_or_else(|| PathBuf::from(path), |directory| directory.join(path));
        if first.exists() {
            return first;
        }
        let mut others = self
            .directories
            .iter()
            .map(|directory| directory.join(path));
        others.find(|other| other.exists()).unwrap_or(first)
    }
}

/// Puts a variable's value in.
fn push(value: &str, via: &str, output: &mut Output) -> Result<(), Stop> {
    if value.contains(['\n', '\r']) {
        let message = format!("the value of {via} holds a line break");
        return refused(
            Code::LineBreak,
            message,
            "put it into a file and write `${file:/path}`",
        );
    }
    output.text.push(value);
    output.via.push(via.to_owned());
    Ok(())
}
