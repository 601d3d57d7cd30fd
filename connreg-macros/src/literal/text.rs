//! Durations, sizes and URLs, as texts in quotes.

use std::time::Duration;

use proc_macro2::{Literal, TokenStream};
use quote::{ToTokens, quote_spanned};
use syn::LitStr;

use super::error;

pub(super) fn duration(text: &LitStr) -> syn::Result<Duration> {
    humantime::parse_duration(&text.value()).or_else(|_| {
        error(text, format!("`{}` is no duration; write a number with a unit: `ms`, `s`, `min`, `h`, as in `\"30s\"`", text.value()))
    })
}

pub(super) fn duration_tokens(duration: Duration, text: &LitStr) -> TokenStream {
    let seconds = Literal::u64_unsuffixed(duration.as_secs());
    let nanoseconds = Literal::u32_unsuffixed(duration.subsec_nanos());
    let span = text.span();
    quote_spanned! {span=> ::core::time::Duration::new(#seconds, #nanoseconds) }
}

pub(super) fn bytes(text: &LitStr) -> syn::Result<u64> {
    match text.value().trim().parse::<bytesize::ByteSize>() {
        Ok(size) => Ok(size.as_u64()),
        Err(_) => error(
            text,
            format!(
                "`{}` is no size; write a number with a unit, as in `\"64 MiB\"`",
                text.value()
            ),
        ),
    }
}

pub(super) fn bytes_tokens(bytes: u64, text: &LitStr, krate: &impl ToTokens) -> TokenStream {
    let bytes = Literal::u64_unsuffixed(bytes);
    let span = text.span();
    quote_spanned! {span=> #krate::ByteSize::b(#bytes) }
}

/// Finds what can be found without a URL parser, which would double this crate's compile time.
pub(super) fn check_url(text: &LitStr) -> syn::Result<()> {
    let value = text.value();
    let wrong = |why: &str| {
        error(
            text,
            format!("{why}; a URL is written as in `\"http://localhost:9200\"`"),
        )
    };
    let Some((scheme, rest)) = value.split_once("://") else {
        return wrong("a scheme such as `http://` is missing");
    };
    let scheme_is_right = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'));
    if !scheme_is_right {
        return wrong("the scheme is malformed");
    }
    if value.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return wrong("a URL has no white space");
    }
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host_and_port = authority.rsplit('@').next().unwrap_or_default();
    let (host, port) = match host_and_port.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, port),
        _ => (host_and_port, ""),
    };
    let brackets_match = host.starts_with('[') == host.ends_with(']');
    let host_is_right =
        brackets_match && !host.contains(['%', '<', '>', '^', '|', '\\', '"', '`', '{', '}']);
    if (host.is_empty() && scheme != "file") || !host_is_right {
        return wrong("the host is missing or malformed");
    }
    if !port.is_empty() && port.parse::<u16>().is_err() {
        return wrong("the port is no number up to 65535");
    }
    Ok(())
}
