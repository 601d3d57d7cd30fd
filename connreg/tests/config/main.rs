//! Configuration from a folder to settings, with every mistake told.

mod folder;
mod shapes;
mod types;
