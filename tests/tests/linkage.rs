//! The registry that the linker assembles: complete in every kind of build, and never with two types of one name.
//!
//! Each test links a program of `tests/linkage`, a workspace of its own, into `target/linkage`.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Whether the linker can be chosen: `lld` is the default of this target, and can be turned off.
const LINKER_CAN_BE_CHOSEN: bool = cfg!(all(
    target_os = "linux",
    target_arch = "x86_64",
    target_env = "gnu"
));

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Linker {
    /// The compiler's default.
    Default,
    /// The system's own, GNU ld.
    Gnu,
}

/// How a program is built.
#[derive(Clone, Copy, Debug)]
struct Build {
    package: &'static str,
    profile: &'static str,
    features: &'static str,
    linker: Linker,
}

impl Build {
    fn new(package: &'static str, profile: &'static str) -> Self {
        Self {
            package,
            profile,
            features: "",
            linker: Linker::Default,
        }
    }

    fn features(self, features: &'static str) -> Self {
        Self { features, ..self }
    }

    fn linker(self, linker: Linker) -> Self {
        Self { linker, ..self }
    }

    fn run(self) -> Output {
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("linkage");
        share_lock_file(&workspace);
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo
            .current_dir(&workspace)
            .args(["rustc", "--quiet", "--offline", "--package", self.package])
            .args(["--profile", self.profile, "--features", self.features])
            .arg("--target-dir")
            .arg(target_directory())
            .env_remove("RUSTFLAGS")
            .env_remove("CARGO_ENCODED_RUSTFLAGS")
            // The linker tells file and line from what debug builds know.
            .env_remove("CARGO_PROFILE_DEV_DEBUG");
        if self.linker == Linker::Gnu {
            cargo.args(["--", "-C", "linker-features=-lld"]);
        }
        cargo.output().expect("cargo runs")
    }

    /// Links it and gives the directory with the outcome.
    fn links(self) -> PathBuf {
        let output = self.run();
        assert!(
            output.status.success(),
            "{self:?}:\n{}",
            text(&output.stderr)
        );
        target_directory().join(match self.profile {
            "dev" => "debug",
            other => other,
        })
    }

    /// Tries to link it and gives what was said.
    fn fails(self) -> String {
        let output = self.run();
        let message = text(&output.stderr);
        assert!(!output.status.success(), "{self:?} linked:\n{message}");
        message
    }
}

/// Waits until no other test links: all write to one place.
fn alone() -> File {
    let directory = target_directory();
    fs::create_dir_all(&directory).expect("the target directory can be made");
    let file = File::create(directory.join("linkage-tests.lock")).expect("the lock can be made");
    file.lock().expect("the lock can be taken");
    file
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn target_directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/linkage")
}

/// Gives the fixtures the versions of this workspace, which are there already, so that nothing is fetched.
fn share_lock_file(workspace: &Path) {
    let ours = workspace.join("../../Cargo.lock");
    let theirs = workspace.join("Cargo.lock");
    let changed = |path: &Path| fs::metadata(path).and_then(|data| data.modified()).ok();
    if changed(&theirs) < changed(&ours) {
        fs::copy(&ours, &theirs).expect("the lock file can be copied");
    }
}

/// What a program printed.
fn printed(program: &Path) -> String {
    let output = Command::new(program).output().expect("the program runs");
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout)
}

fn assert_linked_by(linker: Linker, program: &Path) {
    if LINKER_CAN_BE_CHOSEN {
        let bytes = fs::read(program).expect("the program can be read");
        let is_lld = bytes.windows(11).any(|window| window == b"Linker: LLD");
        assert_eq!(is_lld, linker == Linker::Default, "{}", program.display());
    }
}

/// The program that names its types' crates only by `use … as _;` knows all of them.
fn assert_complete(profile: &'static str, linker: Linker) {
    let build = Build::new("linkage-program", profile).linker(linker);
    let directory = build.links();
    let program = directory.join("linkage-program");
    assert_linked_by(linker, &program);
    let types = printed(&program);
    let lines: Vec<_> = types.lines().map(|line| line.replace('\\', "/")).collect();
    assert_eq!(lines.len(), 2, "{types}");
    assert!(
        lines[0].starts_with("linkage-second linkage-second second/src/lib.rs:"),
        "{types}"
    );
    assert!(
        lines[1].starts_with("linkage_first linkage-first first/src/lib.rs:"),
        "{types}"
    );
}

/// Two definitions of one name do not link, and the message names the type.
fn assert_refused(build: Build) -> String {
    let message = build.features("same-name").fails();
    let symbol = "connreg_0_1_connection_type_linkage_first_is_defined_twice";
    assert!(message.contains(symbol), "{message}");
    message
}

fn assert_names_both_crates(message: &str) {
    assert!(message.contains("liblinkage_first"), "{message}");
    assert!(message.contains("liblinkage_second"), "{message}");
}

#[test]
fn types_of_a_crate_that_is_only_named_are_there() {
    let _alone = alone();
    let mut linkers = vec![Linker::Default];
    linkers.extend(LINKER_CAN_BE_CHOSEN.then_some(Linker::Gnu));
    for profile in ["dev", "release", "fat"] {
        for linker in &linkers {
            assert_complete(profile, *linker);
        }
    }
}

#[test]
fn two_types_of_one_name_do_not_link_in_a_debug_build() {
    let _alone = alone();
    let message = assert_refused(Build::new("linkage-program", "dev"));
    assert_names_both_crates(&message);
    // Providers of secrets are found so, too.
    let symbol = "connreg_0_1_secret_provider_linkage_is_defined_twice";
    assert!(message.contains(symbol), "{message}");
    if LINKER_CAN_BE_CHOSEN {
        assert!(message.contains("(first/src/lib.rs:"), "{message}");
        assert!(message.contains("(second/src/lib.rs:"), "{message}");
    }
}

#[test]
fn two_types_of_one_name_do_not_link_in_a_release_build() {
    let _alone = alone();
    assert_names_both_crates(&assert_refused(Build::new("linkage-program", "release")));
}

#[test]
fn two_types_of_one_name_do_not_link_with_fat_lto() {
    let _alone = alone();
    assert_refused(Build::new("linkage-program", "fat"));
}

#[test]
fn two_types_of_one_name_do_not_link_with_the_gnu_linker() {
    let _alone = alone();
    if LINKER_CAN_BE_CHOSEN {
        for profile in ["dev", "release"] {
            let build = Build::new("linkage-program", profile).linker(Linker::Gnu);
            assert_names_both_crates(&assert_refused(build));
        }
    }
}

#[test]
fn two_types_of_one_name_do_not_link_in_a_c_library() {
    let _alone = alone();
    assert_names_both_crates(&assert_refused(Build::new("linkage-library", "dev")));
}

#[test]
fn an_alias_that_is_another_types_name_is_told_at_first_use_with_both_places() {
    let _alone = alone();
    let directory = Build::new("linkage-program", "dev")
        .features("same-alias")
        .links();
    let message = printed(&directory.join("linkage-program")).replace('\\', "/");
    for place in [
        "`linkage-third` (linkage-second 0.1.0, second/src/lib.rs:",
        "`linkage_first` (linkage-first 0.1.0, first/src/lib.rs:",
    ] {
        assert!(message.contains(place), "{message}");
    }
}

#[cfg(unix)]
#[test]
fn a_c_library_has_its_types() {
    let _alone = alone();
    for profile in ["dev", "release"] {
        let directory = Build::new("linkage-library", profile).links();
        let program = directory.join("linkage-main");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("linkage/library/main.c");
        let compiled = Command::new("cc")
            .arg(source)
            .arg("-o")
            .arg(&program)
            .arg("-L")
            .arg(&directory)
            .arg("-llinkage_library")
            .arg(format!("-Wl,-rpath,{}", directory.display()))
            .output()
            .expect("the C compiler, which Rust links with, runs");
        assert!(compiled.status.success(), "{}", text(&compiled.stderr));
        assert_eq!(printed(&program).trim(), "2", "{profile}");
    }
}

#[test]
fn a_thousand_types_are_ready_within_a_millisecond() {
    let _alone = alone();
    let program = Build::new("linkage-many", "release")
        .links()
        .join("linkage-many");
    // The best of several runs: what the machine does besides is no concern of the registry's.
    let times = (0..10).map(|_| {
        let printed = printed(&program);
        let (count, microseconds) = printed.trim().split_once(' ').expect("a count and a time");
        assert_eq!(count, "1001");
        microseconds.parse::<u64>().expect("a time")
    });
    let best = times.min().expect("ten runs");
    assert!(best < 1000, "{best} µs");
}
