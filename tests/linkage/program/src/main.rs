//! Lists the connection types that it was linked with, one a line: name, crate, place.
#![forbid(unsafe_code)]

use connreg::Registry;
use linkage_first as _;
use linkage_second as _;

fn main() {
    match Registry::linked() {
        Ok(registry) => {
            for kind in registry.types() {
                let (file, line) = kind.defined_at();
                println!("{kind} {} {file}:{line}", kind.package());
            }
        }
        Err(error) => println!("{error}"),
    }
}
