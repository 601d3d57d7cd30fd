//! The table of settings that is appended to the struct's documentation.

use quote::quote;
use syn::{Attribute, parse_quote};

use crate::kind::Kind;
use crate::literal::compact;
use crate::model::{DOC_MARKER, Default, Setting, Table};

pub(crate) fn docs(table: &Table) -> Vec<Attribute> {
    let line = |text: &str| {
        // As `///` has it, so that all lines are indented alike.
        let text = if text.is_empty() {
            String::new()
        } else {
            format!(" {text}")
        };
        parse_quote!(#[doc = #text])
    };
    if table.settings.is_empty() {
        return vec![
            line(""),
            line(DOC_MARKER),
            line(""),
            line("It has no settings of its own."),
        ];
    }
    let mut attributes: Vec<Attribute> = HEAD.iter().copied().map(line).collect();
    for setting in &table.settings {
        let row = format!(" {}", row(setting));
        let conditions = &setting.cfgs;
        attributes.push(match conditions.as_slice() {
            [] => parse_quote!(#[doc = #row]),
            [condition] => parse_quote!(#[cfg_attr(#condition, doc = #row)]),
            _ => parse_quote!(#[cfg_attr(all(#(#conditions),*), doc = #row)]),
        });
    }
    attributes
}

/// What stands above the rows.
const HEAD: &[&str] = &[
    "",
    DOC_MARKER,
    "",
    "# Settings",
    "",
    "| setting | type | default | meaning |",
    "|---|---|---|---|",
];

fn row(setting: &Setting) -> String {
    let ty = setting
        .kind
        .label()
        .unwrap_or_else(|| format!("`{}`", compact_type(setting)));
    let name = if setting.flatten {
        format!("(those of {ty})")
    } else {
        format!("`{}`", setting.name.0)
    };
    let default = default(setting);
    let cells = [name, ty, default, meaning(setting)];
    format!(
        "| {} |",
        cells.map(|cell| cell.replace('|', "\\|")).join(" | ")
    )
}

fn compact_type(setting: &Setting) -> String {
    let ty = &setting.ty;
    compact(quote!(#ty))
        .replace(" < ", "<")
        .replace(" >", ">")
        .replace(" ,", ",")
}

fn default(setting: &Setting) -> String {
    match &setting.default {
        Some(Default::Written(_)) if setting.secret || *setting.kind.required() == Kind::Secret => {
            "[redacted]".into()
        }
        Some(Default::OfType) => default_of(setting.kind.required()).into(),
        Some(Default::Written(default)) => match &default.text {
            Some(text) if text.is_empty() => "empty".into(),
            Some(text) => format!("`{text}`"),
            None => format!("`{}`", compact(&default.tokens)),
        },
        None if setting.is_option() => "none".into(),
        None if setting.flatten => String::new(),
        None => "required".into(),
    }
}

/// The `Default` of a type, as far as its spelling tells.
fn default_of(kind: &Kind) -> &'static str {
    match kind {
        Kind::Bool => "`false`",
        Kind::Integer(_) => "`0`",
        Kind::Float => "`0.0`",
        Kind::Text | Kind::Path | Kind::List(_) | Kind::Map(_) => "empty",
        _ => "its own",
    }
}

fn meaning(setting: &Setting) -> String {
    let mut parts = Vec::new();
    if let Some(text) = &setting.deprecated {
        parts.push(format!("**Deprecated**: {text}."));
    }
    let prose: Vec<&str> = setting
        .doc
        .lines()
        .take_while(|line| !line.starts_with("```") && !line.starts_with('#'))
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    if !prose.is_empty() {
        parts.push(prose.join(" "));
    }
    if let Some(range) = &setting.range {
        parts.push(format!("Range: `{}`.", range.text));
    }
    match (setting.min_len, setting.max_len) {
        (Some(min), Some(max)) => parts.push(format!("Length: {min} to {max}.")),
        (Some(min), None) => parts.push(format!("Length: at least {min}.")),
        (None, Some(max)) => parts.push(format!("Length: at most {max}.")),
        (None, None) => {}
    }
    if !setting.one_of.is_empty() {
        let texts: Vec<String> = setting
            .one_of
            .iter()
            .map(|text| format!("`{}`", text.value()))
            .collect();
        parts.push(format!("One of {}.", texts.join(", ")));
    }
    if !setting.aliases.is_empty() {
        let aliases: Vec<String> = setting
            .aliases
            .iter()
            .map(|(alias, _)| format!("`{alias}`"))
            .collect();
        parts.push(format!("Also {}.", aliases.join(", ")));
    }
    if let Some(env) = &setting.env {
        parts.push(format!("Environment: `{env}`."));
    }
    if let Some(example) = &setting.example {
        parts.push(format!("Example: `{example}`."));
    }
    parts.join(" ")
}
