//! The rules: which words go together, which names are allowed, which are taken.

use proc_macro2::Span;
use syn::{LitStr, Path};

use crate::args::Args;
use crate::errors::Errors;
use crate::keys::nearest;
use crate::kind::Kind;
use crate::literal::compact;
use crate::model::{Choices, Default, Setting, Table};
use crate::reserved::RESERVED;

/// A name as it is compared in configuration: without regard to case, `_` and `-`.
pub(crate) fn canonical(name: &str) -> String {
    name.chars()
        .filter(|c| !matches!(c, '_' | '-'))
        .flat_map(char::to_lowercase)
        .collect()
}

/// The name of a setting or of a word.
pub(crate) fn setting_name(name: &LitStr, errors: &Errors) -> String {
    let value = name.value();
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if value.is_empty() {
        errors.at(name, "the name is empty");
    } else if !value.chars().all(allowed) || !value.starts_with(|c: char| c.is_ascii_alphanumeric())
    {
        errors.at(
            name,
            "a name is made of letters, digits, `_` and `-`, and begins with a letter or digit",
        );
    }
    value
}

/// The name of an environment variable.
pub(crate) fn variable(name: &LitStr, errors: &Errors) -> String {
    let value = name.value();
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if value.is_empty()
        || !value.chars().all(allowed)
        || value.starts_with(|c: char| c.is_ascii_digit())
    {
        errors.at(name, "the name of an environment variable is made of letters, digits and `_`, as in `\"PGHOST\"`");
    }
    value
}

/// Whether the words of a field fit its type and each other.
pub(crate) fn words(args: &Args, kind: &Kind, errors: &Errors) {
    if let Some(word) = args.flag("secret") {
        match secret_instead(kind) {
            Some(Instead::Secret(instead)) => errors.at(
                word,
                format!("a text that is secret has its own type: write `{instead}` (`connreg::Secret`), without the word"),
            ),
            Some(Instead::Nothing) => errors.at(
                word,
                format!(
                    "a setting of type {} can't be secret; `secret` is for maps and nested tables, \
                     text is of type `connreg::Secret`",
                    kind.label().unwrap_or_default()
                ),
            ),
            None => {}
        }
    }
    let has_length = matches!(
        kind.required(),
        Kind::Text | Kind::Secret | Kind::List(_) | Kind::Map(_) | Kind::Other
    );
    for word in ["min_len", "max_len"].into_iter().filter(|_| !has_length) {
        if let Some(written) = args.find(word) {
            let instead = match kind.required() {
                Kind::Integer(_) | Kind::Float | Kind::Duration | Kind::ByteSize => {
                    "; write `range`"
                }
                _ => "",
            };
            let label = kind.label().unwrap_or_default();
            errors.at(&written.ident, format!("`{word}` is for text, lists and maps, not for a setting of type {label}{instead}"));
        }
    }
    if let (Some((_, min)), Some((literal, max))) = (args.count("min_len"), args.count("max_len"))
        && min > max
    {
        errors.at(
            literal,
            format!("`max_len` is less than `min_len`, which is {min}"),
        );
    }
    if let Some(written) = args.find("one_of") {
        one_of(args, kind, &written.ident, errors);
    }
    if let Some(text) = args.text("deprecated")
        && text.value().trim().is_empty()
    {
        errors.at(text, "say what to use instead: `deprecated = \"use url\"`");
    }
    if args.flag("flatten").is_some() {
        for written in args.iter() {
            let fits = match written.key.name {
                "flatten" => true,
                "default" => matches!(written.value, crate::args::Value::None),
                _ => false,
            };
            if !fits {
                let word = written.key.name;
                errors.at(
                    &written.ident,
                    format!("`{word}` has no meaning beside `flatten`: a flattened struct has no key of its own; \
                             write it on the struct's fields"),
                );
            }
        }
        if let Some(word) = args.flag("flatten").filter(|_| *kind != Kind::Other) {
            errors.at(
                word,
                "`flatten` is for nested structs that derive `connreg::Settings`",
            );
        }
    }
}

fn one_of(args: &Args, kind: &Kind, word: &syn::Ident, errors: &Errors) {
    let texts = args.texts("one_of");
    if !matches!(kind.required(), Kind::Text | Kind::Other) {
        let label = kind.label().unwrap_or_default();
        errors.at(
            word,
            format!("`one_of` is for text, not for a setting of type {label}"),
        );
    } else if texts.is_empty() {
        errors.at(word, "`one_of` without a text allows nothing");
    }
    for (index, text) in texts.iter().enumerate() {
        if texts[..index]
            .iter()
            .any(|earlier| earlier.value() == text.value())
        {
            errors.at(text, format!("`{}` is listed twice", text.value()));
        }
    }
}

enum Instead {
    Secret(&'static str),
    Nothing,
}

fn secret_instead(kind: &Kind) -> Option<Instead> {
    match kind {
        Kind::Text => Some(Instead::Secret("Secret")),
        Kind::Option(inner) if **inner == Kind::Text => Some(Instead::Secret("Option<Secret>")),
        Kind::List(inner) if **inner == Kind::Text => Some(Instead::Secret("Vec<Secret>")),
        Kind::Bool
        | Kind::Integer(_)
        | Kind::Float
        | Kind::Duration
        | Kind::ByteSize
        | Kind::Path
        | Kind::Reference => Some(Instead::Nothing),
        Kind::Option(inner) => secret_instead(inner),
        Kind::Url | Kind::Secret | Kind::List(_) | Kind::Map(_) | Kind::Other => None,
    }
}

/// Whether the default is one of the values that are allowed.
pub(crate) fn default(setting: &Setting, args: &Args, errors: &Errors) {
    let (Some(Default::Written(default)), Some(token)) = (&setting.default, args.expr("default"))
    else {
        return;
    };
    if let (Some(range), Some(number)) = (&setting.range, default.number)
        && !range.contains(number)
    {
        errors.at(
            token,
            format!("the default is not in the range `{}`", range.text),
        );
    }
    let Some(text) = &default.string else { return };
    if !setting.one_of.is_empty()
        && !setting
            .one_of
            .iter()
            .any(|allowed| allowed.value() == *text)
    {
        let allowed: Vec<String> = setting.one_of.iter().map(LitStr::value).collect();
        let help = match nearest(text, allowed.iter().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("allowed: {}", allowed.join(", ")),
        };
        errors.at(token, format!("the default is not in `one_of`: {help}"));
    }
    let length = text.chars().count();
    if setting.min_len.is_some_and(|min| length < min)
        || setting.max_len.is_some_and(|max| length > max)
    {
        errors.at(
            token,
            format!(
                "the default has {length} characters, which `min_len` and `max_len` do not allow"
            ),
        );
    }
}

/// Whether every setting's names are its own.
pub(crate) fn names(table: &Table, errors: &Errors) {
    let mut taken: Vec<(String, &str)> = Vec::new();
    for setting in table.settings.iter().filter(|setting| !setting.flatten) {
        for (name, span) in std::iter::once(&setting.name).chain(&setting.aliases) {
            let compared = canonical(name);
            match taken.iter().find(|(known, _)| *known == compared) {
                Some((_, other)) => errors.at_span(
                    *span,
                    format!("`{name}` is already the name of `{other}`; names are compared without regard to case, `_` and `-`"),
                ),
                None => taken.push((compared, &setting.name.0)),
            }
        }
    }
    let secrets = table
        .settings
        .iter()
        .filter(|setting| *setting.kind.required() == Kind::Secret);
    for secret in secrets {
        let file = canonical(&format!("{}_file", secret.name.0));
        for setting in &table.settings {
            for (name, span) in std::iter::once(&setting.name).chain(&setting.aliases) {
                if canonical(name) == file {
                    let secret = &secret.name.0;
                    errors.at_span(*span, format!("`{secret}_file` already gives the secret `{secret}` from a file; choose another name"));
                }
            }
        }
    }
}

/// Whether no setting takes a name that every connection has.
pub(crate) fn reserved(table: &Table, errors: &Errors) {
    for setting in table.settings.iter().filter(|setting| !setting.flatten) {
        for (name, span) in std::iter::once(&setting.name).chain(&setting.aliases) {
            if RESERVED
                .iter()
                .any(|reserved| canonical(reserved) == canonical(name))
            {
                errors.at_span(
                    *span,
                    format!("`{name}` is a setting that every connection has; read it from `Context`, or choose another name"),
                );
            }
        }
    }
}

/// Whether every word of an enum is its own.
pub(crate) fn words_of_choices(choices: &Choices, errors: &Errors) {
    let mut taken: Vec<(String, String)> = Vec::new();
    for choice in &choices.words {
        for (name, span) in std::iter::once(&choice.name).chain(&choice.aliases) {
            let compared = canonical(name);
            match taken.iter().find(|(known, _)| *known == compared) {
                Some((_, other)) => errors.at_span(
                    *span,
                    format!("`{name}` is already a word of `{other}`; words are compared without regard to case, `_` and `-`"),
                ),
                None => taken.push((compared, choice.variant.to_string())),
            }
        }
    }
}

const NAME: &str = "small letters, digits, `_` and `-`, beginning with a letter or digit";

fn is_type_name(name: &str) -> bool {
    let letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    name.starts_with(letter) && name.chars().all(|c| letter(c) || matches!(c, '_' | '-'))
}

pub(crate) fn type_name(word: &str, name: &LitStr, errors: &Errors) -> String {
    let value = name.value();
    if value.is_empty() {
        errors.at(name, format!("`{word}` is empty"));
    } else if !is_type_name(&value) {
        let mended: String = value
            .to_lowercase()
            .chars()
            .map(|c| {
                if c.is_ascii_alphanumeric() || matches!(c, '_' | '-') {
                    c
                } else {
                    '_'
                }
            })
            .collect();
        let mended = mended.trim_matches(['_', '-']);
        let example = if is_type_name(mended) {
            format!("; write `{mended}`")
        } else {
            String::new()
        };
        errors.at(name, format!("`{word}` is made of {NAME}{example}"));
    }
    value
}

/// The type's name and category.
pub(crate) fn type_and_category(args: &Args, attribute: Span, errors: &Errors) -> (String, String) {
    let word = |word: &str, sample: &str| {
        if let Some(name) = args.text(word) {
            return type_name(word, name, errors);
        }
        if !errors.mentions(word) {
            let message = format!("`{word}` is missing: `#[connection({sample})]`");
            errors.at_span(attribute, message);
        }
        String::new()
    };
    (
        word("type", "type = \"…\", …"),
        word("category", "category = \"db\", …"),
    )
}

/// The type's other names.
pub(crate) fn aliases(args: &Args, name: &str, errors: &Errors) -> Vec<String> {
    let mut taken = vec![canonical(name)];
    let mut aliases = Vec::new();
    for alias in args.texts("aliases") {
        let value = type_name("aliases", alias, errors);
        let compared = canonical(&value);
        if taken.contains(&compared) && !value.is_empty() {
            errors.at(
                alias,
                format!("the type already answers to `{value}`; names are compared without regard to case, `_` and `-`"),
            );
        }
        taken.push(compared);
        aliases.push(value);
    }
    aliases
}

/// The places of the type's tables.
pub(crate) fn sections(args: &Args, errors: &Errors) -> Vec<String> {
    let mut sections: Vec<String> = Vec::new();
    for section in args.texts("section") {
        let value = section.value();
        let part_is_right = |part: &str| {
            !part.is_empty()
                && part
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
        };
        if !value.split('.').all(part_is_right) {
            errors.at(
                section,
                "a section is one or more keys with dots between, as in `\"external.atlassian\"`",
            );
        }
        if sections
            .iter()
            .any(|known| canonical(known) == canonical(&value))
        {
            errors.at(section, format!("the section `{value}` is listed twice"));
        }
        sections.push(value);
    }
    sections
}

/// The capabilities.
pub(crate) fn provides(args: &Args, errors: &Errors) -> Vec<Path> {
    let paths = args.paths("provides");
    for (index, path) in paths.iter().enumerate() {
        let same = |other: &Path| compact(other) == compact(path);
        if paths[..index].iter().any(same) {
            errors.at(path, "this capability is listed twice");
        }
    }
    paths.to_vec()
}
