//! Reading a table field by field, so that every mistake in it is found in one go.

use std::fmt::{self, Display};
use std::ops::{Bound, RangeBounds};

use serde::de::DeserializeOwned;

use super::reference::Reference;
use super::value::{Length, Ranged, SettingValue};
use super::{Field, Settings, Shape};
use crate::config::convert;
use crate::config::keys::{self, Known};
use crate::config::report::{Mistake, Report};
use crate::config::tree::{Entry, Node, Origin, Table, Value, same_name};
use crate::nearest::nearest;

/// Where in the configuration a reader is, and what it has found so far.
pub struct Context<'a> {
    report: &'a mut Report,
    references: &'a mut Vec<Reference>,
    path: Vec<String>,
    /// The place of the key whose value is being read.
    name: Option<Origin>,
    /// Depth of tables whose values must not be quoted.
    secret: usize,
}

impl<'a> Context<'a> {
    pub(crate) fn new(
        report: &'a mut Report,
        references: &'a mut Vec<Reference>,
        path: Vec<String>,
    ) -> Self {
        Self {
            report,
            references,
            path,
            name: None,
            secret: 0,
        }
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

    /// Runs `read` at an entry.
    fn at_entry<T>(&mut self, entry: &Entry, read: impl FnOnce(&mut Self) -> T) -> T {
        let outer = entry
            .path
            .as_ref()
            .map(|path| std::mem::replace(&mut self.path, vec![path.to_string()]));
        let outer_name = self.name.replace(entry.key_origin.clone());
        let result = match outer {
            None => self.within(&entry.key, read),
            Some(outer) => {
                let result = read(self);
                self.path = outer;
                result
            }
        };
        self.name = outer_name;
        result
    }

    /// The dotted key of an entry of the table that is being read.
    fn key(&self, entry: &Entry) -> String {
        match &entry.path {
            Some(path) => path.to_string(),
            None => format!("{}.{}", self.path(), entry.key),
        }
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
        self.wrong_value(node, message);
    }

    /// Reports that `node` has the right kind and a wrong value; `message` is used as it is.
    pub(crate) fn wrong_value(&mut self, node: &Node, message: impl Into<String>) {
        // What could not be had is reported already.
        if matches!(node.value, Value::Mistaken) {
            return;
        }
        self.push(Mistake::error(self.path(), message).at(&node.origin));
    }

    /// Like [`wrong_value`](Self::wrong_value), with a word on what to do.
    pub(crate) fn wrong_value_with(
        &mut self,
        node: &Node,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        if matches!(node.value, Value::Mistaken) {
            return;
        }
        self.push(
            Mistake::error(self.path(), message)
                .at(&node.origin)
                .help(help),
        );
    }

    /// Reads a nested table of settings; unknown keys are mistakes.
    pub fn table<S: Settings>(&mut self, node: &Node) -> Option<S> {
        let Some(table) = node.as_table() else {
            self.wrong_kind(node, &Shape::Table(S::FIELDS));
            return None;
        };
        // What is missing in a table is told at its name.
        let origin = self.name.take().unwrap_or_else(|| node.origin.clone());
        let mut reader = TableReader::new(self, table, &origin);
        let value = S::read(&mut reader);
        let complete = reader.finish(Known::nested(S::FIELDS));
        value.filter(|_| complete)
    }
}

impl fmt::Debug for Context<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "reading `{}`", self.path())
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
        Self {
            context,
            table,
            origin,
            taken,
            failed: false,
        }
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
                    let key = self.context.key(entry);
                    let mistake = Mistake::warning(key, "this setting is deprecated")
                        .at(&entry.key_origin)
                        .help(instead);
                    self.context.push(mistake);
                }
                self.context.secret += usize::from(field.secret);
                let value = self
                    .context
                    .at_entry(entry, |context| parse(&entry.node, context));
                self.context.secret -= usize::from(field.secret);
                value.map_or(Found::Mistaken, |value| Found::Value(value, entry))
            }
        };
        FieldReader {
            reader: self,
            field,
            found,
        }
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
    pub(crate) fn finish(self, known: Known) -> bool {
        let Self {
            context,
            table,
            taken,
            mut failed,
            ..
        } = self;
        for (entry, _) in table
            .entries
            .iter()
            .zip(&taken)
            .filter(|(_, taken)| !**taken)
        {
            if keys::is_ignored(&entry.key) {
                continue;
            }
            failed = true;
            let mistake = Mistake::error(context.key(entry), "unknown key").at(&entry.key_origin);
            context.push(mistake.help(known.help(&entry.key)));
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
            let is_it = match entry.setting {
                Some(setting) => setting == field.name,
                None => field.names().any(|name| same_name(name, &entry.key)),
            };
            if !is_it {
                continue;
            }
            self.taken[index] = true;
            let Some(first) = found else {
                found = Some(entry);
                continue;
            };
            twice = true;
            let key = self.context.key(entry);
            let origin = &entry.key_origin;
            self.fail(keys::set_twice(
                &key,
                field.name,
                origin,
                &first.key,
                &first.key_origin,
            ));
        }
        match found {
            _ if twice => Taken::Twice,
            Some(entry) => Taken::Entry(entry),
            None => Taken::Absent,
        }
    }
}

impl fmt::Debug for TableReader<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.context.fmt(f)
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
            Some((
                format!("{} is {bound}", T::text(value)),
                format!("write a value in {allowed}"),
            ))
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
            Some((
                format!("has {length} {unit}, too many"),
                format!("give at most {max}"),
            ))
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
            let message = if field.secret {
                "not allowed".into()
            } else {
                format!("`{text}` is not allowed")
            };
            Some(match nearest(text, field.one_of.iter().copied()) {
                Some(near) => (
                    message,
                    format!("did you mean `{near}`? Allowed: {allowed}"),
                ),
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
        let Found::Value(value, entry) = &self.found else {
            return self;
        };
        if let Some((message, help)) = check(value, self.field) {
            let key = self.reader.context.key(entry);
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
                let mut mistake = Mistake::error(
                    format!("{context_path}.{name}"),
                    format!("`{name}` is missing"),
                )
                .at(self.reader.origin);
                mistake = match (self.field.example, self.field.env) {
                    (Some(example), _) => mistake.help(format!("for example `{name}: {example}`")),
                    (None, Some(env)) => mistake.help(format!("set it here or as ${env}")),
                    (None, None) => mistake.help(format!("set it to {}", self.field.shape.noun())),
                };
                self.reader.fail(mistake);
                None
            }
        }
    }
}

impl<T> fmt::Debug for FieldReader<'_, '_, '_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}, setting `{}`", self.reader, self.field.name)
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
