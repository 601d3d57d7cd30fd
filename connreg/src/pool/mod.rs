//! The pooled side: statistics for all, and (feature `pool`) the fair pool itself.

#[cfg(feature = "pool")]
mod fair;
#[cfg(feature = "pool")]
mod glue;
#[cfg(feature = "pool")]
mod lease;
mod statistics;

#[cfg(feature = "pool")]
pub use fair::{Manage, Pool};
#[cfg(feature = "pool")]
pub use lease::Lease;
pub use statistics::PoolStatistics;
