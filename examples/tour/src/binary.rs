//! Finds a server's binary, and builds it first where that can be done.

#![expect(
    clippy::disallowed_methods,
    reason = "this is a client: it starts cargo and the server"
)]

use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Stdio;

use serde_json::Value;

/// Builds the server `name` alone, with `features`, in the profile of this program; gives its path.
///
/// Where the repository or cargo is gone, it is the binary beside this program.
///
/// # Errors
///
/// If it does not build, or is nowhere.
pub fn build(name: &str, features: &[&str]) -> io::Result<PathBuf> {
    let workspace = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    let mut cargo = Command::new(env!("CARGO"));
    cargo
        .args(["build", "--package", name])
        .args(["--features", &features.join(",")])
        .args(["--message-format", "json-render-diagnostics"])
        .current_dir(workspace)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit());
    if !cfg!(debug_assertions) {
        cargo.arg("--release");
    }
    let built = match cargo.spawn() {
        Ok(child) => child.wait_with_output()?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return beside(name),
        Err(error) => return Err(error),
    };
    if !built.status.success() {
        return Err(io::Error::other("the server does not build"));
    }
    let messages = String::from_utf8_lossy(&built.stdout);
    let executable = messages
        .lines()
        .rev()
        .find_map(|message| executable(message, name));
    executable.map_or_else(|| beside(name), Ok)
}

/// The path in a message of cargo that says where the binary is.
fn executable(message: &str, name: &str) -> Option<PathBuf> {
    let message: Value = serde_json::from_str(message).ok()?;
    let path = message.get("executable")?.as_str()?;
    let path = Path::new(path);
    (path.file_stem()? == name).then(|| path.to_owned())
}

fn beside(name: &str) -> io::Result<PathBuf> {
    let own = std::env::current_exe()?;
    let binary = own.with_file_name(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    if binary.is_file() {
        Ok(binary)
    } else {
        Err(io::Error::other("no cargo, and no server beside the tour"))
    }
}
