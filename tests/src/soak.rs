//! How long the tests run that find what only time brings out: seconds as a rule, longer on request.

use std::env;
use std::time::Duration;

/// The environment variable with the seconds that each of these tests is to run.
pub const SOAK_SECONDS: &str = "CONNREG_SOAK_SECONDS";

/// `short`, or what [`SOAK_SECONDS`] says.
///
/// # Panics
///
/// The variable holds no whole number.
pub fn soak_time(short: Duration) -> Duration {
    match env::var(SOAK_SECONDS) {
        Ok(seconds) => {
            let seconds = seconds.parse().unwrap_or_else(|_| {
                panic!("{SOAK_SECONDS} is a whole number of seconds, not `{seconds}`")
            });
            Duration::from_secs(seconds)
        }
        Err(_) => short,
    }
}
