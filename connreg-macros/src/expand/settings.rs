//! `Settings`: the table of fields, and reading them one by one so that every mistake is found.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Ident, Path};

use super::{krate_at, local, ours};
use crate::model::{Default, Setting, Table};

pub(super) fn settings(table: &Table) -> TokenStream {
    let (ident, krate) = (&table.ident, &table.krate);
    let fields = table
        .settings
        .iter()
        .map(|setting| description(setting, krate));
    let locals: Vec<Ident> = (0..table.settings.len())
        .map(|index| format_ident!("field_{index}", span = Span::mixed_site()))
        .collect();
    let reads = table
        .settings
        .iter()
        .enumerate()
        .map(|(index, setting)| read(index, setting, krate));
    let names = table.settings.iter().map(|setting| &setting.ident);
    let (table_reader, value) = (local("table"), local("value"));
    let mut result = quote!(::core::option::Option::Some(#value));
    if let Some(path) = &table.validate {
        let span = ours(path.span());
        result = quote_spanned! {span=> #table_reader.validate(#value, |value| #path(value)) };
    }
    quote! {
        #[automatically_derived]
        #[allow(deprecated, unused_qualifications)]
        impl #krate::private::Settings for #ident {
            const FIELDS: &'static [#krate::private::Field] = &[#(#fields),*];

            fn read(#table_reader: &mut #krate::private::TableReader<'_, '_>) -> ::core::option::Option<Self> {
                #(let #locals = #reads;)*
                let #value = Self { #(#names: #locals?),* };
                #result
            }
        }
    }
}

/// Checks the names that only the types of flattened fields know. `check` is the function that does.
pub(super) fn flattened_names(table: &Table, check: &str) -> TokenStream {
    let (ident, krate) = (&table.ident, &table.krate);
    let Some(flattened) = table.settings.iter().find(|setting| setting.flatten) else {
        return TokenStream::new();
    };
    let span = flattened.ty.span();
    let (check, here) = (Ident::new(check, span), krate_at(krate, span));
    let call = quote_spanned!(span=> #here::private::#check(CONNREG_FIELDS));
    quote! {
        const _: () = {
            const CONNREG_FIELDS: &'static [#krate::private::Field] =
                <#ident as #krate::private::Settings>::FIELDS;
            #call
        };
    }
}

/// The setting's entry in `FIELDS`; what is as `Field::new` has it is left out.
fn description(setting: &Setting, krate: &Path) -> TokenStream {
    let (name, ty) = (&setting.name.0, &setting.ty);
    let mut parts = Vec::new();
    let mut add = |part: &str, value: TokenStream| {
        let part = Ident::new(part, Span::call_site());
        parts.push(quote!(#part: #value));
    };
    if !setting.aliases.is_empty() {
        let aliases = setting.aliases.iter().map(|(alias, _)| alias);
        add("aliases", quote!(&[#(#aliases),*]));
    }
    if !setting.doc.is_empty() {
        add("doc", setting.doc.to_token_stream());
    }
    match &setting.default {
        Some(Default::OfType) if setting.serde || setting.flatten => {}
        Some(Default::Written(_)) if setting.secret => {}
        Some(Default::OfType) => add(
            "default",
            quote!(<#ty as #krate::private::SettingValue>::DEFAULT),
        ),
        Some(Default::Written(default)) => match (&default.text, &default.variant) {
            (Some(text), _) => add("default", some(text)),
            (None, Some(variant)) if !setting.serde => add(
                "default",
                quote!(#krate::private::word(&<#ty as #krate::private::SettingValue>::SHAPE, #variant)),
            ),
            _ => {}
        },
        None => {}
    }
    if setting.default.is_some() || setting.is_option() {
        add("required", quote!(false));
    } else if !setting.serde && !setting.flatten {
        add(
            "required",
            quote!(!<#ty as #krate::private::SettingValue>::OPTIONAL),
        );
    }
    if setting.secret {
        add("secret", quote!(true));
    }
    if let Some(range) = &setting.range {
        add("range", some(&range.text));
    }
    for (part, count) in [("min_len", setting.min_len), ("max_len", setting.max_len)] {
        if let Some(count) = count {
            add(part, some(proc_macro2::Literal::usize_unsuffixed(count)));
        }
    }
    if !setting.one_of.is_empty() {
        let texts = &setting.one_of;
        add("one_of", quote!(&[#(#texts),*]));
    }
    for (part, text) in [
        ("env", &setting.env),
        ("example", &setting.example),
        ("deprecated", &setting.deprecated),
    ] {
        if let Some(text) = text {
            add(part, some(text));
        }
    }
    if setting.flatten {
        add("flatten", quote!(true));
    }
    let span = ty.span();
    let shape = if setting.serde {
        quote!(#krate::private::Shape::Any)
    } else if setting.flatten {
        let fields = quote_spanned! {span=> <#ty as #krate::private::Settings>::FIELDS };
        quote!(#krate::private::Shape::Table(#fields))
    } else {
        quote_spanned! {span=> <#ty as #krate::private::SettingValue>::SHAPE }
    };
    quote!(#krate::private::Field { #(#parts,)* ..#krate::private::Field::new(#name, #shape) })
}

fn some(value: impl ToTokens) -> TokenStream {
    quote!(::core::option::Option::Some(#value))
}

fn read(index: usize, setting: &Setting, krate: &Path) -> TokenStream {
    let ty = &setting.ty;
    let span = ty.span();
    let table = local("table");
    if setting.flatten {
        return quote_spanned! {span=> <#ty as #krate::private::Settings>::read(#table) };
    }
    let field = quote!(&<Self as #krate::private::Settings>::FIELDS[#index]);
    let mut chain = if setting.serde {
        quote!(#table.serde_field::<#ty>(#field))
    } else {
        quote_spanned! {span=> <#ty as #krate::private::SettingValue>::begin(#table, #field) }
    };
    let default = default(setting).or_else(|| {
        (setting.serde && setting.is_option()).then(|| quote!(::core::option::Option::None))
    });
    if let Some(default) = default {
        chain.extend(quote!(.default(|| #default)));
    }
    if let Some(range) = &setting.range {
        let tokens = &range.tokens;
        chain.extend(quote_spanned! {range.span=> .range(&#tokens) });
    }
    if let Some(span) = setting.length {
        chain.extend(quote_spanned! {span=> .length() });
    }
    if let Some(first) = setting.one_of.first() {
        let span = first.span();
        chain.extend(quote_spanned! {span=> .one_of() });
    }
    if let Some(path) = &setting.validate {
        let span = ours(path.span());
        chain.extend(quote_spanned! {span=> .validate(|value| #path(value)) });
    }
    quote!(#chain.get())
}

/// The value where none is written, as an expression.
pub(super) fn default(setting: &Setting) -> Option<TokenStream> {
    let ty = &setting.ty;
    let span = ty.span();
    Some(match setting.default.as_ref()? {
        Default::OfType => quote_spanned! {span=> <#ty as ::core::default::Default>::default() },
        Default::Written(default) => default.tokens.clone(),
    })
}

/// `SettingValue`, so that the struct can be a setting's type.
pub(super) fn value(table: &Table) -> TokenStream {
    let (ident, krate) = (&table.ident, &table.krate);
    let absent = table.has_default().then(|| {
        quote! {
            const OPTIONAL: ::core::primitive::bool = true;

            fn absent() -> ::core::option::Option<Self> {
                ::core::option::Option::Some(<Self as ::core::default::Default>::default())
            }
        }
    });
    quote! {
        #[automatically_derived]
        impl #krate::private::SettingValue for #ident {
            const SHAPE: #krate::private::Shape =
                #krate::private::Shape::Table(<Self as #krate::private::Settings>::FIELDS);
            #absent

            fn parse(
                node: &#krate::private::Node,
                context: &mut #krate::private::ReadContext<'_>,
            ) -> ::core::option::Option<Self> {
                context.table(node)
            }

            fn show(&self, formatter: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                ::core::fmt::Debug::fmt(self, formatter)
            }
        }
    }
}
