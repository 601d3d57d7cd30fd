//! The fair pool, on connections to nowhere: time is paused wherever it counts.

mod cancellation;
mod checks;
mod fairness;
mod leases;
mod lives;
mod model;
mod outage;
mod storms;
mod threads;
mod upkeep;
mod warnings;
mod world;
