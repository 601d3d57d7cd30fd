//! Configuration from a folder to settings, with every mistake told.

mod broken;
mod check;
mod defaults;
mod dotnet;
mod explain;
mod folder;
mod fuzz;
mod layers;
mod mistakes;
mod rendering;
mod robustness;
mod secrecy;
mod shapes;
mod syntax;
#[expect(dead_code, reason = "some settings are only there to be configured")]
mod types;
mod values;
