//! Reading a table field by field, so that every mistake in it is found in one go.

use std::fmt::{self, Display};
use std::ops::{Bound, RangeBounds};

use serde::de::DeserializeOwned;

use super::context::{Context, is_tellable, quotable};
use super::limits::{Length, OneOf, Ranged};
use super::{Field, SettingValue, Settings};
use crate::config::code::Code;
use crate::config::convert;
use crate::config::keys::{self, Known};
use crate::config::report::Mistake;
use crate::config::tree::{Entry, Node, Origin, Table, Value, same_name};
use crate::nearest::nearest;

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
                    let mistake =
                        Mistake::warning(Code::Deprecated, key, "this setting is deprecated")
                            .at(&entry.key_origin)
                            .help(instead);
                    self.context.push(mistake);
                }
                let value = self.context.with_secrecy(field.secret, |context| {
                    context.with_range(field.range, |context| {
                        context.at_entry(entry, |context| parse(&entry.node, context))
                    })
                });
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
    pub fn validate<S: Settings, E: Display>(
        &mut self,
        value: S,
        check: impl FnOnce(&S) -> Result<(), E>,
    ) -> Option<S> {
        match check(&value) {
            Ok(()) => Some(value),
            // What does not fit may be what a mistake of syntax or of spelling has cost, which is reported.
            Err(_) if self.table.damaged || self.has_misspelt(S::FIELDS) => {
                self.failed = true;
                None
            }
            Err(error) => {
                let mut message = error.to_string();
                if self.tells_secret(&message, S::FIELDS) {
                    "the settings do not fit together".clone_into(&mut message);
                }
                self.fail(
                    Mistake::error(Code::DoNotFit, self.context.path(), message).at(self.origin),
                );
                None
            }
        }
    }

    /// Whether a message that somebody else has written holds the text of a secret.
    fn tells_secret(&self, message: &str, fields: &[Field]) -> bool {
        self.context.is_secret()
            || fields.iter().filter(|field| field.secret).any(|field| {
                let entries = self.table.entries.iter();
                let mut entries = entries.filter(|e| field.names().any(|name| e.is(name)));
                entries.any(|entry| convert::quotes(message, &entry.node))
            })
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
        let left = table
            .entries
            .iter()
            .zip(&taken)
            .filter(|(_, taken)| !**taken);
        for (entry, _) in left {
            if keys::is_ignored(&entry.key) {
                continue;
            }
            failed = true;
            if context.is_full() {
                break;
            }
            // A key without a value that is like no other may be what a comma in a secret parted.
            let bare = matches!(entry.node.value, Value::Null);
            let key = if bare && known.nearest(&entry.key).is_none() {
                format!("{}.…", context.path())
            } else {
                context.key(entry)
            };
            let mistake =
                Mistake::error(Code::UnknownKey, key, "unknown key").at(&entry.key_origin);
            context.push(mistake.help(known.help(&entry.key)));
        }
        !failed
    }

    /// Reports that a setting is not there, unless a key is that was meant to be it: that one is reported.
    fn missing(&mut self, field: &'static Field) {
        // It may stand where a mistake of syntax is, which is reported.
        if self.table.damaged {
            self.failed = true;
            return;
        }
        if self.has_misspelt(std::slice::from_ref(field)) {
            self.failed = true;
            return;
        }
        let name = field.name;
        let help = match (field.example, field.env) {
            (Some(example), _) => format!("for example `{name}: {example}`"),
            (None, Some(env)) => format!("set it here or as ${env}"),
            (None, None) => format!("set it to {}", field.shape.noun()),
        };
        let key = format!("{}.{name}", self.context.path());
        let mistake = Mistake::error(Code::MissingSetting, key, format!("`{name}` is missing"))
            .at(self.origin);
        self.fail(mistake.help(help));
    }

    /// Whether a key that means nothing may be meant for one of `fields`.
    fn has_misspelt(&self, fields: &[Field]) -> bool {
        let mut strange = self
            .table
            .entries
            .iter()
            .filter(|entry| entry.setting.is_none() && !keys::is_ignored(&entry.key));
        strange.any(|entry| {
            let mut names = fields.iter().map(Field::names);
            names.any(|names| nearest(&entry.key, names).is_some())
        })
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
        self.check(Code::OutOfRange, |value, field, hidden| {
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
            let shown = if hidden {
                "the value".to_owned()
            } else {
                T::text(value)
            };
            Some((
                format!("{shown} is {bound}"),
                format!("write a value in {allowed}"),
            ))
        })
    }

    /// Allows only lengths between the field's `min_len` and `max_len`.
    pub fn length(self) -> Self
    where
        T: Length,
    {
        self.check(Code::WrongLength, |value, field, _| {
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
        self.check(Code::NotAllowed, |value, field, hidden| {
            let text = value.text()?;
            if field.one_of.contains(&text) {
                return None;
            }
            let allowed = field.one_of.join(", ");
            let message = if hidden || !quotable(text) {
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
        self.check_with(Code::Refused, |value, _, entry, hidden| {
            let message = check(value).err()?.to_string();
            let tells = hidden && convert::quotes(&message, &entry.node);
            Some((
                if tells {
                    "not accepted".to_owned()
                } else {
                    message
                },
                None,
            ))
        })
    }

    /// Adds a check; it is told whether the value must not be quoted.
    fn check(
        self,
        code: Code,
        check: impl FnOnce(&T, &'static Field, bool) -> Option<(String, String)>,
    ) -> Self {
        self.check_with(code, |value, field, _, hidden| {
            check(value, field, hidden).map(|(message, help)| (message, Some(help)))
        })
    }

    fn check_with(
        mut self,
        code: Code,
        check: impl FnOnce(&T, &'static Field, &Entry, bool) -> Option<(String, Option<String>)>,
    ) -> Self {
        let Found::Value(value, entry) = &self.found else {
            return self;
        };
        // What a variable holds is not told, as it may not be what it was taken for.
        let hidden = self.field.secret
            || self.reader.context.is_secret()
            || entry.node.lent
            || !entry.node.origin.is_written_out();
        if let Some((message, help)) = check(value, self.field, entry, hidden) {
            let key = self.reader.context.key(entry);
            let text = entry.node.scalar_text();
            let told = !hidden
                && is_tellable(&entry.node)
                && text.is_some_and(|text| message.contains(&text));
            let mut mistake = Mistake::error(code, key, message)
                .at(&entry.node.origin)
                .told(told);
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
                self.reader.missing(self.field);
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
