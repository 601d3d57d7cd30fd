//! The JSON Schema of configuration files: what it says, what it accepts and refuses, and whether the loader agrees.

mod agreement;
mod appearance;
mod document;
mod folder;
mod invalid;
#[allow(dead_code, reason = "settings are read, not used")]
mod kinds;
mod valid;

#[path = "../config/folder.rs"]
mod loader;
// Every configuration that the configuration's own tests load is one that the schema must accept.
#[path = "../config/layers.rs"]
mod layers;
#[path = "../config/shapes.rs"]
mod shapes;
#[path = "../config/syntax.rs"]
mod syntax;
#[path = "../config/types.rs"]
#[allow(dead_code, reason = "settings are read, not used")]
mod types;
#[path = "../config/values.rs"]
mod values;
