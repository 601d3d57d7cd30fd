//! The run time, with a back end that follows a script.

mod events;
mod health;
mod opening;
mod reload;
mod scripted;
