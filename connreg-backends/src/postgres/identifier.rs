//! Quoting names: the one place where text becomes part of a statement.

/// `name` as an SQL identifier, whatever is in it.
///
/// Channels, tables and columns can't be parameters of a statement; this is how to put them into one.
///
/// # Examples
///
/// ```
/// use connreg_backends::postgres::quote_identifier;
///
/// assert_eq!(quote_identifier("user"), r#""user""#);
/// assert_eq!(quote_identifier(r#"a"; DROP TABLE b; --"#), r#""a""; DROP TABLE b; --""#);
/// ```
#[must_use]
pub fn quote_identifier(name: &str) -> String {
    // A NUL would end the statement there; the protocol can't carry one, so it is no name's part.
    format!("\"{}\"", name.replace('\0', "").replace('"', "\"\""))
}
