//! The fair pool, on connections to nowhere: time is paused wherever it counts.

mod cancellation;
mod checks;
mod fairness;
mod leases;
mod model;
mod outage;
mod storms;
mod upkeep;
mod warnings;
mod world;
