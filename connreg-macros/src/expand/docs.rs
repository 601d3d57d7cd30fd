//! The table of settings that is appended to the struct's documentation.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Attribute, parse_quote};

use crate::kind::Kind;
use crate::literal::compact;
use crate::model::{DOC_MARKER, Default, Setting, Table};

pub(crate) fn docs(table: &Table) -> Vec<Attribute> {
    let mut attributes: Vec<Attribute> = Vec::new();
    if table.settings.is_empty() {
        attributes.push(parse_quote!(#[doc = ""]));
        attributes.push(parse_quote!(#[doc = #DOC_MARKER]));
        attributes.push(parse_quote!(#[doc = "It has no settings of its own."]));
        return attributes;
    }
    for line in [
        "",
        DOC_MARKER,
        "",
        "# Settings",
        "",
        "| setting | type | default | meaning |",
        "|---|---|---|---|",
    ] {
        attributes.push(parse_quote!(#[doc = #line]));
    }
    for setting in &table.settings {
        let row = row(setting);
        let cfgs: &[TokenStream] = &setting.cfgs;
        attributes.push(match cfgs {
            [] => parse_quote!(#[doc = #row]),
            _ => parse_quote!(#[cfg_attr(all(#(#cfgs),*), doc = #row)]),
        });
    }
    attributes
}

fn row(setting: &Setting) -> String {
    let ty = setting
        .kind
        .label()
        .unwrap_or_else(|| format!("`{}`", compact_type(setting)));
    let name = match setting.flatten {
        true => format!("(those of {ty})"),
        false => format!("`{}`", setting.name.0),
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
        Some(Default::OfType) => "its own".into(),
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
