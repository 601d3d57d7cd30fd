//! What the compiler says to each mistake: `tests/ui/<topic>/<mistake>.rs`, one mistake in each.
//!
//! The compiler's own words change with its version, so this runs on the one that the workspace names. After an intended
//! change, `TRYBUILD=overwrite cargo test -p connreg-macros --test ui`, and read every difference.

#[rustversion::attr(
    not(all(stable, since(1.95), before(1.96))),
    ignore = "needs rustc 1.95"
)]
#[test]
fn every_mistake_is_told_where_it_is() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("../tests/ui/*/*.rs");
}

#[rustversion::not(all(stable, since(1.95), before(1.96)))]
#[test]
fn the_suite_is_not_left_out_under_ci() {
    assert!(
        std::env::var("CI").is_err(),
        "the compile-fail suite did not run: it needs rustc 1.95"
    );
    eprintln!("the compile-fail suite is ignored: it needs rustc 1.95");
}
