//! The pooled side: statistics for all, and (feature `pool`) the fair pool itself.

mod statistics;

pub use statistics::PoolStatistics;
