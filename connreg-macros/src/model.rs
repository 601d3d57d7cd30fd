//! The declaration as it is meant: settings, connection, choices; built from what was written, checked by [`crate::check`].

use proc_macro2::{Span, TokenStream};
use syn::{
    Attribute, Data, DeriveInput, Expr, ExprLit, Fields, Ident, Lit, LitStr, Path, Type, Variant,
    Visibility, parse_quote,
};

use crate::args::{Args, Value};
use crate::check;
use crate::errors::Errors;
use crate::field::{self, Field};
use crate::keys;
use crate::kind::Kind;
use crate::literal::{self, snake_case};

/// A struct whose fields are settings.
pub(crate) struct Table {
    pub(crate) ident: Ident,
    /// Where `connreg` is.
    pub(crate) krate: Path,
    pub(crate) settings: Vec<Setting>,
    pub(crate) validate: Option<Path>,
}

/// One setting.
pub(crate) struct Setting {
    pub(crate) ident: Ident,
    pub(crate) ty: Type,
    pub(crate) kind: Kind,
    /// In configuration, with the token that gives it.
    pub(crate) name: (String, Span),
    pub(crate) aliases: Vec<(String, Span)>,
    pub(crate) doc: String,
    pub(crate) default: Option<Default>,
    pub(crate) range: Option<literal::Range>,
    pub(crate) min_len: Option<usize>,
    pub(crate) max_len: Option<usize>,
    /// Where a limit of the length was written.
    pub(crate) length: Option<Span>,
    pub(crate) one_of: Vec<LitStr>,
    pub(crate) env: Option<String>,
    pub(crate) example: Option<String>,
    pub(crate) deprecated: Option<String>,
    pub(crate) validate: Option<Path>,
    pub(crate) secret: bool,
    pub(crate) flatten: bool,
    pub(crate) serde: bool,
    pub(crate) cfgs: Vec<TokenStream>,
}

/// What a setting is where nothing is written.
pub(crate) enum Default {
    /// `default`: the type's own.
    OfType,
    /// `default = …`.
    Written(literal::Default),
}

impl Table {
    /// The settings of `fields`; what is wrong is told and left out.
    pub(crate) fn new(
        ident: &Ident,
        fields: &Fields,
        krate: Path,
        validate: Option<Path>,
        errors: &Errors,
    ) -> Self {
        let settings = fields
            .iter()
            .filter_map(|field| Field::read(field, errors))
            .map(|field| Setting::new(field, &krate, errors))
            .collect();
        let table = Self {
            ident: ident.clone(),
            krate,
            settings,
            validate,
        };
        check::names(&table, errors);
        table
    }

    /// Whether nothing needs to be written, as far as the spelling of the types tells.
    pub(crate) fn has_default(&self) -> bool {
        self.settings
            .iter()
            .all(|setting| setting.default.is_some() || setting.is_option())
    }
}

impl Setting {
    fn new(field: Field, krate: &Path, errors: &Errors) -> Self {
        let args = &field.args;
        let kind = Kind::of(&field.ty);
        check::words(args, &kind, errors);
        let default = args
            .find("default")
            .and_then(|written| match &written.value {
                Value::Expr(expr) => errors
                    .take(literal::Default::parse(expr, &kind, krate))
                    .map(Default::Written),
                _ => Some(Default::OfType),
            });
        let range = args
            .expr("range")
            .and_then(|expr| errors.take(literal::Range::parse(expr, &kind, krate)));
        let one_of = args
            .texts("one_of")
            .into_iter()
            .cloned()
            .collect::<Vec<_>>();
        let name = match args.text("rename") {
            Some(name) => (check::setting_name(name, errors), name.span()),
            None => (field.name.clone(), field.ident.span()),
        };
        let texts = args.texts("alias");
        let setting = Self {
            name,
            aliases: texts
                .iter()
                .map(|alias| (check::setting_name(alias, errors), alias.span()))
                .collect(),
            doc: field.doc,
            default,
            range,
            min_len: args.count("min_len").map(|(_, count)| count),
            max_len: args.count("max_len").map(|(_, count)| count),
            length: ["min_len", "max_len"]
                .iter()
                .find_map(|word| args.count(word))
                .map(|(literal, _)| literal.span()),
            one_of,
            env: args.text("env").map(|name| check::variable(name, errors)),
            example: args.expr("example").map(written),
            deprecated: args.text("deprecated").map(LitStr::value),
            validate: args.path("validate").cloned(),
            secret: args.flag("secret").is_some(),
            flatten: args.flag("flatten").is_some(),
            serde: args.flag("serde").is_some(),
            cfgs: field.cfgs,
            kind,
            ident: field.ident,
            ty: field.ty,
        };
        check::default(&setting, &field.args, errors);
        setting
    }

    pub(crate) fn is_option(&self) -> bool {
        matches!(self.kind, Kind::Option(_))
    }
}

/// An expression as it is written in configuration.
fn written(expr: &Expr) -> String {
    match expr {
        Expr::Lit(ExprLit {
            lit: Lit::Str(text),
            ..
        }) => text.value(),
        other => literal::compact(other),
    }
}

/// A struct annotated with `#[connection]`.
pub(crate) struct Connection {
    pub(crate) table: Table,
    pub(crate) vis: Visibility,
    pub(crate) name: String,
    pub(crate) category: String,
    pub(crate) aliases: Vec<String>,
    pub(crate) sections: Vec<String>,
    pub(crate) provides: Vec<Path>,
    pub(crate) doc: String,
}

impl Connection {
    /// The declaration that `input`, with the attribute's words in `args`, makes. `attribute` is where they stood.
    pub(crate) fn new(
        input: &DeriveInput,
        fields: &Fields,
        args: &Args,
        attribute: Span,
        errors: &Errors,
    ) -> Self {
        let (name, category) = check::type_and_category(args, attribute, errors);
        let table = Table::new(
            &input.ident,
            fields,
            krate(args),
            args.path("validate").cloned(),
            errors,
        );
        check::reserved(&table, errors);
        Self {
            table,
            vis: input.vis.clone(),
            aliases: check::aliases(args, &name, errors),
            name,
            category,
            sections: check::sections(args, errors),
            provides: check::provides(args, errors),
            doc: user_doc(&input.attrs),
        }
    }
}

/// Where `connreg` is.
pub(crate) fn krate(args: &Args) -> Path {
    args.path("crate")
        .cloned()
        .unwrap_or_else(|| parse_quote!(::connreg))
}

/// Begins the table that the attribute appends to the documentation.
pub(crate) const DOC_MARKER: &str = "<!-- connreg: settings -->";

/// The documentation without the appended table.
fn user_doc(attributes: &[Attribute]) -> String {
    let doc = field::doc(attributes);
    match doc.split_once(DOC_MARKER) {
        Some((doc, _)) => doc.trim_end().to_owned(),
        None => doc,
    }
}

/// A unit enum whose variants are words.
pub(crate) struct Choices {
    pub(crate) ident: Ident,
    pub(crate) krate: Path,
    pub(crate) words: Vec<Choice>,
}

/// One word.
pub(crate) struct Choice {
    pub(crate) variant: Ident,
    pub(crate) name: (String, Span),
    pub(crate) aliases: Vec<(String, Span)>,
    pub(crate) doc: String,
    /// Whether it is the enum's `Default`.
    pub(crate) is_default: bool,
}

impl Choices {
    pub(crate) fn new(ident: &Ident, data: &Data, krate: Path, errors: &Errors) -> Self {
        let variants: Vec<&Variant> = match data {
            Data::Enum(data) => data.variants.iter().collect(),
            _ => Vec::new(),
        };
        if variants.is_empty() && matches!(data, Data::Enum(_)) {
            errors.at(
                ident,
                "an enum without variants has no words to choose from",
            );
        }
        let words = variants
            .into_iter()
            .filter_map(|variant| Choice::new(variant, errors))
            .collect();
        let choices = Self {
            ident: ident.clone(),
            krate,
            words,
        };
        check::words_of_choices(&choices, errors);
        choices
    }
}

impl Choice {
    fn new(variant: &Variant, errors: &Errors) -> Option<Self> {
        if !matches!(variant.fields, Fields::Unit) {
            errors.at(
                &variant.fields,
                "`Settings` takes enums whose variants are single words; make this a unit variant, \
                 or read the field with `#[setting(serde)]`",
            );
            return None;
        }
        let args = field::settings(&variant.attrs, &keys::VARIANT, errors);
        let name = match args.text("rename") {
            Some(name) => (check::setting_name(name, errors), name.span()),
            None => (
                snake_case(&syn::ext::IdentExt::unraw(&variant.ident).to_string()),
                variant.ident.span(),
            ),
        };
        let aliases = args.texts("alias");
        Some(Self {
            variant: variant.ident.clone(),
            name,
            aliases: aliases
                .iter()
                .map(|alias| (check::setting_name(alias, errors), alias.span()))
                .collect(),
            doc: field::doc(&variant.attrs),
            is_default: variant
                .attrs
                .iter()
                .any(|attribute| attribute.path().is_ident("default")),
        })
    }
}
