//! Names that the macro can't see, those of flattened structs and of variants: looked up while the program is compiled.
//!
//! All other names are checked by the macro itself.

use super::{Field, Shape};
use crate::config::common;

/// Whether each name is there once, those of flattened structs counted.
///
/// # Panics
///
/// One is there twice. Evaluated at compile time, that is a compile error.
#[track_caller]
pub const fn check_flattened(fields: &[Field]) {
    check(fields, fields, false);
}

/// Like [`check_flattened`], and none is a name that every connection has.
///
/// # Panics
///
/// One is there twice, or is such a name.
#[track_caller]
pub const fn check_flattened_connection(fields: &[Field]) {
    check(fields, fields, true);
}

#[track_caller]
const fn check(all: &[Field], fields: &[Field], is_connection: bool) {
    let mut index = 0;
    while index < fields.len() {
        let field = &fields[index];
        index += 1;
        if let (true, Shape::Table(flattened)) = (field.flatten, field.shape) {
            check(all, flattened, is_connection);
            continue;
        }
        check_name(all, field.name, is_connection);
        let mut alias = 0;
        while alias < field.aliases.len() {
            check_name(all, field.aliases[alias], is_connection);
            alias += 1;
        }
    }
}

#[track_caller]
const fn check_name(all: &[Field], name: &str, is_connection: bool) {
    assert!(
        occurrences(all, name) < 2,
        "two settings of this struct have one name, those of its flattened structs counted; rename one of them"
    );
    assert!(
        !(is_connection && is_reserved(name)),
        "a flattened struct has a setting that every connection has; rename it"
    );
}

const fn occurrences(fields: &[Field], name: &str) -> usize {
    let mut found = 0;
    let mut index = 0;
    while index < fields.len() {
        let field = &fields[index];
        index += 1;
        if let (true, Shape::Table(flattened)) = (field.flatten, field.shape) {
            found += occurrences(flattened, name);
            continue;
        }
        found += is_same(field.name, name) as usize;
        let mut alias = 0;
        while alias < field.aliases.len() {
            found += is_same(field.aliases[alias], name) as usize;
            alias += 1;
        }
    }
    found
}

const fn is_reserved(name: &str) -> bool {
    let mut index = 0;
    while index < common::TYPE_KEYS.len() {
        if is_same(common::TYPE_KEYS[index], name) {
            return true;
        }
        index += 1;
    }
    index = 0;
    while index < common::FLAT_NAMES.len() {
        if is_same(common::FLAT_NAMES[index].0, name) {
            return true;
        }
        index += 1;
    }
    occurrences(common::FIELDS, name) > 0
}

/// The word for the variant called `variant` in Rust, if `shape` is a choice that has it.
pub const fn word(shape: &Shape, variant: &str) -> Option<&'static str> {
    let Shape::Choice(choices) = shape else {
        return None;
    };
    let mut index = 0;
    while index < choices.len() {
        if choices[index].variant.len() == variant.len() && is_same(choices[index].variant, variant)
        {
            return Some(choices[index].name);
        }
        index += 1;
    }
    None
}

/// Whether two names are one in configuration, as far as ASCII goes: without regard to case, `_` and `-`.
const fn is_same(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let (mut i, mut j) = (0, 0);
    loop {
        while i < a.len() && matches!(a[i], b'_' | b'-') {
            i += 1;
        }
        while j < b.len() && matches!(b[j], b'_' | b'-') {
            j += 1;
        }
        if i == a.len() || j == b.len() {
            return i == a.len() && j == b.len();
        }
        if !a[i].eq_ignore_ascii_case(&b[j]) {
            return false;
        }
        i += 1;
        j += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INNER: &[Field] = &[Field {
        aliases: &["pass_word"],
        ..Field::new("secret", Shape::Text)
    }];
    const FLATTENED: Field = Field {
        flatten: true,
        ..Field::new("inner", Shape::Table(INNER))
    };

    #[test]
    fn names_are_compared_as_in_configuration() {
        assert!(is_same("poolSize", "pool_size"));
        assert!(is_same("a-b_", "AB"));
        assert!(!is_same("ab", "abc"));
        assert!(is_reserved("ConnectTimeout"));
        assert!(!is_reserved("timeout"));
    }

    #[test]
    fn distinct_names_pass() {
        check_flattened_connection(&[FLATTENED, Field::new("inner", Shape::Bool)]);
    }

    #[test]
    #[should_panic(expected = "two settings of this struct have one name")]
    fn a_name_that_a_flattened_struct_has_is_refused() {
        check_flattened(&[Field::new("PassWord", Shape::Text), FLATTENED]);
    }

    #[test]
    #[should_panic(expected = "a setting that every connection has")]
    fn a_flattened_struct_may_not_have_a_reserved_name() {
        const POOL: &[Field] = &[Field::new("pool_size", Shape::Text)];
        check_flattened_connection(&[Field {
            flatten: true,
            ..Field::new("x", Shape::Table(POOL))
        }]);
    }
}
