//! Secrets that a program prints: `${command:pass show pg}`. No shell stands between.

use std::io::Read;
use std::process::{Child, ChildStdout, Command as Program, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::oneshot;
use zeroize::Zeroizing;

use super::file::text;
use super::provider::{SecretError, SecretProvider, SecretValue};

/// The most that a program may print.
const MAX_BYTES: usize = 64 * 1024;

/// How often to see whether a program has ended that has closed its output.
const LOOK: Duration = Duration::from_millis(5);

/// Runs programs.
#[derive(Debug)]
pub(super) struct Command;

#[async_trait]
impl SecretProvider for Command {
    async fn lookup(&self, reference: &str) -> Result<SecretValue, SecretError> {
        let words = words(reference)?;
        let (told, outcome) = oneshot::channel();
        let running = Arc::new(Running::default());
        // Whatever ends this future ends the program.
        let _guard = Guard(Arc::clone(&running));
        // A thread of its own: a blocking task of the runtime would hold up its end.
        std::thread::Builder::new()
            .name("connreg-command".to_owned())
            .spawn(move || drop(told.send(run(&words, &running))))
            .map_err(|error| SecretError::new("no thread could be started").with_source(error))?;
        match outcome.await {
            Ok(result) => result.map(SecretValue::from),
            Err(_) => Err(SecretError::new("running the program was cut off")),
        }
    }
}

/// The program that runs, so that it can be ended from elsewhere.
#[derive(Default)]
struct Running(Mutex<State>);

#[derive(Default)]
struct State {
    child: Option<Child>,
    /// Nobody wants its output any more.
    is_over: bool,
}

impl Running {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn end(&self) {
        let mut state = self.state();
        state.is_over = true;
        if let Some(child) = &mut state.child {
            // One that has ended already can't be ended.
            let _ = child.kill();
        }
    }

    /// Waits for the end of the program.
    fn status(&self) -> std::io::Result<ExitStatus> {
        loop {
            let status = match &mut self.state().child {
                Some(child) => child.try_wait()?,
                None => return Err(std::io::Error::other("the program was not started")),
            };
            match status {
                Some(status) => return Ok(status),
                None => std::thread::sleep(LOOK),
            }
        }
    }
}

struct Guard(Arc<Running>);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.end();
    }
}

/// Starts the program and gives what it printed.
fn run(words: &[String], running: &Running) -> Result<String, SecretError> {
    let Some(output) = start(words, running)? else {
        return Err(SecretError::new("nobody waits for it any more"));
    };
    // With room for all of it, so that no copy is left behind as it grows.
    let mut bytes = Zeroizing::new(Vec::with_capacity(MAX_BYTES + 64));
    let limit = u64::try_from(MAX_BYTES).unwrap_or(u64::MAX) + 1;
    let read = output.take(limit).read_to_end(&mut bytes);
    let is_too_long = bytes.len() > MAX_BYTES;
    if is_too_long || read.is_err() {
        running.end();
    }
    let failed = |error| SecretError::new("what it prints can't be read").with_source(error);
    let status = running.status().map_err(failed)?;
    read.map_err(failed)?;
    if is_too_long {
        let message = format!("it prints more than {} KiB", MAX_BYTES / 1024);
        return Err(SecretError::new(message));
    }
    if !status.success() {
        // What it says on its standard error may hold the secret, and goes nowhere.
        return Err(SecretError::new(format!("the program failed: {status}"))
            .with_help("run it by hand, as the user of this program, to see what it says"));
    }
    let text = text(&mut bytes)
        .map_err(|reason| SecretError::new(format!("of what it printed, {reason}")))?;
    if text.is_empty() {
        return Err(SecretError::new("the program printed nothing"));
    }
    Ok(text)
}

/// The output of the program, just started; `None`: nobody waits for it.
fn start(words: &[String], running: &Running) -> Result<Option<ChildStdout>, SecretError> {
    let [program, arguments @ ..] = words else {
        return Err(empty());
    };
    let mut state = running.state();
    if state.is_over {
        return Ok(None);
    }
    let mut child = Program::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| {
            SecretError::new(format!("the program `{program}` can't be started"))
                .with_source(error)
                .with_help(
                    "give its whole path, or put it on the PATH of this program; no shell is used",
                )
        })?;
    let output = child.stdout.take();
    state.child = Some(child);
    Ok(output)
}

fn empty() -> SecretError {
    SecretError::new("no program is named").with_help("write `${command:program argument …}`")
}

/// The program and its arguments: words between blanks. `'…'` is taken as it is; in `"…"` and outside of quotes, a
/// backslash takes the next character as it is. Nothing else has a meaning.
fn words(text: &str) -> Result<Vec<String>, SecretError> {
    let not_closed = |quote: char| {
        SecretError::new(format!("a quote ({quote}) is not closed in the command"))
            .with_help("close it, or write a backslash before it")
    };
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut characters = text.chars();
    while let Some(c) = characters.next() {
        match c {
            ' ' | '\t' | '\n' | '\r' => words.extend(word.take()),
            '\'' | '"' => {
                let word = word.get_or_insert_default();
                loop {
                    match characters.next() {
                        None => return Err(not_closed(c)),
                        Some(next) if next == c => break,
                        Some('\\') if c == '"' => {
                            word.push(characters.next().ok_or_else(|| not_closed(c))?);
                        }
                        Some(next) => word.push(next),
                    }
                }
            }
            '\\' => {
                let Some(next) = characters.next() else {
                    return Err(SecretError::new("the command ends in a backslash")
                        .with_help("write two for one"));
                };
                word.get_or_insert_default().push(next);
            }
            plain => word.get_or_insert_default().push(plain),
        }
    }
    words.extend(word);
    if words.first().is_none_or(String::is_empty) {
        return Err(empty());
    }
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn a_command_is_split_into_words_and_nothing_more() {
        for (text, expected) in [
            ("a", &["a"][..]),
            ("  a  b\tc ", &["a", "b", "c"]),
            ("a 'b c' \"d e\"", &["a", "b c", "d e"]),
            ("a b'c d'e", &["a", "bc de"]),
            ("a '' \"\"", &["a", "", ""]),
            (r#"a 'b\' "c\"d\\" e\ f"#, &["a", r"b\", r#"c"d\"#, "e f"]),
            (
                "a $HOME * ~ ; rm && b | c > d `e`",
                &[
                    "a", "$HOME", "*", "~", ";", "rm", "&&", "b", "|", "c", ">", "d", "`e`",
                ],
            ),
        ] {
            assert_eq!(words(text).unwrap(), expected, "{text}");
        }
        for text in ["", " ", "''", "a 'b", "a \"b", r#"a "b\"#, r"a\"] {
            assert!(words(text).is_err(), "{text}");
        }
    }
}
