//! A service under load whose servers and links fail at random: nothing may grow, hang, or give a wrong value.
//!
//! Short as a rule; `CONNREG_SOAK_SECONDS=3600 cargo test-all soak` runs it for an hour.

mod figures;
mod mischief;
mod outlives;
mod service;
mod work;

use connreg_tests::suite;

suite! {
    Postgres + Redis + Proxy + Process: outlives::a_service_outlives_its_faults;
}
