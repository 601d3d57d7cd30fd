//! Configuration from a folder to settings, with every mistake told.

mod folder;
mod layers;
mod mistakes;
mod robustness;
mod shapes;
mod syntax;
mod types;
mod values;
