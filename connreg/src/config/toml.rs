//! TOML, with the place of every key and value, and with every mistake of a file rather than the first.
//!
//! A file is read statement by statement, so that a broken one costs no other. Where one ends, and what a parser's
//! complaint about it means, is [`super::toml_syntax`]'s.

use std::ops::Range;

use toml_parser::decoder::ScalarKind;
use toml_parser::parser::{Event, EventKind, RecursionGuard, parse_document};
use toml_parser::{ParseError, Source};

use super::build::{self, MAX_DEPTH, too_deep};
use super::code::Code;
use super::lines::Lines;
use super::report::{Mistake, Report};
use super::toml_events::Events;
use super::toml_levels::{Item, Key, Level};
use super::toml_syntax::{self, Complaint, Statement};
use super::tree::{Node, Value};

/// How many mistakes of syntax are told of one file: what is no TOML at all has thousands.
const MAX_MISTAKES: usize = 10;

/// Reads `text`. `None`: a mistake ended it.
pub(crate) fn parse(text: &str, lines: &Lines<'_>, report: &mut Report) -> Option<Node> {
    let mut reader = Reader {
        text,
        lines,
        report,
        told: 0,
        root: Level::new(0..text.len()),
        header: Some(Vec::new()),
    };
    for statement in toml_syntax::statements(text) {
        reader.statement(&statement).ok()?;
    }
    let Reader { root, .. } = reader;
    Some(root.into_node(lines))
}

/// The rest of the file is not read; why is reported.
struct Abandoned;

type Parsed<T> = Result<T, Abandoned>;

struct Reader<'r, 't> {
    text: &'t str,
    lines: &'r Lines<'t>,
    report: &'r mut Report,
    told: usize,
    root: Level,
    /// The table that keys belong to. `None`: its name could not be read.
    header: Option<Vec<Key>>,
}

impl<'t> Reader<'_, 't> {
    fn statement(&mut self, statement: &Statement) -> Parsed<()> {
        let Range { start, end } = statement.range.clone();
        let text = self.text.get(start..end).unwrap_or_default();
        let source = Source::new(text);
        let tokens = source.lex().into_vec();
        let mut events: Vec<Event> = Vec::new();
        let mut errors: Vec<ParseError> = Vec::new();
        let depth = u32::try_from(MAX_DEPTH).unwrap_or(u32::MAX);
        parse_document(
            &tokens,
            &mut RecursionGuard::new(&mut events, depth),
            &mut errors,
        );
        events.retain(|event| {
            !matches!(
                event.kind(),
                EventKind::Whitespace | EventKind::Comment | EventKind::Newline
            )
        });
        let mut events = Events {
            source,
            offset: start,
            rest: &events,
            errors: Vec::new(),
            end: start,
        };
        let array = match events.kind() {
            None => return self.broken(statement, &errors, text).map(|_| ()),
            Some(EventKind::StdTableOpen) => Some(false),
            Some(EventKind::ArrayTableOpen) => Some(true),
            Some(_) => None,
        };
        if array.is_some() {
            events.next();
        }
        let keys = events.keys();
        if keys.len() > MAX_DEPTH {
            self.report.push(too_deep(&keys[0].origin(self.lines)));
            return Err(Abandoned);
        }
        if let Some(array) = array {
            errors.append(&mut events.errors);
            let broken = self.broken(statement, &errors, text)?;
            self.header = None;
            if keys.iter().all(|key| !key.text.is_empty()) && !keys.is_empty() {
                self.open(keys, array, start..end.min(start + text.trim_end().len()))?;
            } else {
                self.root.damaged |= broken;
            }
            return Ok(());
        }
        // A value of which a part is wrong is not looked into, except where the parser saw no mistake.
        let found = if errors.is_empty() && statement.flaw.is_none() {
            events.next();
            let node = self.value(&mut events);
            self.decoding(&mut events)?;
            node
        } else {
            let behind = keys.last().map_or(start, |key| key.span.end);
            let origin = self.lines.origin(behind, end);
            Node::new(Value::Mistaken, origin)
        };
        let assigned = !errors.is_empty() || statement.flaw.is_some();
        let assigned = !assigned || events.kind() == Some(EventKind::KeyValSep);
        let broken = self.broken(statement, &errors, text)?;
        // Where such a text ends is in doubt: what follows may be a part of it, and a secret.
        if broken && (text.contains("'''") || text.contains("\"\"\"")) {
            return Err(Abandoned);
        }
        if assigned {
            self.set(&keys, found)
        } else {
            self.damage();
            Ok(())
        }
    }

    /// Enters a table.
    fn open(&mut self, keys: Vec<Key>, array: bool, span: Range<usize>) -> Parsed<()> {
        let Some((last, above)) = keys.split_last() else {
            return Ok(());
        };
        let level = match self.root.at(above, self.lines) {
            Ok(level) => level,
            Err(key) => {
                let key = key.clone();
                return self.not_a_table(&key);
            }
        };
        let fresh = || Level {
            named: true,
            ..Level::new(span.clone())
        };
        let Some(slot) = level.get(&last.text) else {
            let item = if array {
                Item::Tables(vec![fresh()])
            } else {
                Item::Table(fresh())
            };
            level.add(last, self.lines, item);
            self.header = Some(keys);
            return Ok(());
        };
        match (&mut slot.item, array) {
            (Item::Tables(tables), true) => tables.push(fresh()),
            (Item::Table(there), false) if !there.named => {
                there.named = true;
                there.span = span;
            }
            // The two become one, so that whatever else is wrong in the second is found as well.
            (Item::Table(_), false) => {
                let path = path(above);
                let origin = last.origin(self.lines);
                let mistake = build::twice(&path, &last.text, &origin, &slot.origin);
                self.report.push(mistake);
            }
            (Item::Table(_), true) => {
                let help = "write `[…]`, or `[[…]]` at each of them";
                let message = "this is a table above, and a list of tables here";
                return self.tell(last.span.clone(), message, help);
            }
            (Item::Tables(_), false) => {
                let help = "write `[[…]]`, or `[…]` at each of them";
                let message = "this is a list of tables above, and a table here";
                return self.tell(last.span.clone(), message, help);
            }
            (Item::Value(_), _) => {
                let last = last.clone();
                return self.not_a_table(&last);
            }
        }
        self.header = Some(keys);
        Ok(())
    }

    /// A key that may be none is not kept, but a setting may be missing for it.
    fn damage(&mut self) {
        let Some(header) = &self.header else { return };
        if let Ok(table) = self.root.at(header, self.lines) {
            table.damaged = true;
        }
    }

    fn not_a_table(&mut self, key: &Key) -> Parsed<()> {
        let message = "this key has a value further up, so that no table can be there";
        let help = "leave the value out, or write the table's keys between its `{` and `}`";
        self.tell(key.span.clone(), message, help)
    }

    /// Gives the key that `keys` lead to its value.
    fn set(&mut self, keys: &[Key], node: Node) -> Parsed<()> {
        let Some(header) = &self.header else {
            return Ok(());
        };
        let Some((last, above)) = keys.split_last() else {
            return Ok(());
        };
        if header.len() + keys.len() > MAX_DEPTH {
            self.report.push(too_deep(&last.origin(self.lines)));
            return Err(Abandoned);
        }
        let Ok(table) = self.root.at(header, self.lines) else {
            return Ok(());
        };
        if keys.iter().any(|key| key.text.is_empty()) {
            table.damaged = true;
            return Ok(());
        }
        let level = match table.at(above, self.lines) {
            Ok(level) => level,
            Err(key) => {
                let key = key.clone();
                return self.not_a_table(&key);
            }
        };
        if let Some(slot) = level.get(&last.text) {
            let mut path = path(header);
            path.extend(above.iter().map(|key| key.text.clone()));
            let origin = last.origin(self.lines);
            let mistake = build::twice(&path, &last.text, &origin, &slot.origin);
            self.report.push(mistake);
        } else {
            level.add(last, self.lines, Item::Value(node));
        }
        Ok(())
    }

    fn value(&mut self, events: &mut Events<'_, 't>) -> Node {
        let Some(event) = events.next() else {
            let end = events.offset + events.source.input().len();
            return Node::new(Value::Mistaken, self.lines.origin(end, end));
        };
        let start = events.offset + event.span().start();
        match event.kind() {
            EventKind::Scalar => self.scalar(event, events),
            EventKind::ArrayOpen => {
                let mut items = Vec::new();
                loop {
                    match events.kind() {
                        None => break,
                        Some(EventKind::ValueSep) => {
                            events.next();
                        }
                        Some(EventKind::ArrayClose) => {
                            events.next();
                            break;
                        }
                        Some(_) => items.push(self.value(events)),
                    }
                }
                Node::new(Value::List(items), self.lines.origin(start, events.end))
            }
            EventKind::InlineTableOpen => {
                let mut level = Level::new(start..start);
                loop {
                    match events.kind() {
                        None => break,
                        Some(EventKind::InlineTableClose) => {
                            events.next();
                            break;
                        }
                        Some(EventKind::SimpleKey) => self.member(&mut level, events),
                        Some(_) => {
                            events.next();
                        }
                    }
                }
                level.span.end = events.end;
                level.into_node(self.lines)
            }
            _ => Node::new(Value::Mistaken, self.lines.origin(start, start)),
        }
    }

    /// A key and its value within `{…}`.
    fn member(&mut self, table: &mut Level, events: &mut Events<'_, 't>) {
        let keys = events.keys();
        events.next();
        let node = self.value(events);
        let Some((last, above)) = keys.split_last() else {
            return;
        };
        match table.at(above, self.lines) {
            Ok(level) => match level.get(&last.text) {
                None => level.add(last, self.lines, Item::Value(node)),
                Some(slot) => {
                    let mut path = self.header.as_deref().map(path).unwrap_or_default();
                    path.extend(above.iter().map(|key| key.text.clone()));
                    let origin = last.origin(self.lines);
                    let mistake = build::twice(&path, &last.text, &origin, &slot.origin);
                    self.report.push(mistake);
                }
            },
            Err(_) => table.damaged = true,
        }
    }

    fn scalar(&mut self, event: Event, events: &mut Events<'_, 't>) -> Node {
        let before = events.errors.len();
        let (decoded, kind) = events.decode(event);
        let Range { start, end } = events.span(event);
        let origin = self.lines.origin(start, end);
        let written = self.lines.slice(start, end);
        if events.errors.len() > before {
            return Node::new(Value::Mistaken, origin);
        }
        let number = |value: Option<Value>| {
            let value = value.unwrap_or_else(|| Value::Text(written.to_owned()));
            Node::new(value, origin.clone()).written(written)
        };
        match kind {
            ScalarKind::String => Node::new(Value::Text(decoded.into_owned()), origin),
            ScalarKind::Boolean(value) => Node::new(Value::Bool(value), origin),
            ScalarKind::DateTime => Node::new(Value::Text(written.to_owned()), origin),
            ScalarKind::Float => number(decoded.parse().ok().map(Value::Float)),
            ScalarKind::Integer(radix) => {
                let integer = i128::from_str_radix(&decoded, radix.value()).ok();
                // A number that no integer holds is still a number.
                number(
                    integer
                        .map(Value::Integer)
                        .or_else(|| decoded.parse().ok().map(Value::Float)),
                )
            }
        }
    }

    /// Tells what is wrong within scalars, each by itself.
    fn decoding(&mut self, events: &mut Events<'_, 't>) -> Parsed<()> {
        let text = events.source.input();
        let mut before = None;
        for error in std::mem::take(&mut events.errors) {
            let complaint = toml_syntax::explain(&error, text);
            // One scalar may be complained of more than once.
            let context = error.context().map(|span| span.start());
            if context.is_none() || context != before {
                self.complain(complaint, events.offset)?;
            }
            before = context;
        }
        Ok(())
    }

    /// Tells the first thing that is wrong with the structure of a statement; whether anything was.
    fn broken(&mut self, statement: &Statement, errors: &[ParseError], text: &str) -> Parsed<bool> {
        let offset = statement.range.start;
        if let Some(error) = errors
            .iter()
            .find(|error| error.description().contains("recurs"))
        {
            let at = offset + error.unexpected().map_or(0, |span| span.start());
            let origin = self.lines.origin(at, at + 1);
            self.report.push(too_deep(&origin));
            return Err(Abandoned);
        }
        let complaint = match (&statement.flaw, errors.first()) {
            (Some(flaw), _) => flaw.clone(),
            (None, Some(error)) => toml_syntax::explain(error, text),
            (None, None) => return Ok(false),
        };
        self.complain(complaint, offset)?;
        Ok(true)
    }

    fn complain(&mut self, complaint: Complaint, offset: usize) -> Parsed<()> {
        let Complaint { at, message, help } = complaint;
        self.tell(at.start + offset..at.end + offset, message, help)
    }

    fn tell(&mut self, at: Range<usize>, message: &str, help: &str) -> Parsed<()> {
        self.told += 1;
        if self.told > MAX_MISTAKES {
            return Err(Abandoned);
        }
        let message = format!("not valid TOML: {message}");
        let mistake = Mistake::error(Code::InvalidToml, "", message);
        let origin = self.lines.origin(at.start, at.end);
        self.report.push(mistake.at(&origin).help(help));
        Ok(())
    }
}

fn path(keys: &[Key]) -> Vec<String> {
    keys.iter().map(|key| key.text.clone()).collect()
}
