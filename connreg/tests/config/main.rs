//! Configuration from a folder to settings, with every mistake told.

mod folder;
mod layers;
mod shapes;
mod types;
mod values;
