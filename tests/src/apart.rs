//! Tests in a process of their own: figures of the whole process mean something there, and its network and files can
//! be its own, to be cut and changed without anybody else noticing.

use std::env;
use std::fs;
use std::io::Read as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

use crate::error::{HarnessError, or_panic};
use crate::guard::guard_group;
use crate::process::run as run_to_end;

/// Holds the name of the test that a process was started for.
const APART: &str = "CONNREG_TEST_APART";
/// The bit of the capability without which the kernel gives no namespace.
const CAP_SYS_ADMIN: u32 = 21;
/// Brings up the loopback address, which a new network namespace has down, and becomes the program.
const WITH_LOOPBACK: &str = "ip link set lo up && exec \"$@\"";

/// What a test has to itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Apart {
    /// Its process.
    Process,
    /// Its process, a network with nothing but a loopback address, and mounts.
    Network,
}

impl Apart {
    /// The command line that the program's own goes behind.
    fn leading(self) -> &'static [&'static str] {
        const ROOT: [&str; 7] = [
            "unshare",
            "--net",
            "--mount",
            "sh",
            "-c",
            WITH_LOOPBACK,
            "sh",
        ];
        // The capabilities of the new user namespace, without becoming its root: Postgres refuses root.
        const USER: [&str; 10] = [
            "unshare",
            "--user",
            "--map-current-user",
            "--keep-caps",
            "--net",
            "--mount",
            "sh",
            "-c",
            WITH_LOOPBACK,
            "sh",
        ];
        match self {
            Self::Process => &[],
            Self::Network if rustix::process::geteuid().is_root() => &ROOT,
            Self::Network => &USER,
        }
    }

    fn command(self, program: &Path, arguments: &[&str]) -> Command {
        let mut command = match self.leading() {
            [] => Command::new(program),
            [first, rest @ ..] => {
                let mut command = Command::new(first);
                command.args(rest).arg(program);
                command
            }
        };
        command.args(arguments);
        command
    }
}

/// Whether this machine lets a test have a network of its own; and by which program.
///
/// # Errors
///
/// It does not; a failure if it must, since this process may do anything.
pub(crate) fn network() -> Result<String, HarnessError> {
    let attempt = Apart::Network.command(Path::new("true"), &[]);
    match run_to_end(attempt) {
        Ok(_) => Ok("unshare".to_owned()),
        Err(HarnessError::Failed(reason) | HarnessError::Unavailable(reason)) => {
            let message = format!("no network of its own: {reason}");
            if may_do_anything() {
                Err(HarnessError::Failed(message))
            } else {
                Err(HarnessError::Unavailable(message))
            }
        }
    }
}

fn may_do_anything() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let effective = status
        .lines()
        .find_map(|line| line.strip_prefix("CapEff:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    effective.is_some_and(|mask| mask & (1 << CAP_SYS_ADMIN) != 0)
}

/// Whether this process was started for `test`.
pub(crate) fn is_here(test: &str) -> bool {
    env::var(APART).is_ok_and(|name| name == test)
}

/// Runs `test` of this program again, apart; what it writes to standard error is shown as it comes.
///
/// # Errors
///
/// It failed, with all that it wrote; or was not done within `limit`.
pub(crate) fn run(test: &str, apart: Apart, limit: Duration) -> Result<(), HarnessError> {
    let failed =
        |error| HarnessError::failed(format_args!("can't run {test} in its own process"), error);
    let program = env::current_exe().map_err(failed)?;
    let mut child = apart
        .command(&program, &[test, "--exact", "--test-threads=1"])
        .env(APART, test)
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    let _guarded = guard_group(child.id())?;
    let reader = child.stdout.take().map(|mut output| {
        thread::spawn(move || {
            let mut said = Vec::new();
            // What came until then is told.
            let _ = output.read_to_end(&mut said);
            String::from_utf8_lossy(&said).into_owned()
        })
    });
    let status = wait(&mut child, limit).map_err(failed)?;
    let said = reader
        .and_then(|reader| reader.join().ok())
        .unwrap_or_default();
    match status {
        // A name that fits no test would end well, too.
        Some(status) if status.success() && said.contains(" 1 passed;") => Ok(()),
        Some(_) => Err(HarnessError::Failed(said)),
        None => Err(HarnessError::Failed(format!(
            "not done within {limit:?}; it wrote:\n{said}"
        ))),
    }
}

/// Waits for the end; after `limit` the child is killed with all that it has started in its group.
fn wait(child: &mut Child, limit: Duration) -> Result<Option<ExitStatus>, std::io::Error> {
    let until = Instant::now() + limit;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if Instant::now() > until {
            if let Some(group) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
                kill_process_group(group, Signal::KILL)?;
            }
            child.wait()?;
            return Ok(None);
        }
        thread::sleep(Duration::from_millis(50));
    }
}

/// Fails where a test would change what it shares with others.
pub(crate) fn assert_apart() {
    assert!(
        env::var_os(APART).is_some(),
        "`Network` is missing in the suite's list"
    );
}

/// The loopback interface of a test that has a network of its own (`Network` in its suite's list).
#[derive(Debug)]
pub struct Loopback(());

impl Loopback {
    /// The interface of this process's own network.
    ///
    /// # Panics
    ///
    /// The test shares its network with others.
    #[must_use]
    pub fn own() -> Self {
        assert_apart();
        Self(())
    }

    /// From now on no packet arrives, and nobody is told: as if a cable were pulled.
    ///
    /// # Panics
    ///
    /// The system refuses.
    pub fn cut(&self) {
        Self::set("down");
    }

    /// Packets arrive again.
    ///
    /// # Panics
    ///
    /// The system refuses.
    pub fn mend(&self) {
        Self::set("up");
    }

    fn set(state: &str) {
        let mut command = Command::new("ip");
        command.args(["link", "set", "lo", state]);
        or_panic(run_to_end(command));
    }
}
