//! Where answers are shown: what they are written as, colours, width, and what goes to standard error.

use std::env;
use std::io::{IsTerminal as _, Write as _};

use clap::builder::styling::{AnsiColor, Color, Style};
use dialoguer::console::Term;

use super::arguments::{Common, Format, When};
use super::grid::Grid;
use crate::config::{self, Report};

/// The widest line where no terminal says how wide it is.
const WIDTH: u16 = 100;

/// What a piece of text tells by its colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Tone {
    #[default]
    Plain,
    /// What the line is about.
    Name,
    Good,
    Warning,
    Bad,
    /// Of less weight than the rest.
    Quiet,
}

/// Colours, or none.
#[derive(Clone, Copy, Debug)]
pub(super) struct Paint(pub(super) bool);

impl Paint {
    /// `text` in the colour of `tone`.
    pub(super) fn with(self, tone: Tone, text: &str) -> String {
        let colour = |colour: AnsiColor| Style::new().fg_color(Some(Color::Ansi(colour)));
        let style = match tone {
            _ if !self.0 => return text.to_owned(),
            Tone::Plain => return text.to_owned(),
            Tone::Name => Style::new().bold(),
            Tone::Good => colour(AnsiColor::Green),
            Tone::Warning => colour(AnsiColor::Yellow).bold(),
            Tone::Bad => colour(AnsiColor::Red).bold(),
            Tone::Quiet => Style::new().dimmed(),
        };
        format!("{style}{text}{style:#}")
    }
}

/// Where answers are shown.
#[derive(Debug)]
pub(super) struct Console {
    pub(super) format: Format,
    /// Of standard output.
    pub(super) paint: Paint,
    /// Of standard error.
    pub(super) side: Paint,
    /// Columns of standard output.
    pub(super) width: u16,
}

impl Console {
    pub(super) fn new(common: &Common) -> Self {
        let colours = |is_terminal: bool| match common.color {
            When::Always => true,
            When::Never => false,
            When::Auto => {
                let unwanted = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
                let dumb = env::var_os("TERM").is_some_and(|term| term == "dumb");
                is_terminal && !unwanted && !dumb
            }
        };
        let width = Term::stdout().size_checked().map(|(_, columns)| columns);
        Self {
            format: common.format,
            paint: Paint(colours(std::io::stdout().is_terminal())),
            side: Paint(colours(std::io::stderr().is_terminal())),
            width: width.filter(|columns| *columns >= 40).unwrap_or(WIDTH),
        }
    }

    /// The rows as the format wants them; JSON is each command's own.
    pub(super) fn grid(&self, grid: &Grid) -> String {
        match self.format {
            Format::Markdown => grid.markdown(),
            Format::Table | Format::Json => grid.table(self.paint, self.width),
        }
    }

    /// A failure, for standard error.
    pub(super) fn error(&self, message: &str, help: &str) -> String {
        let mut text = self.label(Tone::Bad, "error", message);
        if !help.is_empty() {
            text += &self.label(Tone::Name, " help", help);
        }
        text
    }

    /// A line that begins with a word of its own, for standard error.
    pub(super) fn label(&self, tone: Tone, word: &str, text: &str) -> String {
        format!("{}: {text}\n", self.side.with(tone, word))
    }

    /// Every mistake of a configuration with its line, in the colours of `paint`.
    pub(super) fn report(&self, report: &Report, paint: Paint) -> String {
        let style = if paint.0 {
            config::Style::Colour
        } else {
            config::Style::Plain
        };
        report.render_within(style, self.width.into())
    }

    /// Tells standard error.
    pub(super) fn tell(&self, text: &str) {
        let _ = self;
        // Where nobody listens there is nobody to tell.
        let _ = std::io::stderr().lock().write_all(text.as_bytes());
    }
}
