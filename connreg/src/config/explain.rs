//! Finding out which layers set a setting: the layers of one connection, setting by setting, before they are merged.

use super::common::{FLAT_NAMES, is_type_key};
use super::defaults::{OWN, Scope};
use super::dotnet::attempts;
use super::draft::Drafts;
use super::expand::DEFAULT_IN;
use super::explanation::{ExplainedSetting, Explanation, Layer, Layered};
use super::interpolate::Resolver;
use super::keys::{Known, Meaning};
use super::redact::{self, names_a_secret};
use super::report::Report;
use super::tree::{Entry, Node, Table, Value, canonical};
use super::{Options, Surveyed, environment, layer, normal_tables, survey};
use crate::error::{Error, ErrorKind};
use crate::nearest::nearest;
use crate::registry::{ConnectionType, Registry};
use crate::settings::{Field, Shape};

/// The longest value that is shown whole.
const SHOWN: usize = 80;

/// What `key` comes from: `name`, `name.setting` or `name.table.setting`. Mistakes elsewhere don't matter.
pub(crate) fn explain(
    options: &Options,
    registry: &Registry,
    key: &str,
) -> Result<Explanation, Error> {
    let mut report = Report::default();
    report.allow_unresolved();
    let resolver = Resolver::new(options);
    let Surveyed {
        mut drafts,
        mut defaults,
        incomplete,
    } = survey(options, registry, &resolver, &mut report);
    let parts: Vec<&str> = key.split('.').collect();
    // The longest name that there is, so that a name may hold a dot.
    let found = (1..=parts.len())
        .rev()
        .find_map(|count| Some((count, drafts.position(&parts[..count].join("."))?)));
    let Some((count, position)) = found else {
        return Err(unknown(&parts, &drafts, incomplete, &report));
    };
    let draft = &mut drafts.list[position];
    let Some(kind) = draft.kind else {
        let message = format!(
            "the connection `{}` can't be explained: what type it is, is not known",
            draft.name
        );
        let help = "run the check: it tells what is wrong with its type".to_owned();
        return Err(Error::usage(ErrorKind::Configuration, message, Some(help)));
    };
    let asked = asked(kind, &draft.name, &parts[count..])?;
    environment::well_known(draft, &resolver);
    let own = normal_tables(draft, &mut report);
    let mut tables = Vec::new();
    for (scope, layer) in fallbacks(kind, &own, &resolver) {
        let draft = defaults.of(&scope);
        let said = draft.map(|draft| normal_tables(draft, &mut report));
        let said = said.into_iter().flatten();
        tables.extend(said.map(|(_, table)| (layer.clone(), table)));
    }
    tables.extend(
        own.into_iter()
            .map(|(number, table)| (named(number), table)),
    );
    let mut settings = Vec::new();
    for setting in asked.settings() {
        settings.push(setting.explained(&tables, &resolver));
    }
    let mut key = draft.name.clone();
    if !asked.path.is_empty() {
        key = format!("{key}.{}", asked.path.join("."));
    }
    Ok(Explanation {
        key,
        connection: draft.name.clone(),
        connection_type: kind,
        origin: draft.origin.clone(),
        settings,
    })
}

/// What a connection falls back on, weakest first.
fn fallbacks(
    kind: ConnectionType,
    own: &[(usize, Table)],
    resolver: &Resolver<'_>,
) -> Vec<(Scope, Layer)> {
    let category = canonical(kind.category());
    let mut fallbacks = vec![
        (Scope::All, Layer::Defaults),
        (Scope::Category(category), Layer::Category),
    ];
    let policy = own.iter().rev().find_map(|(_, table)| table.get("policy"));
    if let Some(mut entry) = policy.cloned() {
        resolver.entry(&mut entry, &mut Vec::new(), &mut Report::default());
        let name = entry.node.scalar_text();
        fallbacks.extend(name.map(|name| (Scope::Policy(canonical(&name)), Layer::Policy)));
    }
    fallbacks
}

fn unknown(parts: &[&str], drafts: &Drafts, incomplete: bool, report: &Report) -> Error {
    let message = format!("there is no connection `{}`", parts[0]);
    let names: Vec<&str> = drafts.names().collect();
    // Where the name ends is not known, so every beginning is tried.
    let near = (1..=parts.len())
        .find_map(|count| nearest(&parts[..count].join("."), names.iter().copied()));
    let unread = report.errors().find(|_| incomplete);
    let help = match (near, unread) {
        (Some(near), _) => format!("did you mean `{near}`?"),
        (None, Some(mistake)) => format!("it may stand in a file that can't be read: {mistake}"),
        (None, None) if names.is_empty() => "no connection is configured".to_owned(),
        (None, None) => format!("configured: {}", redact::keys(&names)),
    };
    Error::usage(ErrorKind::NotFound, message, Some(help))
}

/// What was asked for: a setting, a table of them, or the whole connection.
struct Asked {
    /// The names that lead there.
    path: Vec<&'static str>,
    /// Whether what leads there is secret.
    secret: bool,
    what: What,
}

enum What {
    One(&'static Field),
    All(Vec<&'static Field>),
}

/// One setting on the way to being explained.
struct Setting {
    path: Vec<&'static str>,
    field: &'static Field,
    secret: bool,
}

fn asked(kind: ConnectionType, name: &str, keys: &[&str]) -> Result<Asked, Error> {
    let own = kind.settings().iter();
    let all = own.chain(super::common::FIELDS).collect();
    let mut asked = Asked {
        path: Vec::new(),
        secret: false,
        what: What::All(all),
    };
    let mut known = Known::of(kind);
    for (index, key) in keys.iter().enumerate() {
        let refuse = |help: String| {
            let key = keys[..=index].join(".");
            let message = format!("`{key}` is no setting of `{name}`, which is of type `{kind}`");
            Err(Error::usage(ErrorKind::NotFound, message, Some(help)))
        };
        if let What::One(field) = asked.what {
            match field.shape {
                // What is in a map has no setting of its own.
                Shape::Map(_) | Shape::Any => return Ok(asked),
                _ => return refuse(format!("`{}` has no keys", field.name)),
            }
        }
        let field = match known.meaning(key) {
            Some(Meaning::Setting(field) | Meaning::File(field)) => field,
            Some(Meaning::Flat(table, field)) => {
                asked.path.push(table.name);
                asked.secret |= table.secret;
                field
            }
            None if index == 0 && is_type_key(key) => {
                return refuse(format!("`{name}` alone has all of its settings explained"));
            }
            None => return refuse(known.help(key)),
        };
        asked.path.push(field.name);
        asked.secret |= field.secret;
        asked.what = match field.shape {
            Shape::Table(fields) => {
                known = Known::nested(fields);
                What::All(fields.iter().collect())
            }
            _ => What::One(field),
        };
    }
    Ok(asked)
}

impl Asked {
    fn settings(&self) -> Vec<Setting> {
        let mut settings = Vec::new();
        match &self.what {
            What::One(field) => settings.push(Setting {
                path: self.path.clone(),
                field,
                secret: self.secret,
            }),
            What::All(fields) => {
                let mut path = self.path.clone();
                for field in fields {
                    collect(field, self.secret, &mut path, &mut settings);
                }
            }
        }
        settings
    }
}

/// Adds `field`, or the settings of its table.
fn collect(
    field: &'static Field,
    secret: bool,
    path: &mut Vec<&'static str>,
    settings: &mut Vec<Setting>,
) {
    let secret = secret || field.secret;
    let Shape::Table(fields) = field.shape else {
        let mut path = path.clone();
        path.push(field.name);
        settings.push(Setting {
            path,
            field,
            secret,
        });
        return;
    };
    if !field.flatten {
        path.push(field.name);
    }
    for inner in fields {
        collect(inner, secret, path, settings);
    }
    if !field.flatten {
        path.pop();
    }
}

impl Setting {
    fn explained(self, tables: &[(Layer, Table)], resolver: &Resolver<'_>) -> ExplainedSetting {
        let default = self.field.default.map(|default| Layered {
            layer: Layer::Default,
            origin: None,
            value: default.to_owned(),
            won: false,
        });
        let written = tables.iter().filter_map(|(layer, table)| {
            let entry = self.entry(table)?;
            // What each connection says for itself, no default does.
            let is_default = *layer < Layer::Files && OWN.contains(&self.field.name);
            (!is_default).then(|| self.layered(layer.clone(), entry, resolver))
        });
        let mut layers: Vec<Layered> = default.into_iter().chain(written).collect();
        if let Some(last) = layers.last_mut() {
            last.won = true;
        }
        let flat = FLAT_NAMES
            .iter()
            .filter(|(_, table, setting)| self.path == [*table, *setting]);
        ExplainedSetting {
            path: self.path.join("."),
            field: self.field,
            secret: self.secret,
            flat_names: flat.map(|(name, ..)| *name).collect(),
            layers,
        }
    }

    fn entry<'t>(&self, mut table: &'t Table) -> Option<&'t Entry> {
        let (last, way) = self.path.split_last()?;
        for name in way {
            table = table.get(name)?.node.as_table()?;
        }
        table.get(last)
    }

    fn layered(&self, layer: Layer, entry: &Entry, resolver: &Resolver<'_>) -> Layered {
        let mut origin = entry.node.origin.clone();
        let value = if self.secret {
            // Nobody looks at it: not even its file is opened.
            if entry.from_file
                && let Some(path) = entry.node.scalar_text()
            {
                origin.via = Some(format!("file {path}").into());
            }
            "[set]".to_owned()
        } else {
            let mut entry = entry.clone();
            resolver.entry(&mut entry, &mut Vec::new(), &mut Report::default());
            if self.path == ["retry", "max_attempts"] {
                attempts(&mut entry);
            }
            origin = entry.node.origin.clone();
            shown(&entry.node)
        };
        Layered {
            layer,
            origin: Some(origin),
            value,
            won: false,
        }
    }
}

fn named(number: usize) -> Layer {
    match number {
        layer::FILES => Layer::Files,
        layer::PROFILE => Layer::Profile,
        layer::WELL_KNOWN => Layer::Variable,
        layer::ENVIRONMENT => Layer::Environment,
        _ => Layer::Code,
    }
}

/// A value for people. What comes from a file or a provider is likely a secret, whatever its setting takes it for.
fn shown(node: &Node) -> String {
    if node.origin.via().is_some_and(|via| {
        let mut sources = via.split(", ");
        // A provider's default, behind a bar, stands for a secret.
        let told = |source: &str| {
            source.starts_with('$') || source.starts_with(DEFAULT_IN) && !source.contains('|')
        };
        sources.any(|source| !told(source) || names_a_secret(source))
    }) {
        return "[set]".to_owned();
    }
    let text = match &node.value {
        Value::Null => "nothing".to_owned(),
        Value::Mistaken => "[unresolved]".to_owned(),
        Value::List(items) => {
            let items: Vec<String> = items.iter().map(shown).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Table(table) => {
            let entries = table.entries.iter();
            let entries: Vec<String> = entries
                .map(|entry| {
                    let value = if names_a_secret(&entry.key) {
                        "[set]".to_owned()
                    } else {
                        shown(&entry.node)
                    };
                    format!("{}: {value}", entry.key)
                })
                .collect();
            format!("{{{}}}", entries.join(", "))
        }
        _ => without_user(&node.scalar_text().unwrap_or_default()),
    };
    let line: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(SHOWN + 1)
        .collect();
    match line.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// `text` without the user and password of the URLs in it.
fn without_user(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, behind) = rest.split_at(at + 3);
        shown.push_str(before);
        let end = behind
            .find(['/', '?', '#', ',', ' '])
            .unwrap_or(behind.len());
        // A password may hold any of these letters: what is before the last `@` of all goes.
        let user = match behind.rfind('@') {
            Some(at) => at + 1,
            None => 0,
        };
        if user > 0 {
            shown.push_str("[redacted]@");
        }
        let end = end.max(user);
        shown.push_str(&behind[user..end]);
        rest = &behind[end..];
    }
    // `user:password@host`, for which nobody asks where a host stands.
    if shown.is_empty()
        && let Some((user, host)) = rest.rsplit_once('@')
        && user.contains(':')
    {
        shown.push_str("[redacted]@");
        rest = host;
    }
    shown.push_str(rest);
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_shown_without_user_and_password() {
        for (text, expected) in [
            ("localhost", "localhost"),
            ("app:p@w@db", "[redacted]@db"),
            ("app@db", "app@db"),
            ("http://db:80/x", "http://db:80/x"),
            ("http://u:p@db/x", "http://[redacted]@db/x"),
            ("http://u:p/q?r@db/x", "http://[redacted]@db/x"),
            (
                "a, http://u@db, http://b",
                "a, http://[redacted]@db, http://b",
            ),
            ("http://a:b@c,http://d:e@f", "http://[redacted]@f"),
        ] {
            assert_eq!(without_user(text), expected, "{text}");
        }
    }
}
