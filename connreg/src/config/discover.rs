//! Which files of a directory are configuration, and to which layer each belongs.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::code::Code;
use super::file::Format;
use super::report::{Mistake, Report};
use super::tree::{Origin, Source, same_name};
use crate::nearest::nearest;
use crate::registry::Registry;

/// The categories that are known whether or not a type of theirs is linked.
const CATEGORIES: [&str; 8] = [
    "db", "vector", "graph", "search", "storage", "queue", "external", "http",
];

const LOOKED_FOR: &str = "application, application-{category}, connections and appsettings, \
                          each as .yaml, .yml, .toml or .json";

/// All categories: the eight, and those of the types in `registry`.
pub(crate) fn categories(registry: &Registry) -> Vec<&'static str> {
    let mut categories = CATEGORIES.to_vec();
    for kind in registry.types() {
        if !categories
            .iter()
            .any(|known| same_name(known, kind.category()))
        {
            categories.push(kind.category());
        }
    }
    categories
}

/// What a file is called after, in the order of reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Role {
    Application,
    /// `application-{category}`
    Category,
    Connections,
    Appsettings,
}

impl Role {
    /// Whether keys that mean nothing here belong to somebody else.
    pub(crate) fn is_shared(self) -> bool {
        matches!(self, Self::Application | Self::Appsettings)
    }
}

/// One file to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) path: PathBuf,
    pub(crate) format: Format,
    pub(crate) role: Role,
    /// Whether it belongs to the active profile.
    pub(crate) profile: bool,
}

/// The active profile and where it was chosen.
pub(crate) struct Profile {
    pub(crate) name: String,
    pub(crate) origin: Origin,
}

/// The files of `directory` in the order of reading: first those of no profile, then the profile's.
pub(crate) fn discover(
    directory: &Path,
    profile: Option<&Profile>,
    categories: &[&str],
    report: &mut Report,
) -> Vec<Found> {
    let here = Origin::new(Arc::new(Source::File(directory.to_owned())), None);
    let names = match list(directory) {
        Ok(names) => names,
        Err((message, help)) => {
            report.push(
                Mistake::error(Code::UnreadableDirectory, "", message)
                    .at(&here)
                    .help(help),
            );
            return Vec::new();
        }
    };
    if let Some(profile) = profile
        && let Some(category) = categories
            .iter()
            .find(|known| same_name(known, &profile.name))
    {
        let message = format!(
            "the profile `{}` bears the name of the category `{category}`",
            profile.name
        );
        let help = format!("call it otherwise: `application-{category}` is the category's file");
        report.push(
            Mistake::error(Code::ProfileIsCategory, "profile", message)
                .at(&profile.origin)
                .help(help),
        );
    }
    let chosen = profile.map(|profile| profile.name.as_str());
    let mut found = Vec::new();
    let mut passed = Vec::new();
    for name in names {
        let path = directory.join(&name);
        match classify(&name, chosen, categories) {
            // What is no file is told when it is read.
            Some((role, profile, format)) => {
                found.push(Found {
                    path,
                    format,
                    role,
                    profile,
                });
            }
            None if begins_with(&name, "application") && path.is_file() => {
                passed.push((name, path));
            }
            None => {
                if let Some(near) = misspelt(&name).filter(|_| path.is_file()) {
                    let origin = Origin::new(Arc::new(Source::File(path)), None);
                    let mistake =
                        Mistake::warning(Code::FilePassedOver, "", "this file was not read");
                    report.push(mistake.at(&origin).help(format!("did you mean `{near}`?")));
                }
            }
        }
    }
    found.sort_by(|a, b| (a.profile, a.role, &a.path).cmp(&(b.profile, b.role, &b.path)));
    let nothing = found.is_empty();
    for (name, path) in &passed {
        report.push(passed_over(name, path, chosen));
    }
    if nothing {
        let help = format!("looked for {LOOKED_FOR}");
        let mistake = Mistake::error(
            Code::NoFiles,
            "",
            "there is no configuration file in this directory",
        );
        report.push(mistake.at(&here).help(help));
    } else if let Some(profile) = profile
        && !found.iter().any(|file| file.profile)
    {
        report.push(unused_profile(profile, &passed));
    }
    found
}

fn list(directory: &Path) -> Result<Vec<String>, (String, String)> {
    let help = || format!("give the directory that holds the files: {LOOKED_FOR}");
    let entries = fs::read_dir(directory).map_err(|error| {
        let message = match error.kind() {
            std::io::ErrorKind::NotFound => "there is no such directory".to_owned(),
            _ if directory.is_file() => "this is a file, not a directory".to_owned(),
            _ => format!("the directory can't be read: {error}"),
        };
        (message, help())
    })?;
    let mut names = Vec::new();
    for entry in entries {
        let entry =
            entry.map_err(|error| (format!("the directory can't be read: {error}"), help()))?;
        // A name that is not UTF-8 is none of ours.
        if let Ok(name) = entry.file_name().into_string() {
            names.push(name);
        }
    }
    Ok(names)
}

fn begins_with(name: &str, prefix: &str) -> bool {
    name.get(..prefix.len())
        .is_some_and(|head| head.eq_ignore_ascii_case(prefix))
}

/// What `text` has behind `prefix`.
fn behind<'t>(text: &'t str, prefix: &str) -> Option<&'t str> {
    begins_with(text, prefix).then(|| &text[prefix.len()..])
}

/// What `text` has before `suffix`.
fn before<'t>(text: &'t str, suffix: &str) -> Option<&'t str> {
    let at = text.len().checked_sub(suffix.len())?;
    text.get(at..)?
        .eq_ignore_ascii_case(suffix)
        .then(|| &text[..at])
}

/// The role of the file called `name`, whether it is the profile's, and its format.
fn classify(
    name: &str,
    profile: Option<&str>,
    categories: &[&str],
) -> Option<(Role, bool, Format)> {
    let (stem, extension) = name.rsplit_once('.')?;
    let format = Format::of_extension(extension)?;
    let is_category = |name: &str| categories.iter().any(|known| same_name(known, name));
    let is_profile = |name: &str| profile.is_some_and(|profile| profile.eq_ignore_ascii_case(name));
    let (role, of_profile) = if stem.eq_ignore_ascii_case("application") {
        (Role::Application, false)
    } else if stem.eq_ignore_ascii_case("connections") {
        (Role::Connections, false)
    } else if stem.eq_ignore_ascii_case("appsettings") {
        (Role::Appsettings, false)
    } else if let Some(rest) = behind(stem, "application-") {
        let of_category = || before(rest, profile?)?.strip_suffix('-');
        if is_category(rest) {
            (Role::Category, false)
        } else if is_profile(rest) {
            (Role::Application, true)
        } else if of_category().is_some_and(is_category) {
            (Role::Category, true)
        } else {
            return None;
        }
    } else if behind(stem, "connections-").is_some_and(is_profile) {
        (Role::Connections, true)
    } else if behind(stem, "appsettings.").is_some_and(is_profile) {
        (Role::Appsettings, true)
    } else {
        let category = behind(behind(stem, profile?)?, "-application-")?;
        is_category(category).then_some((Role::Category, true))?
    };
    Some((role, of_profile, format))
}

/// The name that a configuration file's was meant to be.
fn misspelt(name: &str) -> Option<String> {
    let (stem, extension) = name.rsplit_once('.')?;
    Format::of_extension(extension)?;
    let end = stem.find(['-', '.']).unwrap_or(stem.len());
    let (word, rest) = stem.split_at(end);
    let near = nearest(word, ["application", "connections", "appsettings"])?;
    (!near.eq_ignore_ascii_case(word)).then(|| format!("{near}{rest}.{extension}"))
}

fn passed_over(name: &str, path: &Path, profile: Option<&str>) -> Mistake {
    let origin = Origin::new(Arc::new(Source::File(path.to_owned())), None);
    let active = match profile {
        Some(profile) => format!("the active profile is `{profile}`"),
        None => "no profile is active".to_owned(),
    };
    let stem = name
        .rsplit_once('.')
        .filter(|(_, extension)| Format::of_extension(extension).is_some());
    let (message, help) =
        match stem.and_then(|(stem, _)| Some((stem, behind(stem, "application-")?))) {
            Some((_, rest)) => (
                format!(
                    "this file was not read: `{rest}` is neither a category nor the active profile"
                ),
                format!("{active}; it is chosen by CONNREG_PROFILE or in code"),
            ),
            None => (
                "this file was not read".to_owned(),
                format!("looked for {LOOKED_FOR}"),
            ),
        };
    Mistake::warning(Code::FilePassedOver, "", message)
        .at(&origin)
        .help(help)
}

fn unused_profile(profile: &Profile, passed: &[(String, PathBuf)]) -> Mistake {
    let name = &profile.name;
    let others: Vec<&str> = passed
        .iter()
        .filter_map(|(file, _)| behind(file.rsplit_once('.')?.0, "application-"))
        .collect();
    let message = format!("no file belongs to the profile `{name}`");
    let help = match nearest(name, others.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!(
            "looked for application-{name}, connections-{name}, appsettings.{name} and so on"
        ),
    };
    Mistake::warning(Code::NoFileOfProfile, "profile", message)
        .at(&profile.origin)
        .help(help)
}
