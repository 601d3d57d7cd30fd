//! A folder of configuration files that both the loader and the schema are asked about.

use std::sync::LazyLock;

use connreg::{Connections, Registry, schema};
use jsonschema::Validator;
use serde_json::Value;

use crate::document;
use crate::loader::Folder as Files;

pub(crate) fn registry() -> &'static Registry {
    Registry::linked().expect("no clash of names")
}

/// For any file.
pub(crate) static ANY: LazyLock<Validator> =
    LazyLock::new(|| validator(&schema::json_schema(registry())));
/// For files that say all there is to say.
pub(crate) static WHOLE: LazyLock<Validator> = LazyLock::new(|| {
    validator(
        &schema::Schema::new(registry())
            .whole()
            .connections_only()
            .to_json(),
    )
});

pub(crate) fn validator(schema: &Value) -> Validator {
    jsonschema::draft202012::new(schema).unwrap_or_else(|error| panic!("{error}"))
}

/// What the schema has against a file, a line each; nothing if it is right.
pub(crate) fn objections(validator: &Validator, document: &Value) -> Vec<String> {
    let line =
        |error: jsonschema::ValidationError<'_>| format!("{}: {error}", error.instance_path());
    validator.iter_errors(document).map(line).collect()
}

#[track_caller]
pub(crate) fn accepts(validator: &Validator, document: &Value) {
    let objections = objections(validator, document);
    assert!(
        objections.is_empty(),
        "{document:#}\n{}",
        objections.join("\n")
    );
}

/// As the configuration's own tests use it; what loads must be accepted.
pub(crate) struct Folder(Files);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(Files::new())
    }

    pub(crate) fn file(self, name: &str, content: impl AsRef<[u8]>) -> Self {
        Self(self.0.file(name, content))
    }

    pub(crate) fn profile(self, name: &str) -> Self {
        Self(self.0.profile(name))
    }

    #[track_caller]
    pub(crate) fn loaded(&self) -> Connections {
        let connections = self.0.loaded();
        for entry in std::fs::read_dir(self.0.path()).expect("the folder") {
            accepts(&ANY, &document::read(&entry.expect("a file").path()));
        }
        connections
    }

    #[track_caller]
    pub(crate) fn says(&self, expected: &[&str]) {
        self.0.says(expected);
    }
}
