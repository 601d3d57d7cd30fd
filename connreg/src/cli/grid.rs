//! Rows and columns: for a terminal, or as Markdown.

use std::fmt::Write as _;

use comfy_table::{
    Attribute, Cell as Shown, Color, ColumnConstraint, ContentArrangement, Table, Width, presets,
};

use super::console::{Paint, Tone};

/// One cell.
#[derive(Clone, Debug)]
pub(super) struct Cell {
    text: String,
    tone: Tone,
}

/// Text in the colour of `tone`.
pub(super) fn cell(tone: Tone, text: impl Into<String>) -> Cell {
    Cell {
        text: text.into(),
        tone,
    }
}

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Self {
        cell(Tone::Plain, text)
    }
}

impl Cell {
    pub(super) fn is_empty(&self) -> bool {
        self.text.is_empty()
    }
}

/// Rows under one head.
#[derive(Debug)]
pub(super) struct Grid {
    head: Vec<&'static str>,
    rows: Vec<Vec<Cell>>,
}

impl Grid {
    pub(super) fn new(head: &[&'static str]) -> Self {
        Self {
            head: head.to_vec(),
            rows: Vec::new(),
        }
    }

    pub(super) fn push<const N: usize>(&mut self, row: [Cell; N]) {
        self.rows.push(row.into());
    }

    /// Without the columns in which no row says anything.
    pub(super) fn without_empty_columns(mut self) -> Self {
        let kept: Vec<bool> = (0..self.head.len())
            .map(|column| self.rows.iter().any(|row| !row[column].is_empty()))
            .collect();
        keep(&kept, &mut self.head);
        self.rows.iter_mut().for_each(|row| keep(&kept, row));
        self
    }

    /// For a terminal of `width` columns.
    pub(super) fn table(&self, paint: Paint, width: u16) -> String {
        let mut table = Table::new();
        table.load_style(presets::NOTHING);
        if paint.0 {
            table.enforce_styling();
        } else {
            table.force_no_tty();
        }
        let head = self.head.iter().map(|name| {
            let name = Shown::new(name.to_uppercase());
            name.add_attribute(Attribute::Dim)
        });
        table.set_header(head);
        for row in &self.rows {
            table.add_row(row.iter().map(shown));
        }
        table.set_content_arrangement(ContentArrangement::Dynamic);
        table.set_width(width);
        // Names are not broken; what explains is.
        let last = self.head.len().saturating_sub(1);
        for (index, column) in table.column_iter_mut().enumerate() {
            column.set_padding((0, if index == last { 0 } else { 2 }));
            let widest = self.widest(index);
            let room = if index == 0 { width / 2 } else { width / 3 };
            if index != last && widest <= room {
                column.set_constraint(ColumnConstraint::ContentWidth);
            } else {
                column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(
                    widest.min(16),
                )));
            }
        }
        let mut text = String::new();
        for line in table.lines() {
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }

    fn widest(&self, column: usize) -> u16 {
        let lines = self.rows.iter().flat_map(|row| row[column].text.lines());
        let widest = lines.map(|line| line.chars().count()).max().unwrap_or(0);
        u16::try_from(widest).unwrap_or(u16::MAX)
    }

    /// A table of Markdown.
    pub(super) fn markdown(&self) -> String {
        let mut text = format!("| {} |\n", self.head.join(" | "));
        let _ = writeln!(text, "|{}", "---|".repeat(self.head.len()));
        for row in &self.rows {
            let cells: Vec<_> = row.iter().map(|cell| escaped(&cell.text)).collect();
            let _ = writeln!(text, "| {} |", cells.join(" | "));
        }
        text
    }
}

fn keep<T>(kept: &[bool], cells: &mut Vec<T>) {
    let mut kept = kept.iter();
    cells.retain(|_| kept.next() == Some(&true));
}

/// Text that stays in its cell.
fn escaped(text: &str) -> String {
    text.replace('|', "\\|")
        .lines()
        .collect::<Vec<_>>()
        .join(" ")
}

fn shown(cell: &Cell) -> Shown {
    let shown = Shown::new(&cell.text);
    match cell.tone {
        Tone::Plain => shown,
        Tone::Name => shown.add_attribute(Attribute::Bold),
        Tone::Good => shown.fg(Color::Green),
        Tone::Warning => shown.fg(Color::Yellow),
        Tone::Bad => shown.fg(Color::Red),
        Tone::Quiet => shown.add_attribute(Attribute::Dim),
    }
}
