//! Settings that are understood and checked, and do nothing: told as warnings.

use super::code::Code;
use super::report::{Mistake, Report};
use super::tree::Table;
use crate::registry::ConnectionType;

/// Tables and settings that nothing heeds until the health monitor is there.
const WITHOUT_EFFECT: &[(&str, Option<&str>)] = &[
    ("health_check", Some("enabled")),
    ("health_check", Some("interval")),
    ("health_check", Some("failure_threshold")),
    ("health_check", Some("success_threshold")),
];

/// Warns of every setting in a connection's merged table that has no effect. `kind`: its type; `None` for defaults,
/// which are for pooled types too.
pub(crate) fn check(table: &Table, kind: Option<ConnectionType>, path: &str, report: &mut Report) {
    for name in [
        "pool",
        "retry",
        "circuit_breaker",
        "bulkhead",
        "health_check",
    ] {
        let Some(entry) = table.get(name) else {
            continue;
        };
        let Some(inner) = entry.node.as_table() else {
            continue;
        };
        for setting in &inner.entries {
            let Some(known) = setting.setting else {
                continue;
            };
            let without_pool = kind.filter(|kind| name == "pool" && !kind.is_pooled());
            let (code, help) = if let Some(kind) = without_pool {
                (
                    Code::NoPool,
                    format!("`{kind}` keeps no pool; leave it out"),
                )
            } else if WITHOUT_EFFECT.iter().any(|(table, setting)| {
                *table == name && setting.is_none_or(|setting| setting == known)
            }) {
                (
                    Code::NoEffectYet,
                    "this version does not act on it yet".to_owned(),
                )
            } else {
                continue;
            };
            let key = match &setting.path {
                Some(path) => path.to_string(),
                None => format!(
                    "{}.{}",
                    entry
                        .path
                        .as_deref()
                        .map_or_else(|| format!("{path}.{}", entry.key), str::to_owned),
                    setting.key
                ),
            };
            let message = format!("`{name}.{known}` has no effect");
            report.push(
                Mistake::warning(code, key, message)
                    .at(&setting.key_origin)
                    .help(help),
            );
        }
    }
}
