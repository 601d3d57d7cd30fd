//! The run time, with a back end that follows a script.

mod closing;
mod events;
mod failover;
mod health;
mod model;
mod opening;
mod reload;
mod scripted;
