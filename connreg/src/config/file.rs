//! One configuration file: read, decoded, and parsed by its format.

use std::fs::{self, File};
use std::io::{self, Read};
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
    let unreadable = |error: io::Error| {
        let links = fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_symlink());
        if links && error.kind() == io::ErrorKind::NotFound {
            return "this link leads to a file that is not there".to_owned();
        }
        format!("the file can't be read: {error}")
    };
    // Opening a pipe waits for whoever writes to it.
    let metadata = fs::metadata(path).map_err(unreadable)?;
    if metadata.is_dir() {
        return Err("this is a directory, not a file".to_owned());
    }
    if !metadata.is_file() {
        return Err("this is a pipe, a socket or a device, not a file".to_owned());
    }
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
            let message = match content.get(error.valid_up_to()) {
                _ if is_wide(content) => UTF_16.to_owned(),
                Some(byte) => format!("the file is not UTF-8: the byte 0x{byte:02X} is none here"),
                None => "the file is not UTF-8".to_owned(),
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
    if is_wide(content) {
        let mistake = Mistake::error(Code::NotUtf8, "", UTF_16).at(&lines.origin(0, 0));
        report.push(mistake.help("save it as UTF-8"));
        return None;
    }
    if let Some(at) = conflict(text) {
        let (code, format) = match format {
            Format::Yaml => (Code::InvalidYaml, "YAML"),
            Format::Toml => (Code::InvalidToml, "TOML"),
            Format::Json => (Code::InvalidJson, "JSON"),
        };
        let message = format!("not valid {format}: two versions of the file were not merged here");
        let mistake = Mistake::error(code, "", message).at(&lines.origin(at, at + MARKER.len()));
        report.push(mistake.help("keep one version, and take out the lines that begin with `<<<<<<<`, `=======` and `>>>>>>>`"));
        return None;
    }
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

const UTF_16: &str = "the file is UTF-16, not UTF-8";

/// Whether a text has two bytes for each character: behind its mark, or between its first letters.
fn is_wide(content: &[u8]) -> bool {
    matches!(
        content,
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [_, 0, _, 0, ..] | [0, _, 0, _, ..]
    )
}

const MARKER: &str = "<<<<<<< ";

/// Where version control left two versions of a piece.
fn conflict(text: &str) -> Option<usize> {
    let begins = text.match_indices(MARKER).map(|(at, _)| at);
    let mut begins = begins.filter(|at| *at == 0 || text[..*at].ends_with('\n'));
    begins.find(|at| text[*at..].contains("\n=======") && text[*at..].contains("\n>>>>>>> "))
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
