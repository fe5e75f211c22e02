//! The example `crm-api` in a temporary directory, in front of a sample CRM of its own.
//!
//! # Invariants
//!
//! - The key is in the environment of the two processes, and in no file that is set up here.

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "this is a client: it sets up a deployment, and knows the time"
)]

use std::fs;
use std::fs::File;
use std::io;
use std::net::TcpListener;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;
use std::time::Instant;

use chrono::DateTime;
use chrono::SecondsFormat;
use chrono::Utc;
use serde_json::Value;

use crate::client::Client;
use crate::sample::Sample;
use crate::stage::Stage;
use crate::trail;

/// What the CRM wants to be shown and nobody else may see.
pub const KEY: &str = "sk-canary-5b0e9d72c4a1";

/// Who asks.
pub const SUBJECT: &str = "support-desk";

/// A deployment with its API.
#[derive(Debug)]
pub struct Api {
    stage: Stage,
    binary: PathBuf,
    sample: Sample,
    /// The policy as it was.
    policy: String,
    elsewhere: TcpListener,
}

impl Api {
    /// Sets it up for the server `binary` and the API `sample`.
    ///
    /// # Errors
    ///
    /// If a file cannot be written or the API does not start.
    pub fn set(binary: PathBuf, sample: &Path) -> io::Result<Self> {
        let stage = Stage::copy_of("crm-api")?;
        let sample = Sample::start(sample, stage.path(), KEY)?;
        let config = stage.path().join(CONFIG);
        let text = fs::read_to_string(&config)?;
        fs::write(config, text.replace(WRITTEN, sample.base()))?;
        let policy = fs::read_to_string(stage.path().join(POLICY))?;
        let elsewhere = TcpListener::bind("127.0.0.1:0")?;
        elsewhere.set_nonblocking(true)?;
        Ok(Self {
            stage,
            binary,
            sample,
            policy,
            elsewhere,
        })
    }

    /// Where everything is.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.stage.path()
    }

    /// Where the server keeps its record.
    #[must_use]
    pub fn trail(&self) -> PathBuf {
        self.stage.trail()
    }

    /// What the API received so far.
    ///
    /// # Errors
    ///
    /// As [`Sample::received`].
    pub fn received(&self) -> io::Result<Vec<Value>> {
        self.sample.received()
    }

    /// An address at which nobody may arrive.
    ///
    /// # Errors
    ///
    /// If there is none.
    pub fn elsewhere(&self) -> io::Result<String> {
        Ok(format!("http://{}/", self.elsewhere.local_addr()?))
    }

    /// Whether somebody arrived there.
    ///
    /// # Errors
    ///
    /// If that cannot be told.
    pub fn was_elsewhere(&self) -> io::Result<bool> {
        match self.elsewhere.accept() {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Starts the server, which logs all that it can say into a file.
    ///
    /// # Errors
    ///
    /// As [`Client::start`].
    pub async fn start(&self) -> io::Result<Client> {
        let mut command = tokio::process::Command::new(&self.binary);
        command
            .args(["--config", CONFIG, "--subject", SUBJECT])
            .args(["--audit", "trail", "--log-level", "debug"])
            .env("EXTERNAL_API_KEY", KEY)
            .current_dir(self.path());
        let log = File::create(self.path().join(LOG))?;
        Client::connect_logged(command, log).await
    }

    /// Grants [`SUBJECT`] the role that may read customers, until `until`; gives what was written.
    ///
    /// # Errors
    ///
    /// If the policy cannot be written.
    pub fn grant(&self, until: DateTime<Utc>) -> io::Result<String> {
        let until = until.to_rfc3339_opts(SecondsFormat::Secs, true);
        let grant = format!(
            "[[grants]]\nsubject = \"{SUBJECT}\"\nrole = \"accounts\"\nuntil = {until}\n\
             reason = \"answers a complaint\"\n"
        );
        let whole = format!("{}\n{grant}", self.policy);
        fs::write(self.path().join(POLICY), whole)?;
        Ok(grant)
    }

    /// Lets the server of `client` read its policy again, and waits until it did.
    ///
    /// # Errors
    ///
    /// If it does not.
    pub async fn reload(&self, client: &Client) -> io::Result<()> {
        let before = self.reloads()?;
        client.hang_up()?;
        let end = Instant::now() + Duration::from_secs(20);
        while Instant::now() < end {
            if self.reloads()? > before {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Err(io::Error::other("the policy was not read again"))
    }

    /// What the server says of [`SUBJECT`] and `endpoint` at the time `at`.
    ///
    /// # Errors
    ///
    /// If it cannot be run.
    pub fn explain(&self, endpoint: &str, at: DateTime<Utc>) -> io::Result<String> {
        let at = at.to_rfc3339_opts(SecondsFormat::Secs, true);
        let mut command = Command::new(&self.binary);
        command
            .args(["explain", SUBJECT, endpoint, "--at", &at])
            .args(["--config", CONFIG])
            .current_dir(self.path());
        Ok(String::from_utf8_lossy(&command.output()?.stdout).into_owned())
    }

    /// What the server logged last, for its operator.
    ///
    /// # Errors
    ///
    /// If the log cannot be read.
    pub fn logged(&self) -> io::Result<String> {
        let text = fs::read_to_string(self.path().join(LOG))?;
        Ok(text.lines().last().unwrap_or_default().to_owned())
    }

    /// The records so far.
    ///
    /// # Errors
    ///
    /// If the trail cannot be read.
    pub fn records(&self) -> io::Result<Vec<Value>> {
        let text = fs::read_to_string(trail::segment(&self.trail())?)?;
        let records = text
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok());
        Ok(records.collect())
    }

    fn reloads(&self) -> io::Result<usize> {
        let records = self.records()?;
        let reloads = records.iter().map(Value::to_string);
        Ok(reloads
            .filter(|record| record.contains("policy.reload"))
            .count())
    }
}

/// The time by the clock.
#[must_use]
pub fn now() -> DateTime<Utc> {
    Utc::now()
}

const CONFIG: &str = "api-fetch.toml";
const LOG: &str = "api-fetch.log";
const POLICY: &str = "policy.toml";
/// Where the example expects the sample CRM.
const WRITTEN: &str = "http://127.0.0.1:8720/v1";
