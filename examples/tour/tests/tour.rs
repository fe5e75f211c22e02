//! The tour itself runs, and every promise in it holds.

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test starts the program that it tests"
)]

use std::process::Command;

use tour::api::KEY;

#[test]
fn every_promise_of_the_tour_holds() {
    let shown = run(&[]);
    assert!(
        shown.contains(" leaks") && shown.contains("ok-unanchored"),
        "{shown}"
    );
    // where it has to be there, the database is a server
    let server = shown.contains("It runs on PostgreSQL");
    assert!(
        server || std::env::var_os("KEYHOLE_POSTGRES").is_none(),
        "{shown}"
    );
    assert!(!shown.contains('\x1b'), "no colour where nobody looks");
    assert!(
        shown.contains("Authorization: Bearer ***") && shown.contains(" answers and "),
        "{shown}"
    );
    assert!(
        !shown.contains(KEY),
        "the tour itself does not tell the key"
    );
}

#[test]
fn they_hold_on_a_file_as_well() {
    let shown = run(&["--sqlite"]);
    assert!(shown.contains("It runs on SQLite."), "{shown}");
}

fn run(arguments: &[&str]) -> String {
    let mut tour = Command::new(env!("CARGO_BIN_EXE_tour"));
    let ran = tour.args(arguments).output().unwrap();
    let shown = String::from_utf8_lossy(&ran.stdout).into_owned();
    assert!(ran.status.success(), "{shown}");
    shown
}
