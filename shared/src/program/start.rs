//! The steps of a start, in order.

use std::cell::OnceCell;
use std::io;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use chrono::DateTime;
use chrono::TimeDelta;
use chrono::Utc;
use serde_json::Value;
use serde_json::json;

use super::Program;
use super::Start;
use super::StartError;
use super::arguments::Command;
use super::arguments::CommandLine;
use super::arguments::CommonArguments;
use super::commands;
use super::commands::CommonCommand;
use super::describe::Description;
use super::identity;
use crate::audit;
use crate::audit::SigningKey;
use crate::call::Shared;
use crate::config::Common;
use crate::config::Source;
use crate::cursor::Seal;
use crate::gate::Desk;
use crate::gate::Limits;
use crate::gate::record_id;
use crate::policy::Policy;
use crate::policy::PolicySource;
use crate::principal::Principal;
use crate::secret::Providers;
use crate::secret::SecretRef;
use crate::serve;
use crate::server::Server;
use crate::session::Session;

/// Runs a command for people, or serves until the session ends.
pub(super) fn run<P: Program>(
    arguments: CommandLine<P>,
    command: &mut clap::Command,
    stray: &[String],
) -> Result<(), StartError> {
    let CommandLine {
        own,
        common,
        command: chosen,
    } = arguments;
    if let Some(Command::Common(chosen)) = &chosen
        && chosen.without_configuration(command, &mut io::stdout())?
    {
        return Ok(());
    }
    let source = common.config.as_ref().map(Source::read).transpose()?;
    let config: P::Config = match &source {
        Some(source) => source.parse()?,
        None => P::Config::default(),
    };
    let settings = P::common(&config);
    let policy = policy_file(&common, settings, source.as_ref())
        .map(PolicySource::open)
        .transpose()?
        .map(Arc::new);
    let in_force = policy.as_ref().map(|policy| policy.current());
    let audit_dir = match (audit_dir(&common, settings, source.as_ref()), &chosen) {
        (Ok(dir), _) => dir,
        // what is only printed leaves no trail; whatever asks or serves finds that it has none
        (Err(_), Some(Command::Own(_))) => PathBuf::new(),
        (Err(error), _) => return Err(error),
    };
    let secrets = Arc::new(Providers::of_process().told(&settings.secrets));
    let start = Start::<P> {
        arguments: &own,
        config: &config,
        source: source.as_ref(),
        policy: in_force.as_deref(),
        audit_dir: &audit_dir,
        rules: policy.as_ref(),
        secrets: &secrets,
        common: &common,
        stray,
        second: match chosen {
            Some(Command::Common(CommonCommand::Doctor { .. })) => Some(OnceCell::new()),
            _ => None,
        },
    };
    match chosen {
        Some(Command::Own(chosen)) => P::command(chosen, &start, &mut io::stdout()),
        Some(Command::Common(chosen)) => chosen.run(&start, &mut io::stdout()),
        None if common.describe => start.describe(&P::open(&start)?, &mut io::stdout()),
        None => {
            let server = P::open(&start)?;
            let streams = serve::Streams::of_process();
            let (desk, policy) = start.desk(&server)?;
            let limits = &settings.limits;
            let bytes = limits.request_bytes.count();
            serve::stdio(
                Arc::new(server),
                &desk,
                &policy,
                streams,
                bytes,
                limits.blocking_threads.count(),
            )?;
            Ok(())
        }
    }
}

impl<P: Program> Start<'_, P> {
    /// Asks `server` one thing, as a client of this process would: through the gate, under the
    /// policy, and recorded. Gives back the protocol's result.
    ///
    /// # Errors
    ///
    /// [`StartError`] if the principal has no authority or the record cannot be written.
    pub fn ask(
        &self,
        server: P::Server,
        tool: &str,
        arguments: &Value,
    ) -> Result<Value, StartError> {
        let (desk, policy) = self.desk(&server)?;
        let meta = json!({
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {},
            "io.modelcontextprotocol/clientInfo": {"name": "command line", "version": P::Server::VERSION},
        });
        let params = json!({"name": tool, "arguments": arguments, "_meta": meta});
        let request = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params})
            .to_string();
        let threads = P::common(self.config).limits.blocking_threads.count();
        let answer = serve::once(Arc::new(server), &desk, &policy, &request, threads)?;
        let answer: Value = serde_json::from_str(answer.trim_end())
            .map_err(|cause| StartError::step("read the answer", cause))?;
        match answer.get("result") {
            Some(result) => Ok(result.clone()),
            None => {
                let message = answer.pointer("/error/message").and_then(Value::as_str);
                let message = message.unwrap_or("no answer").to_owned();
                Err(StartError::step("ask", message))
            }
        }
    }

    /// How a trail in `directory` is kept, with the keys that sign it: for what writes one
    /// without a session.
    ///
    /// # Errors
    ///
    /// [`StartError`] if a key cannot be loaded.
    pub fn trail_settings(&self, directory: &Path) -> Result<audit::Settings, StartError> {
        trail_settings(P::common(self.config), directory, self.secrets)
    }

    /// Prints what `server` would serve.
    fn describe(&self, server: &P::Server, out: &mut dyn Write) -> Result<(), StartError> {
        let policy = self.in_force(server).current();
        let principal = whom(self.common, &policy)?;
        let audit = self.audit_dir.to_owned();
        let enforced = self.foreseen(server)?;
        let description =
            Description::new(server, &policy, &principal, instant(), audit, &enforced);
        let text = serde_json::to_string_pretty(&description)
            .map_err(|cause| StartError::step("describe", cause))?;
        commands::print(out, format!("{text}\n").as_bytes())
    }

    fn in_force(&self, server: &P::Server) -> Arc<PolicySource> {
        self.rules.map_or_else(
            || {
                let local = Policy::local(server.opened());
                Arc::new(PolicySource::fixed(
                    local.permitting(server.local_permissions()),
                ))
            },
            Arc::clone,
        )
    }

    /// The desk of the one session that this process has, and the policy it asks. From here on the
    /// kernel holds the process to what `server` needs.
    fn desk(&self, server: &P::Server) -> Result<(Arc<Desk>, Arc<PolicySource>), StartError> {
        let policy = self.in_force(server);
        let settings = P::common(self.config);
        let principal = self.served(&policy)?;
        let now = instant();
        let trail = self.trail(&policy, now)?;
        let enforced = self.confine(server)?;
        let audit = trail.start().map_err(|cause| self.no_trail_in(cause))?;
        let limits = &settings.limits;
        let seconds = i64::try_from(CURSOR_LIFETIME.as_secs()).unwrap_or(i64::MAX);
        let shared = Shared::new(Seal::new(random()?, TimeDelta::seconds(seconds)));
        let session = Session::new(record_id(now), principal, Arc::clone(&policy));
        let limits = Limits {
            deadline: Duration::from_secs(limits.deadline_seconds.get()),
            concurrent: limits.concurrent_calls.count(),
            waiting: limits.waiting_calls.count(),
            peer_uid: peer_uid(),
        };
        let desk = Desk::new(session, audit, shared, limits, instant).confined(enforced);
        Ok((Arc::new(desk), policy))
    }

    /// Who is served: somebody to whom the policy gives anything, now or later.
    fn served(&self, policy: &PolicySource) -> Result<Principal, StartError> {
        let current = policy.current();
        let principal = whom(self.common, &current)?;
        if !current.has_a_future(&principal, instant()) {
            let cause = "no role or grant of the policy is in force, now or later";
            return Err(StartError::step(format!("serve {principal}"), cause));
        }
        Ok(principal)
    }

    /// The trail, open; its writer comes later.
    fn trail(
        &self,
        policy: &PolicySource,
        now: DateTime<Utc>,
    ) -> Result<audit::Opened, StartError> {
        if self.audit_dir.as_os_str().is_empty() {
            return Err(no_trail());
        }
        let settings = self.trail_settings(self.audit_dir)?;
        let origin = audit::Origin {
            server_name: P::Server::NAME,
            server_version: P::Server::VERSION,
            policy_hash: Some(policy.current().hash().to_owned()),
            ..audit::Origin::default()
        };
        let opened = audit::Opened::open(settings, origin, now);
        opened.map_err(|cause| self.no_trail_in(cause))
    }

    fn no_trail_in(&self, cause: audit::OpenError) -> StartError {
        let step = format!("open the audit trail in {}", self.audit_dir.display());
        StartError::step(step, cause)
    }
}

/// How the trail in `audit_dir` is kept.
fn trail_settings(
    settings: &Common,
    audit_dir: &Path,
    secrets: &Providers,
) -> Result<audit::Settings, StartError> {
    Ok(audit::Settings {
        signing_key: signing_key(settings.audit.signing_key.as_ref(), secrets)?,
        former_key: signing_key(settings.audit.former_signing_key.as_ref(), secrets)?,
        ballast_bytes: settings.audit.ballast_bytes.0,
        rotate_bytes: settings.audit.rotate_bytes.get(),
        rotate_age: Duration::from_secs(settings.audit.rotate_hours.get() * 3600),
        low_water_bytes: settings.audit.low_water_bytes.0,
        ..audit::Settings::new(audit_dir)
    })
}

/// The key that signs the trail, fetched before the trail is opened.
fn signing_key(
    kept: Option<&SecretRef>,
    secrets: &Providers,
) -> Result<Option<Arc<SigningKey>>, StartError> {
    let Some(kept) = kept else { return Ok(None) };
    let failed = |cause: Box<dyn std::error::Error + Send + Sync>| {
        StartError::step(format!("load the signing key {kept}"), cause)
    };
    let secret = secrets.load(kept);
    let secret = secret.map_err(|cause| failed(cause.into()))?;
    let key = SigningKey::parse(&secret).map_err(|cause| failed(cause.into()))?;
    Ok(Some(Arc::new(key)))
}

fn whom(common: &CommonArguments, policy: &Policy) -> Result<Principal, StartError> {
    identity::principal(common, Some(policy))
        .map_err(|error| StartError::Arguments(format!("--subject: {error}")))
}

pub(super) fn policy_file(
    common: &CommonArguments,
    settings: &Common,
    source: Option<&Source>,
) -> Option<PathBuf> {
    let configured = settings.policy.as_ref().map(|path| beside(source, path));
    common.policy.clone().or(configured)
}

fn audit_dir(
    common: &CommonArguments,
    settings: &Common,
    source: Option<&Source>,
) -> Result<PathBuf, StartError> {
    let configured = settings.audit.dir.as_ref().map(|path| beside(source, path));
    let chosen = common
        .audit
        .clone()
        .or(configured)
        .or_else(identity::state_dir);
    chosen.ok_or_else(no_trail)
}

fn no_trail() -> StartError {
    let missing = "no directory for the audit trail: give --audit DIR, or set HOME";
    StartError::step("start", missing)
}

/// A path of the configuration file is relative to that file.
fn beside(source: Option<&Source>, path: &Path) -> PathBuf {
    source.map_or_else(|| path.to_owned(), |source| source.resolve(path))
}

/// The one place that reads the clock.
#[expect(
    clippy::disallowed_methods,
    reason = "time comes in here and is passed on"
)]
pub(crate) fn instant() -> DateTime<Utc> {
    Utc::now()
}

/// The one place that asks for randomness.
fn random() -> Result<[u8; 32], StartError> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|cause| StartError::step("get random bytes", cause))?;
    Ok(bytes)
}

/// Who made the pipe or socket that is our standard input.
#[cfg(unix)]
fn peer_uid() -> Option<u32> {
    let stat = rustix::fs::fstat(io::stdin());
    stat.ok().map(|stat| stat.st_uid)
}

#[cfg(not(unix))]
fn peer_uid() -> Option<u32> {
    None
}

/// How long a page cursor may be used.
const CURSOR_LIFETIME: Duration = Duration::from_secs(900);
