//! The pooled side: statistics for all, and (feature `pool`) the fair pool itself.
//!
//! `fair` hands out, `upkeep` looks after what lies idle, `bb8` (behind `glue`) keeps it. `gate` and `outage` say when a
//! connection may be opened, `holds` who has which, `checks` asks whether the server answers. Sizes and time-outs are set in [`crate::policy`].

#[cfg(feature = "pool")]
mod builder;
#[cfg(feature = "pool")]
mod checks;
mod closing;
#[cfg(feature = "pool")]
mod event;
#[cfg(feature = "pool")]
mod fair;
#[cfg(feature = "pool")]
mod gate;
#[cfg(feature = "pool")]
mod glue;
#[cfg(feature = "pool")]
mod holds;
#[cfg(feature = "pool")]
mod home;
#[cfg(feature = "pool")]
mod lease;
#[cfg(feature = "pool")]
mod manage;
#[cfg(feature = "pool")]
mod outage;
#[cfg(feature = "pool")]
mod pooled;
#[cfg(feature = "pool")]
mod shared;
mod statistics;
#[cfg(feature = "pool")]
mod upkeep;
#[cfg(feature = "pool")]
mod waits;

#[cfg(feature = "pool")]
pub use builder::PoolBuilder;
pub use closing::{CloseReason, ClosedCounts};
#[cfg(feature = "pool")]
pub use event::PoolEvent;
#[cfg(feature = "pool")]
pub use fair::Pool;
#[cfg(feature = "pool")]
pub use lease::Lease;
#[cfg(feature = "pool")]
pub use manage::Manage;
pub use statistics::PoolStatistics;
