//! The sample CRM as a process of its own, and what it received.
//!
//! # Invariants
//!
//! - A request is written down by the CRM before it is answered, so what was answered can be read here.
//! - It is stopped when the tour ends or is interrupted.

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "this is a client: it starts an API to show a server on"
)]

use std::fs;
use std::fs::File;
use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;

use serde_json::Value;

/// An API that runs.
#[derive(Debug)]
pub struct Sample {
    child: Child,
    log: PathBuf,
    base: String,
}

impl Sample {
    /// Starts `binary`, which wants `key`, and lets it write into the directory `place`.
    ///
    /// # Errors
    ///
    /// If it does not start or does not say where it is.
    pub fn start(binary: &Path, place: &Path, key: &str) -> io::Result<Self> {
        let log = place.join("sample-crm.log");
        let child = Command::new(binary)
            .arg("0")
            .env_clear()
            .env("SAMPLE_CRM_KEY", key)
            .stdin(Stdio::null())
            .stdout(File::create(&log)?)
            .spawn()?;
        let mut sample = Self {
            child,
            log,
            base: String::new(),
        };
        let end = Instant::now() + Duration::from_secs(20);
        while Instant::now() < end {
            let text = fs::read_to_string(&sample.log)?;
            if let Some((first, _)) = text.split_once('\n') {
                first.clone_into(&mut sample.base);
                return Ok(sample);
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Err(io::Error::other("the sample CRM does not start"))
    }

    /// Its address, as a configuration has it.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.base
    }

    /// The requests so far: `line` and `headers`, with the key as `***`.
    ///
    /// # Errors
    ///
    /// If its log cannot be read.
    pub fn received(&self) -> io::Result<Vec<Value>> {
        let text = fs::read_to_string(&self.log)?;
        let requests = text.lines().skip(1).map(serde_json::from_str);
        requests.collect::<Result<_, _>>().map_err(io::Error::other)
    }
}

impl Drop for Sample {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
