//! `readonly-fs`: serves files below the given directories, read only, and nothing else.

use std::process::ExitCode;

fn main() -> ExitCode {
    guard::program::main::<readonly_fs::program::ReadonlyFsProgram>()
}
