//! `audit-review keygen`: makes a key that signs checkpoints.

use std::io::Write;
use std::path::PathBuf;

use guard::audit::SigningKey;
use guard::program::StartError;

use crate::effects::files;

/// What it is run with.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Where the key is to be: a file that is not there yet. Name it in `[guard.audit]` of every
    /// server that writes the trail: signing-key = "file:FILE".
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// What the key is called in checkpoints.
    #[arg(long, value_name = "NAME", default_value = "keyhole-audit")]
    name: String,
}

/// Runs it.
pub(super) fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<(), StartError> {
    let failed = |cause: Box<dyn std::error::Error + Send + Sync>| {
        StartError::step(format!("make the key {}", arguments.file.display()), cause)
    };
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(|cause| failed(cause.into()))?;
    let key = SigningKey::generate(&arguments.name, &seed);
    seed.fill(0);
    let key = key.map_err(|error| StartError::Arguments(format!("--name: {error}")))?;
    let secret = key
        .to_secret()
        .ok_or_else(|| failed("it has no text".into()))?;
    let written = secret.show_to(|text| files::create(&arguments.file, text));
    written.map_err(|cause| failed(cause.into()))?;
    super::print(out, &format!("{}\n", key.verifier()))
}
