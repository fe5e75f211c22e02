//! Is that one of our binaries, and what would it serve?
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "asks the suite's own binaries to describe themselves; reads nothing else"
)]
//!
//! # Invariants
//!
//! - Only a file that lies beside this program and holds the text of the format is ever run, and
//!   only with `--describe`. What the host calls by another path must be that very file.
//! - It is given a deadline, nothing to read, and its answer is bounded.

use std::fs::File;
use std::io::Read;
use std::path::Component;
use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;

use guard::program::Description;

use crate::host::Started;

/// Where the binaries of the suite lie.
#[derive(Clone, Debug)]
pub struct Suite {
    dir: PathBuf,
    /// What relative paths of a host's file are relative to, where it does not say.
    base: PathBuf,
}

/// Why a server is not described.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Unknown {
    /// It is some other program.
    #[error("not one of this suite's servers")]
    Foreign,
    /// It has the name of one of ours and is another file.
    #[error("has the name of one of this suite's servers, and is not the one that lies here")]
    Impostor,
    /// An argument has a variable that only the host can fill in.
    #[error("its arguments hold a variable of the host's")]
    Variable,
    /// It did not describe itself.
    #[error("one of ours, but it would not start: {0}")]
    Failed(String),
}

impl Suite {
    /// The suite in `dir`; files of hosts are relative to `base`.
    #[must_use]
    pub const fn new(dir: PathBuf, base: PathBuf) -> Self {
        Self { dir, base }
    }

    /// What the server that is so started would serve.
    ///
    /// # Errors
    ///
    /// [`Unknown`] if that cannot be said.
    pub fn describe(&self, started: &Started) -> Result<Description, Unknown> {
        let binary = self.find(&started.command)?;
        if started.arguments.iter().any(|text| is_variable(text)) {
            return Err(Unknown::Variable);
        }
        let mut command = Command::new(binary);
        command
            .args(&started.arguments)
            .arg("--describe")
            .env_clear()
            .current_dir(
                started
                    .cwd
                    .as_deref()
                    .map_or_else(|| self.base.clone(), |cwd| self.base.join(cwd)),
            )
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        for name in KEPT {
            command.envs(std::env::var_os(name).map(|value| (name, value)));
        }
        for (name, value) in &started.env {
            // a secret that the host asks for: that it is there is all that counts here
            let value = if is_variable(value) {
                "asked-for"
            } else {
                value.as_str()
            };
            if !changes_the_program(name) {
                command.env(name, value);
            }
        }
        let child = command
            .spawn()
            .map_err(|error| Unknown::Failed(error.to_string()))?;
        answer(child)
    }

    /// The binary that `command` names, if it is ours.
    fn find(&self, command: &str) -> Result<PathBuf, Unknown> {
        let named = Path::new(command);
        let name = named.file_name().ok_or(Unknown::Foreign)?;
        let mut own = self.dir.join(name);
        if !own.exists() && own.extension().is_none() {
            own.set_extension(std::env::consts::EXE_EXTENSION);
        }
        if !holds_format(&own) {
            return Err(Unknown::Foreign);
        }
        let is_bare = named.components().count() == 1
            && matches!(named.components().next(), Some(Component::Normal(_)));
        let there = || self.base.join(named).canonicalize().ok();
        if is_bare || there().is_some_and(|path| own.canonicalize().is_ok_and(|own| own == path)) {
            Ok(own)
        } else {
            Err(Unknown::Impostor)
        }
    }
}

/// Whether the file at `path` holds the text that every server of the suite holds.
fn holds_format(path: &Path) -> bool {
    let Ok(mut file) = File::open(path) else {
        return false;
    };
    if !file
        .metadata()
        .is_ok_and(|about| about.is_file() && about.len() < LARGEST)
    {
        return false;
    }
    let wanted = Description::FORMAT.as_bytes();
    let mut window: Vec<u8> = Vec::new();
    let mut chunk = vec![0; 1 << 16];
    loop {
        let Ok(count) = file.read(&mut chunk) else {
            return false;
        };
        if count == 0 {
            return false;
        }
        window.extend_from_slice(chunk.get(..count).unwrap_or_default());
        if memchr::memmem::find(&window, wanted).is_some() {
            return true;
        }
        // what may be the beginning of it
        window.drain(..window.len().saturating_sub(wanted.len()));
    }
}

/// The description that `child` prints, within the deadline.
fn answer(mut child: Child) -> Result<Description, Unknown> {
    let failed = |why: &str| Unknown::Failed(why.to_owned());
    let read = |from: Option<Box<dyn Read + Send>>| {
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            let read = from.map(|from| from.take(MOST).read_to_end(&mut bytes));
            drop(read);
            bytes
        })
    };
    let out = read(
        child
            .stdout
            .take()
            .map(|out| Box::new(out) as Box<dyn Read + Send>),
    );
    let log = read(
        child
            .stderr
            .take()
            .map(|log| Box::new(log) as Box<dyn Read + Send>),
    );
    let start = Instant::now();
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if start.elapsed() < PATIENCE => std::thread::sleep(Duration::from_millis(10)),
            Ok(None) | Err(_) => {
                drop(child.kill());
                drop(child.wait());
                return Err(failed("it took too long"));
            }
        }
    };
    let out = out.join().unwrap_or_default();
    if !status.success() {
        let log = log.join().unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let last = log.lines().last().unwrap_or("it said nothing");
        return Err(failed(last));
    }
    let described: Description =
        serde_json::from_slice(&out).map_err(|_| failed("it described itself in another way"))?;
    if described.format == Description::FORMAT {
        Ok(described)
    } else {
        Err(failed("its description has another version"))
    }
}

/// Whether a host fills something in: `${input:token}`, `${env:HOME}`, `$TOKEN`.
#[must_use]
pub fn is_variable(text: &str) -> bool {
    text.contains("${") || (text.starts_with('$') && text.len() > 1)
}

/// Whether a variable of this name makes another program of a binary.
#[must_use]
pub fn changes_the_program(name: &str) -> bool {
    name.starts_with("LD_") || name.starts_with("DYLD_")
}

/// What every process needs of the environment: where the user's files lie.
const KEPT: [&str; 5] = [
    "HOME",
    "PATH",
    "XDG_STATE_HOME",
    "USERPROFILE",
    "SYSTEMROOT",
];
/// How long a server may take to describe itself; it may ask its database.
const PATIENCE: Duration = Duration::from_secs(20);
/// The most that it may say.
const MOST: u64 = 1 << 20;
/// No binary of the suite is larger.
const LARGEST: u64 = 1 << 30;

#[cfg(test)]
mod tests {
    use super::*;

    fn started(command: &str) -> Started {
        Started {
            command: command.to_owned(),
            ..Started::default()
        }
    }

    #[cfg(unix)]
    fn script(path: &Path, text: &str) {
        use std::os::unix::fs::PermissionsExt;
        std::fs::write(path, text).unwrap();
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn nothing_is_run_but_what_lies_here_and_holds_the_format() {
        let dir = tempfile::tempdir().unwrap();
        let (suite, ran) = (dir.path().join("bin"), dir.path().join("ran"));
        std::fs::create_dir(&suite).unwrap();
        let foreign = format!("#!/bin/sh\ntouch {}\n", ran.display());
        script(&suite.join("foreign"), &foreign);
        let elsewhere = dir.path().join("known");
        script(&elsewhere, &format!("{foreign}# {}\n", Description::FORMAT));
        script(
            &suite.join("known"),
            &format!("#!/bin/sh\n# {}\necho no\n", Description::FORMAT),
        );
        let own = Suite::new(suite.clone(), dir.path().to_owned());
        for (command, expected) in [
            ("foreign", Unknown::Foreign),
            ("absent", Unknown::Foreign),
            ("sh", Unknown::Foreign),
            ("", Unknown::Foreign),
            ("..", Unknown::Foreign),
            (elsewhere.to_str().unwrap(), Unknown::Impostor),
            ("./known", Unknown::Impostor),
        ] {
            assert_eq!(own.describe(&started(command)), Err(expected), "{command}");
        }
        let here = suite.join("known");
        for command in ["known", "bin/known", here.to_str().unwrap()] {
            let failed = own.describe(&started(command));
            let said = "it described itself in another way".to_owned();
            assert_eq!(failed, Err(Unknown::Failed(said)), "{command}");
        }
        let mut variable = started("known");
        variable
            .arguments
            .push("${workspaceFolder}/docs".to_owned());
        assert_eq!(own.describe(&variable), Err(Unknown::Variable));
        assert!(!ran.exists());
    }
}
