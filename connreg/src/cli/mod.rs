//! The command line: checks, explains and tries out a program's configuration.
//!
//! A program's own binary calls [`run`], so that its own connection types are known; the binary `connreg` of
//! `connreg-backends` does the same with the built-in ones. One file per command; `arguments` is what can be
//! written, `console` how answers look, `outcome` how a command ends. Reading the configuration is
//! `config`'s, connecting `connections`'s.
//!
//! # Exit codes
//!
//! | code | meaning |
//! |---|---|
//! | 0 | all is well |
//! | 1 | a connection does not work, or the servers allow fewer connections than are asked for |
//! | 2 | the command line is wrong, or names what is not there |
//! | 74 | a file could not be written |
//! | 78 | the configuration is invalid |
//! | 130 | ended by Ctrl-C |

mod arguments;
mod budget;
mod check;
mod completions;
mod console;
mod explain;
mod explain_error;
mod grid;
mod init;
mod list;
mod man;
mod outcome;
mod ping;
mod schema;
mod setting;
mod types;

use std::ffi::OsString;
use std::future::Future;
use std::io::Write as _;
use std::process::ExitCode;
use std::time::Duration;

use clap::FromArgMatches as _;

use self::arguments::{Arguments, Command};
use self::console::Console;
use self::outcome::{Answer, Failure, Verdict};

/// Runs the command line with the process's arguments; the exit code is for `main`.
///
/// # Examples
///
/// ```no_run
/// use std::process::ExitCode;
///
/// // Links whatever has connection types: your own modules, and crates such as `connreg_backends`.
/// fn main() -> ExitCode {
///     connreg::cli::run()
/// }
/// ```
pub fn run() -> ExitCode {
    run_from(std::env::args_os())
}

/// Runs the command line with `arguments`, the program's name first.
///
/// For a program that keeps this below a command of its own: `shop connections check`.
///
/// # Examples
///
/// ```
/// use std::process::ExitCode;
///
/// let code = connreg::cli::run_from(["shop connections", "types"]);
/// assert_eq!(code, ExitCode::SUCCESS);
/// ```
pub fn run_from<I, A>(arguments: I) -> ExitCode
where
    I: IntoIterator<Item = A>,
    A: Into<OsString> + Clone,
{
    let arguments: Vec<OsString> = arguments.into_iter().map(Into::into).collect();
    let program = arguments::program(arguments.first());
    let parsed = arguments::command(&program)
        .try_get_matches_from(arguments)
        .and_then(|matches| Arguments::from_arg_matches(&matches));
    let verdict = match parsed {
        Ok(arguments) => dispatch(&program, arguments),
        Err(error) => {
            // A reader that has gone is no failure of ours.
            let _ = error.print();
            match error.exit_code() {
                0 => Verdict::Good,
                _ => Verdict::Usage,
            }
        }
    };
    verdict.into()
}

fn dispatch(program: &str, arguments: Arguments) -> Verdict {
    let console = Console::new(&arguments.common);
    let common = &arguments.common;
    let answer = match arguments.command {
        Command::Check(command) => wait(check::run(command, common, &console)),
        Command::Ping(command) => wait(ping::run(command, common, &console)),
        Command::List(command) => wait(list::run(command, common, &console)),
        Command::Types(command) => types::run(&command, &console),
        Command::Schema(command) => schema::run(&command),
        Command::Explain(command) => wait(explain::run(command, common, &console)),
        Command::ExplainError(command) => explain_error::run(&command, &console),
        Command::Init(command) => init::run(&command, common, &console),
        Command::Budget(command) => wait(budget::run(command, common, &console)),
        Command::Completions(command) => Ok(completions::run(&command, program)),
        Command::Man(command) => man::run(&command, program),
    };
    match answer {
        Ok(answer) => {
            // A reader that has had enough (`| head`) is no failure, and changes nothing about the verdict.
            let _ = write(answer.text.as_bytes());
            console.tell(&answer.note);
            answer.verdict
        }
        Err(failure) => {
            console.tell(&failure.render(&console));
            failure.verdict()
        }
    }
}

fn write(answer: &[u8]) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(answer)?;
    out.flush()
}

/// What servers are given for goodbyes after Ctrl-C.
const GOODBYE: Duration = Duration::from_millis(100);

/// Runs `command` to its end, or to Ctrl-C.
fn wait(command: impl Future<Output = Result<Answer, Failure>>) -> Result<Answer, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::other(format!("no runtime could be started: {error}")))?;
    let answer = runtime.block_on(async {
        tokio::select! {
            // Listened for before anything begins.
            biased;
            _ = tokio::signal::ctrl_c() => {}
            answer = command => return answer,
        }
        // What was open is being closed by tasks of its own now.
        tokio::time::sleep(GOODBYE).await;
        Err(Failure::interrupted())
    });
    // A driver may hold a thread, in a name look-up for one; nobody waits for it.
    runtime.shutdown_background();
    answer
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::arguments::Arguments;

    #[test]
    fn arguments_are_consistent() {
        Arguments::command().debug_assert();
    }
}
