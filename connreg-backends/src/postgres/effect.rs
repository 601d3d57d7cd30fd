//! What a statement may do to the session that runs it, judged by its text.
//!
//! A session is handed on as it is after statements that only read and write data; after any other it is reset
//! first. The judgement errs towards resetting. What a function does inside the server is out of its sight.

/// What a statement may leave behind in the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Effect {
    /// Nothing.
    None,
    /// An open transaction, which a `ROLLBACK` ends.
    Transaction,
    /// Something that a reset undoes: settings, temporary tables, locks, an open transaction, ….
    State,
    /// Prepared statements come or go, or a library was loaded: only a new session undoes it.
    Lasting,
}

/// Words that begin a statement which by itself leaves nothing behind.
const DATA: &[&str] = &[
    "select", "insert", "update", "delete", "merge", "values", "table", "with", "explain", "show",
    "copy", "notify", "analyze", "vacuum", "truncate",
];

/// Functions that leave something behind in the session, by a part of their names.
const STATEFUL: &[&str] = &[
    "set_config",
    "pg_advisory_lock",
    "pg_try_advisory_lock",
    "setseed",
    "dblink_connect",
];

/// Words that only a new session undoes.
const LASTING: &[&str] = &["prepare", "deallocate", "discard", "load"];

impl Effect {
    /// Of one statement.
    pub(crate) fn of_statement(sql: &str) -> Self {
        let text = sql.to_ascii_lowercase();
        let mut words = words(&text);
        let Some(first) = words.next() else {
            return Self::State;
        };
        if LASTING.contains(&first) {
            return Self::Lasting;
        }
        // Ends with the transaction that it stands in; but that writes are forbidden is to be remembered until then.
        let is_own =
            first == "set" && matches!(words.next(), Some("local" | "transaction" | "constraints"));
        if is_own && !may_forbid_writes(&text) {
            return Self::None;
        }
        if !DATA.contains(&first) || STATEFUL.iter().any(|name| text.contains(name)) {
            return Self::State;
        }
        // `SELECT … INTO TEMP t` and what `EXPLAIN ANALYZE` runs may make a table of the session's own.
        let mut before = first;
        for word in words {
            let own = matches!(word, "temp" | "temporary" | "pg_temp");
            if (before == "into" && own) || (first == "explain" && word == "create") {
                return Self::State;
            }
            before = word;
        }
        Self::None
    }

    /// Of several statements in one text.
    pub(crate) fn of_batch(sql: &str) -> Self {
        let text = sql.to_ascii_lowercase();
        let lasting = words(&text).any(|word| LASTING.contains(&word));
        if lasting { Self::Lasting } else { Self::State }
    }
}

/// Whether a statement may make the session, or its transactions, read-only.
pub(crate) fn may_forbid_writes(sql: &str) -> bool {
    let text = sql.to_ascii_lowercase();
    let mut before = "";
    words(&text).any(|word| {
        let both = before == "read" && word == "only";
        before = word;
        both || word.ends_with("_read_only")
    })
}

/// The words of `text`, comments left out as far as they lead.
fn words(text: &str) -> impl Iterator<Item = &str> + Clone {
    let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
    without_leading_comments(text)
        .split(move |c| !is_part(c))
        .filter(|word| !word.is_empty())
}

fn without_leading_comments(mut text: &str) -> &str {
    loop {
        text = text.trim_start_matches(|c: char| c.is_whitespace() || c == '(' || c == ';');
        if let Some(rest) = text.strip_prefix("--") {
            text = rest.split_once('\n').map_or("", |(_, rest)| rest);
        } else if let Some(rest) = text.strip_prefix("/*") {
            // A comment within a comment leaves a rest that is no data statement, which is on the safe side.
            text = rest.split_once("*/").map_or("", |(_, rest)| rest);
        } else {
            return text;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_leaves_nothing() {
        for sql in [
            "SELECT 1",
            "  -- a word\n /* and another */ (select 1) union (select 2)",
            "insert into t values ($1) returning id",
            "WITH x AS (INSERT INTO t VALUES (1) RETURNING id) SELECT * FROM x",
            "copy t from stdin",
            "SET LOCAL statement_timeout = 1",
            "set transaction isolation level serializable",
            "SELECT pg_advisory_xact_lock(1)",
            "INSERT INTO weather (temp) SELECT temp FROM readings",
        ] {
            assert_eq!(Effect::of_statement(sql), Effect::None, "{sql}");
        }
    }

    #[test]
    fn what_forbids_writes_is_seen() {
        for sql in [
            "set default_transaction_read_only = on",
            "BEGIN READ  ONLY",
            "set transaction isolation level serializable, read only",
            "SELECT set_config('transaction_read_only', 'on', false)",
        ] {
            assert!(may_forbid_writes(sql), "{sql}");
        }
        assert!(!may_forbid_writes(
            "SET search_path = x; INSERT INTO read VALUES (1)"
        ));
    }

    #[test]
    fn state_is_seen() {
        for sql in [
            "SET search_path = x",
            "/* hi */ set session role x",
            "set transaction read only",
            "SET LOCAL transaction_read_only = on",
            "BEGIN",
            "LISTEN x",
            "CREATE TEMP TABLE t (x int)",
            "SELECT set_config('a.b', 'c', false)",
            "select pg_advisory_lock(1)",
            "SELECT 1 AS x INTO TEMP t",
            "SELECT 1 AS x INTO pg_temp.t",
            "EXPLAIN ANALYZE CREATE TEMP TABLE t AS SELECT 1",
            "DO $$ BEGIN END $$",
            "CALL f()",
            "DECLARE c CURSOR WITH HOLD FOR SELECT 1",
            "",
            "/* a /* b */ c */ select 1",
        ] {
            assert_eq!(Effect::of_statement(sql), Effect::State, "{sql}");
        }
        assert_eq!(Effect::of_batch("select 1; select 2"), Effect::State);
    }

    #[test]
    fn what_a_reset_cannot_undo_is_seen() {
        for sql in [
            "PREPARE x AS SELECT 1",
            "deallocate all",
            "DISCARD ALL",
            "LOAD 'x'",
        ] {
            assert_eq!(Effect::of_statement(sql), Effect::Lasting, "{sql}");
        }
        assert_eq!(
            Effect::of_batch("select 1; /* x */ Prepare x as select 1"),
            Effect::Lasting
        );
    }
}
