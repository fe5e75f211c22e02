//! `selftest`: a process that is taken over the moment it was held down.
//!
//! ```text
//! selftest try MODE PROFILE.json DIR PORT tries everything, one JSON line an attempt
//! selftest threads MODE PROFILE.json      is held down while another thread runs
//! selftest foreign PROFILE.json           calls as another architecture does
//! selftest cost PROFILE.json FILE         what being held down costs, in nanoseconds of CPU time
//! selftest old CALL,CALL PROGRAM ...      runs PROGRAM on a kernel without these calls
//! ```
//!
//! The profile is what a server's `doctor --json` says it needs. `DIR` holds `root`, `outside` and
//! `audit`; `PORT` is one to which no profile lets anybody connect.

mod attempts;
mod call;
mod cost;
mod network;
mod old;

use std::process::ExitCode;

use guard::sandbox;
use guard::sandbox::Mode;
use guard::sandbox::Profile;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["try", mode, profile, dir, port] => attempt(mode, profile, dir, port.parse().unwrap()),
        ["threads", mode, profile] => threads(mode, profile),
        ["cost", profile, file] => cost::measure(&read(profile), file),
        ["foreign", profile] => foreign(profile),
        ["old", calls, program, rest @ ..] => old::run(calls, program, rest),
        _ => panic!("see the head of main.rs"),
    }
}

/// Held down, and then everything tried.
fn attempt(mode: &str, profile: &str, dir: &str, port: u16) -> ExitCode {
    let before = attempts::Before::new(dir);
    match sandbox::enter(&read(profile), parse(mode)) {
        Err(error) => {
            println!("{}", serde_json::json!({"refused": error.to_string()}));
            return ExitCode::from(3);
        }
        Ok(enforced) => println!("{}", serde_json::json!({"enforced": enforced})),
    }
    attempts::files(&before, dir);
    attempts::trail(dir);
    attempts::processes();
    attempts::kernel();
    network::all(dir, port);
    ExitCode::SUCCESS
}

/// Held down while another thread runs already.
fn threads(mode: &str, profile: &str) -> ExitCode {
    std::thread::spawn(|| std::thread::sleep(std::time::Duration::from_secs(60)));
    match sandbox::enter(&read(profile), parse(mode)) {
        Err(error) => println!("{}", serde_json::json!({"refused": error.to_string()})),
        Ok(enforced) => println!("{}", serde_json::json!({"enforced": enforced})),
    }
    ExitCode::SUCCESS
}

/// Calls the system as a program of the older architecture does; ends by a signal.
fn foreign(profile: &str) -> ExitCode {
    sandbox::enter(&read(profile), Mode::Require).unwrap();
    #[cfg(target_arch = "x86_64")]
    call::as_32_bit();
    println!("survived");
    ExitCode::SUCCESS
}

fn read(path: &str) -> Profile {
    let text = std::fs::read_to_string(path).unwrap();
    let profile: Profile = serde_json::from_str(&text).unwrap();
    profile.allow_root(true)
}

fn parse(mode: &str) -> Mode {
    serde_json::from_value(serde_json::Value::String(mode.to_owned())).unwrap()
}
