//! `compose-check`: tells what the servers of one MCP host allow as a whole.

use std::process::ExitCode;

fn main() -> ExitCode {
    compose_check::program::main()
}
