//! JSON as .NET reads it, with comments and trailing commas, and with the place of every key and value.
//!
//! Whoever forgot a comma wants to hear of all else as well, so that reading goes on behind a mistake where what
//! was meant is clear, and where not, at the next line. What a string or a bare word means is [`super::json_text`]'s.

use super::build::{MAX_DEPTH, TableBuilder, too_deep};
use super::code::Code;
use super::json_text::{self, Word};
use super::lines::Lines;
use super::report::{Mistake, Report};
use super::scalar;
use super::tree::{Entry, Node, Value};

/// How many mistakes of syntax are told of one file: what is no JSON at all has thousands.
const MAX_MISTAKES: usize = 10;

/// How far back the beginning of a line is looked for.
const MAX_INDENT: usize = 200;

/// Reads the one value of `text`. `None`: a mistake ended it.
pub(crate) fn parse(text: &str, lines: &Lines<'_>, report: &mut Report) -> Option<Node> {
    let mut parser = Parser {
        text,
        lines,
        report,
        at: 0,
        path: Vec::new(),
        open: Vec::new(),
        suspect: None,
        told: 0,
        may_lack_comma: false,
        ended: false,
    };
    parser.document().ok()
}

/// The rest of the file is not read; why is reported.
struct Abandoned;

type Parsed<T> = Result<T, Abandoned>;

struct Parser<'r, 't> {
    text: &'t str,
    lines: &'r Lines<'t>,
    report: &'r mut Report,
    at: usize,
    path: Vec<String>,
    /// Where the brackets that are open stand.
    open: Vec<usize>,
    /// A bracket whose partner is indented otherwise: if one is never closed, it is most likely this one.
    suspect: Option<usize>,
    told: usize,
    /// A mistake before this place has taken the comma with it.
    may_lack_comma: bool,
    /// The file ended while brackets were open, which is told once.
    ended: bool,
}

impl Parser<'_, '_> {
    fn document(&mut self) -> Parsed<Node> {
        self.skip()?;
        match self.peek() {
            None => return Ok(self.node(Value::Null, 0)),
            Some(b'{' | b'[') => {}
            Some(_) => {
                let help =
                    "put all of it between `{` and `}`, and keys and texts into double quotes";
                self.tell(self.at, self.at + 1, "a JSON file begins with `{`", help)?;
                return Err(Abandoned);
            }
        }
        let mut root = self.value(self.at)?;
        self.skip()?;
        let (message, help) = match self.peek() {
            None => return Ok(root),
            Some(b'}' | b']') => (
                "this bracket was never opened",
                "leave it out, or look for the one above that should not be closed",
            ),
            Some(_) => (
                "something follows the end of the outermost brackets",
                "a file holds one value; look for a bracket above that closes too early",
            ),
        };
        self.tell(self.at, self.at + 1, message, help)?;
        if let Value::Table(table) = &mut root.value {
            table.damaged = true;
        }
        Ok(root)
    }

    /// The value here; `after` is the end of what it belongs to.
    fn value(&mut self, after: usize) -> Parsed<Node> {
        let start = self.at;
        match self.peek() {
            Some(b'{') => self.nested(Self::object),
            Some(b'[') => self.nested(Self::list),
            Some(b'"' | b'\'') if self.is_key_of_later_line(after) => self.missing_value(after),
            Some(quote @ (b'"' | b'\'')) => {
                let text = self.string(quote)?;
                Ok(self.node(text.map_or(Value::Mistaken, Value::Text), start))
            }
            None | Some(b'}' | b']' | b',' | b':') => self.missing_value(start),
            Some(_) => self.word(),
        }
    }

    fn missing_value(&mut self, at: usize) -> Parsed<Node> {
        let help = "write a value, or leave the key out";
        self.tell(at, at + 1, "a value is missing here", help)?;
        self.may_lack_comma = true;
        Ok(self.node(Value::Mistaken, self.at))
    }

    fn nested(&mut self, read: impl FnOnce(&mut Self) -> Parsed<Node>) -> Parsed<Node> {
        if self.open.len() >= MAX_DEPTH {
            let origin = self.lines.origin(self.at, self.at + 1);
            self.report.push(too_deep(&origin));
            return Err(Abandoned);
        }
        self.open.push(self.at);
        self.at += 1;
        let node = read(self);
        self.open.pop();
        node
    }

    fn object(&mut self) -> Parsed<Node> {
        let start = self.at - 1;
        let mut builder = TableBuilder::default();
        loop {
            self.skip()?;
            match self.peek() {
                Some(b'}') => {
                    self.close();
                    break;
                }
                None | Some(b']') => {
                    self.unclosed("{")?;
                    builder.damage();
                    break;
                }
                Some(b',') => self.extra_comma()?,
                Some(_) => self.member(&mut builder)?,
            }
        }
        Ok(self.node(Value::Table(builder.finish()), start))
    }

    fn list(&mut self) -> Parsed<Node> {
        let start = self.at - 1;
        let mut items = Vec::new();
        loop {
            self.skip()?;
            match self.peek() {
                Some(b']') => {
                    self.close();
                    break;
                }
                Some(b',') => self.extra_comma()?,
                None | Some(b'}') => {
                    self.unclosed("[")?;
                    break;
                }
                // No item has a colon behind it: these are the keys that follow the list.
                Some(_) if self.is_key() => {
                    self.unclosed("[")?;
                    self.may_lack_comma = true;
                    break;
                }
                Some(_) => {
                    self.path.push(format!("[{}]", items.len()));
                    let item = self.value(self.at)?;
                    self.path.pop();
                    items.push(item);
                    self.comma()?;
                }
            }
        }
        Ok(self.node(Value::List(items), start))
    }

    /// A key and its value.
    fn member(&mut self, builder: &mut TableBuilder) -> Parsed<()> {
        const NEEDS_QUOTES: &str = "a key stands in double quotes";
        let start = self.at;
        let key = if let Some(quote @ (b'"' | b'\'')) = self.peek() {
            self.string(quote)?
        } else {
            let word = json_text::bare_key(&self.text[start..]);
            let help = "write `\"key\": value`";
            self.tell(start, start + word.len().max(1), NEEDS_QUOTES, help)?;
            self.at += word.len();
            (!word.is_empty()).then(|| word.to_owned())
        };
        let end = self.at;
        let Some(key) = key else {
            builder.damage();
            self.skip_line();
            return Ok(());
        };
        self.skip()?;
        self.path.push(key.clone());
        let node = match self.peek() {
            Some(b':') => {
                self.at += 1;
                let after = self.at;
                self.skip()?;
                self.value(after)?
            }
            Some(b'=') => {
                let message = "`:` was expected here, not `=`";
                self.tell(self.at, self.at + 1, message, "write `\"key\": value`")?;
                self.at += 1;
                let after = self.at;
                self.skip()?;
                self.value(after)?
            }
            next => {
                let message = "a key has no `:` behind it";
                self.tell(end, end + 1, message, "write `\"key\": value`")?;
                if matches!(next, Some(b'"' | b'{' | b'[' | b'0'..=b'9')) && !self.is_key() {
                    self.value(end)?
                } else {
                    // Where a quote is missing, the key is not what it seems.
                    builder.damage();
                    self.path.pop();
                    self.skip_line();
                    return Ok(());
                }
            }
        };
        self.path.pop();
        let origin = self.lines.origin(start, end);
        builder.insert(Entry::new(key, origin, node), &self.path, self.report);
        self.comma()
    }

    /// What stands between one value and the next.
    fn comma(&mut self) -> Parsed<()> {
        let end = self.at;
        let may_lack = std::mem::take(&mut self.may_lack_comma);
        self.skip()?;
        match self.peek() {
            Some(b',') => self.at += 1,
            None | Some(b'}' | b']') => {}
            _ if may_lack => {}
            Some(b';') => {
                let message = "`,` was expected here, not `;`";
                self.tell(self.at, self.at + 1, message, "separate values by commas")?;
                self.at += 1;
            }
            Some(byte) if self.is_key() || self.in_list_and_begins_value(byte) => {
                let help = "separate values by commas";
                self.tell(end, end + 1, "a comma is missing here", help)?;
            }
            Some(_) => {
                let message = "something follows a value";
                let help = "put a comma between two values, and the whole of a text into one pair of double quotes";
                self.tell(self.at, self.at + 1, message, help)?;
                self.skip_line();
            }
        }
        Ok(())
    }

    fn in_list_and_begins_value(&self, byte: u8) -> bool {
        let in_list = self
            .open
            .last()
            .and_then(|at| self.text.as_bytes().get(*at))
            == Some(&b'[');
        in_list && matches!(byte, b'"' | b'{' | b'[' | b'0'..=b'9' | b'-')
    }

    fn extra_comma(&mut self) -> Parsed<()> {
        self.tell(
            self.at,
            self.at + 1,
            "a comma without a value before it",
            "leave it out",
        )?;
        self.at += 1;
        Ok(())
    }

    fn close(&mut self) {
        let (Some(open), None) = (self.open.last(), self.suspect) else {
            self.at += 1;
            return;
        };
        if let (Some((closing, true)), Some((opening, _))) =
            (self.indent(self.at), self.indent(*open))
            && closing < opening
        {
            self.suspect = Some(*open);
        }
        self.at += 1;
    }

    /// How deeply the line that holds `at` is indented, and whether `at` is the first thing in it.
    fn indent(&self, at: usize) -> Option<(usize, bool)> {
        let before = &self.text.as_bytes()[at.saturating_sub(MAX_INDENT)..at];
        let line = match before.iter().rposition(|byte| *byte == b'\n') {
            Some(end) => &before[end + 1..],
            None if at <= MAX_INDENT => before,
            None => return None,
        };
        let blank = line.iter().take_while(|byte| matches!(byte, b' ' | b'\t'));
        let indent = blank.count();
        Some((indent, indent == line.len()))
    }

    /// The innermost bracket is not closed here, where something else is, or the end of the file.
    fn unclosed(&mut self, bracket: &str) -> Parsed<()> {
        let at_end = self.peek().is_none();
        if at_end && std::mem::replace(&mut self.ended, true) {
            return Ok(());
        }
        let innermost = self.open.last().copied().unwrap_or_default();
        let open = self.suspect.filter(|_| at_end).unwrap_or(innermost);
        let bracket = self.text.get(open..=open).unwrap_or(bracket);
        let message = format!("this `{bracket}` is not closed");
        let partner = if bracket == "[" { "]" } else { "}" };
        let help = format!("write `{partner}` behind what belongs to it");
        self.tell(open, open + 1, &message, &help)?;
        // A closing bracket that belongs to none that is open would be met for ever.
        if !at_end && self.open.len() == 1 {
            self.at += 1;
        }
        Ok(())
    }

    /// Skips what a line break has parted from a text: all up to the quote that the next line has, if that closes it.
    fn skip_rest_of_text(&mut self) {
        let rest = &self.text[self.at..];
        let begin = rest.len() - rest.trim_start_matches(['\r', '\n']).len();
        let line = rest[begin..].lines().next().unwrap_or_default();
        if let Some((text, behind)) = line.split_once('"')
            && behind.trim_start().starts_with([',', '}', ']'])
        {
            self.at += begin + text.len() + 1;
        }
    }

    /// The text in quotes here. `None`: it can't be had, which is reported.
    fn string(&mut self, quote: u8) -> Parsed<Option<String>> {
        let start = self.at;
        let read = json_text::string(&self.text[start + 1..], quote);
        let end = start + 1 + read.length;
        if quote == b'\'' {
            let help = "write \"…\" instead of '…'";
            self.tell(start, end, "JSON knows double quotes only", help)?;
        }
        if read.closed {
            self.at = end + 1;
        } else {
            let help = "write `\"` at the end of the text; a line break in it is `\\n`";
            self.tell(start, end, "a quote is not closed", help)?;
            self.at = start + 1;
            self.skip_line();
            self.skip_rest_of_text();
            return Ok(None);
        }
        if let Some((at, message, help)) = read.mistake {
            let at = start + 1 + at;
            self.tell(at, at + 1, message, help)?;
            return Ok(None);
        }
        Ok(Some(read.text))
    }

    /// A value without quotes.
    fn word(&mut self) -> Parsed<Node> {
        let start = self.at;
        let word = json_text::bare_word(&self.text[start..]);
        self.at += word.len();
        let value = match json_text::meaning(word) {
            Word::Null => Value::Null,
            Word::Bool(value) => Value::Bool(value),
            Word::Number => {
                return Ok(scalar::json_number(word, self.lines.origin(start, self.at)));
            }
            Word::Wrong(message, help) => {
                // What is no letter at all is still one character.
                let next = self.text[start..].chars().next();
                let length = word.len().max(next.map_or(1, char::len_utf8));
                self.tell(start, start + length, message, help)?;
                self.at = start + length;
                if matches!(self.peek(), Some(b'"' | b'\'')) {
                    self.skip_line();
                }
                Value::Mistaken
            }
        };
        Ok(self.node(value, start))
    }

    /// Goes to the end of the line, or to the brackets and commas that end it: they may well be meant.
    fn skip_line(&mut self) {
        let rest = &self.text[self.at..];
        let line = rest.find(['\n', '\r']).map_or(rest, |end| &rest[..end]);
        let meant = line.trim_end_matches([' ', '\t', ',', '}', ']']);
        self.at += meant.len();
        self.may_lack_comma = true;
        // A comma that ends the line separates nothing any more where no value was kept.
        if self.peek() == Some(b',') {
            self.at += 1;
        }
    }

    /// Goes behind white space and comments.
    fn skip(&mut self) -> Parsed<()> {
        loop {
            let rest = &self.text[self.at..];
            let blank = rest.len() - rest.trim_start_matches([' ', '\t', '\n', '\r']).len();
            self.at += blank;
            let rest = &rest[blank..];
            if rest.starts_with("//") {
                self.at += rest.find(['\n', '\r']).unwrap_or(rest.len());
            } else if rest.starts_with("/*") {
                let Some(length) = rest.find("*/") else {
                    let start = std::mem::replace(&mut self.at, self.text.len());
                    let help = "write `*/` behind it";
                    return self.tell(start, start + 2, "a comment is not closed", help);
                };
                self.at += length + 2;
            } else if rest.starts_with('#') {
                let start = self.at;
                self.at += rest.find(['\n', '\r']).unwrap_or(rest.len());
                let help = "write `//` instead of `#`";
                self.tell(start, start + 1, "a JSON comment begins with `//`", help)?;
            } else {
                return Ok(());
            }
        }
    }

    /// Whether a key with its colon stands here.
    fn is_key(&self) -> bool {
        json_text::is_key(&self.text[self.at..])
    }

    fn is_key_of_later_line(&self, after: usize) -> bool {
        let between = self.text.get(after..self.at).unwrap_or_default();
        between.contains(['\n', '\r']) && self.is_key()
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn node(&self, value: Value, start: usize) -> Node {
        Node::new(value, self.lines.origin(start, self.at.max(start)))
    }

    fn tell(&mut self, start: usize, end: usize, message: &str, help: &str) -> Parsed<()> {
        self.told += 1;
        if self.told > MAX_MISTAKES {
            return Err(Abandoned);
        }
        let message = format!("not valid JSON: {message}");
        let mistake = Mistake::error(Code::InvalidJson, "", message);
        self.report
            .push(mistake.at(&self.lines.origin(start, end)).help(help));
        Ok(())
    }
}
