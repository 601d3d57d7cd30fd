//! One configuration file: read, decoded, and parsed by its format.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use super::code::Code;
use super::lines::Lines;
use super::report::{Mistake, Report};
use super::tree::{Node, Origin, Source, Table, Value};
use super::{json, toml, yaml};

/// The largest file that is read.
const MAX_BYTES: u64 = 64 * 1024 * 1024;

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Yaml,
    Toml,
    Json,
}

impl Format {
    /// The format that a file's extension stands for.
    pub(crate) fn of_extension(extension: &str) -> Option<Self> {
        match extension.to_ascii_lowercase().as_str() {
            "yaml" | "yml" => Some(Self::Yaml),
            "toml" => Some(Self::Toml),
            "json" => Some(Self::Json),
            _ => None,
        }
    }
}

/// The keys of a file. `None`: a mistake ended it.
pub(crate) fn read(path: &Path, format: Format, report: &mut Report) -> Option<Table> {
    let source = Arc::new(Source::File(path.to_owned()));
    match read_bytes(path) {
        Ok(bytes) => parse(&bytes, &source, format, report),
        Err(message) => {
            let help = "make it readable for this program, or move it away";
            report.push(
                Mistake::error(Code::UnreadableFile, "", message)
                    .at(&Origin::new(source, None))
                    .help(help),
            );
            None
        }
    }
}

fn read_bytes(path: &Path) -> Result<Vec<u8>, String> {
    let unreadable = |error| format!("the file can't be read: {error}");
    // Read through one handle, and never more than the limit, so that a growing file can't exhaust memory.
    let file = File::open(path).map_err(unreadable)?;
    let mut bytes = Vec::new();
    file.take(MAX_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length <= MAX_BYTES) {
        return Ok(bytes);
    }
    Err(format!(
        "the file is larger than {} MiB",
        MAX_BYTES / 1024 / 1024
    ))
}

/// The keys in the bytes of a file.
pub(crate) fn parse(
    bytes: &[u8],
    source: &Arc<Source>,
    format: Format,
    report: &mut Report,
) -> Option<Table> {
    const MARK: &[u8] = "\u{feff}".as_bytes();
    let (content, offset) = match bytes.strip_prefix(MARK) {
        Some(content) => (content, MARK.len()),
        None => (bytes, 0),
    };
    let text = match std::str::from_utf8(content) {
        Ok(text) => text,
        Err(error) => {
            let valid = std::str::from_utf8(&content[..error.valid_up_to()]).unwrap_or_default();
            let lines = Lines::new(valid, Arc::clone(source), offset);
            let wide = content.starts_with(&[0xff, 0xfe]) || content.starts_with(&[0xfe, 0xff]);
            let message = if wide {
                "the file is UTF-16, not UTF-8"
            } else {
                "the file is not UTF-8"
            };
            let origin = lines.origin(valid.len(), valid.len());
            report.push(
                Mistake::error(Code::NotUtf8, "", message)
                    .at(&origin)
                    .help("save it as UTF-8"),
            );
            return None;
        }
    };
    let lines = Lines::new(text, Arc::clone(source), offset);
    let root = match format {
        Format::Yaml => yaml::parse(text, &lines, report),
        Format::Toml => toml::parse(text, &lines, report),
        Format::Json => json::parse(text, &lines, report),
    };
    report.sources.keep(source, text, offset, root.as_ref());
    let root = root?;
    match root.value {
        Value::Table(table) => Some(table),
        Value::Null => Some(Table::default()),
        _ => {
            not_a_table(&root, report);
            None
        }
    }
}

fn not_a_table(root: &Node, report: &mut Report) {
    let message = format!("expected keys and values, found {}", root.kind());
    let help = "begin with a category (`db:`) or with `connections:`";
    report.push(
        Mistake::error(Code::NotATable, "", message)
            .at(&root.origin)
            .help(help),
    );
}
