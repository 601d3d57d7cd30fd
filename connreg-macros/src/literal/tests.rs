//! What literals are taken for, apart from the messages, which are the compile-fail suite's.

use quote::{ToTokens, quote};
use syn::{Expr, Path, Type, parse_quote};

use super::{Default, Number, Range, snake_case};
use crate::kind::Kind;

fn kind(ty: &Type) -> Kind {
    Kind::of(ty)
}

fn krate() -> Path {
    parse_quote!(::connreg)
}

fn default(expr: &Expr, ty: &Type) -> syn::Result<Default> {
    Default::parse(expr, &kind(ty), &krate())
}

fn range(expr: &Expr, ty: &Type) -> syn::Result<Range> {
    Range::parse(expr, &kind(ty), &krate())
}

#[test]
fn variants_become_words() {
    for (variant, word) in [
        ("ReadOnly", "read_only"),
        ("VerifyCA", "verify_ca"),
        ("HTTPProxy", "http_proxy"),
        ("Sha256", "sha256"),
        ("X", "x"),
        ("already_snake", "already_snake"),
    ] {
        assert_eq!(snake_case(variant), word);
    }
}

#[test]
fn a_default_is_known_as_it_would_be_written() {
    let text = |expr: Expr, ty: Type| default(&expr, &ty).unwrap().text;
    assert_eq!(
        text(parse_quote!(-5), parse_quote!(i8)).as_deref(),
        Some("-5")
    );
    assert_eq!(
        text(parse_quote!(1_000), parse_quote!(u32)).as_deref(),
        Some("1000")
    );
    assert_eq!(
        text(
            parse_quote!("1m 30s"),
            parse_quote!(Option<std::time::Duration>)
        )
        .as_deref(),
        Some("1m 30s")
    );
    assert_eq!(
        text(parse_quote!(["a", "b"]), parse_quote!(Vec<String>)).as_deref(),
        Some("[a, b]")
    );
    assert_eq!(text(parse_quote!(Mode::ReadOnly), parse_quote!(Mode)), None);
    assert_eq!(text(parse_quote!(limits::PORT), parse_quote!(u16)), None);
    assert_eq!(text(parse_quote!("hidden"), parse_quote!(Secret)), None);
}

#[test]
fn a_default_may_be_a_variant_whose_word_the_enum_knows() {
    let variant = |expr: Expr, ty: Type| default(&expr, &ty).unwrap().variant;
    assert_eq!(
        variant(parse_quote!(Mode::ReadOnly), parse_quote!(Option<Mode>)).as_deref(),
        Some("ReadOnly")
    );
    assert_eq!(variant(parse_quote!(limits::PORT), parse_quote!(u16)), None);
    assert_eq!(variant(parse_quote!(LIMIT), parse_quote!(Limit)), None);
}

#[test]
fn a_default_of_an_option_is_its_content() {
    let tokens = |expr: Expr| {
        default(&expr, &parse_quote!(Option<u8>))
            .unwrap()
            .tokens
            .to_string()
    };
    assert_eq!(
        tokens(parse_quote!(5)),
        quote!(::core::option::Option::Some(5)).to_string()
    );
    assert_eq!(tokens(parse_quote!(None)), "None");
    assert_eq!(
        tokens(parse_quote!(LIMIT)),
        quote!(::core::convert::Into::into(LIMIT)).to_string()
    );
}

#[test]
fn fragments_of_macros_are_seen_through() {
    let inner = quote!(30);
    let group = proc_macro2::Group::new(proc_macro2::Delimiter::None, inner);
    let expr: Expr = syn::parse2(group.to_token_stream()).unwrap();
    assert_eq!(
        default(&expr, &parse_quote!(u8)).unwrap().number,
        Some(Number::Integer(30))
    );
}

#[test]
fn bounds_are_compared_with_their_units() {
    let range = range(&parse_quote!("1ms..=10min"), &parse_quote!(Duration)).unwrap();
    let seconds = |seconds| Number::Duration(std::time::Duration::from_secs(seconds));
    assert!(
        range.contains(seconds(600))
            && !range.contains(seconds(601))
            && !range.contains(seconds(0))
    );
    assert_eq!(range.text, "1ms..=10min");
}

#[test]
fn a_range_may_be_open_or_exclude_its_end() {
    let below = range(&parse_quote!(..10), &parse_quote!(u8)).unwrap();
    assert!(below.contains(Number::Integer(9)) && !below.contains(Number::Integer(10)));
    let above = range(&parse_quote!("1 KiB.."), &parse_quote!(ByteSize)).unwrap();
    assert!(above.contains(Number::Bytes(1024)) && !above.contains(Number::Bytes(1023)));
    let unknown = range(&parse_quote!(0..=LIMIT), &parse_quote!(u8)).unwrap();
    assert!(
        unknown.contains(Number::Integer(200)),
        "the compiler knows `LIMIT`, the macro does not"
    );
    assert_eq!(unknown.text, "0..=LIMIT");
}

#[test]
fn urls_are_told_from_what_is_none() {
    let is_url = |text: &str| {
        let expr: Expr = parse_quote!(#text);
        default(&expr, &parse_quote!(Url)).is_ok()
    };
    for url in [
        "http://localhost:9200",
        "https://[::1]:8080/a?b#c",
        "redis://u:p@h",
        "file:///tmp/x",
    ] {
        assert!(is_url(url), "{url}");
    }
    for none in [
        "localhost",
        "http://",
        "http://h:99999",
        "http://a b",
        "://x",
        "http://[::1",
    ] {
        assert!(!is_url(none), "{none}");
    }
}
