//! Every word of the attributes, once: the parser, the messages and the documentation come from here.

/// What is written behind a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// Nothing.
    Flag,
    /// `= "…"`.
    Text,
    /// `("…", …)`, `= "…"` or `= ["…", …]`.
    Texts,
    /// `= 1`.
    Count,
    /// `= expression`.
    Value,
    /// Nothing, or `= expression`.
    OptionalValue,
    /// `= path`.
    Path,
    /// `(path, …)`.
    Paths,
}

/// One word.
#[derive(Debug)]
pub(crate) struct Key {
    pub(crate) name: &'static str,
    pub(crate) form: Form,
    /// How it is written, for messages and documentation.
    pub(crate) sample: &'static str,
    /// What it means, for documentation.
    pub(crate) help: &'static str,
}

const fn key(name: &'static str, form: Form, sample: &'static str, help: &'static str) -> Key {
    Key {
        name,
        form,
        sample,
        help,
    }
}

/// The words of one attribute in one place.
pub(crate) struct Words {
    /// What the attribute is called in messages.
    pub(crate) attribute: &'static str,
    pub(crate) keys: &'static [Key],
}

/// `#[connection(…)]`.
pub(crate) static CONNECTION: Words = Words {
    attribute: "#[connection]",
    keys: &[
        key(
            "type",
            Form::Text,
            r#"type = "postgres""#,
            "the type's name in configuration",
        ),
        key(
            "category",
            Form::Text,
            r#"category = "db""#,
            "the family that it belongs to",
        ),
        key(
            "aliases",
            Form::Texts,
            r#"aliases("pg", "postgresql")"#,
            "other names of the type",
        ),
        key(
            "section",
            Form::Texts,
            r#"section("external.atlassian")"#,
            "where its tables stand in configuration, if not in `category.type`",
        ),
        key(
            "provides",
            Form::Paths,
            "provides(KeyValue)",
            "the capabilities, traits that the client implements",
        ),
        key(
            "validate",
            Form::Path,
            "validate = check",
            "a `fn(&Self) -> Result<(), impl Display>` that checks across settings",
        ),
        key(
            "crate",
            Form::Path,
            "crate = my_crate::connreg",
            "where `connreg` is, if not at `::connreg`",
        ),
    ],
};

/// `#[secret_provider(…)]`.
pub(crate) static SECRET_PROVIDER: Words = Words {
    attribute: "#[secret_provider]",
    keys: &[
        key(
            "name",
            Form::Text,
            r#"name = "vault""#,
            "what stands before the colon in `${vault:reference}`",
        ),
        key(
            "crate",
            Form::Path,
            "crate = my_crate::connreg",
            "where `connreg` is, if not at `::connreg`",
        ),
    ],
};

/// `#[setting(…)]` on a field.
pub(crate) static FIELD: Words = Words {
    attribute: "#[setting]",
    keys: &[
        key(
            "default",
            Form::OptionalValue,
            "default = 5432",
            "the value where none is written; alone, the type's own `Default`",
        ),
        key(
            "secret",
            Form::Flag,
            "secret",
            "a map or nested table whose values are never shown",
        ),
        key(
            "range",
            Form::Value,
            "range = 1..=65535",
            r#"the values allowed; `"1ms..=10min"` for durations and sizes"#,
        ),
        key(
            "min_len",
            Form::Count,
            "min_len = 1",
            "the least number of characters, elements or entries",
        ),
        key(
            "max_len",
            Form::Count,
            "max_len = 63",
            "the greatest number of characters, elements or entries",
        ),
        key(
            "one_of",
            Form::Texts,
            r#"one_of = ["a", "b"]"#,
            "the only texts allowed",
        ),
        key(
            "alias",
            Form::Texts,
            r#"alias = "maximum_size""#,
            "another name; may be written several times",
        ),
        key(
            "env",
            Form::Text,
            r#"env = "PGHOST""#,
            "an environment variable that sets it",
        ),
        key(
            "example",
            Form::Value,
            r#"example = "db.example.org""#,
            "a value to show in messages and documentation",
        ),
        key(
            "validate",
            Form::Path,
            "validate = check",
            "a `fn(&T) -> Result<(), impl Display>` that checks the value",
        ),
        key(
            "flatten",
            Form::Flag,
            "flatten",
            "the fields of this nested struct stand in the table itself",
        ),
        key(
            "deprecated",
            Form::Text,
            r#"deprecated = "use url""#,
            "warns whoever sets it, and says what to use",
        ),
        key(
            "rename",
            Form::Text,
            r#"rename = "class""#,
            "its name in configuration, if not the field's",
        ),
        key(
            "serde",
            Form::Flag,
            "serde",
            "read it through `serde::Deserialize`",
        ),
    ],
};

/// `#[setting(…)]` on a struct or an enum that derives `Settings`.
pub(crate) static TABLE: Words = Words {
    attribute: "#[setting] on the whole type",
    keys: &[
        key(
            "validate",
            Form::Path,
            "validate = check",
            "a `fn(&Self) -> Result<(), impl Display>` that checks across settings",
        ),
        key(
            "crate",
            Form::Path,
            "crate = my_crate::connreg",
            "where `connreg` is, if not at `::connreg`",
        ),
    ],
};

/// `#[setting(…)]` on a variant.
pub(crate) static VARIANT: Words = Words {
    attribute: "#[setting] on a variant",
    keys: &[
        key(
            "alias",
            Form::Texts,
            r#"alias = "true""#,
            "another word; may be written several times",
        ),
        key(
            "rename",
            Form::Text,
            r#"rename = "verify-ca""#,
            "its word in configuration, if not the variant's name",
        ),
    ],
};

impl Words {
    /// The word called `name`.
    pub(crate) fn find(&self, name: &str) -> Option<&'static Key> {
        self.keys.iter().find(|key| key.name == name)
    }

    /// All words, for a message.
    pub(crate) fn list(&self) -> String {
        self.keys
            .iter()
            .map(|key| format!("`{}`", key.name))
            .collect::<Vec<_>>()
            .join(", ")
    }

    /// The word that `wrong` was meant to be, if one is near enough.
    pub(crate) fn nearest(&self, wrong: &str) -> Option<&'static str> {
        nearest(wrong, self.keys.iter().map(|key| key.name))
    }
}

/// The known name nearest to `wrong`, if it is near enough to have been meant.
pub(crate) fn nearest<'a>(wrong: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let wrong = wrong.to_lowercase();
    known
        .map(|name| (strsim::damerau_levenshtein(&wrong, name), name))
        .filter(|(distance, name)| *distance <= (name.len().min(wrong.len()) / 3).max(1))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use expect_test::{ExpectFile, expect_file};

    use super::*;

    /// The table of words in an attribute's documentation.
    fn documentation(words: &Words) -> String {
        let rows = words
            .keys
            .iter()
            .map(|key| format!("| `{}` | {} |\n", key.sample, key.help));
        format!(
            "| word | meaning |\n|---|---|\n{}",
            rows.collect::<String>()
        )
    }

    fn check(words: &Words, written: &ExpectFile) {
        written.assert_eq(&documentation(words));
    }

    #[test]
    fn the_documentation_has_every_word() {
        check(&CONNECTION, &expect_file!["words/connection.md"]);
        check(&SECRET_PROVIDER, &expect_file!["words/secret_provider.md"]);
        check(&FIELD, &expect_file!["words/field.md"]);
        check(&TABLE, &expect_file!["words/table.md"]);
        check(&VARIANT, &expect_file!["words/variant.md"]);
    }

    #[test]
    fn a_misspelt_word_is_recognised() {
        assert_eq!(FIELD.nearest("defualt"), Some("default"));
        assert_eq!(FIELD.nearest("Range"), Some("range"));
        assert_eq!(FIELD.nearest("port"), None);
    }
}
