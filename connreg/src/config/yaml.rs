//! YAML 1.2 from a parser's events, with the place of every key and value.
//!
//! What a plain scalar means is [`super::scalar`]'s.

use std::collections::HashMap;
use std::ops::Range;

use saphyr_parser::{Event, Parser, ScalarStyle, Span, Tag};

use super::build::{self, MAX_DEPTH, TableBuilder, dotted, weight};
use super::code::Code;
use super::lines::Lines;
use super::report::{Mistake, Report};
use super::scalar;
use super::tree::{Entry, Node, Origin, Value};
use super::yaml_repair::Repaired;
use super::yaml_syntax;

/// How many values aliases may copy: a few lines can otherwise ask for billions.
const MAX_COPIES: usize = 100_000;

/// Reads the one document of `text`. `None`: a mistake ended it.
pub(crate) fn parse(text: &str, lines: &Lines<'_>, report: &mut Report) -> Option<Node> {
    let mut repaired = Repaired::new(text);
    loop {
        // What an attempt finds is told when it comes to an end: the next one finds it again.
        let mut found = Report::default();
        match attempt(&repaired, lines, &mut found) {
            Ok(root) => {
                report.append(found);
                return Some(root.unwrap_or_else(|| Node::new(Value::Null, lines.origin(0, 0))));
            }
            Err(Stop::Told) => {
                report.append(found);
                return None;
            }
            Err(Stop::Syntax(complaint, at)) => {
                let Some(diagnosis) = repaired.diagnose(&complaint, at) else {
                    report.append(found);
                    return None;
                };
                let message = format!("not valid YAML: {}", diagnosis.message);
                let Range { start, end } = diagnosis.at.clone();
                let mistake = Mistake::error(Code::InvalidYaml, "", message);
                report.push(mistake.at(&lines.origin(start, end)).help(diagnosis.help));
                if !repaired.repair(diagnosis) {
                    report.append(found);
                    return None;
                }
            }
        }
    }
}

/// Why an attempt came to no end.
enum Stop {
    /// The mistake is reported.
    Told,
    /// The parser's complaint, and the byte that it is about.
    Syntax(String, usize),
}

/// Reads a text that may be repaired; places are those of the file.
fn attempt(
    repaired: &Repaired<'_>,
    lines: &Lines<'_>,
    report: &mut Report,
) -> Result<Option<Node>, Stop> {
    let text = repaired.text();
    let own = (!repaired.is_original()).then(|| lines.of(text));
    let places = Places {
        lines,
        read: own.as_ref().unwrap_or(lines),
        repaired,
    };
    let mut reader = Reader {
        places,
        report,
        stack: Vec::new(),
        path: Vec::new(),
        anchors: HashMap::new(),
        copies: 0,
        root: None,
    };
    let mut documents = 0;
    let mut parser = Parser::new_from_str(text);
    while let Some(event) = parser.next_event() {
        match event {
            Err(error) if error.info().contains("recursion limit") => {
                let at = error.marker().index();
                let origin = reader.places.origin(at, at + 1);
                reader.report.push(*too_deep(&origin));
                return Err(Stop::Told);
            }
            Err(error) => {
                let at = reader.places.read.byte(error.marker().index());
                return Err(Stop::Syntax(error.info().to_owned(), at));
            }
            Ok((Event::DocumentStart(_), span)) => {
                documents += 1;
                if documents > 1 {
                    let message = "a second document begins here; a file holds one";
                    let mistake = Mistake::error(Code::SecondDocument, "", message);
                    let mistake = mistake.at(&reader.origin(span));
                    reader
                        .report
                        .push(mistake.help("put it into a file of its own"));
                    break;
                }
            }
            Ok((event, span)) => {
                if let Err(mistake) = reader.event(event, span) {
                    reader.report.push(*mistake);
                    return Err(Stop::Told);
                }
            }
        }
    }
    Ok(reader.root)
}

/// From the parser's places to those of the file.
struct Places<'r, 't> {
    lines: &'r Lines<'t>,
    /// The lines of the text that is read.
    read: &'r Lines<'r>,
    repaired: &'r Repaired<'t>,
}

impl Places<'_, '_> {
    /// The place of the characters from `start` to `end`.
    fn origin(&self, start: usize, end: usize) -> Origin {
        if self.repaired.is_original() {
            return self.lines.origin_of_characters(start, end);
        }
        let place = |character| self.repaired.original_place(self.read.byte(character));
        self.lines.origin(place(start), place(end))
    }
}

/// An anchored value: it and how deeply it is nested in itself.
struct Anchored {
    node: Node,
    weight: usize,
    height: usize,
}

/// A list or a mapping whose end has not come yet.
struct Frame {
    anchor: usize,
    start: Span,
    /// How deeply the values so far are nested.
    height: usize,
    kind: FrameKind,
}

enum FrameKind {
    List(Vec<Node>),
    Table {
        builder: TableBuilder,
        key: Key,
        merged: Vec<Node>,
    },
}

/// What the next value of a mapping belongs to.
enum Key {
    /// It is a key itself.
    Awaited,
    Text(String, Origin),
    /// `<<`
    Merge,
    /// A key that was no text; its value is passed over.
    Refused,
}

type Fatal = Box<Mistake>;

struct Reader<'r, 't> {
    places: Places<'r, 't>,
    report: &'r mut Report,
    stack: Vec<Frame>,
    path: Vec<String>,
    anchors: HashMap<usize, Anchored>,
    copies: usize,
    root: Option<Node>,
}

impl Reader<'_, '_> {
    fn origin(&self, span: Span) -> Origin {
        self.places.origin(span.start.index(), span.end.index())
    }

    /// Whether a repair put this value where one could not be had.
    fn is_mistaken(&self, origin: &Origin) -> bool {
        let repaired = self.places.repaired;
        let offset = self.places.lines.offset();
        let start = origin.span.map(|span| span.start - offset);
        !repaired.is_original() && start.is_some_and(|start| repaired.is_mistaken(start))
    }

    fn event(&mut self, event: Event<'_>, span: Span) -> Result<(), Fatal> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let origin = self.origin(span);
                let plain = style == ScalarStyle::Plain && tag.is_none();
                if plain && text == "<<" && self.begin_merge() {
                    return Ok(());
                }
                let node = if plain && text == "~" && self.is_mistaken(&origin) {
                    Node::new(Value::Mistaken, origin)
                } else if plain {
                    scalar::core_schema(&text, origin)
                } else {
                    self.tagged_scalar(&text, tag.as_deref(), origin)
                };
                self.complete(node, anchor, 0)
            }
            Event::Alias(anchor) => {
                let Some(anchored) = self.anchors.get(&anchor) else {
                    let mistake = Mistake::error(
                        Code::AliasInItself,
                        self.key(),
                        "this alias refers to what it stands in",
                    );
                    return Err(Box::new(mistake.at(&self.origin(span))));
                };
                let (node, weight, height) =
                    (anchored.node.clone(), anchored.weight, anchored.height);
                self.copy(weight, &self.origin(span))?;
                if self.stack.len() + height > MAX_DEPTH {
                    return Err(too_deep(&self.origin(span)));
                }
                self.complete(node, 0, height)
            }
            Event::SequenceStart(anchor, tag) => {
                self.collection_tag(tag.as_deref(), "seq", span);
                self.open(FrameKind::List(Vec::new()), anchor, span)
            }
            Event::MappingStart(anchor, tag) => {
                self.collection_tag(tag.as_deref(), "map", span);
                let builder = TableBuilder::default();
                let kind = FrameKind::Table {
                    builder,
                    key: Key::Awaited,
                    merged: Vec::new(),
                };
                self.open(kind, anchor, span)
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(span),
            _ => Ok(()),
        }
    }

    fn open(&mut self, kind: FrameKind, anchor: usize, start: Span) -> Result<(), Fatal> {
        if self.stack.len() >= MAX_DEPTH {
            return Err(too_deep(&self.origin(start)));
        }
        // While a key is awaited there is nothing to add to the path, but what is popped must be there.
        let part = match self.stack.last().map(|frame| &frame.kind) {
            Some(FrameKind::Table {
                key: Key::Text(key, _),
                ..
            }) => key.clone(),
            Some(FrameKind::Table { .. }) => "<<".to_owned(),
            Some(FrameKind::List(items)) => format!("[{}]", items.len()),
            None => String::new(),
        };
        self.path.push(part);
        self.stack.push(Frame {
            anchor,
            start,
            height: 0,
            kind,
        });
        Ok(())
    }

    fn close(&mut self, end: Span) -> Result<(), Fatal> {
        let Some(frame) = self.stack.pop() else {
            return Ok(());
        };
        let origin = self.origin(Span::new(frame.start.start, end.end));
        let value = match frame.kind {
            FrameKind::List(items) => Value::List(items),
            FrameKind::Table {
                mut builder,
                merged,
                ..
            } => {
                for node in merged {
                    self.merge(&mut builder, node);
                }
                Value::Table(builder.finish())
            }
        };
        self.path.pop();
        self.complete(Node::new(value, origin), frame.anchor, frame.height + 1)
    }

    /// Takes `<<` as a merge key where a key is awaited.
    fn begin_merge(&mut self) -> bool {
        match self.stack.last_mut().map(|frame| &mut frame.kind) {
            Some(FrameKind::Table { key, .. }) if matches!(key, Key::Awaited) => {
                *key = Key::Merge;
                true
            }
            _ => false,
        }
    }

    /// Adds what `<<` brought and no explicit key, or earlier `<<`, has set.
    fn merge(&mut self, builder: &mut TableBuilder, node: Node) {
        let origin = node.origin.clone();
        match node.value {
            Value::Table(table) => {
                for mut entry in table.entries {
                    if !builder.contains(&entry.key) {
                        entry.inherited = true;
                        builder.insert(entry, &self.path, self.report);
                    }
                }
            }
            Value::List(items) if items.iter().all(|item| item.as_table().is_some()) => {
                for item in items {
                    self.merge(builder, item);
                }
            }
            // It could not be had, which is reported; so what it brings may be missing.
            Value::Mistaken => builder.damage(),
            _ => {
                let message = "`<<` takes a mapping, or a list of mappings";
                let key = dotted(self.path.get(1..).unwrap_or_default(), "<<");
                self.report
                    .push(Mistake::error(Code::MergeKey, key, message).at(&origin));
            }
        }
    }

    /// A value is complete: it goes to where it belongs.
    fn complete(&mut self, mut node: Node, anchor: usize, height: usize) -> Result<(), Fatal> {
        if anchor > 0 {
            node.lent = !matches!(node.value, Value::List(_) | Value::Table(_));
            let weight = weight(&node);
            if height > 0 {
                self.copy(weight, &node.origin)?;
            }
            self.anchors.insert(
                anchor,
                Anchored {
                    node: node.clone(),
                    weight,
                    height,
                },
            );
        }
        let Some(frame) = self.stack.last_mut() else {
            self.root = Some(node);
            return Ok(());
        };
        frame.height = frame.height.max(height);
        match &mut frame.kind {
            FrameKind::List(items) => items.push(node),
            FrameKind::Table {
                builder,
                key,
                merged,
            } => match std::mem::replace(key, Key::Awaited) {
                Key::Awaited => {
                    *key = match node.scalar_text() {
                        Some(text) if text.starts_with(is_foreign_blank) => {
                            let (message, help) = yaml_syntax::explain("no-break space");
                            let message = format!("not valid YAML: {message}");
                            let key = dotted(self.path.get(1..).unwrap_or_default(), "…");
                            let mistake = Mistake::error(Code::InvalidYaml, key, message);
                            self.report.push(mistake.at(&node.origin).help(help));
                            Key::Text(text.trim_start().to_owned(), node.origin)
                        }
                        Some(text) => Key::Text(text, node.origin),
                        None if matches!(node.value, Value::Null) => {
                            let text = self.places.lines.origin_text(&node.origin);
                            Key::Text(text.to_owned(), node.origin)
                        }
                        None => {
                            let message = format!("a key must be text, not {}", node.kind());
                            let mistake =
                                Mistake::error(Code::KeyNotText, dotted(&self.path, "?"), message);
                            self.report.push(mistake.at(&node.origin));
                            Key::Refused
                        }
                    };
                }
                // What a repair put in for a line that may have been any key.
                Key::Text(text, _) if text == "x-" && matches!(node.value, Value::Mistaken) => {
                    builder.damage();
                }
                Key::Text(text, origin) => {
                    builder.insert(Entry::new(text, origin, node), &self.path[1..], self.report);
                }
                Key::Merge => merged.push(node),
                Key::Refused => {}
            },
        }
        Ok(())
    }

    fn copy(&mut self, weight: usize, origin: &Origin) -> Result<(), Fatal> {
        self.copies += weight;
        if self.copies <= MAX_COPIES {
            return Ok(());
        }
        let message = format!("aliases copy more than {MAX_COPIES} values");
        let mistake = Mistake::error(Code::TooManyCopies, self.key(), message).at(origin);
        Err(Box::new(mistake.help(
            "write the values out, or use fewer aliases of aliases",
        )))
    }

    fn tagged_scalar(&mut self, text: &str, tag: Option<&Tag>, origin: Origin) -> Node {
        let Some(tag) = tag else {
            return Node::new(Value::Text(text.to_owned()), origin);
        };
        let node = match (tag.is_yaml_core_schema(), tag.suffix.as_str()) {
            // `!` alone: text, whatever it looks like.
            (true, "str") | (false, "") => {
                Some(Node::new(Value::Text(text.to_owned()), origin.clone()))
            }
            (true, "null" | "bool" | "int" | "float") => {
                let node = scalar::core_schema(text, origin.clone());
                scalar::has_core_type(&node, &tag.suffix).then_some(node)
            }
            _ => None,
        };
        node.unwrap_or_else(|| {
            self.unknown_tag(tag, &origin);
            Node::new(Value::Mistaken, origin)
        })
    }

    fn collection_tag(&mut self, tag: Option<&Tag>, expected: &str, span: Span) {
        if let Some(tag) = tag
            && !(tag.is_yaml_core_schema() && tag.suffix == expected)
        {
            self.unknown_tag(tag, &self.origin(span));
        }
    }

    fn unknown_tag(&mut self, tag: &Tag, origin: &Origin) {
        // What looks like a tag may be a password that begins with `!`.
        let known = ["str", "int", "float", "bool", "null", "seq", "map"];
        let message = if tag.is_yaml_core_schema() && known.contains(&tag.suffix.as_str()) {
            format!("the tag `!!{}` does not fit here", tag.suffix)
        } else {
            "this tag is not known".to_owned()
        };
        let help = "leave it out, or put a value that begins with `!` into quotes; `!!str`, `!!int`, `!!float`, `!!bool` and `!!null` are known";
        self.report.push(
            Mistake::error(Code::UnknownTag, self.key(), message)
                .at(origin)
                .help(help),
        );
    }

    /// The dotted key of what is being read.
    fn key(&self) -> String {
        let key = match self.stack.last().map(|frame| &frame.kind) {
            Some(FrameKind::Table {
                key: Key::Text(key, _),
                ..
            }) => key.clone(),
            Some(FrameKind::List(items)) => format!("[{}]", items.len()),
            _ => String::new(),
        };
        dotted(self.path.get(1..).unwrap_or_default(), &key)
    }
}

fn is_foreign_blank(c: char) -> bool {
    c.is_whitespace() && !c.is_ascii()
}

fn too_deep(origin: &Origin) -> Fatal {
    Box::new(build::too_deep(origin))
}
