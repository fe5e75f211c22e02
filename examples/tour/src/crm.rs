//! The example `customer-desk` in a temporary directory, on a database of its own.
//!
//! # Invariants
//!
//! - Where PostgreSQL is found, the server connects as the role that `grant-sql` printed.

#![expect(
    clippy::disallowed_methods,
    reason = "this is a client: it sets up a database for a server"
)]

use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Output;

use rusqlite::Connection;

use crate::client::Client;
use crate::cluster::Cluster;
use crate::cluster::OWNER;
use crate::stage::Stage;

/// What is in a table that no configuration names.
pub const SECRET: &str = "canary-9d2e71b4";

/// A deployment with its database.
#[derive(Debug)]
pub struct Crm {
    stage: Stage,
    binary: PathBuf,
    cluster: Option<Cluster>,
}

impl Crm {
    /// Sets it up for the server `binary`: on PostgreSQL where that is found and `embedded` is
    /// not wanted, else on SQLite.
    ///
    /// # Errors
    ///
    /// If a database cannot be set up.
    pub fn set(binary: PathBuf, embedded: bool) -> io::Result<Self> {
        let stage = Stage::copy_of("customer-desk")?;
        let cluster = if embedded { None } else { Cluster::start()? };
        let crm = Self {
            stage,
            binary,
            cluster,
        };
        match &crm.cluster {
            Some(cluster) => crm.fill_server(cluster)?,
            None => fill_file(crm.path())?,
        }
        Ok(crm)
    }

    /// Where everything is.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.stage.path()
    }

    /// Where the servers keep their record.
    #[must_use]
    pub fn trail(&self) -> PathBuf {
        self.stage.trail()
    }

    /// On what it runs, in one line.
    ///
    /// # Errors
    ///
    /// If PostgreSQL cannot be asked.
    pub fn engine(&self) -> io::Result<String> {
        Ok(match &self.cluster {
            Some(cluster) => format!(
                "It runs on {}, started for this tour, as the role that grant-sql wrote down.",
                cluster.version()?
            ),
            None => "It runs on SQLite. Not shown here: a server's roles, the second wall there."
                .to_owned(),
        })
    }

    /// Starts a server for `subject`.
    ///
    /// # Errors
    ///
    /// As [`Client::start`].
    pub async fn start(&self, subject: &str) -> io::Result<Client> {
        let fixed = "--config scoped-db.toml --audit trail --log-level error --subject";
        let words: Vec<_> = fixed.split(' ').chain([subject]).collect();
        Client::start(&self.binary, self.path(), &words).await
    }

    /// What the server says when it is to connect as the owner of the tables; none on SQLite.
    ///
    /// # Errors
    ///
    /// If it cannot be run.
    pub fn as_owner(&self) -> io::Result<Option<Output>> {
        let Some(cluster) = &self.cluster else {
            return Ok(None);
        };
        let mine = self.connected(&cluster.connection(OWNER))?;
        fs::write(self.path().join("owner.toml"), mine)?;
        self.run(&["check", "--config", "owner.toml"]).map(Some)
    }

    fn fill_server(&self, cluster: &Cluster) -> io::Result<()> {
        cluster.run(&fs::read_to_string(self.path().join("crm.sql"))?)?;
        let config = self.path().join(CONFIG);
        fs::write(&config, self.connected(&cluster.connection(ROLE))?)?;
        let granted = self.run(&["grant-sql", "--config", CONFIG, "--role", ROLE])?;
        if !granted.status.success() {
            let said = String::from_utf8_lossy(&granted.stderr).into_owned();
            return Err(io::Error::other(said));
        }
        cluster.run(&String::from_utf8_lossy(&granted.stdout))
    }

    /// The configuration, with a server in the place of the file.
    fn connected(&self, connection: &str) -> io::Result<String> {
        let text = fs::read_to_string(self.path().join(CONFIG))?;
        let lines = text.lines().map(|line| {
            let place = line.starts_with("sqlite = ") || line.starts_with("connection = ");
            if place {
                format!("connection = \"{connection}\"\n")
            } else {
                format!("{line}\n")
            }
        });
        Ok(lines.collect())
    }

    fn run(&self, arguments: &[&str]) -> io::Result<Output> {
        let mut command = Command::new(&self.binary);
        command.args(arguments).current_dir(self.path()).output()
    }
}

/// Makes the file that the configuration in `dir` names.
///
/// # Errors
///
/// If it cannot be made.
pub fn fill_file(dir: &Path) -> io::Result<()> {
    let sql = fs::read_to_string(dir.join("crm.sql"))?;
    let file = dir.join("crm.db");
    if file.exists() {
        // somebody tried the example where it lies
        fs::remove_file(&file)?;
    }
    let file = Connection::open(file).map_err(io::Error::other)?;
    file.execute_batch(&sql).map_err(io::Error::other)
}

const CONFIG: &str = "scoped-db.toml";
const ROLE: &str = "crm_reader";
