//! Settings that are understood and checked, and do nothing: told as warnings.

use super::code::Code;
use super::report::{Mistake, Report};
use super::tree::Table;
use crate::registry::ConnectionType;

/// Warns of every setting in a connection's merged table that has no effect. `kind`: its type; `None` for defaults,
/// which are for pooled types too.
pub(crate) fn check(table: &Table, kind: Option<ConnectionType>, path: &str, report: &mut Report) {
    let Some(kind) = kind.filter(|kind| !kind.is_pooled()) else {
        return;
    };
    let Some(entry) = table.get("pool") else {
        return;
    };
    let Some(inner) = entry.node.as_table() else {
        return;
    };
    for setting in &inner.entries {
        let Some(known) = setting.setting else {
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
        let message = format!("`pool.{known}` has no effect");
        report.push(
            Mistake::warning(Code::NoPool, key, message)
                .at(&setting.key_origin)
                .help(format!("`{kind}` keeps no pool; leave it out")),
        );
    }
}
