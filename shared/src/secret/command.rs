//! `secret check`, `secret set`, `secret delete`: for the operator, before a server starts.
//!
//! # Invariants
//!
//! - Reports name references, length classes and remedies: never a value, and never an argument
//!   that is no reference.

use std::convert::Infallible;
use std::fmt;
use std::io;
use std::io::Write;
use std::str::FromStr;

use clap::Subcommand;

use super::Lease;
use super::LengthClass;
use super::Loads;
use super::Providers;
use super::SecretError;
use super::SecretRef;
use super::terminal;

/// What can be done about secrets on the command line.
#[derive(Clone, Debug, Subcommand)]
pub enum SecretCommand {
    /// Try each reference of the configuration, and those given here; show no secret
    Check {
        /// References to try as well, such as file:/etc/keyhole/password
        #[arg(value_name = "REFERENCE")]
        references: Vec<GivenRef>,
    },
    /// Put a secret into the keyring: typed without echo, or from standard input
    Set {
        /// Where to keep it: keyring:SERVICE/USER
        #[arg(value_name = "REFERENCE")]
        reference: GivenRef,
    },
    /// Remove a secret from the keyring
    Delete {
        /// Where it is kept: keyring:SERVICE/USER
        #[arg(value_name = "REFERENCE")]
        reference: GivenRef,
    },
}

/// An argument that should be a reference. Read here and not by the argument parser, whose
/// message would repeat it.
#[derive(Clone, Debug)]
pub struct GivenRef(Result<SecretRef, SecretError>);

/// The outcome for one reference. `Display` is a line of the report.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Checked {
    /// Which one.
    pub reference: SecretRef,
    /// How long the secret is and how long it is good, or why there is none.
    pub outcome: Result<(LengthClass, Option<Lease>), SecretError>,
}

/// Tries to load each secret, and forgets it.
#[must_use]
pub fn check(references: &[SecretRef], providers: &Providers) -> Vec<Checked> {
    let one = |reference: &SecretRef| Checked {
        reference: reference.clone(),
        outcome: providers
            .fetch(reference)
            .map(|loaded| (loaded.secret.length_class(), loaded.lease)),
    };
    references.iter().map(one).collect()
}

impl SecretCommand {
    /// Does it; `configured` are the references of the server's configuration.
    ///
    /// # Errors
    ///
    /// What is wrong, or for `check` how many secrets cannot be used, after all of the report.
    pub fn run(
        self,
        configured: &[SecretRef],
        providers: &Providers,
        out: &mut dyn Write,
    ) -> Result<(), SecretError> {
        match self {
            Self::Check { references } => {
                let mut all = configured.to_vec();
                for GivenRef(reference) in references {
                    all.push(reference?);
                }
                report(&check(&all, providers), out)
            }
            Self::Set { reference } => {
                let reference = reference.0?;
                // Before anybody types.
                reference.writer()?;
                let prompt = format!("secret for {reference} (not shown): ");
                let secret = terminal::read(io::stdin(), out, &prompt)?;
                let place = providers.set(&reference, &secret)?;
                line(out, format_args!("{reference}: stored in {place}"))
            }
            Self::Delete { reference } => {
                let reference = reference.0?;
                let place = providers.delete(&reference)?;
                line(out, format_args!("{reference}: removed from {place}"))
            }
        }
    }
}

fn report(checked: &[Checked], out: &mut dyn Write) -> Result<(), SecretError> {
    for one in checked {
        line(out, format_args!("{one}"))?;
    }
    let failed = checked.iter().filter(|one| one.outcome.is_err()).count();
    match failed {
        0 => Ok(()),
        failed => Err(SecretError::Check {
            failed,
            all: checked.len(),
        }),
    }
}

fn line(out: &mut dyn Write, text: fmt::Arguments<'_>) -> Result<(), SecretError> {
    writeln!(out, "{text}").map_err(|error| SecretError::Report(error.kind()))
}

impl FromStr for GivenRef {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.parse()))
    }
}

impl fmt::Display for Checked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.outcome {
            Ok((length, None)) => write!(f, "{}: ok, {length}", self.reference),
            Ok((length, Some(lease))) => {
                write!(f, "{}: ok, {length}, {lease}", self.reference)
            }
            // The error begins with the reference.
            Err(error) => write!(f, "{error}"),
        }
    }
}
