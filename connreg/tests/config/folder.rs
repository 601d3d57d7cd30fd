//! A temporary folder of configuration files, and what loading it says.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use connreg::config::{Mistake, Severity};
use connreg::{Builder, Connections, Error};

/// Files, environment and values from code, to be loaded.
pub(crate) struct Folder {
    path: PathBuf,
    environment: Vec<(String, String)>,
    values: Vec<(String, String)>,
    profile: Option<String>,
}

impl Folder {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let name = format!(
            "connreg-config-{}-{}",
            std::process::id(),
            COUNT.fetch_add(1, Ordering::Relaxed)
        );
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).expect("a temporary folder");
        Self {
            path,
            environment: Vec::new(),
            values: Vec::new(),
            profile: None,
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn file(self, name: &str, content: impl AsRef<[u8]>) -> Self {
        fs::write(self.path.join(name), content).expect("a file in the temporary folder");
        self
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }

    pub(crate) fn set(mut self, key: &str, value: &str) -> Self {
        self.values.push((key.into(), value.into()));
        self
    }

    pub(crate) fn profile(mut self, name: &str) -> Self {
        self.profile = Some(name.into());
        self
    }

    /// Loads on a runtime of its own.
    pub(crate) fn load(&self) -> Result<Connections, Error> {
        self.load_directory(&self.path)
    }

    pub(crate) fn load_directory(&self, directory: &Path) -> Result<Connections, Error> {
        on_runtime(self.builder(directory).load())
    }

    /// What loads `directory` with the environment, values and profile that were given.
    pub(crate) fn builder(&self, directory: &Path) -> Builder {
        let mut builder = Connections::builder()
            .directory(directory)
            .environment(self.environment.iter().cloned());
        for (key, value) in &self.values {
            builder = builder.set(key, value);
        }
        if let Some(profile) = &self.profile {
            builder = builder.profile(profile);
        }
        builder
    }

    /// The connections of a configuration that is right.
    #[track_caller]
    pub(crate) fn loaded(&self) -> Connections {
        match self.load() {
            Ok(connections) => connections,
            Err(error) => panic!("{error}"),
        }
    }

    /// Every finding as a line, without the folder's path and the code.
    pub(crate) fn findings(&self) -> Vec<String> {
        let line = |mistake: &Mistake| self.plain(&mistake.to_string());
        match self.load() {
            Ok(connections) => connections.warnings().mistakes().iter().map(line).collect(),
            Err(error) => match error.report() {
                Some(report) => report.mistakes().iter().map(line).collect(),
                None => vec![self.plain(&error.to_string())],
            },
        }
    }

    /// Every mistake that makes the configuration unusable, as a line.
    pub(crate) fn errors(&self) -> Vec<String> {
        match self.load() {
            Ok(_) => Vec::new(),
            Err(error) => match error.report() {
                Some(report) => {
                    let errors = report
                        .mistakes()
                        .iter()
                        .filter(|m| m.severity() == Severity::Error);
                    errors
                        .map(|mistake| self.plain(&mistake.to_string()))
                        .collect()
                }
                None => vec![self.plain(&error.to_string())],
            },
        }
    }

    pub(crate) fn plain(&self, text: &str) -> String {
        let path = self.path.display().to_string();
        let text = text
            .replace(&format!("{path}/"), "")
            .replace(&path, "<folder>");
        // What the codes are is a test of its own.
        match (text.find("[CR"), text.find("]: ")) {
            (Some(start), Some(end)) if end == start + 7 => {
                text[..start].to_owned() + &text[end + 1..]
            }
            _ => text,
        }
    }

    /// Asserts that the findings are `expected`, line by line.
    #[track_caller]
    pub(crate) fn says(&self, expected: &[&str]) {
        let findings = self.findings();
        assert!(
            findings == expected,
            "found:\n{}\nexpected:\n{}",
            findings.join("\n"),
            expected.join("\n")
        );
    }
}

/// Runs on a runtime of its own.
pub(crate) fn on_runtime<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(future)
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.path);
    }
}
