//! A folder of configuration files that both the loader and the schema are asked about.

use std::path::Path;
use std::sync::LazyLock;

use connreg::{Connections, Error, Registry, schema};
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

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn file(self, name: &str, content: impl AsRef<[u8]>) -> Self {
        Self(self.0.file(name, content))
    }

    pub(crate) fn env(self, name: &str, value: &str) -> Self {
        Self(self.0.env(name, value))
    }

    pub(crate) fn set(self, key: &str, value: &str) -> Self {
        Self(self.0.set(key, value))
    }

    pub(crate) fn profile(self, name: &str) -> Self {
        Self(self.0.profile(name))
    }

    #[track_caller]
    pub(crate) fn load(&self) -> Result<Connections, Error> {
        let connections = self.0.load()?;
        for entry in std::fs::read_dir(self.path()).expect("the folder") {
            // What no profile made active may be anything.
            if let Some(document) = document::read(&entry.expect("a file").path()) {
                accepts(&ANY, &document);
            }
        }
        Ok(connections)
    }

    #[track_caller]
    pub(crate) fn loaded(&self) -> Connections {
        self.load().unwrap_or_else(|error| panic!("{error}"))
    }

    pub(crate) fn load_directory(&self, directory: &Path) -> Result<Connections, Error> {
        self.0.load_directory(directory)
    }

    pub(crate) fn findings(&self) -> Vec<String> {
        self.0.findings()
    }

    pub(crate) fn errors(&self) -> Vec<String> {
        self.0.errors()
    }

    #[track_caller]
    pub(crate) fn says(&self, expected: &[&str]) {
        self.0.says(expected);
    }
}
