//! The list that a suite on real servers is: tests, and what each of them needs.
//!
//! The standard harness can only say beforehand that a test is ignored. Whether there is a
//! server is known when the tests run, and a test without its server must not pass: it is
//! reported as ignored with the reason, and fails under `CI=true`.

use std::env;
use std::fmt;
use std::future::Future;
use std::panic;
use std::process::ExitCode;
use std::time::Duration;

use libtest_mimic::{Arguments, Completion, Failed, Trial};

use crate::apart::{self, Apart};
use crate::error::HarnessError;
use crate::soak::soak_time;
use crate::source::{self, POSTGRES_URL, REDIS_URL};
use crate::{postgres, redis};

/// A test that is not done by then, and the time that it was asked to soak, has failed.
const DEADLINE: Duration = Duration::from_mins(2);

/// How long a process of a test's own may take beyond the test, to start and to end.
const BEYOND: Duration = Duration::from_secs(30);

/// What a test needs from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// A Postgres server: a private one, or the shared one.
    Postgres,
    /// A Redis server: a private one, or the shared one.
    Redis,
    /// A fault proxy before a server.
    Proxy,
    /// A browser without a window.
    Browser,
    /// Prometheus' checker of rules and metrics.
    Promtool,
    /// A process of its own, so that its figures are the test's.
    Process,
    /// A process with a network of its own: a loopback address that can be cut, names that can be changed. Where the
    /// system gives none to ordinary users, such tests are ignored, under `CI=true` too.
    Network,
}

impl Need {
    /// Everything the harness knows.
    pub const ALL: [Self; 7] = [
        Self::Postgres,
        Self::Redis,
        Self::Proxy,
        Self::Browser,
        Self::Promtool,
        Self::Process,
        Self::Network,
    ];

    /// The word for it in a test's name and in filters.
    pub fn name(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::Redis => "redis",
            Self::Proxy => "proxy",
            Self::Browser => "browser",
            Self::Promtool => "promtool",
            Self::Process => "process",
            Self::Network => "network",
        }
    }

    /// The environment variable that names a shared server, where one can be shared.
    pub fn variable(self) -> Option<&'static str> {
        match self {
            Self::Postgres => Some(POSTGRES_URL),
            Self::Redis => Some(REDIS_URL),
            Self::Proxy | Self::Browser | Self::Promtool | Self::Process | Self::Network => None,
        }
    }

    /// Makes sure that it can be had, getting it first where that is necessary; says where it comes from.
    ///
    /// # Errors
    ///
    /// Why there is none.
    pub fn find(self) -> Result<String, HarnessError> {
        let source = match self {
            Self::Postgres => source::postgres(),
            Self::Redis => source::redis(),
            Self::Proxy => source::toxiproxy(),
            Self::Browser => source::chromium(),
            Self::Promtool => source::promtool(),
            Self::Process => return Ok("this program".to_owned()),
            Self::Network => return apart::network(),
        };
        source.map(|source| source.to_string())
    }

    /// Whether a test that can't have it fails, rather than being ignored.
    pub fn must_be_had(self) -> bool {
        self != Self::Network && under_ci()
    }
}

impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What a test gives back: nothing, or a result whose error is told.
pub trait Outcome {
    /// The failure's message, if it is one.
    fn into_failure(self) -> Option<String>;
}

impl Outcome for () {
    fn into_failure(self) -> Option<String> {
        None
    }
}

impl<E: fmt::Debug> Outcome for Result<(), E> {
    fn into_failure(self) -> Option<String> {
        self.err().map(|error| format!("{error:?}"))
    }
}

/// One test of a suite; made by [`suite!`](crate::suite!).
#[derive(Debug)]
pub struct Test {
    trial: Trial,
}

impl Test {
    /// An asynchronous test, which gets a runtime of its own with two workers.
    pub fn new<F, R>(name: &str, needs: &[Need], test: fn() -> F) -> Self
    where
        F: Future<Output = R> + Send + 'static,
        R: Outcome + Send + 'static,
    {
        let needed: Vec<Need> = needs.to_vec();
        let kind: Vec<&str> = needs.iter().map(|need| need.name()).collect();
        let apart = needs.iter().find_map(|need| match need {
            Need::Process => Some(Apart::Process),
            Need::Network => Some(Apart::Network),
            _ => None,
        });
        let own_name = name.to_owned();
        let run = move || {
            for need in needed {
                match need.find() {
                    Ok(_) => {}
                    Err(HarnessError::Unavailable(reason)) if !need.must_be_had() => {
                        return Ok(Completion::ignored_with(reason));
                    }
                    Err(error) => return Err(Failed::from(error)),
                }
            }
            if let Some(apart) = apart.filter(|_| !apart::is_here(&own_name)) {
                return apart::run(&own_name, apart, deadline() + BEYOND)
                    .map(|()| Completion::Completed)
                    .map_err(Failed::from);
            }
            match run_async(test()) {
                None => Ok(Completion::Completed),
                Some(failure) => Err(Failed::from(failure)),
            }
        };
        Self {
            trial: Trial::ignorable_test(name, run).with_kind(kind.join("+")),
        }
    }
}

fn run_async<R: Outcome + Send + 'static>(
    test: impl Future<Output = R> + Send + 'static,
) -> Option<String> {
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return Some(format!("can't make a runtime: {error}")),
    };
    let deadline = deadline();
    let done = runtime.block_on(async { tokio::time::timeout(deadline, test).await });
    // A task that a test left behind, or blocked, must not keep the others waiting.
    runtime.shutdown_background();
    match done {
        Ok(outcome) => outcome.into_failure(),
        Err(_) => Some(format!("not done within {deadline:?}")),
    }
}

fn deadline() -> Duration {
    DEADLINE + soak_time(Duration::ZERO)
}

/// Whether a missing server is a failure.
pub fn under_ci() -> bool {
    env::var("CI").is_ok_and(|value| value == "true" || value == "1")
}

/// Runs the tests as the command line says, the one of the standard harness.
///
/// # Panics
///
/// Never because of a test: its panic is its failure.
pub fn run(tests: Vec<Test>) -> ExitCode {
    let arguments = Arguments::from_args();
    let trials = tests.into_iter().map(|test| test.trial).collect();
    let conclusion = panic::catch_unwind(panic::AssertUnwindSafe(|| {
        libtest_mimic::run(&arguments, trials)
    }));
    postgres::stop_shared();
    redis::stop_shared();
    match conclusion {
        Ok(conclusion) => conclusion.exit_code(),
        Err(panic) => panic::resume_unwind(panic),
    }
}

/// Makes `main` of a suite: each line names servers and, after the colon, tests that need them.
///
/// ```
/// use connreg_tests::{Redis, suite};
///
/// suite! {
///     Redis: answers_on_loopback;
///     Postgres + Redis: both_are_there;
/// }
///
/// async fn answers_on_loopback() {
///     assert_eq!(Redis::start().host(), "127.0.0.1");
/// }
///
/// async fn both_are_there() -> Result<(), std::io::Error> {
///     Ok(())
/// }
/// ```
#[macro_export]
macro_rules! suite {
    ($($first:ident $(+ $more:ident)*: $($test:path),+ $(,)?;)+) => {
        fn main() -> ::std::process::ExitCode {
            let mut tests = ::std::vec::Vec::new();
            $(
                let needs = [$crate::suite::Need::$first $(, $crate::suite::Need::$more)*];
                $(tests.push($crate::suite::Test::new(
                    ::std::concat!(::std::module_path!(), "::", ::std::stringify!($test)),
                    &needs,
                    $test,
                ));)+
            )+
            $crate::suite::run(tests)
        }
    };
}
