//! Passwords from a file as libpq reads it: `host:port:database:user:password` on each line, `*` for any.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};

use connreg::{ConnectError, ErrorKind, Secret};

/// A number that changes with the file. Asked for only while a password from it is refused.
///
/// By length, time and number rather than by content, since callers ask who don't wait.
pub(crate) fn version(path: &Path) -> u64 {
    let mut hasher = DefaultHasher::new();
    if let Ok(metadata) = std::fs::metadata(path) {
        metadata.len().hash(&mut hasher);
        metadata.modified().ok().hash(&mut hasher);
        #[cfg(unix)]
        std::os::unix::fs::MetadataExt::ino(&metadata).hash(&mut hasher);
    }
    hasher.finish()
}

/// The password of the first line that fits.
pub(crate) async fn look_up(
    path: PathBuf,
    host: String,
    port: u16,
    database: String,
    user: String,
) -> Result<Option<Secret>, ConnectError> {
    let shown = path.display().to_string();
    let read = tokio::task::spawn_blocking(move || std::fs::read_to_string(path).map(Secret::from));
    let failed = |cause: Box<dyn std::error::Error + Send + Sync>| {
        ConnectError::new(
            ErrorKind::Configuration,
            format!("can't read the password file {shown}"),
        )
        .with_source(cause)
    };
    let content = match read.await {
        Ok(Ok(content)) => content,
        Ok(Err(error)) => return Err(failed(error.into())),
        Err(error) => return Err(failed(error.into())),
    };
    Ok(find(
        content.expose(),
        &[&host, &port.to_string(), &database, &user],
    ))
}

fn find(content: &str, wanted: &[&str; 4]) -> Option<Secret> {
    content
        .lines()
        .filter(|line| !line.trim_start().starts_with('#'))
        .find_map(|line| {
            let mut rest = line;
            for want in wanted {
                let (field, behind) = field(rest)?;
                if field != "*" && field != **want {
                    return None;
                }
                rest = behind;
            }
            Some(Secret::from(
                field(rest).map_or_else(|| unescape(rest), |(password, _)| password),
            ))
        })
}

/// The text up to the next `:`, and what is behind that.
fn field(text: &str) -> Option<(String, &str)> {
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            ':' => return Some((unescape(&text[..at]), &text[at + 1..])),
            _ => {}
        }
    }
    None
}

fn unescape(text: &str) -> String {
    let mut chars = text.chars();
    let mut plain = String::new();
    while let Some(c) = chars.next() {
        plain.extend(if c == '\\' { chars.next() } else { Some(c) });
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_that_fits_counts() {
        let file = "# a word\nother:5432:*:ann:no\ndb:5432:shop:ann:yes\\:\\\\\n*:*:*:*:any\n";
        let password = |host: &str, user: &str| {
            find(file, &[host, "5432", "shop", user]).map(|secret| secret.expose().to_owned())
        };
        assert_eq!(password("db", "ann").as_deref(), Some("yes:\\"));
        assert_eq!(password("db", "bob").as_deref(), Some("any"));
        assert_eq!(
            find("db:5432:shop\n", &["db", "5432", "shop", "ann"]).map(drop),
            None
        );
    }
}
