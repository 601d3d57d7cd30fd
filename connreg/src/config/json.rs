//! JSON as .NET reads it, with comments and trailing commas, and with the place of every key and value.

use jsonc_parser::ast::{self, ObjectPropName};
use jsonc_parser::common::{Range, Ranged};
use jsonc_parser::errors::{ParseError, ParseErrorKind};
use jsonc_parser::{CollectOptions, ParseOptions, ParseStringErrorKind, parse_to_ast};

use super::build::{MAX_DEPTH, TableBuilder, too_deep};
use super::code::Code;
use super::lines::Lines;
use super::report::{Mistake, Report};
use super::scalar;
use super::tree::{Entry, Node, Origin, Value};

const DIALECT: ParseOptions = ParseOptions {
    allow_comments: true,
    allow_trailing_commas: true,
    allow_loose_object_property_names: false,
    allow_missing_commas: false,
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
    allow_bare_decimal_point_numbers: false,
    allow_non_finite_numbers: false,
    allow_extended_string_escapes: false,
};

/// Reads the one value of `text`. `None`: a mistake ended it.
pub(crate) fn parse(text: &str, lines: &Lines<'_>, report: &mut Report) -> Option<Node> {
    if let Some(at) = deeper_than(text, MAX_DEPTH) {
        report.push(too_deep(&lines.origin(at, at + 1)));
        return None;
    }
    match parse_to_ast(text, &CollectOptions::default(), &DIALECT) {
        Ok(parsed) => Some(match parsed.value {
            Some(value) => Reader {
                lines,
                report,
                path: Vec::new(),
            }
            .node(value),
            None => Node::new(Value::Null, lines.origin(0, 0)),
        }),
        Err(error) => {
            let Range { start, end } = error.range();
            let message = format!("not valid JSON: {}", message(&error));
            let help = "check commas, colons, quotes and braces here and in the lines above";
            report.push(
                Mistake::error(Code::InvalidJson, "", message)
                    .at(&lines.origin(start, end))
                    .help(help),
            );
            None
        }
    }
}

/// Where brackets are first nested deeper than `depth`; the parser calls itself for each level, so it must not
/// see them.
fn deeper_than(text: &str, depth: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let (mut at, mut level) = (0, 0_usize);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => at = end_of_string(bytes, at + 1),
            b'/' if bytes.get(at + 1) == Some(&b'/') => {
                at += text[at..].find('\n').unwrap_or(text.len());
            }
            b'/' if bytes.get(at + 1) == Some(&b'*') => {
                at += text[at..]
                    .find("*/")
                    .map_or(text.len(), |length| length + 1);
            }
            b'{' | b'[' => {
                level += 1;
                if level > depth {
                    return Some(at);
                }
            }
            b'}' | b']' => level = level.saturating_sub(1),
            _ => {}
        }
        at += 1;
    }
    None
}

fn end_of_string(bytes: &[u8], mut at: usize) -> usize {
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => return at,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    at
}

/// The parser's message without any of the text, which may be part of a secret.
fn message(error: &ParseError) -> String {
    let text = match error.kind() {
        ParseErrorKind::String(ParseStringErrorKind::InvalidUnicodeEscapeSequence(_)) => {
            "invalid unicode escape sequence".to_owned()
        }
        kind => kind.to_string(),
    };
    let mut characters = text.chars();
    characters
        .next()
        .into_iter()
        .flat_map(char::to_lowercase)
        .chain(characters)
        .collect()
}

struct Reader<'r, 't> {
    lines: &'r Lines<'t>,
    report: &'r mut Report,
    path: Vec<String>,
}

impl Reader<'_, '_> {
    fn origin(&self, ranged: &impl Ranged) -> Origin {
        self.lines.origin(ranged.start(), ranged.end())
    }

    fn node(&mut self, value: ast::Value<'_>) -> Node {
        let origin = self.origin(&value);
        match value {
            ast::Value::NullKeyword(_) => Node::new(Value::Null, origin),
            ast::Value::BooleanLit(literal) => Node::new(Value::Bool(literal.value), origin),
            ast::Value::NumberLit(literal) => scalar::json_number(literal.value, origin),
            ast::Value::StringLit(literal) => {
                Node::new(Value::Text(literal.value.into_owned()), origin)
            }
            ast::Value::Array(array) => {
                let mut items = Vec::with_capacity(array.elements.len());
                for (index, element) in array.elements.into_iter().enumerate() {
                    self.path.push(format!("[{index}]"));
                    items.push(self.node(element));
                    self.path.pop();
                }
                Node::new(Value::List(items), origin)
            }
            ast::Value::Object(object) => {
                let mut builder = TableBuilder::default();
                for property in object.properties {
                    let key_origin = self.origin(&property.name);
                    let key = match property.name {
                        ObjectPropName::String(name) => name.value.into_owned(),
                        ObjectPropName::Word(name) => name.value.to_owned(),
                    };
                    self.path.push(key.clone());
                    let node = self.node(property.value);
                    self.path.pop();
                    builder.insert(Entry::new(key, key_origin, node), &self.path, self.report);
                }
                Node::new(Value::Table(builder.finish()), origin)
            }
        }
    }
}
