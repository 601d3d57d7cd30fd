//! Writes a thousand declarations of connection types.

use std::fmt::Write as _;
use std::path::PathBuf;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let mut code = String::new();
    for number in 0..1000 {
        // A mixture, as in real programs: some have aliases.
        let aliases = if number % 4 == 0 {
            format!("\"also-{number}\"")
        } else {
            String::new()
        };
        writeln!(
            code,
            "declare!(TYPE_{number}, ELEMENT_{number}, \"many_{number}\", [{aliases}]);"
        )
        .expect("strings can be written to");
    }
    let directory = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets it"));
    std::fs::write(directory.join("types.rs"), code)
        .expect("the build directory can be written to");
}
