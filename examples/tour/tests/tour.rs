//! The tour itself runs, and every promise in it holds.

#![expect(
    clippy::disallowed_methods,
    reason = "a test starts the program that it tests"
)]

use std::process::Command;

#[test]
fn every_promise_of_the_tour_holds() {
    let ran = Command::new(env!("CARGO_BIN_EXE_tour")).output().unwrap();
    let shown = String::from_utf8_lossy(&ran.stdout);
    assert!(ran.status.success(), "{shown}");
    assert!(
        shown.contains(" leaks") && shown.contains("ok-unanchored"),
        "{shown}"
    );
    assert!(!shown.contains('\x1b'), "no colour where nobody looks");
}
