//! What it costs to check 1,000 connections in 20 files: right ones, for which 100 ms is the most that is meant to be
//! taken, and ones with a mistake each, told and rendered.
//!
//! Run with `cargo bench -p connreg --bench check`.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{fs, process};

use connreg::config::{Report, Style};
use connreg::{Backend, ConnectError, ConnectionRef, Connections, Context, Secret, connection};
use criterion::{Criterion, criterion_group, criterion_main};
use tokio::runtime::Runtime;

/// With settings as a database has them.
#[connection(type = "shelf", category = "db")]
#[expect(dead_code, reason = "its settings are only there to be configured")]
struct Shelf {
    /// Where it listens.
    #[setting(default = "localhost")]
    host: String,
    /// The port.
    #[setting(default = 5432, range = 1..=65535)]
    port: u16,
    /// The database.
    database: String,
    /// Who asks.
    username: Option<String>,
    /// What it lets in.
    password: Option<Secret>,
    /// Set at the start of each session.
    #[setting(default)]
    options: BTreeMap<String, String>,
    /// How long a statement may take.
    statement_timeout: Option<Duration>,
    /// The connection to fall back on.
    fallback: Option<ConnectionRef<Shelf>>,
}

impl Backend for Shelf {
    type Client = ();

    const POOLED: bool = true;

    async fn connect(&self, _context: &Context) -> Result<(), ConnectError> {
        Ok(())
    }

    async fn check(_client: &()) -> Result<(), ConnectError> {
        Ok(())
    }
}

const FILES: usize = 20;
const CONNECTIONS: usize = 1_000;
const CATEGORIES: [&str; 8] = [
    "db", "vector", "graph", "search", "storage", "queue", "external", "http",
];

/// What is wrong with each connection.
#[derive(Clone, Copy)]
enum Wrong {
    Nothing,
    /// A key is misspelt.
    Key,
    /// A value is out of its range.
    Value,
    /// The connection to fall back on is not there.
    Reference,
}

impl Wrong {
    fn mistakes(self) -> usize {
        match self {
            Self::Nothing => 0,
            Self::Key | Self::Value | Self::Reference => CONNECTIONS,
        }
    }
}

/// Keys and values of one connection. A value is written as JSON and YAML have it; TOML has `=` in its tables.
fn settings(number: usize, wrong: Wrong) -> [(&'static str, String); 10] {
    let host = match wrong {
        Wrong::Key => "hots",
        _ => "host",
    };
    let port = match wrong {
        Wrong::Value => "637900",
        _ => "5432",
    };
    let fallback = match wrong {
        Wrong::Reference => format!("\"shelve_{number}\""),
        _ => format!("\"shelf_{}\"", (number + 1).min(CONNECTIONS)),
    };
    let text = |text: &str| format!("\"{text}\"");
    [
        ("type", text("shelf")),
        (host, format!("\"db-{number}.internal\"")),
        ("port", port.to_owned()),
        ("database", text("shop")),
        ("username", text("app")),
        ("password", text("${PASSWORD}")),
        ("statement_timeout", text("30s")),
        ("options", "{\"search_path\": \"public\"}".to_owned()),
        (
            "pool",
            "{\"max_size\": 20, \"acquire_timeout\": \"2s\"}".to_owned(),
        ),
        ("fallback", fallback),
    ]
}

fn write_connection(output: &mut String, extension: &str, number: usize, wrong: Wrong) {
    let settings = settings(number, wrong);
    match extension {
        "yaml" => {
            let _ = writeln!(output, "  shelf_{number}:");
            for (key, value) in settings {
                let _ = writeln!(output, "    {key}: {value}");
            }
        }
        "toml" => {
            let _ = writeln!(output, "[connections.shelf_{number}]");
            for (key, value) in settings {
                let _ = writeln!(output, "{key} = {}", value.replace(": ", " = "));
            }
        }
        _ => {
            let _ = writeln!(output, "    \"shelf_{number}\": {{");
            for (key, value) in settings {
                let _ = writeln!(output, "      \"{key}\": {value},");
            }
            output.push_str("    },\n");
        }
    }
}

/// A folder of files, removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str, wrong: Wrong) -> Self {
        let path =
            Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("check-{name}-{}", process::id()));
        fs::create_dir_all(&path).expect("a folder");
        let yaml = CATEGORIES.map(|category| (format!("application-{category}"), "yaml"));
        let toml = CATEGORIES.map(|category| (format!("application-{category}"), "toml"));
        let others = [
            ("application", "yaml"),
            ("connections", "toml"),
            ("connections", "json"),
            ("appsettings", "json"),
        ];
        let others = others.map(|(stem, extension)| (stem.to_owned(), extension));
        let files: Vec<_> = yaml.into_iter().chain(toml).chain(others).collect();
        assert_eq!(files.len(), FILES);
        let each = CONNECTIONS / FILES;
        for (number, (stem, extension)) in files.into_iter().enumerate() {
            let (head, foot) = match extension {
                "yaml" => ("connections:\n", ""),
                "toml" => ("", ""),
                _ => ("{\n  \"connections\": {\n", "  },\n}\n"),
            };
            let mut content = head.to_owned();
            for number in number * each..(number + 1) * each {
                write_connection(&mut content, extension, number, wrong);
            }
            if number == FILES - 1 {
                content.push_str(&last());
            }
            content.push_str(foot);
            fs::write(path.join(format!("{stem}.{extension}")), content).expect("a file");
        }
        Self(path)
    }

    fn check(&self, runtime: &Runtime) -> Report {
        let check = Connections::builder()
            .directory(&self.0)
            .environment([("PASSWORD", "not told")])
            .check();
        runtime.block_on(check).expect("the types fit together")
    }
}

/// The end of the chain of references.
fn last() -> String {
    format!("    \"shelf_{CONNECTIONS}\": {{\"type\": \"shelf\", \"database\": \"shop\"}}\n")
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

fn check(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime");
    for (name, wrong) in [
        ("right", Wrong::Nothing),
        ("misspelt keys", Wrong::Key),
        ("values out of range", Wrong::Value),
        ("references to nothing", Wrong::Reference),
    ] {
        let folder = Folder::new(name, wrong);
        let report = folder.check(&runtime);
        assert_eq!(report.files(), FILES);
        assert_eq!(report.connections(), CONNECTIONS + 1);
        assert_eq!(report.mistakes().len(), wrong.mistakes(), "{report}");
        criterion.bench_function(&format!("check 1,000 connections: {name}"), |bencher| {
            bencher.iter(|| folder.check(&runtime).render(Style::Plain));
        });
    }
}

criterion_group!(benches, check);
criterion_main!(benches);
