//! A root of its own for one process, as a service manager or a container engine makes it.
//!
//! # Invariants
//!
//! - In it there is what was put there, and nothing else of this machine: no network either.

use std::ffi::OsStr;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use super::program;

/// What stands in the root.
#[derive(Clone, Debug)]
pub(super) struct Cell {
    bwrap: PathBuf,
    arguments: Vec<String>,
    filter: Option<PathBuf>,
}

impl Cell {
    /// An empty root, with `/proc` and the few devices that every process has, for the user
    /// 65532 with no capability. None, and a loud word, where that cannot be had.
    pub(super) fn new() -> Option<Self> {
        let bwrap = program("bwrap", "package bubblewrap")?;
        let fixed = [
            "--unshare-all --die-with-parent --new-session --clearenv --cap-drop ALL",
            "--uid 65532 --gid 65532 --proc /proc --dev /dev",
        ];
        let words = fixed.iter().flat_map(|line| line.split(' '));
        Some(Self {
            bwrap,
            arguments: words.map(str::to_owned).collect(),
            filter: None,
        })
    }

    fn with(mut self, words: &[&OsStr]) -> Self {
        let words = words.iter().map(|word| word.to_str().expect("plain"));
        self.arguments.extend(words.map(str::to_owned));
        self
    }

    /// With `from` at `to`, to be read.
    pub(super) fn reads(self, from: &Path, to: &str) -> Self {
        self.with(&["--ro-bind".as_ref(), from.as_ref(), to.as_ref()])
    }

    /// With `from` at `to`, to be written.
    pub(super) fn writes(self, from: &Path, to: &str) -> Self {
        self.with(&["--bind".as_ref(), from.as_ref(), to.as_ref()])
    }

    /// With the libraries of this machine, for a binary that is linked to them.
    pub(super) fn libraries(mut self) -> Self {
        for dir in ["lib", "lib64"] {
            let (from, to) = (format!("usr/{dir}"), format!("/{dir}"));
            self = self.reads(Path::new(&format!("/usr/{dir}")), &format!("/usr/{dir}"));
            self = self.with(&["--symlink".as_ref(), from.as_ref(), to.as_ref()]);
        }
        self
    }

    /// With a variable of the environment.
    pub(super) fn environment(self, name: &str, value: &str) -> Self {
        self.with(&["--setenv".as_ref(), name.as_ref(), value.as_ref()])
    }

    /// With this BPF program, which judges every system call.
    pub(super) fn filtered(mut self, filter: &Path) -> Self {
        self.filter = Some(filter.to_owned());
        self
    }

    /// The words that start `command` in it.
    pub(super) fn words(&self, command: &[String]) -> Vec<String> {
        let mut words = Vec::new();
        if let Some(filter) = &self.filter {
            // a shell, because a program of ours cannot hand on a descriptor by its number
            let script = "exec 9<\"$0\"; exec \"$@\"";
            words.extend(["/bin/sh", "-c", script].map(str::to_owned));
            words.push(filter.display().to_string());
        }
        words.push(self.bwrap.display().to_string());
        words.extend(self.arguments.clone());
        if self.filter.is_some() {
            words.extend(["--seccomp", "9"].map(str::to_owned));
        }
        words.push("--".to_owned());
        words.extend(command.iter().cloned());
        words
    }

    /// The command that starts `command` in it.
    pub(super) fn command(&self, command: &[String]) -> Command {
        let words = self.words(command);
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]);
        command
    }
}
