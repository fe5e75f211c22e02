//! `api-fetch`: calls named endpoints of named hosts, and nothing else.

use std::process::ExitCode;

fn main() -> ExitCode {
    guard::program::main::<api_fetch::program::ApiFetchProgram>()
}
