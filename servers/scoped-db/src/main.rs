//! `scoped-db`: answers questions about named tables and columns of one database, and nothing else.

use std::process::ExitCode;

fn main() -> ExitCode {
    guard::program::main::<scoped_db::program::ScopedDbProgram>()
}
