//! Where the values of settings come from, as it is told to people and programs. Finding it out is [`super::explain`]'s.

use std::fmt;

use serde::ser::{Serialize, SerializeSeq, SerializeStruct, Serializer};

use super::tree::Origin;
use crate::registry::ConnectionType;
use crate::settings::{Field, Shape};

/// Where the value of a setting comes from, or those of all settings of a connection or a table.
///
/// Its `Display` is for a terminal; it serialises to the same facts. No secret is in it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Explanation {
    /// What was asked for, as it is called: `customer_db.pool.max_size`, `customer_db`.
    pub key: String,
    /// The connection's name, as it was written.
    pub connection: String,
    /// The connection's type.
    pub connection_type: ConnectionType,
    /// Where the connection's name was written first.
    pub origin: Origin,
    /// One setting, or each of the table's or the connection's.
    pub settings: Vec<ExplainedSetting>,
}

/// One setting, and what each layer says of it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ExplainedSetting {
    /// Its dotted name within the connection: `pool.max_size`.
    pub path: String,
    /// What it is: documentation, shape, default, range, other names.
    pub field: &'static Field,
    /// Whether its value is never shown.
    pub secret: bool,
    /// Flat names for it at the connection's own level: `pool_size`.
    pub flat_names: Vec<&'static str>,
    /// The layers that set it, weakest first; the last one wins.
    pub layers: Vec<Layered>,
}

/// What one layer says of a setting.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Layered {
    /// The layer.
    pub layer: Layer,
    /// Where it was written; `None` for the default.
    pub origin: Option<Origin>,
    /// The value as text; `[set]` for a secret and what comes from a file or a provider.
    pub value: String,
    /// Whether it is the value that counts.
    pub won: bool,
}

/// A layer of the configuration, weakest first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Layer {
    /// The setting's default.
    Default,
    /// `defaults` of the configuration, or `ConnectionPooling`.
    Defaults,
    /// `defaults: categories:` of the type's category.
    Category,
    /// The named policy.
    Policy,
    /// The files without a profile.
    Files,
    /// The profile's files.
    Profile,
    /// A variable that the setting names itself, such as `PGHOST`.
    Variable,
    /// `CONNREG__…`
    Environment,
    /// Set in code.
    Code,
}

impl Layer {
    /// One word for it: `default`, `defaults`, `category`, `policy`, `files`, `profile`, `variable`, `environment`, `code`.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Defaults => "defaults",
            Self::Category => "category",
            Self::Policy => "policy",
            Self::Files => "files",
            Self::Profile => "profile",
            Self::Variable => "variable",
            Self::Environment => "environment",
            Self::Code => "code",
        }
    }
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl ExplainedSetting {
    /// What the winning layer says; `None` if none says anything.
    pub fn winner(&self) -> Option<&Layered> {
        self.layers.iter().find(|layered| layered.won)
    }

    /// The value that counts as text: `[not set]` if there is none.
    pub fn value(&self) -> &str {
        self.winner()
            .map_or("[not set]", |winner| winner.value.as_str())
    }

    /// The words that it can be, if it is one of a few.
    pub fn allowed(&self) -> Vec<&'static str> {
        match self.field.shape {
            Shape::Choice(choices) => choices.iter().map(|choice| choice.name).collect(),
            _ => self.field.one_of.to_vec(),
        }
    }

    /// Its other names, flat ones first.
    pub fn other_names(&self) -> impl Iterator<Item = &'static str> {
        let aliases = self.field.aliases.iter().copied();
        let aliases = aliases.filter(|alias| !self.flat_names.contains(alias));
        self.flat_names.iter().copied().chain(aliases)
    }

    /// What may be written, in one line.
    fn takes(&self) -> String {
        let field = self.field;
        let mut parts = match &self.allowed()[..] {
            [] => vec![field.shape.noun().to_owned()],
            words => vec![format!("one of {}", words.join(", "))],
        };
        if let Some(range) = field.range {
            parts.push(format!("in {range}"));
        }
        match (field.min_len, field.max_len) {
            (Some(min), Some(max)) => parts.push(format!("length {min} to {max}")),
            (Some(min), None) => parts.push(format!("length at least {min}")),
            (None, Some(max)) => parts.push(format!("length at most {max}")),
            (None, None) => {}
        }
        if field.required {
            parts.push("required".to_owned());
        }
        if let Some(variable) = field.env {
            parts.push(format!("also from ${variable}"));
        }
        parts.join("; ")
    }
}

impl Layered {
    /// Where it was written, with what it was made from: `shop.yaml:3:11 (from $HOST)`.
    pub fn place(&self) -> String {
        let Some(origin) = &self.origin else {
            return self.layer.to_string();
        };
        match origin.via() {
            Some(via) => format!("{origin} (from {via})"),
            None => origin.to_string(),
        }
    }
}

impl fmt::Display for Explanation {
    /// One setting with each of its layers, strongest first; of several, a line for each.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.settings[..] {
            [setting] => self.one(setting, f),
            settings => self.several(settings, f),
        }
    }
}

impl Explanation {
    fn one(&self, setting: &ExplainedSetting, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{}.{} = {}",
            self.connection,
            setting.path,
            setting.value()
        )?;
        for line in setting.field.doc.lines() {
            writeln!(f, "  {line}")?;
        }
        write!(f, "  Takes {}.", setting.takes())?;
        let names: Vec<&str> = setting.other_names().collect();
        if !names.is_empty() {
            write!(f, "\n  Also called {}.", names.join(", "))?;
        }
        if let Some(instead) = setting.field.deprecated {
            write!(f, "\n  Deprecated: {instead}")?;
        }
        if setting.layers.is_empty() {
            return f.write_str("\n\n  No layer sets it.");
        }
        f.write_str("\n")?;
        let width = |text: fn(&Layered) -> usize| {
            let widths = setting.layers.iter().map(text);
            widths.max().unwrap_or_default()
        };
        let values = width(|layered| layered.value.chars().count());
        let layers = width(|layered| layered.layer.as_str().len());
        for layered in setting.layers.iter().rev() {
            let mark = if layered.won { '>' } else { ' ' };
            let (layer, value) = (&layered.layer, &layered.value);
            let place = layered
                .origin
                .as_ref()
                .map_or_else(String::new, |_| layered.place());
            let line = format!("{mark} {layer:layers$}  {value:values$}  {place}");
            write!(f, "\n  {}", line.trim_end())?;
        }
        Ok(())
    }

    fn several(&self, settings: &[ExplainedSetting], f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}: {}, {}", self.key, self.connection_type, self.origin)?;
        let paths = settings.iter().map(|setting| setting.path.len());
        let paths = paths.max().unwrap_or_default();
        let values = settings
            .iter()
            .map(|setting| setting.value().chars().count());
        let values = values.max().unwrap_or_default().min(40);
        for setting in settings {
            let place = setting.winner().map_or_else(String::new, Layered::place);
            let over: Vec<String> = setting
                .layers
                .iter()
                .rev()
                .filter(|layered| !layered.won && layered.layer != Layer::Default)
                .map(Layered::place)
                .collect();
            let (path, value) = (&setting.path, setting.value());
            let line = format!("{path:paths$}  {value:values$}  {place}");
            write!(f, "\n  {}", line.trim_end())?;
            if !over.is_empty() {
                write!(f, ", over {}", over.join(", "))?;
            }
        }
        Ok(())
    }
}

impl Serialize for Explanation {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_struct("Explanation", 5)?;
        map.serialize_field("key", &self.key)?;
        map.serialize_field("connection", &self.connection)?;
        map.serialize_field("type", self.connection_type.name())?;
        map.serialize_field("origin", &self.origin.to_string())?;
        map.serialize_field("settings", &self.settings)?;
        map.end()
    }
}

impl Serialize for ExplainedSetting {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let field = self.field;
        let names: Vec<&str> = self.other_names().collect();
        let mut map = serializer.serialize_struct("ExplainedSetting", 14)?;
        map.serialize_field("setting", &self.path)?;
        map.serialize_field("value", &self.winner().map(|winner| &winner.value))?;
        map.serialize_field("doc", field.doc)?;
        map.serialize_field("takes", &field.shape.label())?;
        map.serialize_field("default", &field.default)?;
        map.serialize_field("range", &field.range)?;
        map.serialize_field("min_length", &field.min_len)?;
        map.serialize_field("max_length", &field.max_len)?;
        map.serialize_field("allowed", &self.allowed())?;
        map.serialize_field("required", &field.required)?;
        map.serialize_field("secret", &self.secret)?;
        map.serialize_field("deprecated", &field.deprecated)?;
        map.serialize_field("other_names", &names)?;
        map.serialize_field("layers", &Layers(&self.layers))?;
        map.end()
    }
}

/// Strongest first, as they are shown.
struct Layers<'l>(&'l [Layered]);

impl Serialize for Layers<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.0.len()))?;
        for layered in self.0.iter().rev() {
            list.serialize_element(layered)?;
        }
        list.end()
    }
}

impl Serialize for Layered {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let origin = self.origin.as_ref();
        let file = origin.and_then(Origin::file);
        let span = origin.and_then(Origin::span);
        let mut map = serializer.serialize_struct("Layered", 8)?;
        map.serialize_field("layer", self.layer.as_str())?;
        map.serialize_field("value", &self.value)?;
        map.serialize_field("won", &self.won)?;
        map.serialize_field("origin", &origin.map(Origin::to_string))?;
        map.serialize_field("file", &file.map(|file| file.display().to_string()))?;
        map.serialize_field("line", &span.map(|span| span.line))?;
        map.serialize_field("column", &span.map(|span| span.column))?;
        map.serialize_field("from", &origin.and_then(Origin::via))?;
        map.end()
    }
}
