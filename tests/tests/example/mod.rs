//! Runs an example as a user would: built by cargo, with the features that it asks for.

use std::path::Path;
use std::process::Command;

/// Runs an example in a folder that knows nothing of it, and gives what it printed.
pub(crate) fn run(example: &str, features: &[&str], environment: &[(&str, &str)]) -> String {
    run_with(example, features, &[], environment)
}

/// The same, with `arguments`.
pub(crate) fn run_with(
    example: &str,
    features: &[&str],
    arguments: &[&str],
    environment: &[(&str, &str)],
) -> String {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.toml");
    let elsewhere = tempfile::tempdir().unwrap();
    let mut cargo = Command::new(env!("CARGO"));
    cargo
        .args([
            "run",
            "--quiet",
            "--package",
            "connreg-examples",
            "--example",
            example,
        ])
        .args(["--features", &features.join(","), "--manifest-path"])
        .arg(workspace)
        .arg("--")
        .args(arguments)
        .current_dir(elsewhere.path())
        .envs(environment.iter().copied());
    let output = cargo.output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{example}: {}\n{told}",
        output.status
    );
    String::from_utf8(output.stdout).unwrap()
}
