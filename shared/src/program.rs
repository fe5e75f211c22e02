//! A server as a program: arguments, configuration, start-up in order, exit codes.
//!
//! Start-up goes arguments, configuration, policy, what the server reaches, audit, sandbox,
//! threads, service. Each step fails closed, with one line on standard error that says what to change.
//!
//! | exit | means |
//! |---|---|
//! | 0 | the session ended: end of input, a signal, expiry |
//! | 1 | the connection or the audit failed |
//! | 2 | the arguments or the configuration are wrong |
//! | 3 | a step of the start failed |
//! | 10 and up | what a command for people found, see its help |

mod arguments;
mod commands;
mod confine;
mod describe;
mod doctor;
mod identity;
mod start;

use std::cell::OnceCell;
use std::ffi::OsString;
use std::io;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use chrono::DateTime;
use chrono::Utc;
use clap::CommandFactory;
use clap::FromArgMatches;
use serde::de::DeserializeOwned;

pub use arguments::CommonArguments;
pub use describe::DescribedTool;
pub use describe::Description;
pub(crate) use start::instant;

use crate::broker;
use crate::broker::Broker;
use crate::broker::Charter;
use crate::broker::Policy as BrokerPolicy;
use crate::config::Common;
use crate::config::ConfigError;
use crate::config::Source;
use crate::error::Fault;
use crate::label::Label;
use crate::label::Taxonomy;
use crate::policy::Policy;
use crate::policy::PolicySource;
use crate::sandbox;
use crate::sandbox::Profile;
use crate::secret::Providers;
use crate::secret::SecretRef;
use crate::serve;
use crate::server::Server;
use arguments::CommandLine;

/// What a binary says about itself; everything else is the same for all.
pub trait Program: Sized + std::fmt::Debug {
    /// What it serves.
    type Server: Server;
    /// Its own arguments.
    type Arguments: clap::Args + std::fmt::Debug;
    /// Its own commands for people.
    type Command: clap::Subcommand + std::fmt::Debug;
    /// Its configuration file.
    type Config: DeserializeOwned + Default + std::fmt::Debug;

    /// The first line of the help.
    const ABOUT: &'static str;
    /// Examples and exit codes, at the end of the help.
    const EXAMPLES: &'static str;

    /// What its second process does, for a server that has one: [`broker::run`].
    const BROKER: Option<fn(&[OsString]) -> ExitCode> = None;

    /// The part of the configuration that all servers have.
    fn common(config: &Self::Config) -> &Common;

    /// The secrets that the configuration refers to.
    fn secrets(_config: &Self::Config) -> Vec<SecretRef> {
        Vec::new()
    }

    /// Takes the authority that arguments and configuration grant; from then on there is no more.
    ///
    /// # Errors
    ///
    /// [`StartError`] with what the operator should change.
    fn open(start: &Start<'_, Self>) -> Result<Self::Server, StartError>;

    /// What `server` needs of the kernel now that it is open. The trail, and the policy for its
    /// reload, need not be named; whatever else is not named is refused to the process from here
    /// on, whoever runs it.
    fn profile(_start: &Start<'_, Self>, _server: &Self::Server) -> Profile {
        Profile::new()
    }

    /// Runs one of the program's own commands, writing to `out`.
    ///
    /// # Errors
    ///
    /// [`StartError`] as for [`Program::open`].
    fn command(
        command: Self::Command,
        start: &Start<'_, Self>,
        out: &mut dyn Write,
    ) -> Result<(), StartError>;
}

/// What a program is opened with.
#[derive(Debug)]
pub struct Start<'a, P: Program> {
    /// Its own arguments.
    pub arguments: &'a P::Arguments,
    /// Its configuration; the default without a file.
    pub config: &'a P::Config,
    /// Where the configuration was read from, to point at a place of it.
    pub source: Option<&'a Source>,
    /// The policy file, where there is one: its label words and its default label.
    pub policy: Option<&'a Policy>,
    /// Where the trail is kept. It must not be reachable through the server.
    pub audit_dir: &'a Path,
    /// The policy file as it is asked at each request.
    rules: Option<&'a Arc<PolicySource>>,
    secrets: &'a Arc<Providers>,
    common: &'a CommonArguments,
    /// Descriptors that were open when the process began.
    stray: &'a [String],
    /// Where it is kept what the second process needs, for who examines that.
    second: Option<OnceCell<Profile>>,
}

impl<P: Program> Start<'_, P> {
    /// The words of labels: those of the policy, where there is one.
    #[must_use]
    pub fn taxonomy(&self) -> Taxonomy {
        self.policy.map_or_else(Taxonomy::default, |policy| {
            Taxonomy::clone(policy.taxonomy())
        })
    }

    /// The places of secrets, as the configuration says that they are reached. One for the whole
    /// process: some of them log in.
    #[must_use]
    pub fn secrets(&self) -> Arc<Providers> {
        Arc::clone(self.secrets)
    }

    /// This instant.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        instant()
    }

    /// The name of the user that this process runs as.
    #[must_use]
    pub fn os_user(&self) -> String {
        identity::os_user()
    }

    /// Starts the second process, in which alone `charter` can be reached.
    ///
    /// # Errors
    ///
    /// [`StartError::Step`] if there can be none.
    pub fn broker<Q: BrokerPolicy>(&self, charter: &Charter<Q>) -> Result<Arc<Broker>, StartError> {
        let terms = broker::Terms {
            format: self.common.log_format,
            amount: self.common.log_level,
            mode: self.sandbox_mode(),
            allow_root: self.common.allow_root || P::common(self.config).allow_root,
        };
        let charter = Charter {
            places: P::common(self.config).secrets.clone(),
            ..charter.clone()
        };
        if let Some(second) = &self.second {
            let _told = second.set(broker::profile(&charter, self.secrets));
        }
        Broker::start(&charter, terms)
            .map_err(|cause| StartError::step("start the process that makes connections", cause))
    }

    /// What data is that nothing labels: as `--label` says, here `label`; where there are only
    /// arguments and no configuration `internal`, the second level; else what the policy says,
    /// or `confidential`.
    ///
    /// # Errors
    ///
    /// If `label` is none of the words of `known`.
    pub fn unlabelled(&self, known: &Taxonomy, label: Option<&str>) -> Result<Label, StartError> {
        if let Some(label) = label {
            return known
                .parse(label)
                .map_err(|error| StartError::Arguments(format!("--label: {error}")));
        }
        match self.policy {
            Some(policy) => Ok(policy.default_label()),
            None if self.source.is_some() => Ok(known.unlabelled()),
            None => Ok(known
                .parse("internal")
                .unwrap_or_else(|_| known.unlabelled())),
        }
    }
}

/// Why a program did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The arguments are wrong.
    #[error("{0}")]
    Arguments(String),
    /// The configuration is wrong.
    #[error("{0}")]
    Config(#[from] ConfigError),
    /// A step failed. This text is for the operator.
    #[error("{step}: {cause}")]
    Step {
        /// What was to be done.
        step: String,
        /// Why it was not.
        cause: Box<dyn std::error::Error + Send + Sync>,
    },
    /// It ran, and then its connection or its audit failed.
    #[error("{}", .0.chain())]
    Service(#[from] Fault),
    /// A command for people ran, and what it found has an exit code of its own.
    #[error("{said}")]
    Found {
        /// The exit code, from 10 on.
        code: u8,
        /// What was found, in one line.
        said: String,
    },
}

impl StartError {
    /// A step that failed with `cause`.
    pub fn step(
        step: impl Into<String>,
        cause: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self::Step {
            step: step.into(),
            cause: cause.into(),
        }
    }

    const fn exit_code(&self) -> u8 {
        match self {
            Self::Service(_) => 1,
            Self::Arguments(_) | Self::Config(_) => 2,
            Self::Step { .. } => 3,
            Self::Found { code, .. } => *code,
        }
    }
}

/// Runs the program `P` with the arguments and the streams of this process.
#[must_use]
pub fn main<P: Program>() -> ExitCode {
    // before anything of ours is open
    let stray = sandbox::stray_descriptors();
    let mut given = std::env::args_os().skip(1);
    if let Some(run) = P::BROKER
        && given.next().is_some_and(|first| first == broker::ARGUMENT)
    {
        return run(&given.collect::<Vec<_>>());
    }
    let name = <P::Server as Server>::NAME;
    let mut command = CommandLine::<P>::command()
        .name(name)
        .version(<P::Server as Server>::VERSION)
        .about(P::ABOUT)
        .after_long_help(P::EXAMPLES);
    let parsed = command
        .try_get_matches_from_mut(std::env::args_os())
        .and_then(|matches| CommandLine::<P>::from_arg_matches(&matches));
    let arguments = match parsed {
        Ok(arguments) => arguments,
        Err(error) => {
            drop(error.print());
            return ExitCode::from(if error.use_stderr() { 2 } else { 0 });
        }
    };
    serve::logging::init(arguments.common.log_format, arguments.common.log_level);
    match start::run::<P>(arguments, &mut command, &stray) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // the line that an operator looks for, whatever the log level
            drop(writeln!(io::stderr(), "{name}: {error}"));
            ExitCode::from(error.exit_code())
        }
    }
}
