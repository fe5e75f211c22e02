//! A PostgreSQL server of this tour's own, where PostgreSQL's programs are installed.
//!
//! # Invariants
//!
//! - It listens on a socket in a private directory, and on no port.
//! - It runs as somebody without privileges, and is stopped when the tour ends or is interrupted.

#![expect(
    clippy::disallowed_methods,
    reason = "this is a client: it starts a database to show a server on"
)]

use std::fs;
use std::io;
use std::io::Read;
use std::io::Seek;
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Stdio;

use tempfile::TempDir;

/// A server that runs.
#[derive(Debug)]
pub struct Cluster {
    programs: PathBuf,
    account: Option<Account>,
    dir: TempDir,
}

/// Somebody to run as: PostgreSQL refuses to run as root.
#[derive(Clone, Copy, Debug)]
struct Account {
    user: u32,
    group: u32,
}

impl Cluster {
    /// Starts one, or gives none where PostgreSQL's programs are not found.
    ///
    /// # Errors
    ///
    /// If it is installed and does not start.
    pub fn start() -> io::Result<Option<Self>> {
        let Some(programs) = programs() else {
            return Ok(None);
        };
        let dir = tempfile::tempdir()?;
        let root = fs::metadata(dir.path())?.uid() == 0;
        let account = if root { Account::find()? } else { None };
        match account {
            Some(account) => chown(dir.path(), Some(account.user), Some(account.group))?,
            // root, and nobody else to be
            None if root => return Ok(None),
            None => (),
        }
        let cluster = Self {
            programs,
            account,
            dir,
        };
        let data = cluster.data();
        let how = ["-A", "trust", "-E", "UTF8", "--locale", "C", "--no-sync"];
        let mut initdb = cluster.command("initdb");
        run(initdb.arg("-D").arg(&data).args(["-U", OWNER]).args(how))?;
        let options = format!("-k '{}' -h '' -F", cluster.socket().display());
        let mut start = cluster.command("pg_ctl");
        start.arg("-D").arg(&data).arg("-l").arg(data.join("log"));
        run(start.args(["-s", "-w", "-o", &options, "start"]))?;
        cluster.sql("postgres", "CREATE DATABASE crm")?;
        Ok(Some(cluster))
    }

    /// Runs the statements of `sql` in the database `crm`, as its owner.
    ///
    /// # Errors
    ///
    /// If one of them fails.
    pub fn run(&self, sql: &str) -> io::Result<()> {
        self.sql("crm", sql)
    }

    /// What a client connects to as `role`.
    #[must_use]
    pub fn connection(&self, role: &str) -> String {
        let socket = self.socket();
        format!("host={} user={role} dbname=crm", socket.display())
    }

    /// Its version, for example `PostgreSQL 17.2`.
    ///
    /// # Errors
    ///
    /// If it cannot be asked.
    pub fn version(&self) -> io::Result<String> {
        let said = self.command("postgres").arg("--version").output()?;
        let said = String::from_utf8_lossy(&said.stdout);
        let version = said
            .split(' ')
            .find(|word| word.starts_with(|c: char| c.is_ascii_digit()));
        Ok(format!("PostgreSQL {}", version.unwrap_or_default().trim()))
    }

    fn sql(&self, database: &str, text: &str) -> io::Result<()> {
        let mut input = tempfile::tempfile()?;
        input.write_all(text.as_bytes())?;
        input.rewind()?;
        let mut psql = self.command("psql");
        psql.args([
            "-X",
            "-q",
            "-v",
            "ON_ERROR_STOP=1",
            "-U",
            OWNER,
            "-d",
            database,
        ]);
        run(psql.arg("-h").arg(self.socket()).stdin(input))
    }

    fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    fn socket(&self) -> &Path {
        self.dir.path()
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.programs.join(program));
        command.current_dir(self.dir.path()).stdin(Stdio::null());
        if let Some(account) = self.account {
            command.uid(account.user).gid(account.group);
        }
        command
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let mut stop = self.command("pg_ctl");
        stop.arg("-D").arg(self.data());
        // there is nobody left to tell
        drop(run(stop.args(["-s", "-w", "-m", "immediate", "stop"])));
    }
}

impl Account {
    /// Whoever PostgreSQL was installed for, or else nobody.
    fn find() -> io::Result<Option<Self>> {
        let known = fs::read_to_string("/etc/passwd")?;
        let account = |name: &str| {
            let line = known
                .lines()
                .find(|line| line.split(':').next() == Some(name))?;
            let mut ids = line.split(':').skip(2);
            let user = ids.next()?.parse().ok()?;
            let group = ids.next()?.parse().ok()?;
            Some(Self { user, group })
        };
        Ok(account("postgres").or_else(|| account("nobody")))
    }
}

/// The directory of the newest `initdb`, `pg_ctl`, `postgres` and `psql`.
fn programs() -> Option<PathBuf> {
    let mut found = Vec::new();
    if let Ok(said) = Command::new("pg_config").arg("--bindir").output() {
        found.push(PathBuf::from(String::from_utf8_lossy(&said.stdout).trim()));
    }
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let mut versions: Vec<_> = versions
        .flatten()
        .map(|entry| entry.path().join("bin"))
        .collect();
    versions.sort();
    found.extend(versions.into_iter().rev());
    let path = std::env::var_os("PATH").unwrap_or_default();
    found.extend(std::env::split_paths(&path));
    let all = ["initdb", "pg_ctl", "postgres", "psql"];
    found
        .into_iter()
        .find(|dir| all.iter().all(|name| dir.join(name).is_file()))
}

/// Runs `command` to its end; what it says goes into the error if it fails.
fn run(command: &mut Command) -> io::Result<()> {
    // a file and no pipe: the server that `pg_ctl` starts would keep a pipe open
    let mut log = tempfile::tempfile()?;
    let status = command.stdout(log.try_clone()?).stderr(log.try_clone()?);
    let status = status.status()?;
    if status.success() {
        return Ok(());
    }
    let mut said = String::new();
    log.rewind()?;
    log.read_to_string(&mut said)?;
    let program = command.get_program().display();
    Err(io::Error::other(format!("{program}: {status}: {said}")))
}

/// Who owns the tables.
pub const OWNER: &str = "crm_owner";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cluster_starts_runs_the_example_and_is_gone_afterwards() {
        let Some(cluster) = Cluster::start().unwrap() else {
            let needed = std::env::var_os("KEYHOLE_POSTGRES").is_some();
            assert!(!needed, "no PostgreSQL");
            return;
        };
        let crm = concat!(env!("CARGO_MANIFEST_DIR"), "/../customer-desk/crm.sql");
        cluster.run(&fs::read_to_string(crm).unwrap()).unwrap();
        assert!(cluster.run("SELECT no_such_column FROM customers").is_err());
        assert!(cluster.version().unwrap().starts_with("PostgreSQL 1"));
        let dir = cluster.dir.path().to_owned();
        drop(cluster);
        assert!(!dir.exists());
    }
}
