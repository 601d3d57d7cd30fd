//! One server process: started so that it can't be left behind, read, frozen, killed, stopped.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::container::Container;
use crate::error::HarnessError;
use crate::guard::{self, EndBy};
use crate::place;
use crate::source::Invocation;

/// How long a server may take to end after being asked to, before it is killed.
const END_WITHIN: Duration = Duration::from_secs(5);

/// What to start.
#[derive(Debug, Clone)]
pub(crate) struct Launch {
    pub(crate) name: &'static str,
    pub(crate) invocation: Invocation,
    /// What a container publishes on the loopback address.
    pub(crate) ports: Vec<u16>,
    pub(crate) arguments: Vec<OsString>,
    pub(crate) folder: PathBuf,
    pub(crate) end_by: EndBy,
    /// How many lines of what it writes are kept, the last ones.
    pub(crate) kept_lines: usize,
}

/// More lines than any test asks for, and no more than a long soak can bear.
pub(crate) const KEPT_LINES: usize = 10_000;

/// The last of what a server wrote, line by line.
#[derive(Debug, Default)]
struct Log {
    written: Mutex<Written>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Written {
    lines: VecDeque<String>,
    /// Nobody holds the other end any more: the server and all its children are gone.
    closed: bool,
}

impl Log {
    fn wait_until(&self, done: impl Fn(&Written) -> bool, deadline: Duration) -> bool {
        let written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        let (written, _) = self
            .changed
            .wait_timeout_while(written, deadline, |written| !done(written))
            .unwrap_or_else(PoisonError::into_inner);
        done(&written)
    }

    fn lines(&self) -> Vec<String> {
        let written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        written.lines.iter().cloned().collect()
    }
}

#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    name: &'static str,
    end_by: EndBy,
    container: Option<Container>,
    log: Arc<Log>,
}

impl Process {
    /// Starts a server and waits for a line that has `ready` in it.
    pub(crate) fn start(
        launch: &Launch,
        ready: &str,
        within: Duration,
    ) -> Result<Self, HarnessError> {
        let process = Self::spawn(launch)?;
        let is_ready = |written: &Written| written.lines.iter().any(|line| line.contains(ready));
        process
            .log
            .wait_until(|written| is_ready(written) || written.closed, within);
        let lines = process.log.lines();
        if lines.iter().any(|line| line.contains(ready)) {
            return Ok(process);
        }
        Err(HarnessError::Failed(format!(
            "{} did not become ready within {within:?}; it wrote:\n{}",
            launch.name,
            lines.join("\n")
        )))
    }

    fn spawn(launch: &Launch) -> Result<Self, HarnessError> {
        // The shell becomes the server only once the guard knows its process id; if this process
        // dies before, the shell reads the end of its input and is gone.
        let invocation = &launch.invocation;
        let container = invocation.in_container.then(Container::new).transpose()?;
        let mut leading = invocation.leading.clone();
        if let Some(container) = &container {
            leading.splice(1..1, container.options(&launch.ports));
        }
        let mut command = Command::new("/bin/sh");
        command
            .args(["-c", "read -r go && exec \"$@\" 2>&1 </dev/null", "sh"])
            .arg(&invocation.program)
            .args(&leading)
            .args(&launch.arguments)
            .envs(
                invocation
                    .environment
                    .iter()
                    .map(|(key, value)| (key, value)),
            )
            .env("LC_ALL", "C")
            .current_dir(&launch.folder)
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        if container.is_none() {
            become_account(&mut command);
        }
        let mut child = command.spawn().map_err(|error| {
            HarnessError::failed(format_args!("can't start {}", launch.name), error)
        })?;
        guard::server_started(child.id(), launch.end_by)?;
        let log = Arc::new(Log::default());
        if let Some(output) = child.stdout.take() {
            let (log, kept) = (Arc::clone(&log), launch.kept_lines);
            thread::spawn(move || {
                let mut reader = BufReader::new(output);
                let mut line = Vec::new();
                while reader.read_until(b'\n', &mut line).is_ok_and(|n| n > 0) {
                    let text = String::from_utf8_lossy(&line).trim_end().to_owned();
                    line.clear();
                    let mut written = log.written.lock().unwrap_or_else(PoisonError::into_inner);
                    if written.lines.len() >= kept {
                        written.lines.pop_front();
                    }
                    written.lines.push_back(text);
                    log.changed.notify_all();
                }
                let mut written = log.written.lock().unwrap_or_else(PoisonError::into_inner);
                written.closed = true;
                log.changed.notify_all();
            });
        }
        let process = Self {
            child,
            name: launch.name,
            end_by: launch.end_by,
            container,
            log,
        };
        process.let_go()
    }

    fn let_go(mut self) -> Result<Self, HarnessError> {
        let mut input = self
            .child
            .stdin
            .take()
            .ok_or_else(|| HarnessError::Failed("a server has no standard input".to_owned()))?;
        input.write_all(b"go\n").map_err(|error| {
            HarnessError::failed(format_args!("can't start {}", self.name), error)
        })?;
        Ok(self)
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn log(&self) -> Vec<String> {
        self.log.lines()
    }

    /// `SIGSTOP` to the server and its children: sockets stay open, nothing answers.
    pub(crate) fn freeze(&self) {
        if let Some(container) = &self.container {
            return container.tell("pause", &[]);
        }
        // The parent first: it can't make new children then.
        signal(self.id(), Signal::STOP);
        for child in children(self.id()) {
            signal(child, Signal::STOP);
        }
    }

    /// `SIGCONT` to the server and its children.
    pub(crate) fn thaw(&self) {
        if let Some(container) = &self.container {
            return container.tell("unpause", &[]);
        }
        for child in children(self.id()) {
            signal(child, Signal::CONT);
        }
        signal(self.id(), Signal::CONT);
    }

    /// `SIGKILL` to the server and its children; returns when all of them are gone.
    pub(crate) fn kill(mut self) -> Result<(), HarnessError> {
        self.kill_now()
    }

    fn kill_now(&mut self) -> Result<(), HarnessError> {
        if let Some(container) = &self.container {
            container.tell("kill", &[]);
            return self.reap();
        }
        signal(self.id(), Signal::STOP);
        let children = children(self.id());
        signal(self.id(), Signal::KILL);
        for child in children {
            signal(child, Signal::KILL);
        }
        self.reap()
    }

    /// Ends the server at once, its children with it.
    fn end(&mut self) -> Result<(), HarnessError> {
        if matches!(self.child.try_wait(), Ok(Some(_))) {
            return self.reap();
        }
        self.thaw();
        match (&self.container, self.end_by) {
            (Some(container), end_by) => container.tell("kill", &["--signal", end_by.name()]),
            (None, EndBy::Term) => signal(self.id(), Signal::TERM),
            (None, EndBy::Quit) => signal(self.id(), Signal::QUIT),
        }
        if self.log.wait_until(|written| written.closed, END_WITHIN) {
            self.reap()
        } else {
            self.kill_now()
        }
    }

    fn reap(&mut self) -> Result<(), HarnessError> {
        self.child.wait().map_err(|error| {
            HarnessError::failed(format_args!("can't await {}", self.name), error)
        })?;
        guard::server_gone(self.child.id(), self.end_by);
        if self.log.wait_until(|written| written.closed, END_WITHIN) {
            Ok(())
        } else {
            Err(HarnessError::Failed(format!(
                "a child of {} outlived it by {END_WITHIN:?}",
                self.name
            )))
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // A drop must not panic over a test's own panic; what could not be ended is told.
        if let Err(error) = self.end() {
            eprintln!("{error}");
        }
    }
}

/// Makes a command run as the servers' user.
pub(crate) fn become_account(command: &mut Command) {
    if let Some(account) = place::account() {
        command.uid(account.uid).gid(account.gid);
    }
}

/// Runs a command to its end and gives its output, or why it failed.
pub(crate) fn run(mut command: Command) -> Result<String, HarnessError> {
    let program = Path::new(command.get_program())
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let failed = |error| HarnessError::failed(format_args!("can't run {program}"), error);
    let child = command
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    // It would go on and make files anew where the guard has removed them.
    let _guarded = guard::guard_group(child.id())?;
    let output = child.wait_with_output().map_err(failed)?;
    let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(text);
    }
    text.push_str(&String::from_utf8_lossy(&output.stderr));
    Err(HarnessError::Failed(format!(
        "{program} ended with {}: {}",
        output.status,
        text.trim()
    )))
}

/// Asks again until there is an answer: for states that no one announces.
pub(crate) fn poll<T>(
    what: &str,
    within: Duration,
    mut ask: impl FnMut() -> Option<T>,
) -> Result<T, HarnessError> {
    let started = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return Ok(answer);
        }
        if started.elapsed() > within {
            return Err(HarnessError::Failed(format!(
                "{what}: not within {within:?}"
            )));
        }
        thread::sleep(Duration::from_millis(5));
    }
}

fn signal(pid: u32, signal: Signal) {
    // A process that is gone already needs no signal.
    if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
        let _ = kill_process(pid, signal);
    }
}

/// The direct children of a process; Postgres has one per connection, each in its own session.
fn children(pid: u32) -> Vec<u32> {
    let threads = fs::read_dir(format!("/proc/{pid}/task"));
    let list: String = match threads {
        Ok(threads) => threads
            .flatten()
            .filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok())
            .collect(),
        Err(_) => Command::new("pgrep")
            .args(["-P", &pid.to_string()])
            .output()
            .map(|output| String::from_utf8_lossy(&output.stdout).into_owned())
            .unwrap_or_default(),
    };
    list.split_whitespace()
        .filter_map(|pid| pid.parse().ok())
        .collect()
}
