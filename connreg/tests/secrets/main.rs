//! Where secrets come from, and that none of them is ever shown.

mod commands;
mod files;
#[path = "../config/folder.rs"]
#[expect(dead_code, reason = "other tests use the rest")]
mod folder;
mod lookups;
mod providers;
mod rotation;
mod secrecy;
