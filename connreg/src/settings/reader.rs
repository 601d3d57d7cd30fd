//! Reading a table field by field, so that every mistake in it is found in one go.

use std::fmt::Display;
use std::ops::{Bound, RangeBounds};

use serde::de::DeserializeOwned;

use super::reference::Reference;
use super::value::{Length, Ranged, SettingValue};
use super::{Field, Settings, Shape};
use crate::config::convert;
use crate::config::report::{Mistake, Report};
use crate::config::tree::{Entry, Node, Origin, Table, same_name};
use crate::nearest::nearest;

/// Where in the configuration a reader is, and what it has found so far.
pub struct Context<'a> {
    report: &'a mut Report,
    references: &'a mut Vec<Reference>,
    path: Vec<String>,
    /// Depth of tables whose values must not be quoted.
    secret: usize,
}

impl<'a> Context<'a> {
    pub(crate) fn new(
        report: &'a mut Report,
        references: &'a mut Vec<Reference>,
        path: Vec<String>,
    ) -> Self {
        Self { report, references, path, secret: 0 }
    }

    /// The dotted key of what is being read.
    pub(crate) fn path(&self) -> String {
        let mut path = String::new();
        for part in &self.path {
            if !path.is_empty() && !part.starts_with('[') {
                path.push('.');
            }
            path.push_str(part);
        }
        path
    }

    pub(crate) fn push(&mut self, mistake: Mistake) {
        self.report.push(mistake);
    }

    pub(crate) fn add_reference(&mut self, reference: Reference) {
        self.references.push(reference);
    }

    /// Whether values must not be quoted here.
    pub(crate) fn is_secret(&self) -> bool {
        self.secret > 0
    }

    /// Runs `read` one key deeper.
    pub(crate) fn within<T>(&mut self, key: &str, read: impl FnOnce(&mut Self) -> T) -> T {
        self.path.push(key.to_owned());
        let result = read(self);
        self.path.pop();
        result
    }

    /// Reports that `node` is not what `shape` takes.
    pub(crate) fn wrong_kind(&mut self, node: &Node, shape: &Shape) {
        let message = format!("expected {}, found {}", shape.noun(), node.kind());
        self.push(Mistake::error(self.path(), message).at(&node.origin));
    }

    /// Reports that `node` has the right kind and a wrong value; `message` is used as it is.
    pub(crate) fn wrong_value(&mut self, node: &Node, message: impl Into<String>) {
        self.push(Mistake::error(self.path(), message).at(&node.origin));
    }

    /// Like [`wrong_value`](Self::wrong_value), with a word on what to do.
    pub(crate) fn wrong_value_with(
        &mut self,
        node: &Node,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.push(Mistake::error(self.path(), message).at(&node.origin).help(help));
    }

    /// Reads a nested table of settings; unknown keys are mistakes.
    pub fn table<S: Settings>(&mut self, node: &Node) -> Option<S> {
        let Some(table) = node.as_table() else {
            self.wrong_kind(node, &Shape::Table(S::FIELDS));
            return None;
        };
        let mut reader = TableReader::new(self, table, &node.origin);
        let value = S::read(&mut reader);
        let complete = reader.finish(S::FIELDS);
        value.filter(|_| complete)
    }
}

/// One table being read. Made by the crate, used by generated code.
pub struct TableReader<'c, 'a> {
    context: &'c mut Context<'a>,
    table: &'c Table,
    origin: &'c Origin,
    taken: Vec<bool>,
    failed: bool,
}

impl<'c, 'a> TableReader<'c, 'a> {
    pub(crate) fn new(context: &'c mut Context<'a>, table: &'c Table, origin: &'c Origin) -> Self {
        let taken = vec![false; table.entries.len()];
        Self { context, table, origin, taken, failed: false }
    }

    /// Starts to read a field by its type's own conversion.
    pub fn field<T: SettingValue>(&mut self, field: &'static Field) -> FieldReader<'_, 'c, 'a, T> {
        self.field_with(field, T::absent(), T::parse)
    }

    /// Starts to read a field through `serde`.
    pub fn serde_field<T: DeserializeOwned>(
        &mut self,
        field: &'static Field,
    ) -> FieldReader<'_, 'c, 'a, T> {
        self.field_with(field, None, convert::deserialize)
    }

    fn field_with<T>(
        &mut self,
        field: &'static Field,
        absent: Option<T>,
        parse: impl FnOnce(&Node, &mut Context<'a>) -> Option<T>,
    ) -> FieldReader<'_, 'c, 'a, T> {
        let found = match self.take(field) {
            Taken::Absent => Found::Absent(absent),
            Taken::Twice => Found::Mistaken,
            Taken::Entry(entry) => {
                if let Some(instead) = field.deprecated {
                    let key = format!("{}.{}", self.context.path(), entry.key);
                    let mistake = Mistake::warning(key, "this setting is deprecated")
                        .at(&entry.key_origin)
                        .help(instead);
                    self.context.push(mistake);
                }
                self.context.secret += usize::from(field.secret);
                let value = self.context.within(&entry.key, |context| parse(&entry.node, context));
                self.context.secret -= usize::from(field.secret);
                value.map_or(Found::Mistaken, |value| Found::Value(value, entry))
            }
        };
        FieldReader { reader: self, field, found }
    }

    /// Reads the fields of a nested struct from this table.
    pub fn flatten<S: Settings>(&mut self) -> Option<S> {
        S::read(self)
    }

    /// Checks across fields: what a `validate` function says is reported at the table.
    pub fn validate<S, E: Display>(
        &mut self,
        value: S,
        check: impl FnOnce(&S) -> Result<(), E>,
    ) -> Option<S> {
        match check(&value) {
            Ok(()) => Some(value),
            Err(error) => {
                self.fail(Mistake::error(self.context.path(), error.to_string()).at(self.origin));
                None
            }
        }
    }

    /// Reports the keys that nobody asked for. Says whether the table was without mistake.
    pub(crate) fn finish(self, known: &[Field]) -> bool {
        let Self { context, table, taken, mut failed, .. } = self;
        for (entry, _) in table.entries.iter().zip(&taken).filter(|(_, taken)| !**taken) {
            failed = true;
            let key = format!("{}.{}", context.path(), entry.key);
            let mut mistake = Mistake::error(key, "unknown key").at(&entry.key_origin);
            let names = all_names(known);
            mistake = match nearest(&entry.key, names.iter().copied()) {
                Some(name) => mistake.help(format!("did you mean `{name}`?")),
                None => mistake.help(format!("known keys: {}", main_names(known).join(", "))),
            };
            context.push(mistake);
        }
        !failed
    }

    fn fail(&mut self, mistake: Mistake) {
        self.failed = true;
        self.context.push(mistake);
    }

    fn take(&mut self, field: &'static Field) -> Taken<'c> {
        let mut found: Option<&'c Entry> = None;
        let mut twice = false;
        for (index, entry) in self.table.entries.iter().enumerate() {
            if !field.names().any(|name| same_name(name, &entry.key)) {
                continue;
            }
            self.taken[index] = true;
            let Some(first) = found else {
                found = Some(entry);
                continue;
            };
            twice = true;
            let key = format!("{}.{}", self.context.path(), entry.key);
            let message = format!("`{}` is set twice: also as `{}`", field.name, first.key);
            let help = format!("keep one of them; the other is at {}", first.key_origin);
            self.fail(Mistake::error(key, message).at(&entry.key_origin).help(help));
        }
        match found {
            _ if twice => Taken::Twice,
            Some(entry) => Taken::Entry(entry),
            None => Taken::Absent,
        }
    }
}

enum Taken<'c> {
    Absent,
    Twice,
    Entry(&'c Entry),
}

enum Found<'c, T> {
    /// Not written; the value that its type has without one, if it has.
    Absent(Option<T>),
    /// Written, and reported already.
    Mistaken,
    Value(T, &'c Entry),
}

/// One field being read: checks are added, [`get`](Self::get) ends it.
#[must_use]
pub struct FieldReader<'r, 'c, 'a, T> {
    reader: &'r mut TableReader<'c, 'a>,
    field: &'static Field,
    found: Found<'c, T>,
}

impl<T> FieldReader<'_, '_, '_, T> {
    /// The value where none was written.
    pub fn default(mut self, value: impl FnOnce() -> T) -> Self {
        if let Found::Absent(absent) = &mut self.found {
            *absent = Some(value());
        }
        self
    }

    /// Allows only values within `range`.
    pub fn range<R: RangeBounds<T::Value>>(self, range: &R) -> Self
    where
        T: Ranged,
    {
        self.check(|value, field| {
            let value = value.ranged()?;
            if range.contains(value) {
                return None;
            }
            let bound = match (range.start_bound(), range.end_bound()) {
                (Bound::Included(start), _) if value < start => "too small",
                (Bound::Excluded(start), _) if value <= start => "too small",
                _ => "too large",
            };
            let allowed = field.range.unwrap_or("the range");
            Some((format!("{} is {bound}", T::text(value)), format!("write a value in {allowed}")))
        })
    }

    /// Allows only lengths between the field's `min_len` and `max_len`.
    pub fn length(self) -> Self
    where
        T: Length,
    {
        self.check(|value, field| {
            let length = value.length()?;
            let unit = T::UNIT;
            if let Some(min) = field.min_len.filter(|min| length < *min) {
                return Some((
                    format!("has {length} {unit}, too few"),
                    format!("give at least {min}"),
                ));
            }
            let max = field.max_len.filter(|max| length > *max)?;
            Some((format!("has {length} {unit}, too many"), format!("give at most {max}")))
        })
    }

    /// Allows only the field's `one_of` texts.
    pub fn one_of(self) -> Self
    where
        T: OneOf,
    {
        self.check(|value, field| {
            let text = value.text()?;
            if field.one_of.contains(&text) {
                return None;
            }
            let allowed = field.one_of.join(", ");
            let message =
                if field.secret { "not allowed".into() } else { format!("`{text}` is not allowed") };
            Some(match nearest(text, field.one_of.iter().copied()) {
                Some(near) => {
                    (message, format!("did you mean `{near}`? Allowed: {allowed}"))
                }
                None => (message, format!("allowed: {allowed}")),
            })
        })
    }

    /// Runs a check of the user's own.
    pub fn validate<E: Display>(self, check: impl FnOnce(&T) -> Result<(), E>) -> Self {
        self.check_with(|value, _| check(value).err().map(|error| (error.to_string(), None)))
    }

    fn check(self, check: impl FnOnce(&T, &'static Field) -> Option<(String, String)>) -> Self {
        self.check_with(|value, field| check(value, field).map(|(m, h)| (m, Some(h))))
    }

    fn check_with(
        mut self,
        check: impl FnOnce(&T, &'static Field) -> Option<(String, Option<String>)>,
    ) -> Self {
        let Found::Value(value, entry) = &self.found else { return self };
        if let Some((message, help)) = check(value, self.field) {
            let key = format!("{}.{}", self.reader.context.path(), entry.key);
            let mut mistake = Mistake::error(key, message).at(&entry.node.origin);
            if let Some(help) = help {
                mistake = mistake.help(help);
            }
            self.reader.fail(mistake);
            self.found = Found::Mistaken;
        }
        self
    }

    /// The value; `None` once a mistake has been reported.
    pub fn get(self) -> Option<T> {
        match self.found {
            Found::Value(value, _) | Found::Absent(Some(value)) => Some(value),
            Found::Mistaken => {
                self.reader.failed = true;
                None
            }
            Found::Absent(None) => {
                let context_path = self.reader.context.path();
                let name = self.field.name;
                let mut mistake =
                    Mistake::error(format!("{context_path}.{name}"), format!("`{name}` is missing"))
                        .at(self.reader.origin);
                mistake = match (self.field.example, self.field.env) {
                    (Some(example), _) => mistake.help(format!("for example `{name}: {example}`")),
                    (None, Some(env)) => mistake.help(format!("set it here or as ${env}")),
                    (None, None) => {
                        mistake.help(format!("set it to {}", self.field.shape.noun()))
                    }
                };
                self.reader.fail(mistake);
                None
            }
        }
    }
}

/// Values that `one_of` can be asked of.
#[diagnostic::on_unimplemented(
    message = "`one_of` does not fit a `{Self}`",
    label = "`one_of` takes `String` and `Option<String>`"
)]
pub trait OneOf {
    /// The text, if there is one.
    fn text(&self) -> Option<&str>;
}

impl OneOf for String {
    fn text(&self) -> Option<&str> {
        Some(self)
    }
}

impl OneOf for Option<String> {
    fn text(&self) -> Option<&str> {
        self.as_deref()
    }
}

fn all_names(fields: &[Field]) -> Vec<&'static str> {
    let mut names = Vec::new();
    for field in fields {
        match field.shape {
            Shape::Table(nested) if field.flatten => names.extend(all_names(nested)),
            _ => names.extend(field.names()),
        }
    }
    names
}

fn main_names(fields: &[Field]) -> Vec<&'static str> {
    let mut names = Vec::new();
    for field in fields {
        match field.shape {
            Shape::Table(nested) if field.flatten => names.extend(main_names(nested)),
            _ => names.push(field.name),
        }
    }
    names
}
