//! `ping`: opens and checks connections, side by side.

use std::fmt::Write as _;
use std::io::IsTerminal as _;
use std::time::Duration;

use clap::Args;
use dialoguer::console::Term;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::arguments::{Common, Format};
use super::console::{Console, Tone};
use super::grid::{Cell, Grid, cell};
use super::list::{self, named};
use super::outcome::{Answer, Failure, Verdict};
use crate::connection::AnyConnection;
use crate::connections::Connections;
use crate::error::{ConnectError, Error, ErrorKind};
use crate::lifecycle::State;
use crate::settings::parse_duration;

/// How long closing may take once all is known.
const FAREWELL: Duration = Duration::from_secs(1);

/// Open and check connections, side by side: how long it takes, and what is wrong.
///
/// Fails (exit code 1) if a required connection does not work, or one that was named.
#[derive(Args, Debug)]
pub(super) struct Ping {
    /// The connections; without a name, all of them.
    names: Vec<String>,
    /// How long one connection may take, opening and check together [default: its own time-outs].
    #[arg(long, value_name = "TIME", value_parser = duration)]
    timeout: Option<Duration>,
    /// Go on until Ctrl-C, and tell every round.
    #[arg(long)]
    watch: bool,
    /// The pause between rounds.
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "2s", requires = "watch")]
    interval: Duration,
}

/// A duration as configuration has it.
fn duration(text: &str) -> Result<Duration, String> {
    let duration = parse_duration(text).filter(|duration| !duration.is_zero());
    duration.ok_or_else(|| "write a time such as `500ms`, `2s` or `1m`".to_owned())
}

pub(super) async fn run(
    command: Ping,
    common: &Common,
    console: &Console,
) -> Result<Answer, Failure> {
    let Some(connections) = list::read(common, console).await? else {
        return Ok(Answer::good(""));
    };
    let asked = named(&connections, &command.names)?;
    let ping = Round {
        asked,
        limit: command.timeout,
        all_count: !command.names.is_empty(),
    };
    let answer = if command.watch {
        watch(&ping, command.interval, console).await
    } else {
        let pinged = ping.run(console).await;
        ping.answer(&pinged, console)
    };
    close(&connections).await;
    Ok(answer)
}

pub(super) async fn close(connections: &Connections) {
    // Servers notice soon enough when the program ends.
    let _ = timeout(FAREWELL, connections.close()).await;
}

/// Rounds without end; each is told as soon as it is over.
async fn watch(ping: &Round, interval: Duration, console: &Console) -> Answer {
    let redraw = console.format == Format::Table && std::io::stdout().is_terminal();
    let term = Term::stdout();
    loop {
        let pinged = ping.run(console).await;
        let answer = ping.answer(&pinged, console);
        let text = match console.format {
            // A line for each round.
            Format::Json => format!("{}\n", ping.json(&pinged)),
            _ => answer.text,
        };
        if redraw {
            let _ = term.clear_screen();
        }
        if super::write(text.as_bytes()).is_err() {
            // Nobody reads any more.
            return Answer {
                verdict: answer.verdict,
                ..Answer::good("")
            };
        }
        console.tell(&answer.note);
        sleep(interval).await;
    }
}

/// Whom to ask, and what counts.
pub(super) struct Round {
    asked: Vec<AnyConnection>,
    limit: Option<Duration>,
    /// Whether optional ones count too.
    all_count: bool,
}

/// What came out for one connection.
pub(super) struct Pinged {
    connection: AnyConnection,
    counts: bool,
    connect: Option<Duration>,
    check: Option<Duration>,
    error: Option<Error>,
}

impl Round {
    /// All connections, as long as their own time-outs allow.
    pub(super) fn of_all(connections: &Connections) -> Self {
        Self {
            asked: connections.iter().collect(),
            limit: None,
            all_count: false,
        }
    }

    /// Asks all side by side; in the order of asking.
    pub(super) async fn run(&self, console: &Console) -> Vec<Pinged> {
        let progress = Progress::new(console);
        let mut asking = JoinSet::new();
        for (index, connection) in self.asked.iter().enumerate() {
            let counts = self.all_count || connection.is_required();
            let line = progress.line(connection.name());
            let asked = ask(connection.clone(), self.limit, counts);
            asking.spawn(async move {
                let pinged = asked.await;
                line.finish_and_clear();
                (index, pinged)
            });
        }
        let mut all = asking.join_all().await;
        all.sort_by_key(|(index, _)| *index);
        all.into_iter().map(|(_, pinged)| pinged).collect()
    }

    pub(super) fn answer(&self, pinged: &[Pinged], console: &Console) -> Answer {
        let verdict = if pinged.iter().any(|one| one.counts && one.error.is_some()) {
            Verdict::Unhealthy
        } else {
            Verdict::Good
        };
        if console.format == Format::Json {
            return Answer::json(&self.json(pinged), verdict);
        }
        let mut grid = Grid::new(&["name", "type", "status", "connect", "check", "cause"]);
        for one in pinged {
            let cause = match &one.error {
                // On a terminal the causes have lines of their own.
                Some(error) if console.format == Format::Markdown => error.to_string(),
                _ => String::new(),
            };
            grid.push([
                cell(Tone::Name, one.connection.name()),
                one.connection.connection_type().name().into(),
                one.status(),
                time(one.connect).into(),
                time(one.check).into(),
                cause.into(),
            ]);
        }
        let mut text = console.grid(&grid.without_empty_columns());
        if console.format == Format::Table {
            for one in pinged {
                text += &one.explained(console);
            }
        }
        let note = summary(pinged);
        Answer {
            text,
            note,
            verdict,
        }
    }

    pub(super) fn json(&self, pinged: &[Pinged]) -> Value {
        let _ = self;
        let connections: Vec<Value> = pinged.iter().map(Pinged::json).collect();
        let healthy = !pinged.iter().any(|one| one.counts && one.error.is_some());
        json!({ "healthy": healthy, "connections": connections })
    }
}

/// Opens `connection` unless it is open, and checks it, within `limit`.
async fn ask(connection: AnyConnection, limit: Option<Duration>, counts: bool) -> Pinged {
    let mut pinged = Pinged {
        connection,
        counts,
        connect: None,
        check: None,
        error: None,
    };
    let Some(limit) = limit else {
        pinged.error = pinged.ask().await.err();
        return pinged;
    };
    let end = Instant::now() + limit;
    let asked = timeout_at(end, pinged.ask()).await;
    pinged.error = match asked {
        Ok(asked) => asked.err(),
        Err(_) => Some(pinged.connection.ping_timed_out(limit)),
    };
    pinged
}

impl Pinged {
    async fn ask(&mut self) -> Result<(), Error> {
        let began = Instant::now();
        match self.connection.state() {
            State::Connected | State::Executing => {}
            // In the rounds of `--watch`: what does not work is opened anew.
            State::Unhealthy => {
                self.connection.reconnect().await?;
                self.connect = Some(began.elapsed());
            }
            _ => {
                self.connection.open().await?;
                self.connect = Some(began.elapsed());
            }
        }
        let began = Instant::now();
        self.connection.check().await?;
        self.check = Some(began.elapsed());
        Ok(())
    }

    fn status(&self) -> Cell {
        match &self.error {
            None => cell(Tone::Good, "ok"),
            Some(error) if self.counts => cell(Tone::Bad, error.kind().as_str()),
            Some(error) => cell(Tone::Warning, format!("{} (optional)", error.kind())),
        }
    }

    /// Why it does not work and what to try next; empty if it does.
    fn explained(&self, console: &Console) -> String {
        let tone = if self.counts {
            Tone::Bad
        } else {
            Tone::Warning
        };
        let explained = |error| explained(error, tone, console);
        self.error.as_ref().map_or_else(String::new, explained)
    }

    fn json(&self) -> Value {
        let milliseconds = |time: Option<Duration>| time.map(|time| time.as_secs_f64() * 1_000.0);
        json!({
            "name": self.connection.name(),
            "type": self.connection.connection_type().name(),
            "required": self.connection.is_required(),
            "healthy": self.error.is_none(),
            "connect_ms": milliseconds(self.connect),
            "check_ms": milliseconds(self.check),
            "error": self.error.as_ref().map(error_json),
        })
    }
}

/// Why a connection does not work and what to try next.
pub(super) fn explained(error: &Error, tone: Tone, console: &Console) -> String {
    let message = error.message();
    let mut text = format!("\n{}: {message}\n", console.paint.with(tone, "failed"));
    for cause in error.causes() {
        // Drivers' errors wrap others and say the same again.
        if !message.contains(&cause) {
            let because = console.paint.with(Tone::Quiet, "because:");
            let _ = writeln!(text, "  {because} {cause}");
        }
    }
    if let Some(help) = error.help() {
        let _ = writeln!(text, "  {} {help}", console.paint.with(Tone::Name, "try:"));
    }
    text
}

pub(super) fn error_json(error: &Error) -> Value {
    json!({
        "kind": error.kind().as_str(),
        "message": error.message(),
        "causes": error.causes(),
        "help": error.help(),
        "transient": error.is_transient(),
    })
}

impl AnyConnection {
    fn ping_timed_out(&self, limit: Duration) -> Error {
        let limit = humantime::format_duration(limit);
        let error = ConnectError::new(ErrorKind::Timeout, format!("no answer within {limit}"));
        self.context().error(error, "ping")
    }
}

/// `12.3 ms`; empty if it did not come to it.
fn time(time: Option<Duration>) -> String {
    time.map_or_else(String::new, |time| {
        let milliseconds = time.as_secs_f64() * 1_000.0;
        match milliseconds {
            ..1.0 => format!("{milliseconds:.2} ms"),
            ..100.0 => format!("{milliseconds:.1} ms"),
            ..10_000.0 => format!("{milliseconds:.0} ms"),
            _ => format!("{:.1} s", time.as_secs_f64()),
        }
    })
}

/// How many work, for standard error.
fn summary(pinged: &[Pinged]) -> String {
    let working = pinged.iter().filter(|one| one.error.is_none()).count();
    match pinged.len() {
        1 => format!("\n{working} of 1 connection works\n"),
        all => format!("\n{working} of {all} connections work\n"),
    }
}

impl Drop for Progress {
    /// Ctrl-C leaves no lines behind.
    fn drop(&mut self) {
        if let Some(lines) = &self.0 {
            let _ = lines.clear();
        }
    }
}

/// A line on the terminal for each connection that is being asked.
struct Progress(Option<MultiProgress>);

impl Progress {
    fn new(console: &Console) -> Self {
        let shown = console.format == Format::Table && std::io::stderr().is_terminal();
        Self(shown.then(MultiProgress::new))
    }

    fn line(&self, name: &str) -> ProgressBar {
        let Some(lines) = &self.0 else {
            return ProgressBar::hidden();
        };
        let line = lines.add(ProgressBar::new_spinner());
        if let Ok(style) = ProgressStyle::with_template("{spinner} {prefix} {elapsed}") {
            line.set_style(style);
        }
        line.set_prefix(name.to_owned());
        line.enable_steady_tick(Duration::from_millis(100));
        line
    }
}
